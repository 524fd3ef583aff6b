#!/usr/bin/env bash
# compare.sh: the comparison with peers, against peers that are made up: dcngen's own rows are
# timed, a right peer gets its ratio, a wrong, missing or dying one is named and not timed.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
command -v python3 >/dev/null || {
    echo "python3 is not installed; only the comparison with peers needs it"
    exit 77
}
export PYTHONDONTWRITEBYTECODE=1
worker=$BUILD_DIR/bench/dcngen_worker
here=$SOURCE_DIR/tests/fast/bench
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() {
    echo "FAILED: $*"
    exit 1
}
compare() {
    python3 "$SOURCE_DIR/bench/compare.py" --worker "$worker" --spec "$here/tiny.lua" \
        --peer-script "$here/fake_peer.py" --quick --out "$dir/out" "$@"
}

# ---- the worker ------------------------------------------------------------------------------

[ "$("$worker" list "$here/tiny.lua")" = '["one","four"]' ] || fail "list"
mkdir "$dir/a" "$dir/b"
for copy in a b; do
    "$worker" make "$dir/$copy" "$here/tiny.lua" four -D layout=nchw -D size=10 >"$dir/$copy.json"
done
diff -r "$dir/a" "$dir/b" && cmp "$dir/a.json" "$dir/b.json" || fail "operands are not repeatable"
grep -qF '"out_channels":24,"out_height":10,"out_width":13,"kernel":[3,3]' "$dir/a.json" ||
    fail "make says $(cat "$dir/a.json")"
[ "$("$worker" compare "$dir/a/mask.npy" "$dir/b/mask.npy" | grep -c '"max_abs":0,')" = 1 ] ||
    fail "equal arrays differ"
code=0
text=$("$worker" make "$dir/a" "$here/tiny.lua" five 2>&1) || code=$?
[ $code = 2 ] && [ "$text" = "dcngen_worker: $here/tiny.lua has no kernel 'five'" ] ||
    fail "a kernel that is not there: $code, $text"

# ---- all rows --------------------------------------------------------------------------------

compare --threads 1 -D size=10 --only one,four \
    --peers openvino,onnxruntime,torchvision,onednn,onednn_nhwc,openblas,openblas_nhwc,torch \
    >"$dir/text" || fail "exit code $?: $(cat "$dir/text")"
