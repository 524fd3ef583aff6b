#!/usr/bin/env bash
# layers.sh: rooms use each other in one direction only, and through their doors.
#
# A room is a folder.  Its row below names the headers that other rooms may include (its doors) and
# the rooms that its own files may include.  LLVM is named in codegen/ only, Lua in dsl/ only, SQLite in
# tuner/store/, nettle and zlib in runtime/base/, libpng in cli/draw/.
# Which operator a spec has is compared in runtime/ops only, where its row is; elsewhere traits are asked.
# The rule is first tried on a small tree that breaks it, to see that it bites.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

declare -A doors may
room() { # NAME DOORS ROOMS
    doors[$1]=$2
    may[$1]=$3
}

base=runtime/base
room include '*' ''
room examples '' ''
room onnxruntime '' runtime/loop
room runtime/base 'aligned.h archive.h base.h clock.h digest.h env.h file.h grow.h json.h npy.h random.h safetensors.h stats.h tensor.h tensor_file.h text.h whole.h' ''
room runtime/loop chunks.h ''
room runtime/spec 'activation.h c_words.h fields.h gradient.h limits.h network.h op.h operands.h row.h shape.h stages.h' $base
room runtime/network 'build.h part.h weights.h' "$base runtime/spec runtime/reference"
room runtime/exec 'kernel.h threads.h pool.h cores.h' "$base runtime/loop runtime/spec"
room runtime/reference 'reference.h operators.h glue.h network.h' "$base runtime/spec"
room runtime/ops '' "$base runtime/spec runtime/reference runtime/network"
room dsl loader.h "$base runtime/spec runtime/network"

room codegen 'balance.h cg.h lowering.h' "$base runtime/spec runtime/exec codegen/target codegen/kernel codegen/multi codegen/backend"
room codegen/target 'llvm_init.h needs.h table.h fatal.h' "$base codegen"
room codegen/ir 'emit.h call.h transpose.h' 'codegen/target'
room codegen/math math.h 'codegen/ir runtime/spec'
room codegen/kernel 'bilinear.h blend.h cost.h entry.h gradient_out.h group_maps.h image_blocks.h intmath.h modulation.h norm.h points.h problem.h repack.h sample.h workspace.h' 'runtime/spec codegen codegen/ir codegen/math'
lowering='codegen codegen/ir codegen/math codegen/kernel'
room codegen/direct '' "$lowering"
room codegen/tiled tiled.h "$lowering"
room codegen/aggregate '' "$lowering codegen/tiled"
room codegen/roi bins.h "$lowering"
room codegen/gradient '' "$lowering runtime/spec"
room codegen/roi_gradient '' "$lowering codegen/roi runtime/spec"
room codegen/scatter '' "$lowering runtime/spec"
room codegen/steps 'plan.h steps.h' "$lowering runtime/exec"
room codegen/module '' "$lowering codegen/steps runtime/spec"
room codegen/glue glue.h "$lowering runtime/spec"
room codegen/network '' "$lowering codegen/steps codegen/glue runtime/base runtime/spec runtime/network runtime/exec"
room codegen/multi multi.h "$base codegen codegen/ir codegen/target codegen/kernel"
room codegen/backend trace.h "$base runtime/spec codegen codegen/ir codegen/target codegen/kernel codegen/multi"

runtime="$base runtime/spec runtime/exec"
room tuner target.h "$base codegen"
room tuner/search 'search.h points.h' "$base"
room tuner/measure 'measure.h peak.h' "$base runtime/exec codegen"
room tuner/check 'cases.h offsets.h operands.h expected.h verify.h' "$runtime runtime/reference"
room tuner/support 'check.h model.h region.h support.h' "$base runtime/spec runtime/network runtime/reference"
room tuner/store 'store.h key.h record.h db.h form.h' "$base runtime/exec codegen"
room tuner/tune 'tune.h space.h space_count.h child.h' \
    "$base runtime/exec codegen tuner tuner/search tuner/measure tuner/check tuner/store"
