"""PUBLISH of a client, and its acknowledgements. [MQTT-SN 1.2, 5.4.12 to 5.4.14, 6.6 to 6.8]"""

import sn_packets as sn
from sedge import expect, expect_equal
from statements import states

MAP = "[topics default]\n7 = pre/seven\n258 = pre/258\ncd = pre/cd"
CONF = {"more": MAP, "udp_more": "publish_without_connect = yes"}


def refused(topic_id, msg_id, code=sn.INVALID_ID):
    return sn.ack("PUBACK", topic_id, msg_id, code)


@states("SN-087")
def qos_0_goes_on_under_its_full_name_and_is_not_answered(t):
    sub, n = t.hearer(), t.connected()
    name = b"plant/line-3/" + b"x" * 100
    n.publish(n.register(name), b"T=21")
    sub.hears(name, b"T=21")
    t.client(b"plain").subscribe((name, 0)).nothing()


@states("SN-088")
def qos_1_is_acknowledged_with_its_ids(t):
    sub, n = t.hearer(), t.connected()
    number = n.register(b"a/b")
    for msg_id in (1, 0x1234, 0xFFFF):
        n.ask(sn.publish(number, b"x", 1, msg_id), sn.ack("PUBACK", number, msg_id))
        sub.hears(b"a/b", b"x", 1)
    n.ask(sn.publish(b"ab", b"x", 1, 2), sn.ack("PUBACK", 0x6162, 2))
    n.ask(sn.publish(7, b"x", 1, 3, kind=sn.PREDEFINED), sn.ack("PUBACK", 7, 3))


@states("SN-089")
def qos_2_goes_through_its_four_messages_once(t):
    sub, n = t.hearer(), t.connected()
    number = n.register(b"a/b")
    for msg_id in (1, 0x1234, 1):
        n.ask(sn.publish(number, b"x", 2, msg_id), sn.answer("PUBREC", msg_id))
        n.ask(sn.answer("PUBREL", msg_id), sn.answer("PUBCOMP", msg_id))
        sub.hears(b"a/b", b"x", 2)
    sub.nothing()


@states("SN-090", "SN-091")
def repeats_of_qos_2_are_answered_again_and_go_on_once(t):
    sub, n = t.hearer(), t.connected()
    number = n.register(b"a/b")
    for dup in (False, True, False, True):
        n.ask(sn.publish(number, b"x", 2, 5, dup=dup), sn.answer("PUBREC", 5))
    for _ in range(3):
        n.ask(sn.answer("PUBREL", 5), sn.answer("PUBCOMP", 5))
    sub.hears(b"a/b", b"x", 2).nothing()
    n.publish(number, b"y", 2, 5)
    sub.hears(b"a/b", b"y", 2)


@states("SN-090")
def a_qos_2_handshake_goes_on_over_sleep_and_a_new_connection(t):
    sub, n = t.hearer(), t.connected(clean=False)
    number = n.register(b"a/b")
    n.ask(sn.publish(number, b"x", 2, 5), sn.answer("PUBREC", 5)).sleep()
    n.ask(sn.publish(number, b"x", 2, 5, dup=True), sn.answer("PUBREC", 5))
    n.bye().connect(clean=False)
    n.ask(sn.publish(number, b"x", 2, 5, dup=True), sn.answer("PUBREC", 5))
    n.ask(sn.answer("PUBREL", 5), sn.answer("PUBCOMP", 5))
    sub.hears(b"a/b", b"x", 2).nothing()


@states("SN-092")
def pubrel_of_an_unknown_msg_id_is_answered(t):
    n = t.connected()
    for msg_id in (0, 1, 0xFFFF):
        n.ask(sn.answer("PUBREL", msg_id), sn.answer("PUBCOMP", msg_id))


