"""Frames of MQTT-SN: lengths, types, and what is no message. [MQTT-SN 1.2, 5.1, 5.2]"""

import sn_packets as sn
from statements import states

CONF = {"more": "[topics default]\n7 = pre/seven"}


@states("SN-001")
def the_1_octet_length_is_the_total(t):
    t.node().ask("08 04 04 01 00 3c 6e 31", "03 05 00").ask("02 16", "02 17")


@states("SN-004", "SN-103")
def totals_up_to_255_go_in_the_short_form_and_longer_ones_in_the_long_form(t):
    sub, pub = t.connected(b"sub"), t.connected(b"pub")
    sub.subscribe(b"ab", kind=sn.SHORT)
    for size, head in ((248, "ff 0c"), (249, "01 01 02 0c"), (300, "01 01 35 0c")):
        data = bytes(i & 0xFF for i in range(size))
        pub.send(sn.publish(b"ab", data)).nothing()
        sub.get(head, "02 61 62 00 00", data).nothing()
