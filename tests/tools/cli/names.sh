#!/usr/bin/env bash
# names.sh: a kernel has a name that its header compiles with, in C and in C++, beside the headers of their library.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
cat >named.lua <<'END2'
local list = {}
for name in string.gmatch(param("names", ""), "[^ ]+") do
  list[#list + 1] = conv2d { name = name, in_channels = 2, height = 5, width = 5, out_channels = 2, kernel_size = 3,
                             bias = true }
end
return list
END2

# ---- names that look like others, and are legal
legal="args n i phase first last thread threads workspace packed which input weight output batch height width rois
       conv2d int8 int64 u8 omp stdint math string X new_ Class integer tool issue stride memory_conv type
       final override import module min max far near end begin net_t IN OUT linux_ unix2 a__b"
legal=$(tr -s ' \n' ' ' <<<"$legal")
works compile named.lua -D names="$legal" -o legal --emit header
{
    for h in assert complex ctype errno float inttypes limits locale math setjmp signal stdalign stdarg \
        stdbool stddef stdint stdio stdlib string threads time uchar wchar wctype; do
        case $h in complex | threads | stdalign) echo "#ifndef __cplusplus" ;; esac
        echo "#include <$h.h>"
        case $h in complex | threads | stdalign) echo "#endif" ;; esac
    done
    for name in $legal; do echo "#include \"legal/$name.h\""; done
    echo "int main(void) { return 0; }"
} >all.c
strict="-Wall -Wextra -Wpedantic -Wshadow -Werror -fopenmp -fsyntax-only"
compiles() { # COMMAND...
    same "$*" "" "$("$@" 2>&1 | head -5)"
}
for std in c11 gnu11 gnu17; do
    # shellcheck disable=SC2086
    compiles gcc -std=$std $strict all.c
done
for std in c++11 gnu++17 gnu++20; do
    # shellcheck disable=SC2086
    compiles g++ -std=$std $strict -x c++ all.c
done

# ---- names that C, C++, their library or a compiler have taken
refused() { # REASON NAME...
    local reason=$1
    shift
    for name in "$@"; do
        expect 3 "named.lua:3: 'name' = \"$name\" $reason; choose another, it becomes a function of a C header" \
            compile named.lua -D names="$name" -o refused
    done
}
refused "is a keyword of C" double bool asm typeof nullptr
refused "is a keyword of C++" class new template this co_await xor_eq wchar_t
refused "is a name of the C library" malloc printf index gamma EOF NULL I size_t sinf stdin errno FILE \
    int64_t uint_fast8_t intptr_t int128_t INT64_MAX UINT8_C INTMAX_WIDTH
refused "is a macro of C compilers" linux unix i386
refused "is where a program begins" main
refused "is the namespace of C++'s library" std
refused "begins with omp_, as the names of OpenMP do" omp_get_thread_num
refused "begins with _, as names do that C keeps for itself" _Bool __x86_64__ _stdint _
same "nothing is written" "" "$(ls refused 2>/dev/null)"
finish
