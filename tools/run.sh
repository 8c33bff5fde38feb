#!/bin/sh
# tools/run.sh - starts build/sedge with config/gateway.conf; its store is build/run/sedge.db unless
# the file has a [store] of its own, its control socket build/run/sedge.sock.
set -eu
mkdir -p build/run
conf=build/run/gateway.conf
{
    if grep -q '^[[:space:]]*control' config/gateway.conf; then
        cat config/gateway.conf
    else
        sed 's|^\[gateway\]$|&\ncontrol = build/run/sedge.sock|' config/gateway.conf
    fi
    grep -q '^[[:space:]]*\[store\]' config/gateway.conf ||
        printf '\n[store]\npath = build/run/sedge.db\n'
} >"$conf.new"
mv "$conf.new" "$conf"
exec build/sedge run -c "$conf"
