"""Topic ids: REGISTER and REGACK, both ways. [MQTT-SN 1.2, 5.4.10, 5.4.11, 6.5]"""

import time

import sedge
import sn_packets as sn
from sedge import expect, expect_equal
from statements import states

QUICK = "retry = 500ms\nretries = 3"


def unknown(topic_id, msg_id=9):
    """Question and answer: a PUBLISH whose id means nothing."""
    refusal = sn.ack("PUBACK", topic_id, msg_id, sn.INVALID_ID)
    return sn.publish(topic_id, b"x", 1, msg_id), refusal


@states("SN-066")
def register_is_answered_with_its_msg_id_and_an_id(t):
    n = t.connected()
    for msg_id in (1, 0x1234, 0xFFFF):
        number = n.register(b"t/%d" % msg_id, msg_id)
        expect(number not in (0, 0xFFFF), f"topic id {number:#x}")


@states("SN-067")
def the_same_name_gives_the_same_id(t):
    n = t.connected()
    first, other = n.register(b"a/b", 1), n.register(b"c", 2)
    for msg_id in range(3, 6):
        expect_equal(n.register(b"a/b", msg_id), first, "id of a/b")
        expect_equal(n.register(b"c", msg_id), other, "id of c")


@states("SN-068")
def the_topic_id_of_a_clients_register_is_ignored(t):
    n = t.connected()
    first = n.register(b"a/b", 1)
    n.ask(sn.register(b"a/b", 2, 0x1234), sn.ack("REGACK", first, 2))
    n.ask(sn.register(b"c", 3, first), sn.ack("REGACK", first + 1, 3))
    n.ask(*unknown(0x1234))


@states("SN-069")
def an_id_of_one_client_means_nothing_in_a_message_of_another(t):
    sub, a, b, c = t.hearer(), t.connected(b"a"), t.connected(b"b"), t.connected(b"c")
    expect_equal((a.register(b"of/a"), b.register(b"of/b")), (1, 1), "ids")
    a.publish(1, b"x", 1)
    b.publish(1, b"x", 1)
    c.ask(*unknown(1)).ask(sn.publish(1, b"x"), sn.ack("PUBACK", 1, 0, sn.INVALID_ID))
    sub.hears(b"of/a", b"x", 1).hears(b"of/b", b"x", 1).nothing()


@states("SN-070")
def different_names_never_share_an_id(t):
    n = t.connected()
    names = [b"t/%d" % i for i in range(100)] + [b"T/1", b"t/1/", b"/t/1", b"t//1", b" t/1"]
    ids = [n.register(name, i + 1) for i, name in enumerate(names)]
    ids += [n.subscribe(b"s/%d" % i, 0, i + 1) for i in range(50)]
    expect_equal(len(set(ids)), len(ids), "different ids")


@states("SN-071")
def register_without_a_session_gives_no_id(t):
    n = t.node().ask(sn.register(b"a/b"), sn.DISCONNECT).silent().connect(b"n")
    n.ask(*unknown(1))


@states("SN-072")
def a_name_with_wildcards_is_refused(t):
    n = t.connected()
    for name in (b"#", b"+", b"a/#", b"a/+/b", b"+/b", b"a+", b"a#b"):
        n.ask(sn.register(name, 5), sn.ack("REGACK", 0, 5, sn.NOT_SUPPORTED))
    n.ask(*unknown(1))
    expect_equal(n.register(b"a"), 1, "first id that is given")


@states("SN-073")
def a_name_that_is_no_text_is_refused(t):
    n = t.connected()
    for name in (b"", b"\0", b"a\0b", b"\xff", b"a/\xc3", b"\xed\xa0\x80", b"\xc0\x80",
                 b"\xf4\x90\x80\x80"):  # fmt: skip
        n.ask(sn.register(name, 5), sn.ack("REGACK", 0, 5, sn.NOT_SUPPORTED))
    n.ask(*unknown(1)).ask(*unknown(0))


@states("SN-073")
def a_name_of_too_many_levels_is_refused(t):
    n = t.connected()
    got = n.send(sn.register(b"/" * 40, 5)).packet("REGACK")
    expect_equal((got.msg_id, got.code), (5, sn.NOT_SUPPORTED), "msg id and code")


@states("SN-073", "SN-074", "SN-129")
def a_refused_name_uses_up_no_id(t):
    t.start(udp_more="acl = some", more="[acl some]\nsubscribe = a/#\n[limits]\nregistrations = 2, 2")
    n = t.connected()
    for i, topic in enumerate((b"/" * 40, b"x" * 20, b"b/1", b"b/2", b"b/3")):
        n.ask(sn.subscribe(topic, 1, i), sn.suback(0, i, 0, sn.NOT_SUPPORTED))
    n.send(sn.register(b"/" * 40, 5)).packet("REGACK")
    expect_equal([n.register(b"a/%d" % i, 6 + i) for i in (1, 2)], [1, 2], "ids")


