#!/usr/bin/env bash
# manual.sh: the manual page names every verb, option, variable and exit code of `dcngen help`.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

page=$(sed 's/\\-/-/g' "$SOURCE_DIR/docs/dcngen.1")
overview=$("$DCNGEN_BIN" help)

section() { # TITLE: the first word of each row of that part of the overview
    awk -v title="$1:" '$0 == title { inside = 1; next } /^$/ { inside = 0 }
                        inside && /^  [^ ]/ { print $1 }' <<<"$overview"
}
missing=0
named() { # WORD WHERE
    grep -qE -- "(^|[^-A-Za-z_])$1([^-A-Za-z_]|$)" <<<"$page" || {
        echo "dcngen.1 does not name $1, which \`$2\` does"
        missing=1
    }
}

verbs=$(section verbs)
codes=$(section "exit codes")
variables=$(section environment)
[ -n "$verbs" ] && [ -n "$codes" ] && [ -n "$variables" ]
for word in $verbs $variables; do
    named "$word" "dcngen help"
done
for code in $codes; do
    grep -qx "\.B $code" <<<"$page" || { echo "dcngen.1: no exit status $code" && missing=1; }
done
# A terminal has 80 to 100 columns.
for verb in "" $verbs; do
    wide=$("$DCNGEN_BIN" help ${verb:+"$verb"} | awk 'length > 100')
    [ -z "$wide" ] || { echo "dcngen help $verb: more than 100 columns: $wide" && missing=1; }
done
# The pages that are about one verb name its options, but for those that all verbs with a spec have.
common=" -D --kernel --target -mcpu -mattr --os --triple --help "
about() { # VERB PAGE
    local option text
    text=$(cat "$SOURCE_DIR/docs/$2")
    for option in $("$DCNGEN_BIN" help "$1" | sed -nE 's/^  (-[-A-Za-z]*).*/\1/p'); do
        [[ $common == *" $option "* ]] || grep -qE -- "(^|[^-A-Za-z_])$option([^-A-Za-z_]|$)" <<<"$text" || {
            echo "$2 does not name $option, which \`dcngen help $1\` does"
            missing=1
        }
    done
}
words() { # VERB PAGE: what the verb's first word may be
    local word
    for word in $("$DCNGEN_BIN" help "$1" | sed -nE '/^WHAT is one of/,/^options:/s/^  ([a-z]+) .*/\1/p'); do
        grep -qE "(^|[^a-z])$word([^a-z]|$)" "$SOURCE_DIR/docs/$2" || {
            echo "$2 does not name $word, which \`dcngen help $1\` does"
            missing=1
        }
    done
}
about cache CACHE.md
about tune TUNING.md
about sweep SWEEP.md
about report REPORT.md
about visualize VISUALIZE.md
words cache CACHE.md
words sweep SWEEP.md

total=0
for verb in $verbs; do
    for option in $("$DCNGEN_BIN" help "$verb" | sed -nE 's/^  (-[-A-Za-z]*).*/\1/p'); do
        named "$option" "dcngen help $verb"
        total=$((total + 1))
    done
done
[ $total -gt 0 ] && [ $missing -eq 0 ]
