# DcngenPackage.cmake: Debian packages of what `cmake --install` puts in place.
#
#   cmake --preset package && cmake --build --preset package && cpack --preset package
#
# makes dcngen (the program), libdcngen0 (the shared library), libdcngen-dev, libdcngen-onnxruntime (the execution
# provider) and python3-dcngen in build/package.  The preset configures for /usr: libraries go to the folder of the architecture, and the system-wide store is
# /usr/share/dcngen, since it lies below the prefix that the library is in.
# SPDX-License-Identifier: Apache-2.0

set(DCNGEN_MAINTAINER "The dcngen authors <dcngen@packages.invalid>" CACHE STRING
    "Who answers for the packages: Name <address>")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME dcngen)
set(CPACK_PACKAGE_VENDOR dcngen)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "${DCNGEN_MAINTAINER}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL program library dev onnxruntime python)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(about "Deformable convolutions and their family (DCN, DCNv2, DCNv3, DCNv4, RoI
pooling) are described in Lua and compiled, through LLVM, into machine code
for one shape, layout, data type and CPU.")

set(library_package libdcngen${PROJECT_VERSION_MAJOR})
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME dcngen)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS lld-19) # for shared libraries of kernels
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS libdcngen-dev)
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION "${about}
.
This is the program: it compiles, runs, verifies, times and tunes.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${library_package})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_GENERATE_SHLIBS_POLICY >=)
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "${about}
.
This is the library for programs that compile kernels while they run.
Kernels that were compiled to files need no library.")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libdcngen-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "${library_package} (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS dcngen) # for dcngen_add_kernels
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS "pkg-config, llvm-19-dev, liblua5.4-dev, libjansson-dev, libsqlite3-dev, \
nettle-dev, zlib1g-dev")
set(CPACK_DEBIAN_DEV_DESCRIPTION "${about}
.
This is what programs that use the library are compiled with. Linking it
statically needs the development files that are suggested.")

set(CPACK_DEBIAN_ONNXRUNTIME_PACKAGE_NAME libdcngen-onnxruntime)
set(CPACK_DEBIAN_ONNXRUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_ONNXRUNTIME_PACKAGE_DEPENDS "${library_package} (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_ONNXRUNTIME_PACKAGE_SHLIBDEPS OFF) # libdcngen and libc6, which that one needs, too
set(CPACK_DEBIAN_ONNXRUNTIME_DESCRIPTION "${about}
.
This is the execution provider for ONNX Runtime, which Debian has not: it is
for one from elsewhere, 1.24 or later.")

set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME python3-dcngen)
set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
set(CPACK_DEBIAN_PYTHON_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS
    "python3 (>= 3.11), python3-numpy, ${library_package} (>= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_PYTHON_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_PYTHON_PACKAGE_RECOMMENDS dcngen) # for dcngen.torch.visualize
set(CPACK_DEBIAN_PYTHON_PACKAGE_SUGGESTS "python3-torch, python3-torchvision, libdcngen-onnxruntime")
set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/packaging/python/postinst ${PROJECT_SOURCE_DIR}/packaging/python/prerm)
set(CPACK_DEBIAN_PYTHON_DESCRIPTION "${about}
.
This is the package for Python: functions of numpy arrays, kernels of specs,
and the operators of PyTorch on the CPU.")

# ---- which version of the library has which function: from its map of symbols ----------------

file(STRINGS ${export_map} map_lines)
set(node)
set(symbols "libdcngen.so.${PROJECT_VERSION_MAJOR} ${library_package} #MINVER#\n")
foreach(line IN LISTS map_lines)
    if(line MATCHES "^DCNGEN_([0-9.]+) ")
        set(node ${CMAKE_MATCH_1})
        string(APPEND symbols " DCNGEN_${node}@DCNGEN_${node} ${node}\n")
    elseif(line MATCHES "^ +(dcn_[a-z0-9_]+)")
        string(APPEND symbols " ${CMAKE_MATCH_1}@DCNGEN_${node} ${node}\n")
    endif()
endforeach()
string(REPLACE " #MINVER#" " (>= ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})" symbols "${symbols}")
file(CONFIGURE OUTPUT debian/symbols CONTENT "${symbols}" @ONLY)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_BINARY_DIR}/debian/symbols)

# ---- what Debian wants of every package ------------------------------------------------------

set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/DebianFiles.cmake)
set(CPACK_DCNGEN_PACKAGING ${PROJECT_SOURCE_DIR}/packaging)
include(CPack)
