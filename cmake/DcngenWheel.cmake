# DcngenWheel.cmake: the libraries of the Python wheel, with LLVM and all else inside (scripts/wheel.sh).
#
#   cmake --build build/release --target dcngen_wheel
#
# makes libdcngen.so and libdcngen_onnxruntime.so in build/release/wheel/dcngen, of the objects of the shared library, and
# bin/dcngen: what the program does is in the library, too, so that LLVM is there once.  Their only needs are those of every Linux with that glibc.  No name has a version in it, because wheels know no
# links, and nothing but the public functions and the program's is exported, so that any other LLVM may live in the same process.
# SPDX-License-Identifier: Apache-2.0
set(wheel_dir ${CMAKE_CURRENT_BINARY_DIR}/wheel)
set(wheel_archives)
set(wheel_lacks)
foreach(name IN ITEMS png lua5.4 jansson sqlite3 nettle zstd z tinfo)
    find_library(WHEEL_${name} lib${name}.a)
    mark_as_advanced(WHEEL_${name})
    list(APPEND wheel_archives ${WHEEL_${name}})
    if(NOT WHEEL_${name})
        list(APPEND wheel_lacks lib${name}.a)
    endif()
endforeach()
find_program(WHEEL_LLD ld.lld HINTS ${llvmc_libdir}/../bin /usr/lib/llvm-${LLVMC_VERSION_MAJOR}/bin)
mark_as_advanced(WHEEL_LLD)
if(NOT WHEEL_LLD)
    list(APPEND wheel_lacks ld.lld)
endif()
execute_process(COMMAND ${LLVMC_CONFIG} --link-static --libfiles x86 aarch64 riscv webassembly passes orcjit
                OUTPUT_VARIABLE wheel_llvm OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
separate_arguments(wheel_llvm)
if(NOT wheel_llvm)
    list(APPEND wheel_lacks "the archives of LLVM")
endif()
execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=libstdc++.a
                OUTPUT_VARIABLE wheel_stdcxx OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT EXISTS "${wheel_stdcxx}")
    list(APPEND wheel_lacks libstdc++.a)
endif()

if(wheel_lacks)
    list(JOIN wheel_lacks ", " wheel_lacks)
    add_custom_target(dcngen_wheel VERBATIM
        COMMAND ${CMAKE_COMMAND} -E echo "no wheel: ${wheel_lacks} not found (scripts/deps.sh --test)"
        COMMAND ${CMAKE_COMMAND} -E false)
    return()
endif()

cmake_path(GET WHEEL_LLD PARENT_PATH wheel_lld_dir)
add_library(dcngen_wheel_verbs OBJECT EXCLUDE_FROM_ALL ${program_sources} ${embedded_headers})
target_compile_definitions(dcngen_wheel_verbs PRIVATE main=dcngen_main)
target_include_directories(dcngen_wheel_verbs PRIVATE include ${CMAKE_CURRENT_BINARY_DIR}/embedded)
target_link_libraries(dcngen_wheel_verbs PRIVATE dcngen_flags PkgConfig::JANSSON PkgConfig::PNG)
set_target_properties(dcngen_wheel_verbs PROPERTIES POSITION_INDEPENDENT_CODE ON)

set(wheel_map ${wheel_dir}/dcngen.map)
file(READ ${export_map} wheel_exports)
file(CONFIGURE OUTPUT ${wheel_map} CONTENT "${wheel_exports}\nDCNGEN_WHEEL { global: dcngen_main; };\n" @ONLY)
add_library(dcngen_wheel_library SHARED EXCLUDE_FROM_ALL $<TARGET_OBJECTS:dcngen_objects>
            $<TARGET_OBJECTS:dcngen_wheel_verbs> packaging/wheel/libc.c)
target_link_libraries(dcngen_wheel_library PRIVATE dcngen_flags ${wheel_llvm} ${wheel_archives} ${wheel_stdcxx}
                      Threads::Threads m ${CMAKE_DL_LIBS})
target_link_options(dcngen_wheel_library PRIVATE -B${wheel_lld_dir} -fuse-ld=lld -s -shared-libgcc
    LINKER:--version-script=${wheel_map} LINKER:--no-undefined LINKER:--gc-sections
    LINKER:--wrap=stdin LINKER:--wrap=stdout LINKER:--wrap=stderr LINKER:--wrap=hypot LINKER:-Bsymbolic)
target_include_directories(dcngen_wheel_library INTERFACE include)

add_library(dcngen_wheel_onnxruntime MODULE EXCLUDE_FROM_ALL ${onnxruntime_sources})
target_link_libraries(dcngen_wheel_onnxruntime PRIVATE dcngen_flags dcngen_wheel_library Threads::Threads)
target_link_options(dcngen_wheel_onnxruntime PRIVATE -s)

add_executable(dcngen_wheel_program EXCLUDE_FROM_ALL packaging/wheel/program.c)
target_link_libraries(dcngen_wheel_program PRIVATE dcngen_flags dcngen_wheel_library)
target_link_options(dcngen_wheel_program PRIVATE -s)

set_target_properties(dcngen_wheel_library PROPERTIES OUTPUT_NAME dcngen LINK_DEPENDS ${wheel_map})
set_target_properties(dcngen_wheel_program PROPERTIES OUTPUT_NAME dcngen LINKER_LANGUAGE C
                      BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN/.."
                      RUNTIME_OUTPUT_DIRECTORY ${wheel_dir}/dcngen/bin)
set_target_properties(dcngen_wheel_onnxruntime PROPERTIES OUTPUT_NAME dcngen_onnxruntime
                      BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN")
set_target_properties(dcngen_wheel_library dcngen_wheel_onnxruntime PROPERTIES
    LINKER_LANGUAGE C C_VISIBILITY_PRESET hidden LIBRARY_OUTPUT_DIRECTORY ${wheel_dir}/dcngen)

# Whose licences the wheel has to hold.
list(GET wheel_llvm 0 wheel_one_of_llvm)
list(JOIN wheel_archives "\n" wheel_inside)
file(GENERATE OUTPUT ${wheel_dir}/archives CONTENT "${wheel_one_of_llvm}\n${wheel_inside}\n${wheel_stdcxx}\n")
add_custom_target(dcngen_wheel DEPENDS dcngen_wheel_library dcngen_wheel_onnxruntime dcngen_wheel_program)
