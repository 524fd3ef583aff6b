# lib.bash: what the tests of the command line share.
#
#     expect CODE STDERR WORD...   run dcngen; the exit code, all of stderr and an empty stdout
#     prints STDOUT WORD...        run dcngen; exit code 0, all of stdout and an empty stderr
#     works WORD...                run dcngen; exit code 0, an empty stderr; stdout is left in $out
#     safetensors FILE HEADER NUMBER...   a file of F32; the header is JSON, of words of `tensor`
#
# Tests run in an empty directory that is removed afterwards.
# SPDX-License-Identifier: Apache-2.0
set -u
export LC_ALL=C KMP_WARNINGS=0
unset DCNGEN_NUM_THREADS DCNGEN_MAX_ISA DCNGEN_VERBOSE DCNGEN_DUMP DCNGEN_TUNE DCNGEN_CACHE_DIR
export DCNGEN_CACHE=off DCNGEN_SYSTEM_DIR=/nonexistent
: "${DCNGEN_BIN:?is the program to test}" "${SOURCE_DIR:?is the source tree}"

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here" || exit 1
checks=0 failures=0 out=

complain() { # WHAT EXPECTED GOT
    printf 'FAILED: %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
    failures=$((failures + 1))
}

same() { # WHAT EXPECTED GOT
    checks=$((checks + 1))
    [ "$2" = "$3" ] || complain "$1" "$2" "$3"
}

call() {
    "$DCNGEN_BIN" "$@" >"$here/.out" 2>"$here/.err"
    code=$?
    out=$(cat "$here/.out") err=$(cat "$here/.err")
}

expect() {
    local want_code=$1 want_err=$2
    shift 2
    call "$@"
    same "dcngen $*" "$want_code|$want_err|" "$code|$err|$out"
}

prints() {
    local want=$1
    shift
    call "$@"
    same "dcngen $*" "0||$want" "$code|$err|$out"
}

works() {
    call "$@"
    same "dcngen $*" "0|" "$code|$err"
}

safetensors() { # FILE HEADER NUMBER...
    perl -e 'my ($h, @x) = @ARGV; print pack("Q<", length $h), $h, pack("f<*", @x)' "${@:2}" >"$1"
}

tensor() { # NAME SHAPE FIRST LAST: of numbers
    printf '"%s":{"dtype":"F32","shape":[%s],"data_offsets":[%d,%d]}' "$1" "$2" $((4 * $3)) $((4 * $4))
}

finish() {
    echo "$checks checks, $failures failed"
    [ "$failures" -eq 0 ] && [ "$checks" -gt 0 ]
    exit
}

# ---- npy files -----------------------------------------------------------------------------

# npy FILE DTYPE SHAPE NUMBER...: DTYPE f2 (small whole numbers only) or any other; SHAPE "1,2,3,"
npy() {
    perl -e '
        my ($dtype, $shape, @x) = @ARGV;
        sub half { my $v = abs $_[0]; my $sign = $_[0] < 0 ? 0x8000 : 0; return $sign unless $v;
            my $e = 0; while ($v >= 2) { $v /= 2; $e++ } while ($v < 1) { $v *= 2; $e-- }
            return $sign | ($e + 15) << 10 | int(($v - 1) * 1024) }
        my $order = $dtype =~ /1/ ? "|" : "<";
        my $head = "{\x27descr\x27: \x27$order$dtype\x27, \x27fortran_order\x27: False, \x27shape\x27: ($shape), }";
        $head .= " " x (117 - length $head) . "\n";
        print "\x93NUMPY\1\0", pack("v", length $head), $head;
        my %as = (f2 => "v*", f4 => "f<*", f8 => "d<*", i1 => "c*", i2 => "s<*", i4 => "l<*", i8 => "q<*",
                  u1 => "C*", u2 => "S<*", u4 => "L<*", u8 => "Q<*", b1 => "C*");
        print pack($as{$dtype}, $dtype eq "f2" ? map { half($_) } @x : @x);
    ' "$2" "$3" "${@:4}" >"$1"
}

# show_npy FILE: DTYPE SHAPE: NUMBER...
show_npy() {
    perl -e '
        local $/; open my $f, "<:raw", $ARGV[0] or die "no $ARGV[0]\n"; my $b = <$f>;
        my $n = unpack "v", substr $b, 8, 2;
        my $head = substr $b, 10, $n; my $data = substr $b, 10 + $n;
        my ($dtype) = $head =~ /<(f\d)/; my ($shape) = $head =~ /\(([^)]*)\)/;
        print "$dtype ($shape):"; print " ", 0 + sprintf "%.6g", $_ for unpack $dtype eq "f4" ? "f<*" : "d<*", $data;
    ' "$1"
}
