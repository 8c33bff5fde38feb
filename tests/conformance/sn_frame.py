"""Frames of MQTT-SN: lengths, types, and what is no message. [MQTT-SN 1.2, 5.1, 5.2]"""

import random

import sn_packets as sn
from sedge import expect_equal
from sn_packets import message
from statements import states

CONF = {"more": "[topics default]\n0x0102 = pre/set"}

# One of each type that a client sends, and of each that only a gateway sends.
CLIENTS = (
    sn.SEARCHGW,
    sn.connect(b"other"),
    message("WILLTOPIC", flags=0x20, topic=b"w"),
    message("WILLMSG", data=b"gone"),
    sn.register(b"a/b"),
    sn.ack("REGACK", 1, 1),
    sn.publish(b"ab", b"x", 1, 7),
    sn.ack("PUBACK", 1, 1),
    sn.answer("PUBCOMP", 1),
    sn.answer("PUBREC", 1),
    sn.answer("PUBREL", 1),
    sn.subscribe(b"a/#"),
    sn.unsubscribe(b"a/#"),
    message("PINGREQ", client_id=b"n"),
    sn.PINGRESP,
    message("DISCONNECT", duration=60),
    message("WILLTOPICUPD", flags=0x20, topic=b"w"),
    message("WILLMSGUPD", data=b"gone"),
)
GATEWAYS = (
    sn.CONNACK,
    sn.WILLTOPICREQ,
    sn.WILLMSGREQ,
    sn.suback(1),
    sn.answer("UNSUBACK", 1),
    message("WILLTOPICRESP"),
    message("WILLMSGRESP"),
)
BROADCASTS = (message("ADVERTISE", gw_id=9, duration=900), message("GWINFO", gw_id=9))


@states("SN-001")
def the_1_octet_length_is_the_total(t):
    n = t.node().ask("08 04 04 01 00 3c 6e 31", "03 05 00")
    n.ask("02 16", "02 17").ask("09 0a 00 00 00 01 61 2f 62", "07 0b 00 01 00 01 00")


@states("SN-002")
def the_3_octet_length_is_the_total(t):
    n, sub = t.node(), t.hearer()
    n.ask("01 00 0a 04 04 01 00 3c 6e 31", "03 05 00").ask("01 00 04 16", "02 17")
    n.ask("01 01 35 0c 22 61 62 00 02" + " 78" * 300, "07 0d 61 62 00 02 00")
    sub.hears(b"ab", b"x" * 300, 1)


@states("SN-003")
def each_type_is_taken_with_the_3_octet_length(t):
    long = sn.lengthened
    n, sub = t.node(), t.hearer(b"w", b"a", b"aa")
    n.ask(long(sn.SEARCHGW), "03 02 01")
    n.ask(long(sn.connect(b"n", will=True)), sn.WILLTOPICREQ)
    n.ask(long(message("WILLTOPIC", flags=0x20, topic=b"v")), sn.WILLMSGREQ)
    n.ask(long(message("WILLMSG", data=b"u")), sn.CONNACK)
    n.ask(long(message("WILLTOPICUPD", flags=0, topic=b"w")), message("WILLTOPICRESP"))
    n.ask(long(message("WILLMSGUPD", data=b"gone")), message("WILLMSGRESP"))
    n.ask(long(sn.register(b"a", 1)), sn.ack("REGACK", 1, 1))
    n.ask(long(sn.publish(1, b"x", 1, 2)), sn.ack("PUBACK", 1, 2))
    n.ask(long(sn.publish(1, b"y", 2, 3)), sn.answer("PUBREC", 3))
    n.ask(long(sn.answer("PUBREL", 3)), sn.answer("PUBCOMP", 3))
    sub.hears(b"a", b"x", 1).hears(b"a", b"y", 2)
    n.ask(long(sn.subscribe(b"b/#", 2, 4)), sn.suback(0, 4, 2))
    t.publish(b"b/1", b"one")
    got = n.packet("REGISTER")
    n.send(long(sn.ack("REGACK", got.topic_id, got.msg_id)))
    got = n.packet("PUBLISH")
    n.send(long(sn.ack("PUBACK", got.topic_id, got.msg_id))).nothing()
    t.publish(b"b/1", b"two", 2)
    number = n.packet("PUBLISH").msg_id
    n.ask(long(sn.answer("PUBREC", number)), sn.answer("PUBREL", number))
    n.send(long(sn.answer("PUBCOMP", number))).nothing()
    n.ask(long(sn.unsubscribe(b"b/#", 5)), sn.answer("UNSUBACK", 5))
    n.send(long(sn.PINGRESP))
    for octets in (*GATEWAYS, *BROADCASTS):
        n.send(long(octets))
    n.nothing().ask(long(sn.PINGREQ), sn.PINGRESP)
    n.ask(long(message("DISCONNECT", duration=60)), sn.DISCONNECT)
    n.ask(long(message("PINGREQ", client_id=b"n")), sn.PINGRESP)
    n.ask(long(sn.DISCONNECT), sn.DISCONNECT)


