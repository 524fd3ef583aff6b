# DebianFiles.cmake: what Debian wants in every package, added before it is packed.
#
# Run by CPack.  Each package gets its copyright and its changelog; manual pages and the changelog are compressed,
# without a time, so that equal builds give equal packages.
# SPDX-License-Identifier: Apache-2.0
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
    string(TOUPPER ${component} upper)
    set(share ${CPACK_TEMPORARY_DIRECTORY}/${component}/usr/share)
    set(doc ${share}/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
    file(MAKE_DIRECTORY ${doc})
    configure_file(${CPACK_DCNGEN_PACKAGING}/copyright ${doc}/copyright COPYONLY)
    configure_file(${CPACK_DCNGEN_PACKAGING}/changelog ${doc}/changelog COPYONLY)
    file(REMOVE ${doc}/LICENSE) # Debian has it in /usr/share/common-licenses, and copyright says so
    if(EXISTS ${doc}/README.md)
        file(READ ${doc}/README.md readme)
        string(REPLACE "[LICENSE](LICENSE)" "[copyright](copyright)" readme "${readme}")
        file(WRITE ${doc}/README.md "${readme}")
    endif()
    file(GLOB pages ${share}/man/man*/*.[1-9])
    execute_process(COMMAND gzip -9nf ${doc}/changelog ${pages} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
