#!/bin/sh
# tools/wire.sh - received octets are read through base/bytes.h: refuses arithmetic on the pointer
# of a span, a reader or a writer anywhere else in the cores and the node library. (cobs->at of
# sn/frame.c and the end of an entry of sn/topics.c are indices.)
set -u
if grep -nE '(\.|->)(at|end|start)(\+\+|--| *(\+|\+=|-=) *[a-z0-9(])|(\+\+|--)[a-z_>.-]*(\.|->)at\b' \
    sn/*.[ch] mqtt/*.[ch] gateway/hub/*.[ch] firmware/*.[ch] 2>/dev/null | grep -vE "cobs->at|entries_of\(topics\)"; then
    echo "pointer arithmetic on octets: use the cursors of base/bytes.h"
    exit 1
fi