@states("SN-004", "SN-103")
def totals_up_to_255_go_in_the_short_form_and_longer_ones_in_the_long_form(t):
    sub, pub = t.connected(b"sub"), t.connected(b"pub")
    sub.subscribe(b"ab", kind=sn.SHORT)
    for size, head in ((248, "ff 0c"), (249, "01 01 02 0c"), (300, "01 01 35 0c")):
        data = bytes(i & 0xFF for i in range(size))
        pub.publish(b"ab", data)
        sub.get(head, "02 61 62 00 00", data).nothing()


@states("SN-005")
def a_datagram_shorter_than_its_length_is_discarded(t):
    n, sub = t.connected(), t.hearer()
    stranger = t.node()
    for octets in CLIENTS:
        for end in range(1, len(octets)):
            n.send(octets[:end])
            stranger.send(octets[:end])
        for form in (octets, sn.lengthened(octets)):
            stranger.send(form[:-1])
    n.nothing()
    stranger.silent()
    sub.nothing()


@states("SN-006")
def nothing_is_read_from_what_follows_a_message(t):
    n, sub = t.connected(), t.hearer()
    n.send(sn.publish(b"ab", b"1", 1, 1), sn.publish(b"ab", b"2", 1, 2)).nothing()
    n.send(sn.publish(b"ab", b"3", 1, 3), "00").send(sn.PINGREQ, sn.DISCONNECT).nothing()
    t.node().send(sn.connect(b"m"), sn.register(b"a")).silent().gone()
    sub.nothing()


@states("SN-007")
def a_length_that_cannot_be_is_discarded(t):
    n = t.connected()
    for octets in ("00", "00 16", "00 16 00", "01", "01 00", "01 00 03", "01 16", "01 00 00 16",
                   "01 00 01 16", "01 00 02 16", "01 00 03 16", "01 ff ff 16", "02", "03 16"):  # fmt: skip
        n.send(octets)
    n.nothing()


@states("SN-007")
def a_length_below_the_least_of_its_type_is_discarded(t):
    n, stranger = t.connected(), t.node()
    least = {name: sum(int(size) for _, size, _ in fields if size != "*")
             for name, fields in sn.FIELDS.items()}  # fmt: skip
    least |= {"WILLTOPIC": 0, "WILLTOPICUPD": 0, "PINGREQ": 0}
    for name, count in least.items():
        shortest = 1 if name == "DISCONNECT" else 0
        for size in range(shortest, count):
            n.send(sn.framed(sn.TYPES[name], bytes(size)))
            stranger.send(sn.framed(sn.TYPES[name], bytes(size)))
    for flags in ("01", "02"):  # an id of one octet
        n.send("06 12", flags, "00 01 61").send("06 14", flags, "00 01 61")
    n.nothing()
    stranger.silent()


@states("SN-008")
def an_empty_datagram_is_ignored(t):
    n = t.connected()
    n.send(b"").send(b"").nothing()
    t.node().send(b"").silent()


@states("SN-009")
def reserved_types_are_discarded(t):
    n, stranger = t.connected(), t.node()
    for number in sn.RESERVED_TYPES:
        for body in (b"", b"\0\1\0\1a"):
            n.send(sn.framed(number, body, long=bool(number & 1)))
        n.nothing()
        stranger.send(sn.framed(number, b"n"))
    stranger.silent()


@states("SN-010")
def numbers_go_most_significant_octet_first(t):
    n = t.connected()
    n.ask("07 0a 00 00 12 34 61", "07 0b 00 01 12 34 00")
    n.ask("07 0c 20 00 01 56 78", "07 0d 00 01 56 78 00")
    n.ask("07 0c 40 00 01 9a bc", "04 0f 9a bc").ask("04 10 9a bc", "04 0e 9a bc")
    n.ask("07 12 01 00 ff 01 02", "08 13 01 01 02 00 ff 00")
    n.ask("07 14 01 ff 00 01 02", "04 15 ff 00")
    for i in range(2, 257):
        n.register(b"t%d" % i, i)
    n.send("0a 0a 00 00 00 01", b"t256").get("07 0b 01 00 00 01 00")


