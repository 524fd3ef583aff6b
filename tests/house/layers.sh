#!/usr/bin/env bash
# layers.sh: includes between folders point one way only.
#
#     include <- runtime <- { dsl, codegen } <- tuner <- cli       tests: anything
#                                                                  examples: include only
#
# LLVM is named in codegen/ only, Lua in dsl/ only; of codegen, other folders see cg.h and
# lowering.h.  The rule is first tried on a small tree that breaks it, to see that it bites.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

declare -A may=(
    [include]='' [runtime]='' [dsl]='runtime' [codegen]='runtime' [examples]=''
    [tuner]='runtime dsl codegen' [cli]='runtime dsl codegen tuner'
)

# The #include lines of a folder, as FILE:LINE:INCLUDED.
includes() {
    find "$1" -name '*.[ch]' -exec grep -HnE '^ *# *include' {} + |
        sed -E 's/^([^:]*:[0-9]+:) *# *include *[<"]([^">]*)[">].*/\1\2/'
}

check_include() { # FOLDER FILE:LINE INCLUDED
    local folder=$1 at=$2 target=${3%%/*}
    case $3 in
    codegen/cg.h | codegen/lowering.h) ;;
    codegen/*) echo "$at: $3 is private to codegen" ;;
    esac
    [ "$target" = dcngen ] || [ "$target" = "$3" ] || [ -z "${may[$target]+known}" ] ||
        [ "$target" = "$folder" ] || [[ " ${may[$folder]} " == *" $target "* ]] ||
        echo "$at: $folder may not include $3"
}

check_symbols() { # FOLDER
    [ "$1" = codegen ] || grep -rnE 'llvm-c/|\bLLVM[A-Z][A-Za-z]+' "$1" --include='*.[ch]' |
        sed 's/$/   <- LLVM outside codegen/' || true
    [ "$1" = dsl ] || grep -rnE '\b(lua|luaL)_[a-z]+|\b(lua|lauxlib|lualib)\.h' "$1" --include='*.[ch]' |
        sed 's/$/   <- Lua outside dsl/' || true
}

violations() { # TREE
    cd "$1"
    local folder at line file
    for folder in "${!may[@]}"; do
        [ -d "$folder" ] || continue
        while IFS=: read -r at line file; do
            check_include "$folder" "$at:$line" "$file"
        done < <(includes "$folder")
        check_symbols "$folder"
    done
}

# ---- the rule bites ----------------------------------------------------------------------

broken=$(mktemp -d)
trap 'rm -rf "$broken"' EXIT
offend() { # FOLDER LINE
    rm -rf "${broken:?}"/*
    mkdir -p "$broken/$1"
    printf '%s\n' "$2" >"$broken/$1/offender.c"
    [ -n "$(violations "$broken")" ] || {
        echo "layers.sh: not caught: $2 in $1"
        exit 1
    }
}
offend include '#include "runtime/base/base.h"'
offend runtime '#include "codegen/cg.h"'
offend dsl '#include "codegen/cg.h"'
offend codegen '# include "dsl/fields.h"'
offend codegen '#include "tuner/tune/space.h"'
offend tuner '#include "cli/args/args.h"'
offend cli '#include "codegen/ir/emit.h"'
offend examples '#include "runtime/base/base.h"'
offend cli '#include <llvm-c/Core.h>'
offend tuner 'void f(void) { LLVMShutdown(); }'
offend cli '    lua_pop(L, 1);'
offend codegen '#include <lauxlib.h>'

# ---- and the project keeps it ------------------------------------------------------------

found=$(violations "${SOURCE_DIR:-$(dirname "$0")/../..}")
if [ -n "$found" ]; then
    printf '%s\n' "$found"
    exit 1
fi
echo "folder rule kept"
