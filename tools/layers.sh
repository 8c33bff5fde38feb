#!/bin/sh
# tools/layers.sh - refuses an include that does not point downward, and a system header in a core
# that could bring in more than types, memory functions and assert.
set -eu

# from (longest first)   may include from
rules='
base               base
sn                 sn base
mqtt/examples      mqtt base SYSTEM
mqtt               mqtt base
config/load.c      config base SYSTEM
config             config base
gateway/hub        gateway/hub sn mqtt config base
gateway/edge       gateway/edge gateway/hub sn mqtt config base SYSTEM
gateway/cmd        gateway/cmd gateway/edge gateway/hub sn mqtt config base SYSTEM
firmware/ports     firmware sn/packet.h sn/flags.h sn/err.h sn/frame.h sn/bus.h base SYSTEM
firmware/examples  firmware base SYSTEM
firmware           firmware sn/packet.h sn/flags.h sn/err.h sn/frame.h sn/bus.h base
tools              tools firmware sn base SYSTEM
'
find base sn mqtt config gateway firmware tools -name '*.[ch]' | sort | xargs awk -v rules="$rules" '
function rule_of(path,    best, from) {
    best = ""
    for (from in may) {
        if ((path == from || index(path, from "/") == 1) && length(from) > length(best)) {
            best = from
        }
    }
    return best
}
function allowed(path, name,    from, n, i, parts) {
    from = rule_of(path)
    n = split(may[from], parts, " ")
    for (i = 1; i <= n; i++) {
        if (name == parts[i] || index(name, parts[i] "/") == 1) {
            return 1
        }
    }
    return 0
}
function refuse(why) {
    printf "%s:%d: %s\n", FILENAME, FNR, why
    bad = 1
}
BEGIN {
    lines = split(rules, line, "\n")
    for (i = 1; i <= lines; i++) {
        if (match(line[i], / +/)) {
            may[substr(line[i], 1, RSTART - 1)] = substr(line[i], RSTART + RLENGTH)
        }
    }
    pure = "^(assert|limits|stdalign|stdarg|stdbool|stddef|stdint|string)\\.h$"
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, quoted, "\"")
    if (!allowed(FILENAME, quoted[2])) {
        refuse("may not include \"" quoted[2] "\"")
    }
}
/^[ \t]*#[ \t]*include[ \t]*</ {
    name = $0
    gsub(/.*<|>.*/, "", name)
    if (!allowed(FILENAME, "SYSTEM") && name !~ pure &&
        !(name == "stdlib.h" && FILENAME ~ /^base\/(pool|block)\.c$/) &&
        !(name == "avr/pgmspace.h" && FILENAME == "base/flash.h")) {
        refuse("a core may not include <" name ">")
    }
}
END { exit bad }'
