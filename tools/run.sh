#!/bin/sh
# tools/run.sh - starts build/sedge with the first example of CONFIG, its store under build/run.
set -eu
mkdir -p build/run
conf=build/run/gateway.conf
{
    cat config/gateway.conf
    printf '\n[store]\npath = build/run/sedge.db\n'
} >"$conf.new"
mv "$conf.new" "$conf"
exec build/sedge run -c "$conf"
