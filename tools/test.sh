#!/bin/sh
# tools/test.sh - everything that tests, and the counts of all of it in the last line. A part that
# cannot be built or ends early counts as one failure; the others go on.
set -u
cd "$(dirname "$0")/.." || exit 1
mkdir -p build
COUNTS=$PWD/build/counts
export COUNTS
: >"$COUNTS"
jobs=-j$(nproc)

part() {
    name=$1
    shift
    echo "== $name"
    lines=$(wc -l <"$COUNTS")
    start=$(date +%s)
    if ! make --no-print-directory "$@" && [ "$(wc -l <"$COUNTS")" -eq "$lines" ]; then
        echo "FAILED $name: make $*"
        echo "0 1 0" >>"$COUNTS"
    fi
    echo "   $(($(date +%s) - start)) s"
}

part "packages" deps
part "units and simulation, gcc" "$jobs" WERROR=1 CC=gcc all check
part "units and simulation, clang" "$jobs" WERROR=1 CC=clang all check
part "units and simulation, sanitizers" "$jobs" WERROR=1 CC=clang SAN=address,undefined check
part "conformance" "$jobs" conformance
part "system" "$jobs" system
part "fuzzers, 10 s each" fuzz-smoke

awk '{p += $1; f += $2; s += $3}
     END {printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || p == 0}' "$COUNTS"
