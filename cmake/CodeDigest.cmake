# CodeDigest.cmake: one digest over the files that decide what code is generated.
#
#   cmake -DOUTPUT=header -DROOT=source-tree -P CodeDigest.cmake
#
# Names count as well as contents, but not where the source tree lies: the same sources give the
# same digest on every machine.
# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/GeneratorSources.cmake)

generator_sources(sources ${ROOT})
set(lines)
foreach(source IN LISTS sources)
    file(RELATIVE_PATH name ${ROOT} ${source})
    file(SHA256 ${source} digest)
    list(APPEND lines "${name} ${digest}")
endforeach()
list(SORT lines)
string(SHA256 digest "${lines}")
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define DCN_CODE_DIGEST \"${digest}\"\n" @ONLY)
