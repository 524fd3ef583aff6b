#!/usr/bin/env bash
# links.sh [DIR]: every link and picture of the pages below DIR, the sources if none is given, leads to something.
#
# Links to the network are not followed.  Within fenced code nothing is a link.  What is installed, README.md and the
# pages of docs and examples, does not link to docs/dev, which is not.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

root=${1:-$SOURCE_DIR}
cd "$root"
status=0 links=0
while read -r page; do
    while read -r target; do
        [[ $target =~ ^[a-z]+: ]] && continue
        links=$((links + 1))
        file=${target%%#*}
        [ -n "$file" ] || file=$(basename "$page")
        case $(realpath -m "$(dirname "$page")/$file")/ in
        "$(realpath .)"/*) ;;
        *) echo "links.sh: $page: $target leads out of the documents" && status=1 ;;
        esac
        case $page:$(realpath -m --relative-to=. "$(dirname "$page")/$file")/ in
        ./docs/dev/*) ;;
        ./README.md:docs/dev/* | ./docs/*:docs/dev/* | ./examples/*:docs/dev/*)
            echo "links.sh: $page: $target is not installed" && status=1
            ;;
        esac
        [ -e "$(dirname "$page")/$file" ] || { echo "links.sh: $page: there is no $target" && status=1; }
    done < <(awk '/^ *```/ { code = !code } !code' "$page" | grep -oE '\]\([^) ]+\)' | sed -E 's/^\]\(//; s/\)$//')
done < <(find . -name build -prune -o -name '.*' -path './.*' -prune -o -name '*.md' -print)
[ "$links" -gt 0 ] || { echo "links.sh: no links below $root" && exit 1; }
[ $status -eq 0 ] && echo "$links links"
exit $status
