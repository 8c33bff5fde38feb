#!/bin/sh
# tools/sizes.sh - no file outside tests/ has more than 400 lines.
set -eu
find base sn mqtt config gateway firmware tools -name '*.[ch]' -exec wc -l {} + |
    awk '$2 != "total" && $1 > 400 {print $2 ": " $1 " lines, the wall is 400"; bad = 1}
         END {exit bad}'
