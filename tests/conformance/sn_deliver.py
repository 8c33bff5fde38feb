"""PUBLISH to the client: ids, order, repeats, and what ends them. [MQTT-SN 1.2, 5.4.12, 6.10]"""

import sn_packets as sn
from sedge import expect, expect_equal
from statements import states

CONF = {"more": "[topics default]\n7 = pre/seven"}
QUICK = "retry = 500ms\nretries = 2"


def same_but_dup(first, again):
    """The repeat differs by DUP alone."""
    flags = first.octets[2] | sn.DUP
    expect_equal(again.octets, first.octets[:2] + bytes([flags]) + first.octets[3:], "the repeat")


@states("SN-139")
def qos_0_comes_once_with_msg_id_0_and_without_dup(t):
    t.start(udp_more=QUICK)
    n = t.connected()
    n.subscribe(b"ab", 0, kind=sn.SHORT)
    mark = t.connected(b"mark")
    mark.subscribe(b"cd", 1, kind=sn.SHORT)
    t.publish(b"ab", b"x", 2)
    n.get(sn.publish(b"ab", b"x"))
    t.publish(b"cd", b"y")
    first = mark.packet("PUBLISH")
    same_but_dup(first, mark.packet("PUBLISH"))  # so a repeat of the other would have come
    same_but_dup(first, mark.packet("PUBLISH"))
    n.nothing()


@states("SN-140")
def qos_1_is_repeated_with_dup_until_puback(t):
    t.start(udp_more=QUICK)
    n = t.connected()
    number = n.subscribe(b"a/b", 1)
    t.publish(b"a/b", b"x")
    first = n.packet("PUBLISH")
    expect_equal((first.topic_id, first.flags, first.data), (number, 0x20, b"x"), "PUBLISH")
    expect(first.msg_id != 0, "a msg id")
    for _ in range(2):
        same_but_dup(first, n.packet("PUBLISH"))
    n.send(sn.ack("PUBACK", number, first.msg_id)).nothing()
    t.publish(b"a/b", b"y")
    expect_equal(n.take_publish().flags, 0x20, "flags of the next")


@states("SN-141")
def qos_2_is_repeated_until_pubrec_and_pubrel_until_pubcomp(t):
    t.start(udp_more=QUICK)
    n = t.connected()
    n.subscribe(b"a/b", 2)
    t.publish(b"a/b", b"x", 2)
    first = n.packet("PUBLISH")
    same_but_dup(first, n.packet("PUBLISH"))
    pubrel = sn.answer("PUBREL", first.msg_id)
    n.ask(sn.answer("PUBREC", first.msg_id), pubrel).get(pubrel)
    n.send(sn.answer("PUBCOMP", first.msg_id)).nothing()


@states("SN-142")
def a_message_comes_at_the_lower_of_both_qos(t):
    for granted in range(3):
        n = t.connected(b"n%d" % granted)
        n.subscribe(b"ab", granted, kind=sn.SHORT)
        for published in range(3):
            t.publish(b"ab", b"x", published)
            expect_equal(n.deliver().qos, min(granted, published), f"{granted} of {published}")
        n.bye()


@states("SN-143", "SN-144")
def a_new_name_is_registered_once_and_before_its_message(t):
    n = t.connected()
    n.subscribe(b"a/#", 1)
    t.publish(b"a/b", b"x")
    register = n.packet("REGISTER")
    expect_equal(register.name, b"a/b", "name")
    n.nothing()  # the message waits for the answer
    n.send(sn.ack("REGACK", register.topic_id, register.msg_id))
    for data in (b"x", b"y", b"z"):
        if data != b"x":
            t.publish(b"a/b", data)
        got = n.take_publish()
        expect_equal((got.topic_id, got.data), (register.topic_id, data), "id and data")
    n.nothing()


@states("SN-145")
def what_waited_for_regack_comes_in_its_order(t):
    n = t.connected()
    n.subscribe(b"a/#", 2)
    wanted = [(b"a/%d" % (i % 3), b"%d" % i) for i in range(12)]
    for i, (topic, data) in enumerate(wanted):
        t.publish(topic, data, 1 + i % 2)
    expect_equal(n.deliveries(12), wanted, "deliveries")
    n.nothing()


