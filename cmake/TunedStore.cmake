# TunedStore.cmake: records of tuning as the store that is installed for all users.
#
#   cmake -DPROGRAM=dcngen -DRECORDS=a.jsonl;b.jsonl -DOUTPUT=folder -P TunedStore.cmake
#
# makes folder/store.db anew of what `dcngen cache export` or `dcngen sweep collect --export` wrote.  Records of another
# version of dcngen or LLVM than the program's are left out; if nothing is left, that is an error.
# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)

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
        message(FATAL_ERROR "TunedStore.cmake: ${why}")
    endif()
    string(JSON n GET "${report}" taken)
    string(JSON stale GET "${report}" stale)
    message(STATUS "${records}: ${n} records, ${stale} of another build left out")
    math(EXPR taken "${taken} + ${n}")
endforeach()
if(taken EQUAL 0)
    message(FATAL_ERROR "TunedStore.cmake: no record of this version of dcngen and LLVM in ${RECORDS}")
endif()
file(MAKE_DIRECTORY ${OUTPUT})
file(RENAME ${made}/store.db ${OUTPUT}/store.db)
file(REMOVE_RECURSE ${made})
