# TunedStore.cmake: records of tuning as the store that is installed for all users.
#
#   cmake -DPROGRAM=dcngen -DRECORDS=a.jsonl;b.jsonl -DOUTPUT=folder [-DSHIPPED=ON] -P TunedStore.cmake
#
# makes folder/store.db anew of what `dcngen cache export` or `dcngen sweep collect --export` wrote.  Records of another
# version of dcngen or LLVM than the program's, or of another revision of a lowering, are left out.
#
# Whoever names files wants them in: one that cannot be read, or of which nothing is left, is an error.  Those that come
# with the sources (SHIPPED) grow old with every change of a lowering, and must not stop a build: it is a warning that
# says how to measure anew, and where nothing is left there is no store.
# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)

function(complain text)
    if(SHIPPED)
        message(WARNING "${text}; scripts/tuned.sh measures them anew")
    else()
        message(FATAL_ERROR "TunedStore.cmake: ${text}")
    endif()
endfunction()

set(made ${OUTPUT}.new)
file(REMOVE_RECURSE ${made})
set(ENV{DCNGEN_CACHE} rw)
set(ENV{DCNGEN_CACHE_DIR} ${made})
set(ENV{DCNGEN_SYSTEM_DIR} ${made}/none)
set(taken 0)
foreach(records IN LISTS RECORDS)
    execute_process(COMMAND ${PROGRAM} cache import ${records} --json
                    OUTPUT_VARIABLE report ERROR_VARIABLE why RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        string(STRIP "${why}" why)
        complain("${why}")
        continue()
    endif()
    string(JSON n GET "${report}" taken)
    string(JSON stale GET "${report}" stale)
    message(STATUS "${records}: ${n} records, ${stale} of another build left out")
    if(SHIPPED AND stale GREATER 0)
        complain("${records}: ${stale} records are of another build or revision")
    endif()
    math(EXPR taken "${taken} + ${n}")
endforeach()
if(taken EQUAL 0)
    file(REMOVE_RECURSE ${made})
    complain("no record of this version of dcngen and LLVM in ${RECORDS}")
    file(REMOVE ${OUTPUT}/store.db)
    return()
endif()
file(MAKE_DIRECTORY ${OUTPUT})
file(RENAME ${made}/store.db ${OUTPUT}/store.db)
file(REMOVE_RECURSE ${made})