@states("SN-146")
def an_id_that_the_client_forgot_is_told_again(t):
    n = t.connected()
    n.subscribe(b"a/b", 1)
    t.publish(b"a/b", b"x")
    first = n.packet("PUBLISH")
    n.send(sn.ack("PUBACK", first.topic_id, first.msg_id, sn.INVALID_ID))
    n.take_register(b"a/b")
    expect_equal(n.take_publish().data, b"x", "data")
    n.nothing()


@states("SN-147")
def congestion_of_the_client_leaves_it_connected(t):
    n = t.connected()
    n.subscribe(b"a/b", 1)
    t.publish(b"a/b", b"x")
    first = n.packet("PUBLISH")
    n.send(sn.ack("PUBACK", first.topic_id, first.msg_id, sn.CONGESTION)).nothing()
    t.publish(b"a/b", b"y")
    expect_equal(n.take_publish().data, b"y", "data")


@states("SN-148")
def who_never_answers_is_lost_and_a_kept_session_keeps_the_message(t):
    t.start(udp_more=QUICK)
    wills = t.hearer(b"will")
    n = t.node().connect(b"n", clean=False, will=(b"will", b"n is lost"))
    n.subscribe(b"a/b", 1)
    t.publish(b"a/b", b"x")
    first = n.packet("PUBLISH")
    for _ in range(2):
        same_but_dup(first, n.packet("PUBLISH"))
    wills.hears(b"will", b"n is lost")
    n.gone().connect(clean=False)
    expect_equal(n.deliver()[:2], (b"a/b", b"x"), "name and data")
    n.nothing()


@states("SN-149")
def a_message_too_long_for_the_link_is_passed_over(t):
    t.start(udp_more="max_message = 60")
    n = t.connected()
    n.subscribe(b"ab", 2, kind=sn.SHORT)
    for qos in range(3):
        t.publish(b"ab", bytes(54), qos)
        t.publish(b"ab", b"fits %d" % qos, qos)
    expect_equal([n.deliver().data for _ in range(3)], [b"fits %d" % i for i in range(3)], "data")
    n.nothing()


@states("SN-150", "SN-151")
def short_and_predefined_names_come_by_a_wildcard_too(t):
    n = t.connected()
    n.subscribe(b"#", 1)
    n.names[sn.PREDEFINED, 7] = b"pre/seven"
    for name in (b"ab", b"pre/seven", b"ab", b"pre/seven"):
        t.publish(name, b"x")
        expect_equal(n.deliver()[:2], (name, b"x"), "name and data")


@states("SN-152")
def one_message_is_on_its_way_to_a_client_at_a_time(t):
    n = t.connected()
    n.subscribe(b"ab", 2, kind=sn.SHORT)
    for i in range(6):
        t.publish(b"ab", b"%d" % i, 1 + i % 2)
    for i in range(6):
        got = n.packet("PUBLISH")
        expect_equal(got.data, b"%d" % i, "data")
        n.nothing()
        if i % 2:
            n.ask(sn.answer("PUBREC", got.msg_id), sn.answer("PUBREL", got.msg_id)).nothing()
            n.send(sn.answer("PUBCOMP", got.msg_id))
        else:
            n.send(sn.ack("PUBACK", got.topic_id, got.msg_id))
    n.nothing()


@states("SN-153")
def retain_is_on_what_a_new_subscription_brings_and_on_nothing_else(t):
    t.publish(b"ab", b"old", retain=True)
    n = t.connected()
    n.subscribe(b"ab", 1, kind=sn.SHORT)
    expect_equal(n.deliver(), (b"ab", b"old", 1, True, False), "what was there before")
    t.publish(b"ab", b"new", retain=True)
    expect_equal(n.deliver(), (b"ab", b"new", 1, False, False), "what came since")


@states("SN-154")
def msg_ids_are_never_0_and_the_clients_are_its_own(t):
    n = t.connected()
    n.subscribe(b"ab", 1, kind=sn.SHORT)
    seen = []
    for i in range(20):
        t.publish(b"ab", b"x")
        got = n.packet("PUBLISH")
        seen.append(got.msg_id)
        # the client's own message has the same id, and each its own answer
        n.send(sn.publish(b"cd", b"y", 1, got.msg_id))
        n.get(sn.ack("PUBACK", 0x6364, got.msg_id))
        n.send(sn.ack("PUBACK", got.topic_id, got.msg_id)).nothing()
    expect(0 not in seen and len(set(seen)) == 20, f"msg ids {seen}")
