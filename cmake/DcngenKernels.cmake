# DcngenKernels.cmake: kernels as a part of a target.
#
#   dcngen_add_kernels(target SPEC.lua... [TARGETS CPU...] [KERNELS NAME...] [DEFINES NAME=VALUE...] [PUBLIC]
#                      [OPTIONS WORD...])
#
# compiles the kernels of each spec with `dcngen compile` and adds their objects to the target, which then
# finds their headers as NAME.h.  They are made anew when the spec, a file that it includes, or dcngen itself changes; a
# kernel that comes or goes is noticed, too.  TARGETS are CPUs (dcngen targets), several for one library that chooses
# among them; KERNELS, DEFINES are --kernel and -D; OPTIONS are handed on as they are.  PUBLIC: what links the target
# finds the headers as well.  To be called in the folder that makes the target, with a generator that knows DEPFILE:
# Ninja, Makefiles.
# SPDX-License-Identifier: Apache-2.0

# The files that a rule of make names behind its colon.
function(_dcngen_prerequisites rule result)
    file(READ ${rule} text)
    string(REGEX REPLACE "^[^:]*: *" "" text "${text}")
    string(STRIP "${text}" text)
    string(REPLACE "\\ " "\t" text "${text}") # a blank inside a name
    string(REPLACE "\\#" "#" text "${text}")
    string(REPLACE "$$" "$" text "${text}")
    string(REPLACE " " ";" text "${text}")
    string(REPLACE "\t" " " text "${text}")
    set(${result} "${text}" PARENT_SCOPE)
endfunction()

# The names of the kernels, from the report of `dcngen compile --json --emit header`.
function(_dcngen_kernel_names report result)
    string(JSON count LENGTH "${report}" files)
    math(EXPR last "${count} - 1")
    set(names)
    foreach(i RANGE ${last})
        string(JSON kind GET "${report}" files ${i} kind)
        if(kind STREQUAL header)
            string(JSON name GET "${report}" files ${i} kernel)
            list(APPEND names ${name})
        endif()
    endforeach()
    set(${result} "${names}" PARENT_SCOPE)
endfunction()

function(_dcngen_add_spec target spec folder scope)
    set(options ${ARGN})
    get_property(dcngen TARGET dcngen::program PROPERTY IMPORTED_LOCATION)
    cmake_path(GET spec STEM stem)
    # Headers are made now, because they tell which kernels there will be; that takes no compiling.
    set(known ${folder}/configured)
    file(MAKE_DIRECTORY ${known})
    execute_process(COMMAND ${dcngen} compile ${spec} -o ${known} --emit header --json --depfile ${known}/${stem}.d ${options}
                    OUTPUT_VARIABLE report ERROR_VARIABLE why RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        string(STRIP "${why}" why)
        message(FATAL_ERROR "dcngen_add_kernels(${target}): ${why}")
    endif()
    _dcngen_kernel_names("${report}" names)
    _dcngen_prerequisites(${known}/${stem}.d sources)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${sources})

    list(TRANSFORM names APPEND .o OUTPUT_VARIABLE objects)
    list(TRANSFORM names APPEND .h OUTPUT_VARIABLE headers)
    list(TRANSFORM objects PREPEND ${folder}/)
    list(TRANSFORM headers PREPEND ${folder}/)
    add_custom_command(OUTPUT ${objects} ${headers}
        COMMAND ${dcngen} compile ${spec} -o ${folder} --emit obj,header --depfile ${folder}/${stem}.d ${options}
        DEPENDS ${spec} ${dcngen} DEPFILE ${folder}/${stem}.d
        COMMENT "Kernels of ${stem}" VERBATIM)
    set_source_files_properties(${objects} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
    target_sources(${target} PRIVATE ${objects} ${headers})
    target_include_directories(${target} ${scope} $<BUILD_INTERFACE:${folder}>)
endfunction()

function(dcngen_add_kernels target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "PUBLIC" "" "TARGETS;KERNELS;DEFINES;OPTIONS")
    if(NOT TARGET ${target})
        message(FATAL_ERROR "dcngen_add_kernels(${target}): there is no target ${target}")
    elseif(NOT arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "dcngen_add_kernels(${target}): no spec was given")
    elseif(NOT TARGET dcngen::program)
        message(FATAL_ERROR "dcngen_add_kernels(${target}): the program dcngen was not found: install it "
                            "(Debian: the package dcngen) or set DCNGEN_PROGRAM")
    endif()
    set(options)
    if(arg_TARGETS)
        list(JOIN arg_TARGETS "," cpus)
        list(APPEND options --target ${cpus})
    endif()
    foreach(kernel IN LISTS arg_KERNELS)
        list(APPEND options --kernel ${kernel})
    endforeach()
    foreach(define IN LISTS arg_DEFINES)
        list(APPEND options -D ${define})
    endforeach()
    list(APPEND options ${arg_OPTIONS})
    set(scope PRIVATE)
    if(arg_PUBLIC)
        set(scope PUBLIC)
    endif()
    foreach(spec IN LISTS arg_UNPARSED_ARGUMENTS)
        cmake_path(ABSOLUTE_PATH spec NORMALIZE)
        cmake_path(GET spec STEM stem)
        _dcngen_add_spec(${target} ${spec} ${CMAKE_CURRENT_BINARY_DIR}/dcngen/${target}/${stem} ${scope} ${options})
    endforeach()
endfunction()
