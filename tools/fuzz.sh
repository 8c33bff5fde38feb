#!/bin/sh
# tools/fuzz.sh SECONDS FUZZER... - runs libFuzzer programs, one for each processor at a time.
# What they find lies in build/fuzz/crash-NAME-*; the corpus grows in build/fuzz/corpus/NAME,
# begun with the vectors in build/fuzz/seeds/NAME and, for the configuration, what its tests read.
# Counts as tests/run does.
set -u
seconds=$1
shift

fuzz_one() {
    name=$(basename "$2")
    corpus=build/fuzz/corpus/$name
    seeds=build/fuzz/seeds/${name#fuzz_}
    mkdir -p "$corpus" "$seeds"
    [ "$name" != fuzz_config ] || cp config/gateway.conf tests/config/*.in "$seeds"
    if "$2" -max_total_time="$1" -timeout=5 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/crash-$name-" "$corpus" "$seeds" >"build/fuzz/$name.log" 2>&1; then
        runs=$(awk '/number_of_executed_units/ {print $2}' "build/fuzz/$name.log")
        echo "ok - $name: $runs runs"
    else
        echo "not ok - $name"
        grep -v '^#' "build/fuzz/$name.log" | head -n 40
    fi
}
if [ "$seconds" = one ]; then
    fuzz_one "$@"
    exit 0
fi

log=build/fuzz/log
printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} "$0" one "$seconds" {} >"$log"
cat "$log"
passed=$(grep -c '^ok' "$log")
failed=$(grep -c '^not ok' "$log")
[ "$((passed + failed))" -eq $# ] || failed=$((failed + 1))
[ -z "${COUNTS:-}" ] || echo "$passed $failed 0" >>"$COUNTS"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
