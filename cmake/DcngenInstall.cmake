# DcngenInstall.cmake: what `cmake --install` puts where, and how others find it.
#
# Components: `program`, `library` (the shared one alone), `dev`, `onnxruntime`, which stands beside `library`, and `python`,
# which is installed only if it is asked for: it goes where Debian's Python looks below /usr.  Elsewhere there is the wheel.
#
# The shared library needs nothing from its user.  The static one brings its own needs along
# (LLVM, Lua, SQLite, ...), so it has its own export file, loaded only where those are found.
# SPDX-License-Identifier: Apache-2.0
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/dcngen)

set_target_properties(dcngen_shared PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS dcngen_shared EXPORT dcngenTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT dev)
install(TARGETS dcngen_static EXPORT dcngenStaticTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
if(TARGET dcngen)
    set_target_properties(dcngen PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
    install(TARGETS dcngen RUNTIME COMPONENT program)
endif()
set_target_properties(dcngen_onnxruntime PROPERTIES INSTALL_RPATH "$ORIGIN")
install(TARGETS dcngen_onnxruntime LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT onnxruntime)
install(DIRECTORY python/dcngen DESTINATION lib/python3/dist-packages COMPONENT python EXCLUDE_FROM_ALL
        FILES_MATCHING PATTERN *.py PATTERN py.typed PATTERN __pycache__ EXCLUDE)
install(FILES include/dcngen.h include/dcngen.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
install(DIRECTORY include/dcngen DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev
        FILES_MATCHING PATTERN *.h)

# ---- documents ---------------------------------------------------------------------------

# Laid out as in the sources, so that links between pages, pictures and examples hold.  docs/dev is for those who
# have the sources; workloads.lua is there because numbers are stated about it.
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)
file(GLOB documents CONFIGURE_DEPENDS docs/*.md docs/*.svg)
install(FILES ${documents} DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs COMPONENT program)
install(DIRECTORY docs/figures DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs COMPONENT program
        FILES_MATCHING PATTERN *.svg)
install(DIRECTORY docs/pictures DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs COMPONENT program)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program USE_SOURCE_PERMISSIONS)
install(FILES bench/workloads.lua DESTINATION ${CMAKE_INSTALL_DOCDIR}/bench COMPONENT program)
install(FILES share/canonical.lua DESTINATION ${CMAKE_INSTALL_DATADIR}/dcngen COMPONENT program)
install(FILES docs/dcngen.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)

# ---- completion, which the program itself prints -------------------------------------------

if(TARGET dcngen AND NOT CMAKE_CROSSCOMPILING)
    set(zsh_dir zsh/site-functions)
    if(CMAKE_INSTALL_PREFIX STREQUAL /usr) # is Debian's or another vendor's
        set(zsh_dir zsh/vendor-completions)
    endif()
    set(places bash bash-completion/completions dcngen zsh ${zsh_dir} _dcngen
               fish fish/vendor_completions.d dcngen.fish)
    set(scripts)
    while(places)
        list(POP_FRONT places shell place name)
        set(script ${CMAKE_CURRENT_BINARY_DIR}/completion/${name}.${shell})
        add_custom_command(OUTPUT ${script} DEPENDS dcngen VERBATIM
            COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/completion
            COMMAND dcngen completion ${shell} > ${script})
        install(FILES ${script} RENAME ${name} COMPONENT program
                DESTINATION ${CMAKE_INSTALL_DATADIR}/${place})
        list(APPEND scripts ${script})
    endwhile()
    add_custom_target(dcngen_completion ALL DEPENDS ${scripts})
endif()

# ---- what tuning found, for all users --------------------------------------------------------

# The store that every user of the installed program and library reads after his own (docs/CACHE.md).
set(DCNGEN_TUNED "" CACHE STRING "Files of tuning records to install, as JSON lines; default share/tuned/*.jsonl")
set(tuned_records ${DCNGEN_TUNED})
set(tuned_shipped OFF)
if(NOT tuned_records)
    file(GLOB tuned_records CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/share/tuned/*.jsonl)
    set(tuned_shipped ON)
endif()
if(tuned_records AND TARGET dcngen AND NOT CMAKE_CROSSCOMPILING)
    # Old records that come with the sources leave no store, so a build that is up to date is told by another file.
    set(tuned_folder ${CMAKE_CURRENT_BINARY_DIR}/tuned)
    add_custom_command(OUTPUT ${tuned_folder}/done DEPENDS dcngen ${tuned_records} cmake/TunedStore.cmake VERBATIM
        COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:dcngen> "-DRECORDS=${tuned_records}" -DOUTPUT=${tuned_folder}
                -DSHIPPED=${tuned_shipped} -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/TunedStore.cmake
        COMMAND ${CMAKE_COMMAND} -E make_directory ${tuned_folder}
        COMMAND ${CMAKE_COMMAND} -E touch ${tuned_folder}/done
        COMMENT "The store of tuned records")
    add_custom_target(dcngen_tuned ALL DEPENDS ${tuned_folder}/done)
    install(FILES ${tuned_folder}/store.db DESTINATION ${CMAKE_INSTALL_DATADIR}/dcngen COMPONENT program OPTIONAL)
endif()

# ---- CMake package -----------------------------------------------------------------------

install(EXPORT dcngenTargets NAMESPACE dcngen:: DESTINATION ${package_dir} COMPONENT dev)
install(EXPORT dcngenStaticTargets NAMESPACE dcngen:: DESTINATION ${package_dir} COMPONENT dev)
configure_package_config_file(cmake/dcngenConfig.cmake.in dcngenConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(dcngenConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/dcngenConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/dcngenConfigVersion.cmake cmake/FindLLVMC.cmake
              cmake/DcngenKernels.cmake
        DESTINATION ${package_dir} COMPONENT dev)

# ---- pkg-config --------------------------------------------------------------------------

# Nothing is required, not even privately: pkg-config would want the development files of Lua, SQLite and the rest from
# those who link the shared library, too.  What the static one needs is written out.
set(static_needs ${LLVMC_LIBRARY} ${LUA_LDFLAGS} ${JANSSON_LDFLAGS} ${SQLITE_LDFLAGS} ${NETTLE_LDFLAGS} ${ZLIB_LDFLAGS}
    -pthread -lm ${CMAKE_DL_LIBS})
list(TRANSFORM static_needs REPLACE "^dl$" "-ldl")
list(JOIN static_needs " " static_needs)
set(pkgconfig_dir ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH pkgconfig_to_include ${pkgconfig_dir} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
configure_file(cmake/dcngen.pc.in dcngen.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/dcngen.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