@states("SN-074", "SN-136")
def a_full_table_is_congestion_and_its_ids_stay(t):
    t.start(more="[limits]\nregistrations = 3, 2")
    sub, n = t.hearer(b"t/#"), t.connected()
    ids = [n.register(b"t/%d" % i, i + 1) for i in range(3)]
    for msg_id in (7, 7, 8):
        n.ask(sn.register(b"t/3", msg_id), sn.ack("REGACK", 0, msg_id, sn.CONGESTION))
    n.ask(sn.subscribe(b"t/3", 1, 9), sn.suback(0, 9, code=sn.CONGESTION))
    for i, number in enumerate(ids):
        n.publish(number, b"x", 1, i + 1)
        sub.hears(b"t/%d" % i, b"x", 1)
    expect_equal(n.register(b"t/1", 9), ids[1], "id of a name that is there")
    n.bye().connect()
    expect(n.register(b"t/3") != 0, "a new session has a new table")


@states("SN-074")
def the_ids_that_wildcards_ask_for_have_a_table_of_their_own(t):
    t.start(more="[limits]\nregistrations = 3, 2")
    n = t.connected()
    n.subscribe(b"w/#", 1)
    for i in range(3):
        n.register(b"t/%d" % i, i + 1)
    for i in range(4):
        t.publish(b"w/%d" % i, b"x")
    expect_equal(n.deliveries(2), [(b"w/0", b"x"), (b"w/1", b"x")], "those that have an id")
    n.nothing()
    t.publish(b"w/1", b"y")
    expect_equal(n.deliver()[:2], (b"w/1", b"y"), "a name that has an id")


@states("SN-075")
def a_name_of_two_octets_can_be_registered(t):
    sub, n = t.hearer(), t.connected()
    n.publish(n.register(b"ab"), b"x", 1)
    n.publish(b"ab", b"y", 1)
    sub.hears(b"ab", b"x", 1).hears(b"ab", b"y", 1)


@states("SN-076")
def a_name_that_has_a_predefined_id_can_be_registered(t):
    t.start(more="[topics default]\n7 = a/b")
    sub, n = t.hearer(), t.connected()
    number = n.register(b"a/b")
    n.publish(number, b"x", 1)
    n.publish(7, b"y", 1, kind=sn.PREDEFINED)
    n.publish(number, b"z", 1)
    sub.hears(b"a/b", b"x", 1).hears(b"a/b", b"y", 1).hears(b"a/b", b"z", 1)


@states("SN-077")
def a_repeated_register_gets_the_same_regack(t):
    n = t.connected()
    for _ in range(3):
        n.ask(sn.register(b"a/b", 5), sn.ack("REGACK", 1, 5))
    n.ask(sn.register(b"c", 6), sn.ack("REGACK", 2, 6))
    n.ask(sn.register(b"a/b", 5), sn.ack("REGACK", 1, 5))


@states("SN-078", "SN-143")
def the_gateways_register_has_an_id_a_msg_id_and_a_name(t):
    n = t.connected()
    n.subscribe(b"a/+/#", 1)
    seen = set()
    for i in range(5):
        t.publish(b"a/%d" % i, b"x")
        got = n.packet("REGISTER")
        expect(got.topic_id not in (0, 0xFFFF) and got.msg_id != 0, f"ids of {got}")
        expect_equal(got.name, b"a/%d" % i, "name")
        seen.add(got.topic_id)
        n.send(sn.ack("REGACK", got.topic_id, got.msg_id))
        expect_equal(n.take_publish().topic_id, got.topic_id, "topic id of the PUBLISH")
    expect_equal(len(seen), 5, "different ids")


@states("SN-079")
def the_gateways_register_is_repeated_as_it_was(t):
    t.start(udp_more=QUICK)
    sub, n = t.hearer(b"w"), t.connected(will=(b"w", b"lost"))
    n.subscribe(b"a/#", 1)
    start = time.monotonic()
    t.publish(b"a/b", b"x")
    first = n.packet("REGISTER")
    for i in range(3):
        n.get(first.octets)
        expect(time.monotonic() - start > 0.45 * (i + 1), "repeats keep their distance")
    sub.hears(b"w", b"lost")
    n.silent().gone()


@states("SN-079")
def a_late_regack_serves(t):
    t.start(udp_more=QUICK)
    n = t.connected()
    n.subscribe(b"a/#", 1)
    t.publish(b"a/b", b"x")
    first = n.packet("REGISTER")
    n.get(first.octets).get(first.octets)
    n.send(sn.ack("REGACK", first.topic_id, first.msg_id))
    expect_equal(n.take_publish().topic_id, first.topic_id, "topic id of the PUBLISH")
    n.send(sn.ack("REGACK", first.topic_id, first.msg_id)).nothing()