room tuner/sweep 'plan.h worker.h collect.h' "$base codegen tuner tuner/check tuner/store tuner/tune"
room tuner/api 'choose.h layers.h link.h' "$base runtime/spec runtime/network runtime/exec codegen tuner tuner/measure tuner/check tuner/store"

tuner='tuner tuner/check tuner/store tuner/tune tuner/api'
room cli verbs.h "$base cli/args cli/out"
room cli/args 'args.h verb.h values.h hints.h subverb.h' "$base"
room cli/out 'html.h labels.h page_style.h plot.h print.h schedule.h signals.h spec_json.h tensors.h' "$base runtime/spec"
room cli/draw 'font.h photo.h pixels.h scene.h' "$base cli/out"
room cli/load 'canonical.h kernels.h offsets.h operands.h weights.h' "$base runtime/spec cli/args cli/out tuner tuner/check"
room cli/verb artefact.h "$base runtime/spec runtime/network runtime/exec codegen $tuner cli cli/args cli/out cli/load"
room cli/completion completion.h 'cli cli/args cli/verb'
room cli/report '' "$base codegen tuner/store cli cli/load cli/out"
room cli/visualize '' "$base runtime/spec tuner/support cli cli/args cli/draw cli/load cli/out"
room cli/sweep '' "$base runtime/spec tuner/sweep cli cli/args cli/out cli/load"

# The #include lines of a tree, as FILE:LINE INCLUDED; includes are written from the root.
includes() { # FOLDER
    find "$1" -maxdepth "${2:-1}" -name '*.[ch]' -exec grep -HnE '^ *# *include *"' {} + |
        sed -E 's/^([^:]*:[0-9]+): *# *include *"([^"]*)".*/\1 \2/'
}