@states("SN-010")
def a_duration_is_read_most_significant_octet_first(t):
    sub = t.hearer()
    t.connected(b"long", will=(b"w", b"long"), duration=0x0100).close()
    t.connected(b"short", will=(b"w", b"short"), duration=0x0001).close()
    sub.hears(b"w", b"short").nothing()


@states("SN-011")
def what_only_gateways_send_does_nothing(t):
    n, stranger, prompted = t.connected(), t.node(), t.node()
    prompted.ask(sn.connect(b"p", will=True), sn.WILLTOPICREQ)
    for octets in GATEWAYS:
        n.send(octets)
        stranger.send(octets)
        prompted.send(octets)
    n.nothing()
    stranger.silent()
    prompted.silent().ask(message("WILLTOPIC", flags=0, topic=b"w"), sn.WILLMSGREQ)


@states("SN-012")
def flags_that_mean_nothing_are_ignored(t):
    n, sub = t.node(), t.hearer()
    n.ask("07 04 f7 01 00 00 6e", sn.CONNACK)  # all but Will
    n.ask("07 14 fc 00 01 61 62", sn.answer("UNSUBACK", 1))
    n.ask("07 12 3c 00 02 61 62", sn.suback(1, 2, 1))  # retain, will, clean session
    n.ask("08 0c 2c 00 01 00 03 78", sn.ack("PUBACK", 1, 3))  # will, clean session
    n.deliver()
    sub.hears(b"ab", b"x", 1)
    n.ask("04 1a 8f 77", message("WILLTOPICRESP"))  # all but QoS and Retain
    n.ask("03 1c 78", message("WILLMSGRESP"))
    n.bye().ask("07 04 fb 01 00 01 6e", sn.WILLTOPICREQ)  # all but CleanSession
    n.ask("04 07 8f 77", sn.WILLMSGREQ).ask("03 09 79", sn.CONNACK)
    n.close()
    sub.hears(b"w", b"y", 0)


@states("SN-012")
def flags_that_mean_nothing_are_sent_as_0(t):
    n = t.connected()
    n.ask("07 12 5c 00 01 61 62", sn.suback(1, 1, 2))
    for qos in range(3):
        t.publish(b"ab", b"x", qos, retain=True)
        expect_equal(n.take_publish().flags, qos << 5, "flags")
    n.ask("07 12 3c 00 02 61 62", sn.suback(1, 2, 1))
    expect_equal(n.take_publish().flags, 0x30, "flags of what was retained")


@states("SN-013", "SN-149")
def what_does_not_fit_the_link_is_dropped_and_what_follows_arrives(t):
    t.start(udp_more="max_message = 60")
    n, wills = t.connected(clean=False), t.hearer(b"w")
    t.connected(b"clock", will=(b"w", b"later"), duration=1)
    n.subscribe(b"ab", 2, kind=sn.SHORT)
    n.subscribe(b"long/#", 2)
    for qos in range(3):
        t.publish(b"ab", b"x" * 54, qos)
        t.publish(b"ab", b"y" * 53, qos)
        expect_equal(n.deliver()[:3], (b"ab", b"y" * 53, qos), "the one that fits")
        t.publish(b"long/" + b"x" * 60, b"its name does not fit", qos)
        n.nothing()
    n.bye().connect(clean=False)
    n.nothing()  # none of them waits
    wills.hears(b"w", b"later")  # by when counters may be told anew
    counter = b"$SYS/broker/mqtt-sn/undelivered"
    t.hearer(counter, client_id=b"late").hears(counter, b"6", retain=True)


@states("SN-014")
def everybody_else_is_served_whatever_somebody_sends(t):
    good, sub = t.connected(b"good"), t.hearer(b"ab")
    chance = random.Random(14)
    bad = [t.node() for _ in range(4)]
    for i in range(2000):
        octets = chance.randbytes(chance.randrange(40))
        if chance.random() < 0.5 and len(octets) > 1:
            octets = sn.framed(octets[0] & 0x1F, octets[1:])
        bad[i % 4].send(octets)
        if i % 100 == 0:
            good.publish(b"ab", b"%d" % i, 1)
            sub.hears(b"ab", b"%d" % i, 1)
    good.nothing()
    t.connected(b"late").publish(b"ab", b"last", 1)
    sub.hears(b"ab", b"last", 1)