@states("SN-080")
def a_refused_name_is_not_asked_for_again_until_the_client_asks(t):
    n = t.connected()
    n.subscribe(b"a/#", 2)
    for code in (sn.INVALID_ID, sn.NOT_SUPPORTED):
        for qos in range(3):
            t.publish(b"a/b", b"dropped", qos)
        n.take_register(b"a/b", code)
        n.nothing()
        t.publish(b"a/c", b"other", 1)
        expect_equal(n.deliver()[:2], (b"a/c", b"other"), "another name")
        t.publish(b"a/b", b"dropped", 2)
        n.nothing()
        number = n.register(b"a/b")
        t.publish(b"a/b", b"again", 1)
        expect_equal(n.deliver()[:2], (b"a/b", b"again"), "after its REGISTER")
        expect_equal(n.names[sn.NORMAL, number], b"a/b", "name of the id")
        n.bye().connect(clean=True)
        n.subscribe(b"a/#", 2)


@states("SN-080")
def a_refused_name_is_asked_for_again_after_a_subscribe(t):
    n = t.connected()
    n.subscribe(b"a/#", 1)
    t.publish(b"a/b", b"dropped")
    n.take_register(b"a/b", sn.NOT_SUPPORTED)
    n.nothing()
    n.subscribe(b"a/#", 1)
    t.publish(b"a/b", b"again")
    expect_equal(n.deliver()[:2], (b"a/b", b"again"), "after its SUBSCRIBE")


@states("SN-081")
def after_congestion_the_name_waits_and_others_flow(t):
    n = t.connected()
    n.subscribe(b"a/#", 1)
    t.publish(b"a/b", b"x")
    n.take_register(b"a/b", sn.CONGESTION)
    for i in range(3):
        t.publish(b"a/b", b"x")
        t.publish(b"a/c", b"%d" % i)
        expect_equal(n.deliver()[:2], (b"a/c", b"%d" % i), "another name")
    n.nothing()


@states("SN-081")
def after_congestion_nothing_at_qos_1_is_lost(t):
    n = t.connected()
    n.subscribe(b"a/#", 1)
    t.publish(b"a/b", b"first", 1)
    n.take_register(b"a/b", sn.CONGESTION)
    t.publish(b"a/b", b"second", 1)
    t.publish(b"a/c", b"x", 1)
    expect_equal(n.deliver()[:2], (b"a/c", b"x"), "another name")
    n.ask(sn.PINGREQ, sn.PINGRESP).register(b"a/b")  # it has room: no need to wait longer
    expect_equal([n.deliver()[:2] for _ in range(2)], [(b"a/b", b"first"), (b"a/b", b"second")], "all")


@states("SN-082")
def ids_stay_valid_through_sleep_and_waking(t):
    sub, n = t.hearer(b"up/#"), t.connected()
    up, down = n.register(b"up/1"), n.subscribe(b"down/1", 1)
    for _ in range(2):
        n.sleep()
        t.publish(b"down/1", b"x")
        expect_equal(n.wake()[0][:2], (b"down/1", b"x"), "what waited")
        n.publish(up, b"y", 1)
        sub.hears(b"up/1", b"y", 1)
        n.connect(clean=False)
        n.publish(up, b"z", 1)
        sub.hears(b"up/1", b"z", 1)
    expect_equal(n.register(b"down/1"), down, "id of down/1")


@states("SN-083")
def after_a_clean_connect_old_ids_are_unknown(t):
    sub, n = t.hearer(), t.connected(clean=False)
    number = n.register(b"a/b")
    for _ in range(2):
        n.connect(duration=60).ask(*unknown(number))
        n.connect(duration=61).ask(*unknown(number))
    n.bye().connect(clean=False).ask(*unknown(number))
    sub.nothing()


@states("SN-084")
def in_a_kept_session_old_ids_work_and_are_told_again_before_they_are_used(t):
    sub, n = t.hearer(b"up"), t.connected(clean=False)
    up, down = n.register(b"up"), n.subscribe(b"down", 1)
    for end in (n.bye, lambda: n.connect(b"other").bye(), n.sleep):
        end()
        n.connect(b"n", clean=False).publish(up, b"x", 1)
        sub.hears(b"up", b"x", 1)
        t.publish(b"down", b"y")
        expect_equal(n.take_register(b"down"), down, "id of down")
        expect_equal(n.take_publish().topic_id, down, "topic id of the PUBLISH")
        t.publish(b"down", b"z")
        expect_equal(n.take_publish().topic_id, down, "topic id, told once")


@states("SN-084")
def ids_of_a_kept_session_survive_the_gateway(t):
    gateway = t.start(store=t.dir / "sedge.db")
    n = t.connected(clean=False)
    up, down = n.register(b"up"), n.subscribe(b"down/#", 1)
    t.publish(b"down/1", b"x")
    given = n.take_register(b"down/1")
    n.take_publish()
    n.nothing()
    t.publisher = None
    sedge.stop(t.stopping(gateway))
    t.start(store=t.dir / "sedge.db")
    n.gone().connect(clean=False)
    sub = t.hearer(b"up")
    n.publish(up, b"y", 1)
    sub.hears(b"up", b"y", 1)
    t.publish(b"down/1", b"z")
    expect_equal(n.take_register(b"down/1"), given, "id of down/1")
    expect_equal(n.take_publish().data, b"z", "message")
    expect_equal(down, 0, "id of a filter with wildcards")