@states("SN-093")
def a_repeat_of_qos_1_is_acknowledged_again(t):
    sub, n = t.hearer(), t.connected()
    number = n.register(b"a/b")
    n.ask(sn.publish(number, b"x", 1, 5), sn.ack("PUBACK", number, 5))
    for _ in range(3):
        n.ask(sn.publish(number, b"x", 1, 5, dup=True), sn.ack("PUBACK", number, 5))
    sub.hears(b"a/b", b"x", 1).nothing()
    n.publish(number, b"y", 1, 5, dup=True)  # other data: no repeat, whatever it says
    n.publish(number, b"y", 1, 5)
    n.publish(number, b"y", 1, 6, dup=True)
    sub.hears(b"a/b", b"y", 1).hears(b"a/b", b"y", 1).hears(b"a/b", b"y", 1).nothing()


@states("SN-094", "SN-096")
def an_unknown_normal_id_is_refused_at_every_qos(t):
    sub, n = t.hearer(), t.connected()
    n.register(b"a/b")
    for number in (0, 2, 7, 0x6162, 0xFFFE, 0xFFFF):
        for qos, msg_id in ((0, 0), (1, 5), (2, 6)):
            n.ask(sn.publish(number, b"x", qos, msg_id), refused(number, msg_id))
    n.nothing()
    sub.nothing()


@states("SN-095")
def an_unknown_predefined_id_is_refused(t):
    sub, n = t.hearer(), t.connected()
    number = n.register(b"a/b")
    for unknown in (number, 0, 8, 0xFFFF):
        for qos, msg_id in ((0, 0), (1, 5), (2, 6)):
            octets = sn.publish(unknown, b"x", qos, msg_id, kind=sn.PREDEFINED)
            n.ask(octets, refused(unknown, msg_id))
    sub.nothing()


@states("SN-097")
def the_reserved_type_of_id_goes_nowhere(t):
    sub, n = t.hearer(), t.connected()
    number = n.register(b"a/b")
    for topic_id in (number, 7, 0x6162, 0):
        for qos, msg_id in ((0, 0), (1, 5), (2, 6)):
            octets = sn.publish(topic_id, b"x", qos, msg_id, kind=sn.RESERVED)
            n.ask(octets, refused(topic_id, msg_id))
    n.send(sn.publish(7, b"x", 3, kind=sn.RESERVED)).nothing()
    sub.nothing()


@states("SN-098")
def a_short_name_needs_no_register(t):
    sub, n = t.hearer(), t.connected()
    for qos, name in enumerate((b"ab", b"a/", b"\xc3\xa9")):
        n.publish(name, b"x", qos)
        sub.hears(name, b"x", qos)
    n.publish(b"cd", b"y", 1)  # the map has this one
    sub.hears(b"pre/cd", b"y", 1)


@states("SN-099")
def a_predefined_id_needs_no_register(t):
    sub, n = t.hearer(), t.connected()
    for qos in range(3):
        n.publish(7, b"x", qos, kind=sn.PREDEFINED)
        sub.hears(b"pre/seven", b"x", qos)


@states("SN-100", "SN-101")
def retain_is_passed_on_and_empty_data_deletes(t):
    n = t.connected()
    number = n.register(b"a/b")
    late = 0
    for qos in range(3):
        for topic_id, name, kind in ((number, b"a/b", 0), (b"ab", b"ab", 2), (7, b"pre/seven", 1)):
            n.publish(topic_id, b"old", qos, kind=kind, retain=True)
            n.publish(topic_id, b"kept", qos, kind=kind, retain=True)
            n.publish(topic_id, b"passing", qos, kind=kind)
            t.hearer(name, client_id=b"%d" % late).hears(name, b"kept", qos, retain=True).nothing()
            n.publish(topic_id, b"", qos, kind=kind, retain=True)
            t.hearer(name, client_id=b"%d" % late).nothing()
            late += 1


@states("SN-102")
def data_are_any_octets(t):
    sub, n = t.hearer(), t.connected()
    number = n.register(b"a/b")
    for qos, data in enumerate((b"", b"\0", bytes(range(256)), b"\xff\xfe\0" * 100, b"\xed\xa0\x80")):
        n.publish(number, data, qos % 3)
        sub.hears(b"a/b", data, qos % 3)


