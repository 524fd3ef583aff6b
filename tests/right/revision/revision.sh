#!/usr/bin/env bash
# revision.sh: emitted code that changes has a new revision.
#
# Results of tuning count for one revision of their lowering.  Should the code change and the number not, what
# was measured would be taken for what it no longer is; should the number change with every comment, hours of
# tuning would be lost.  revisions.txt says what each revision emits.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
here=$SOURCE_DIR/tests/right/revision
status=0

"$BUILD_DIR/tests/dcngen_revision" "$SOURCE_DIR/tests/portable/cross/kernels.lua" "$here/operators.lua" \
    "$SOURCE_DIR/bench/workloads.lua" >"$BUILD_DIR/revisions.txt"
while read -r name rev digest; do
    read -r _ old_rev old_digest < <(grep "^$name " "$here/revisions.txt" || echo "$name none none")
    if [ "$digest" = "$old_digest" ] && [ "$rev" = "$old_rev" ]; then
        echo "$name: revision $rev, as written down"
        continue
    fi
    status=1
    if [ "$digest" = "$old_digest" ]; then
        echo "$name: revision $rev emits what $old_rev did: results would be lost for nothing"
    elif [ "$rev" = "$old_rev" ]; then
        echo "$name: revision $rev emits other IR than when it was written down: raise .rev of lower_$name, then" \
            "cmake --build build/release --target revisions; the latter alone if tests/house/objects.bash shows" \
            "that the machine code is the same"
    else
        echo "$name: revision $rev is new: cmake --build build/release --target revisions writes it down"
    fi
done <"$BUILD_DIR/revisions.txt"
exit $status
