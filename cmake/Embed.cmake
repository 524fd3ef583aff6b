# Embed.cmake: text files as arrays of C.
#
#   cmake -DINPUT=pattern -DOUTPUT=header -DNAME=array -P Embed.cmake
#
# Each array ends with a NUL.  In NAME, @ stands for a file's name without its suffix.
# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)

file(GLOB texts ${INPUT})
if(NOT texts)
    message(FATAL_ERROR "Embed.cmake: no file matches ${INPUT}")
endif()
set(header)
foreach(text IN LISTS texts)
    cmake_path(GET text STEM stem)
    string(REPLACE "@" "${stem}" name "${NAME}")
    file(READ ${text} bytes HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(APPEND header "static const char ${name}[] = {\n${bytes}\n0 };\n")
endforeach()
file(WRITE ${OUTPUT} "${header}")
