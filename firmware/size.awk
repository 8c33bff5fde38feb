# size.awk - what `size -A` says of several objects, as one line of four numbers for each.
function line(name, octets) {
    printf "%6d %6d %6d %6d  %s\n", octets["text"], octets["rodata"], octets["data"], octets["bss"], name
}
function flush() {
    if (file != "") {
        line(file, now)
        split("", now)
    }
}
BEGIN {
    printf "%6s %6s %6s %6s\n", "text", "rodata", "data", "bss"
}
/:$/ {
    flush()
    file = $1
    sub(/.*node\/size\//, "", file)
}
match($1, /^\.(text|rodata|data|bss)/) {
    kind = substr($1, 2, RLENGTH - 1)
    now[kind] += $2
    all[kind] += $2
}
END {
    flush()
    line("all", all)
}
