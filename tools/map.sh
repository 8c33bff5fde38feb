#!/bin/sh
# tools/map.sh - every header of the tree is named in docs/architecture.md.
set -u
status=0
for header in $(find base sn mqtt config gateway firmware/*.h -name '*.h'); do
    name=$(basename "$header")
    case $header in config/options/*) name=options/$name ;; esac
    grep -q "\`\(tools/\)\?$name\`" docs/architecture.md ||
        { echo "$header is not on the map, docs/architecture.md"; status=1; }
done
exit $status