python3 - "$dir"/out/*.json "$dir"/out/*.svg <<'PYTHON' || fail "$(cat "$dir/text")"
import json, math, sys, xml.etree.ElementTree as xml
result = json.load(open(sys.argv[1]))
assert [c["workload"] for c in result["cells"]] == ["one", "four"]
for cell in result["cells"]:
    assert cell["rounds"] == 2 and cell["peak_gflops"] > 0
    assert cell["problem"]["flops"] == 2 * 24 * 16 * 9 * 10 * 13
    rows = {r["name"]: r for r in cell["rows"]}
    timed = {n for n, r in rows.items() if "ms_median" in r}
    ours = {"dcngen_nchw", "dcngen_nhwc", "dcngen_plain_nchw", "dcngen_plain_nhwc"}
    assert timed == ours | {"torch"}, timed
    for name in timed:
        r = rows[name]
        assert len(r["ns"]) == 2 and r["ms_min"] <= r["ms_median"] <= r["ms_max"]
        assert math.isclose(r["gflops"], cell["problem"]["flops"] / r["ms_median"] / 1e6)
    assert all(rows[n]["ratio"] == 1 for n in ours) and rows["torch"]["ms_median"] == 20
    pairs = zip(rows["torch"]["ns"], rows["dcngen_plain_nchw"]["ns"])
    assert math.isclose(rows["torch"]["ratio"], sum(a / b for a, b in pairs) / 2)
    said = {n: r.get("error") or r.get("missing") for n, r in rows.items() if n not in timed}
    assert said["openvino"].startswith("wrong: off by 1e+03"), said
    assert said["onnxruntime"].startswith("wrong: off by 1e+30"), said
    assert said["torchvision"] == "No module named 'torchvision'", said
    assert said["onednn"] == "ended with status 3", said
    assert said["onednn_nhwc"] == "killed by SIGSEGV", said
    assert said["openblas"] == "no such core", said
    assert "has another shape than" in said["openblas_nhwc"], said
assert result["missing"] == {"torchvision": "No module named 'torchvision'"}
bars = xml.parse(sys.argv[2]).getroot().findall("{*}rect/{*}title")
assert sum(b.text.endswith(" %") for b in bars) == 4, [b.text for b in bars]
PYTHON
grep -q "^missing: torchvision: No module" "$dir/text" || fail "the missing peer is not named"
grep -q "^FAILED: four, 1 threads: OpenVINO: wrong" "$dir/text" || fail "the wrong peer is not named"
grep -qF '| one | 1 |' "$dir"/out/*.md || fail "no summary row"
[ -z "$(find "$dir/out" -name '*.part')" ] || fail "a partial file is left"

# ---- the other suites ------------------------------------------------------------------------

rm -r "$dir/out"
compare --threads 1 -D size=10 --only core,core4,regions >"$dir/text" ||
    fail "exit code $?: $(cat "$dir/text")"
python3 - "$dir"/out/*.json <<'PYTHON' || fail "$(cat "$dir/text")"
import json, math, sys
cells = {c["workload"]: c for c in json.load(open(sys.argv[1]))["cells"]}
assert [(n, c["suite"]) for n, c in cells.items()] == [(n, n) for n in ("core", "core4", "regions")]
rows = {n: {r["name"]: r for r in c["rows"]} for n, c in cells.items()}
pools = [f"dcngen_{op}_{layout}" for op in ("align", "pool") for layout in ("nchw", "nhwc")]
for core in ("core", "core4"):
    assert list(rows[core]) == [f"{of}_{core}" for of in ("dcngen", "torch", "onnxruntime")]
assert list(rows["regions"]) == pools + ["torchvision_align", "onnxruntime_align"]
timed = {n for of in rows.values() for n, r in of.items() if "ms_median" in r}
assert timed == {"dcngen_core", "torch_core", *rows["core4"], *pools, "torchvision_align"}, timed
assert rows["core"]["onnxruntime_core"]["error"].startswith("wrong: off by 1e+03")
assert "has another shape than" in rows["regions"]["onnxruntime_align"]["error"]
for row, units in ((rows["core"]["torch_core"], 10 * 13 * 3),
                   (rows["regions"]["torchvision_align"], 5 * 2 * 3 * 6)):
    assert math.isclose(row["unit_ns"], 2e7 / units), row
for key, other in (("ratio", "dcngen_align_nchw"), ("ratio_deform", "dcngen_pool_nchw")):
    pairs = zip(rows["regions"]["torchvision_align"]["ns"], rows["regions"][other]["ns"])
    got = rows["regions"]["torchvision_align"][key]
    assert math.isclose(got, sum(a / b for a, b in pairs) / 2)
PYTHON
grep -q '^| core | 1 | [0-9.]* | 51282.05, ' "$dir"/out/*.md || fail "no summary of the core"
[ -z "$(find "$dir/out" -name '*.svg')" ] || fail "a chart of nothing"

rm -r "$dir/out"
compare --threads 1 -D size=10 --suite hosts --only four >"$dir/text" || fail "exit code $?: $(cat "$dir/text")"
grep -qE '^\| four \| 1 \| [0-9.]+ \| 20\.000, [0-9.]+× \| – \| – \| – \| – \| – \|$' "$dir"/out/*.md ||
    fail "no summary of the hosts: $(cat "$dir"/out/*.md)"
grep -q '^FAILED: four, 1 threads: dcngen, torchvision.s function: wrong' "$dir/text" || fail "a wrong host is not named"
rm -r "$dir/out"
compare --threads 1 -D size=10 --suite hosts_backward --spec "$here/tiny_gradients.lua" >"$dir/text" ||
    fail "exit code $?: $(cat "$dir/text")"
grep -qE '^\| one_grad \| 1 \| [0-9.]+ \| 20\.000, [0-9.]+× \| – \|$' "$dir"/out/*.md ||
    fail "no summary of gradients: $(cat "$dir"/out/*.md)"

# ---- arguments -------------------------------------------------------------------------------

refused() { # TEXT OPTION...
    local want=$1 got
    shift
    got=$(compare "$@" 2>&1 >/dev/null) && fail "accepted: $*"
    case $got in
    *"$want"*) ;;
    *) fail "$*: $got" ;;
    esac
}
refused "no workload 'two': expected some of one,four,core,core4,regions" --only two --peers ''
refused "no peer 'mxnet'" --peers mxnet
refused "no suite 'host'" --suite host --peers ''
refused "--threads 0: this machine has 1 to" --threads 0 --peers ''
refused "--threads x: expected numbers" --threads x --peers ''
echo "the comparison names and times what it should"
