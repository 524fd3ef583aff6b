#!/usr/bin/env bash
# fuzz.bash PROGRAM SEEDS: a short run that is the same every time, on a copy of the seeds.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/corpus"
cp "$2"/* "$work/corpus/"
cd "$work"
if ! "$1" -runs=20000 -seed=1 -max_len=4096 -timeout=20 corpus >log 2>&1; then
    tail -60 log
    for crash in crash-* leak-* timeout-* oom-*; do
        [ ! -f "$crash" ] || { echo "input, base64:" && base64 "$crash"; }
    done
    exit 1
fi
tail -2 log
