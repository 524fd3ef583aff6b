# FindLLVMC.cmake: the C interface of LLVM, as the one shared library libLLVM.
#
#   find_package(LLVMC 19)  ->  LLVMC_FOUND, LLVMC_VERSION, LLVMC_VERSION_MAJOR, target LLVMC::LLVMC
#
# llvm-config is asked instead of LLVM's own package files: those want the development files of
# everything LLVM was built with, and a C++ compiler.  Set LLVMC_CONFIG to choose another one.
# SPDX-License-Identifier: Apache-2.0
set(llvmc_major ${LLVMC_FIND_VERSION_MAJOR})
find_program(LLVMC_CONFIG NAMES llvm-config-${llvmc_major} llvm-config${llvmc_major} llvm-config
             HINTS /usr/lib/llvm-${llvmc_major}/bin DOC "llvm-config of the LLVM to use")

if(LLVMC_CONFIG)
    foreach(item version includedir libdir)
        execute_process(COMMAND ${LLVMC_CONFIG} --${item} OUTPUT_VARIABLE llvmc_${item}
                        OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    endforeach()
    set(LLVMC_VERSION ${llvmc_version})
    set(LLVMC_VERSION_MAJOR ${llvmc_major})
    if(LLVMC_VERSION MATCHES "^${llvmc_major}\\.")
        find_library(LLVMC_LIBRARY NAMES LLVM-${llvmc_major} LLVM HINTS ${llvmc_libdir}
                     NO_DEFAULT_PATH)
        find_path(LLVMC_INCLUDE_DIR NAMES llvm-c/Core.h HINTS ${llvmc_includedir}
                  NO_DEFAULT_PATH)
    endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LLVMC
    REQUIRED_VARS LLVMC_LIBRARY LLVMC_INCLUDE_DIR LLVMC_CONFIG VERSION_VAR LLVMC_VERSION
    REASON_FAILURE_MESSAGE "LLVM ${llvmc_major} is needed (Debian: llvm-${llvmc_major}-dev)")
mark_as_advanced(LLVMC_CONFIG LLVMC_LIBRARY LLVMC_INCLUDE_DIR)

if(LLVMC_FOUND AND NOT TARGET LLVMC::LLVMC)
    add_library(LLVMC::LLVMC INTERFACE IMPORTED)
    set_target_properties(LLVMC::LLVMC PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES ${LLVMC_INCLUDE_DIR}
        INTERFACE_LINK_LIBRARIES ${LLVMC_LIBRARY})
endif()
