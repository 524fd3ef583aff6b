# DcngenInstall.cmake: what `cmake --install` puts where, and how others find it.
#
# The shared library needs nothing from its user.  The static one brings its own needs along
# (LLVM, Lua, SQLite, ...), so it has its own export file, loaded only where those are found.
# SPDX-License-Identifier: Apache-2.0
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/dcngen)

set_target_properties(dcngen_shared PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS dcngen_shared EXPORT dcngenTargets)
install(TARGETS dcngen_static EXPORT dcngenStaticTargets)
if(TARGET dcngen)
    set_target_properties(dcngen PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
    install(TARGETS dcngen)
endif()
install(FILES include/dcngen.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY include/dcngen DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING
        PATTERN *.h)

# ---- documents ---------------------------------------------------------------------------

install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
file(GLOB documents CONFIGURE_DEPENDS README.md docs/*.md)
install(FILES ${documents} DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES share/canonical.lua DESTINATION ${CMAKE_INSTALL_DATADIR}/dcngen)
install(FILES docs/dcngen.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

# ---- CMake package -----------------------------------------------------------------------

install(EXPORT dcngenTargets NAMESPACE dcngen:: DESTINATION ${package_dir})
install(EXPORT dcngenStaticTargets NAMESPACE dcngen:: DESTINATION ${package_dir})
configure_package_config_file(cmake/dcngenConfig.cmake.in dcngenConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(dcngenConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/dcngenConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/dcngenConfigVersion.cmake cmake/FindLLVMC.cmake
        DESTINATION ${package_dir})

# ---- pkg-config --------------------------------------------------------------------------

set(pkgconfig_dir ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH pkgconfig_to_include ${pkgconfig_dir} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
list(JOIN OpenMP_C_FLAGS " " openmp_flags)
configure_file(cmake/dcngen.pc.in dcngen.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/dcngen.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