@states("SN-103")
def a_long_publish_is_taken(t):
    sub, n = t.hearer(), t.connected()
    number = n.register(b"a/b")
    for count in (248, 249, 255, 256, 1000, 1391):
        for qos in range(3):
            data = bytes(i * 7 & 0xFF for i in range(count))
            n.publish(number, data, qos)
            sub.hears(b"a/b", data, qos)


@states("SN-104")
def a_short_name_that_is_no_topic_is_refused(t):
    sub, n = t.hearer(), t.connected()
    for name in (b"+a", b"a+", b"#a", b"a#", b"++", b"/#", b"\0a", b"a\0", b"\0\0", b"\xc3a",
                 b"\xff\xff"):  # fmt: skip
        for qos, msg_id in ((0, 0), (1, 5), (2, 6)):
            octets = sn.publish(name, b"x", qos, msg_id)
            n.ask(octets, refused(int.from_bytes(name, "big"), msg_id))
        n.send(sn.publish(name, b"x", 3)).nothing()
    n.publish(b"ab", b"x", 1)
    sub.hears(b"ab", b"x", 1).nothing()


@states("SN-105")
def normal_predefined_and_short_ids_are_three_spaces(t):
    t.start(more=MAP + "\n[limits]\nregistrations = 300, 10")
    sub, n = t.hearer(), t.connected()
    for i in range(257):
        n.register(b"t/%d" % i, i + 1)
    number = n.register(b"normal")
    expect_equal(number, 258, "normal id")
    n.publish(number, b"x", 1)
    n.publish(number, b"x", 1, kind=sn.PREDEFINED)
    n.publish(number, b"x", 1, kind=sn.SHORT)
    for name in (b"normal", b"pre/258", b"\1\2"):
        sub.hears(name, b"x", 1)
    n.publish(7, b"y", 1)
    sub.hears(b"t/6", b"y", 1)
    n.ask(sn.publish(259, b"x", 1, 1), refused(259, 1))


@states("SN-106")
def qos_minus_1_is_published_at_qos_0_without_session_or_answer(t):
    sub = t.hearer()
    for topic_id, name, kind in ((7, b"pre/seven", 1), (b"ab", b"ab", 2), (b"cd", b"pre/cd", 2)):
        n = t.node().send(sn.publish(topic_id, b"x", 3, kind=kind)).silent().gone()
        sub.hears(name, b"x")
        n.send(sn.publish(topic_id, b"y", 3, kind=kind, retain=True)).silent()
        sub.hears(name, b"y")
    t.node().send("08 0c 62 61 62 00 00 78").silent()
    sub.hears(b"ab", b"x")
    t.hearer(b"ab", client_id=b"late").hears(b"ab", b"y", retain=True)


@states("SN-106")
def who_may_send_qos_minus_1_is_a_setting(t):
    t.start(udp_more="publish_without_connect = predefined")
    sub = t.hearer()
    t.node().send(sn.publish(b"ab", b"no", 3)).silent()
    t.node().send(sn.publish(7, b"yes", 3, kind=sn.PREDEFINED)).silent()
    sub.hears(b"pre/seven", b"yes").nothing()


@states("SN-106")
def nobody_may_send_qos_minus_1_when_it_is_off(t):
    t.start(udp_more="publish_without_connect = no")
    sub = t.hearer()
    for n in (t.node(), t.connected()):
        n.send(sn.publish(7, b"no", 3, kind=sn.PREDEFINED)).send(sn.publish(b"ab", b"no", 3)).silent()
    sub.nothing()


@states("SN-107")
def qos_minus_1_with_a_normal_id_goes_nowhere(t):
    sub, n = t.hearer(), t.connected()
    number = n.register(b"a/b")
    n.send(sn.publish(number, b"x", 3)).nothing()
    for topic_id in (number, 7, 0x6162):
        t.node().send(sn.publish(topic_id, b"x", 3)).silent()
    sub.nothing()


