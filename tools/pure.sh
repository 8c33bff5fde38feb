#!/bin/sh
# tools/pure.sh OBJECT... - refuses a core object that wants a symbol which neither a core defines
# nor the list below allows, or that has a variable which can change.
set -eu

nm -A -g "$@" | awk '
BEGIN {
    n = split("memcpy memmove memset memcmp memchr strlen strnlen strcmp __assert_fail " \
              "__stack_chk_fail __memcpy_chk __memmove_chk __memset_chk __strlen_chk " \
              "_GLOBAL_OFFSET_TABLE_", names, " ")
    for (i = 1; i <= n; i++) {
        allowed[names[i]] = 1
    }
    n = split("malloc calloc realloc free aligned_alloc", names, " ")
    for (i = 1; i <= n; i++) {
        memory[names[i]] = 1
    }
}
{ file = $1; sub(/:.*/, "", file) }
$(NF - 1) == "U" { count++; want[count] = $NF; by[count] = file; next }
{ defined[$NF] = 1 }
END {
    for (i = 1; i <= count; i++) {
        ok = want[i] in defined || want[i] in allowed ||
             (want[i] in memory && by[i] ~ /\/base\/(pool|block)\.o$/)
        if (!ok) {
            printf "%s: a core may not call %s\n", by[i], want[i]
            bad = 1
        }
    }
    exit bad
}'

# Constant tables with pointers lie in .data.rel.ro; .data and .bss are what can change.
for object in "$@"; do
    objdump -t "$object" | awk -v object="$object" '
        NF > 4 && $(NF - 2) ~ /^\.(data|bss)(\.[^r]|$)/ && $0 ~ / O / {
            printf "%s: %s can change: a core keeps no state of its own\n", object, $NF
            bad = 1
        }
        END { exit bad }'
done
