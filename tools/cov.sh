#!/bin/sh
# tools/cov.sh BUILD SOURCE... - lines of each source that ran, from gcov, and of all together.
set -eu
build=$1
shift
for source in "$@"; do
    gcov -n -o "$build/$(dirname "$source")" "$build/${source%.c}.o" 2>/dev/null |
        awk -v source="$source" '
            /^File/ {mine = index($0, "\047" source "\047") > 0}
            mine && /^Lines executed/ {split($0, p, /[:%]/); print p[2], $NF, source; mine = 0}'
done | awk '{printf "%6.1f %%  %5d  %s\n", $1, $2, $3; all += $2; ran += $1 * $2 / 100}
            END {if (all) printf "%6.1f %%  %5d  all\n", 100 * ran / all, all}'