@states("SN-108")
def a_connected_client_may_send_qos_minus_1_and_stays_connected(t):
    sub, n = t.hearer(), t.connected(will=(b"w", b"lost"))
    n.subscribe(b"ab", 1, kind=sn.SHORT)
    n.send(sn.publish(7, b"x", 3, kind=sn.PREDEFINED)).nothing()
    n.send(sn.publish(b"cd", b"y", 3)).nothing()
    sub.hears(b"pre/seven", b"x").hears(b"pre/cd", b"y")
    n.sleep().send(sn.publish(b"cd", b"z", 3)).silent()
    sub.hears(b"pre/cd", b"z").nothing()
    expect_equal(n.wake(), [], "what waited")


@states("SN-109")
def qos_minus_1_with_an_unknown_predefined_id_goes_nowhere(t):
    sub, n = t.hearer(), t.connected()
    for topic_id in (0, 8, 0xFFFF):
        n.send(sn.publish(topic_id, b"x", 3, kind=sn.PREDEFINED)).nothing()
        t.node().send(sn.publish(topic_id, b"x", 3, kind=sn.PREDEFINED)).silent()
    sub.nothing()


@states("SN-110")
def publish_without_a_session_goes_nowhere(t):
    sub = t.hearer()
    for qos in range(3):
        for topic_id, kind in ((1, 0), (7, 1), (b"ab", 2)):
            octets = sn.publish(topic_id, b"x", qos, 5 if qos else 0, kind=kind)
            t.node().ask(octets, sn.DISCONNECT).silent()
    sub.nothing()


@states("SN-111", "SN-136")
def without_memory_publish_and_subscribe_hear_congestion(t):
    t.start(more="[limits]\nmemory = 1MiB")
    t.client(b"away", clean=False).subscribe((b"fill", 1)).bye()
    n, data = t.connected(), b"x" * 1300
    number = n.register(b"fill")
    answer, taken = None, 0
    while answer != sn.CONGESTION:
        answer = n.send(sn.publish(number, data, 1, taken + 1)).packet("PUBACK").code
        taken += answer == sn.ACCEPTED
        expect(taken < 2000, "memory has an end")
    sub = t.client(b"sub").subscribe((b"fill", 0))
    n.ask(sn.publish(number, data, 1, 9), refused(number, 9, sn.CONGESTION))
    got = n.send(sn.publish(number, data, 2, 10)).packet("PUBACK")
    expect_equal((got.msg_id, got.code), (10, sn.CONGESTION), "msg id and code")
    n.send(sn.publish(number, data)).nothing()
    sub.nothing()
    t.client(b"away")  # a clean session: what waited is gone
    n.publish(number, data, 1)


@states("SN-112")
def the_order_of_one_clients_messages_is_kept(t):
    sub, n = t.hearer(), t.connected()
    number = n.register(b"a/b")
    for i in range(100):
        n.send(sn.publish(number, b"%d" % i, 1, i + 1))
    for i in range(100):
        n.get(sn.ack("PUBACK", number, i + 1))
        sub.hears(b"a/b", b"%d" % i, 1)
    for i in range(20):
        n.send(sn.publish(number, b"%d" % i, 2, i + 1))
    for i in range(20):
        n.get(sn.answer("PUBREC", i + 1))
    for i in range(20):
        n.ask(sn.answer("PUBREL", i + 1), sn.answer("PUBCOMP", i + 1))
        sub.hears(b"a/b", b"%d" % i, 2)


@states("SN-113")
def msg_id_0_is_served_like_any_other(t):
    sub, n = t.hearer(), t.connected()
    number = n.register(b"a/b")
    for _ in range(3):
        n.publish(number, b"x", 1, 0)
        n.publish(number, b"y", 2, 0)
        sub.hears(b"a/b", b"x", 1).hears(b"a/b", b"y", 2)
    n.nothing()