check_include() { # ROOM FILE:LINE INCLUDED
    local target=${3%/*} header=${3##*/}
    [[ $3 == */* && $target != dcngen ]] || return 0 # a generated header, or one of the public ones
    [ "$target" != "$1" ] || return 0
    if [ -z "${may[$target]+known}" ]; then
        echo "$2: $3 is in no room that layers.sh knows"
    elif [[ " ${may[$1]} " != *" $target "* ]]; then
        echo "$2: $1 may not include $3"
    elif [[ ${doors[$target]} != '*' && " ${doors[$target]} " != *" $header "* ]]; then
        echo "$2: $3 is private to $target"
    fi
}

check_symbols() { # FOLDER WHERE-ALLOWED PATTERN WHAT
    [[ "$1" == "$2" ]] || grep -rnE "$3" "$1" --include='*.[ch]' | grep -v "^$2/" |
        sed "s|\$|   <- $4 outside $2|" || true
}

violations() { # TREE
    cd "$1"
    local room at file top depth
    while IFS= read -r room; do
        [ -n "${may[$room]+known}" ] || echo "$room: a folder of sources that is no room of layers.sh"
    done < <(find include examples runtime dsl codegen tuner cli onnxruntime -name '*.[ch]' -printf '%h\n' 2>/dev/null |
        sed -E 's,^(include|examples)/.*,\1,' | sort -u)
    for room in "${!may[@]}"; do
        [ -d "$room" ] || continue
        depth=1
        case $room in include | examples) depth=9 ;; esac
        while read -r at file; do
            check_include "$room" "$at" "$file"
        done < <(includes "$room" $depth)
    done
    for top in include runtime dsl codegen tuner cli onnxruntime; do
        [ -d "$top" ] || continue
        check_symbols "$top" codegen 'llvm-c/|\bLLVM[A-Z][A-Za-z]+' LLVM
        check_symbols "$top" dsl '\b(lua|luaL)_[a-z]+|\b(lua|lauxlib|lualib)\.h' Lua
        check_symbols "$top" tuner/store '\bsqlite3|\bSQLITE_' SQLite
        check_symbols "$top" runtime/base '\bnettle/|\bsha256_' nettle
        check_symbols "$top" runtime/base '\bzlib\.h|\binflate' zlib
        check_symbols "$top" runtime/ops '\bop *[!=]= *DCN_OP_|\bcase DCN_OP_' 'a comparison of operators'
        check_symbols "$top" cli/draw '\bpng\.h|\bpng_[a-z_]+\(' libpng
    done
}

# ---- the rule bites ----------------------------------------------------------------------

broken=$(mktemp -d)
trap 'rm -rf "$broken"' EXIT
offend() { # ROOM LINE
    rm -rf "${broken:?}"/*
    mkdir -p "$broken/$1"
    printf '%s\n' "$2" >"$broken/$1/offender.c"
    [ -n "$(violations "$broken")" ] || {
        echo "layers.sh: not caught: $2 in $1"
        exit 1
    }
}
offend include '#include "runtime/base/base.h"'
offend runtime/exec '#include "codegen/cg.h"'
offend runtime/base '#include "runtime/spec/fields.h"'
offend onnxruntime '#include "runtime/exec/pool.h"'
offend dsl '#include "codegen/cg.h"'
offend codegen/ir '# include "dsl/loader.h"'
offend codegen/ir '#include "codegen/kernel/problem.h"'
offend codegen/roi '#include "codegen/tiled/tiled.h"'
offend codegen/aggregate '#include "codegen/tiled/tile.h"'
offend codegen/module '#include "tuner/tune/space.h"'
offend tuner/search '#include "codegen/cg.h"'
offend tuner/store '#include "cli/args/args.h"'
offend cli/verb '#include "codegen/ir/emit.h"'
offend examples '#include "runtime/base/base.h"'
offend onnxruntime '#include "runtime/base/base.h"'
offend cli/nowhere '#include <stdio.h>'
offend cli/verb '#include "cli/nowhere/no.h"'
offend cli/verb '#include <llvm-c/Core.h>'
offend tuner/tune 'void f(void) { LLVMShutdown(); }'
offend cli/out '    lua_pop(L, 1);'
offend codegen/ir '#include <lauxlib.h>'
offend tuner/sweep '    sqlite3_finalize(row);'
offend tuner/store '#include <nettle/sha2.h>'
offend runtime/network '#include <zlib.h>'
offend cli/verb '#include <png.h>'
offend codegen/tiled '    if (s->op == DCN_OP_CONV2D)'

# ---- and the project keeps it ------------------------------------------------------------

found=$(violations "${SOURCE_DIR:-$(dirname "$0")/../..}")
if [ -n "$found" ]; then
    printf '%s\n' "$found"
    exit 1
fi

# ---- and the page says so ----------------------------------------------------------------

# ARCHITECTURE.md has the rooms in an order in which each uses those of the lines up to its own.  codegen/ is above its
# rooms as a registry and below them as the interface of lowerings.
declare -A line
page=${SOURCE_DIR:-$(dirname "$0")/../..}/docs/ARCHITECTURE.md
n=0
while read -r cell; do
    n=$((n + 1)) top=
    for name in ${cell//\`/ }; do
        case $name in
        */*) top=${name%%/*} ;;
        *) name=$top/$name ;; # `tiled` behind `codegen/direct`
        esac
        line[${name%/}]=$n
    done
done < <(awk -F'|' '/^\| room /{ rooms = 1 } /^$/{ rooms = 0 } rooms && $2 ~ /`/{ print $2 }' "$page")
[ $n -gt 30 ] || { echo "layers.sh: only $n rooms in ARCHITECTURE.md" && exit 1; }
for room in "${!may[@]}"; do
    [ -n "${line[$room]+known}" ] || { echo "layers.sh: ARCHITECTURE.md has no room $room" && exit 1; }
    [ "$room" != codegen ] || continue
    for other in ${may[$room]}; do
        [ "$other" = codegen ] || [ "${line[$other]}" -le "${line[$room]}" ] ||
            { echo "layers.sh: ARCHITECTURE.md has $room above $other, which it may use" && exit 1; }
    done
done
echo "the rule of ${#may[@]} rooms is kept"
