#!/bin/sh
# tools/map.sh - every header of the tree is named in docs/architecture.md, in its folder's section.
set -u
map=$(awk '
    /^### / {folder = $2; sub(/\/$/, "", folder)}
    /^## / {folder = ""}
    folder != "" {
        while (match($0, /`[a-z_0-9\/]+\.h`/)) {
            print folder "/" substr($0, RSTART + 1, RLENGTH - 2)
            $0 = substr($0, RSTART + RLENGTH)
        }
    }' docs/architecture.md)
status=0
for header in $(find base sn mqtt config gateway/hub gateway/edge firmware/*.h -name '*.h'); do
    echo "$map" | grep -qx "$header" ||
        { echo "$header is not on the map, docs/architecture.md"; status=1; }
done
exit $status
