"""SUBSCRIBE and UNSUBSCRIBE, and what they bring. [MQTT-SN 1.2, 5.4.15 to 5.4.18, 6.9]"""

import sn_packets as sn
from sedge import expect, expect_equal
from statements import states

CONF = {"more": "[topics default]\n7 = pre/seven\ncd = pre/cd"}

# Each kind of topic: what is subscribed, a name that it matches, TopicIdType.
EACH = (
    (b"a/b", b"a/b", sn.NAME),
    (b"c/#", b"c/d", sn.NAME),
    (b"ab", b"ab", sn.SHORT),
    (7, b"pre/seven", sn.PREDEFINED),
)


def refused(msg_id, code=sn.NOT_SUPPORTED, kind=sn.NAME, topic_id=0):
    return sn.suback(topic_id, msg_id, 0, code, kind)


@states("SN-115", "SN-126", "SN-139")
def a_plain_name_gets_its_qos_and_an_id(t):
    n, sub = t.connected(), t.hearer(b"up/#")
    for qos in range(3):
        name = b"a/%d" % qos
        got = n.send(sn.subscribe(name, qos, 0x1230 + qos)).packet("SUBACK")
        expect_equal((got.msg_id, got.flags, got.code), (0x1230 + qos, qos << 5, 0), "SUBACK")
        expect(got.topic_id not in (0, 0xFFFF), f"topic id {got.topic_id:#x}")
        t.publish(name, b"x", 2)
        message = n.take_publish()
        expect_equal((message.topic_id, message.qos), (got.topic_id, qos), "id and QoS")
    number = n.subscribe(b"up/1", 0)
    n.publish(number, b"y", 1, 5).get(sn.publish(number, b"y"))
    sub.hears(b"up/1", b"y", 1)


@states("SN-116")
def a_name_with_wildcards_gets_the_id_0(t):
    n = t.connected()
    for i, name in enumerate((b"#", b"+", b"a/#", b"a/+", b"+/b/#", b"/+", b"+/+")):
        n.ask(sn.subscribe(name, i % 3, i + 1), sn.suback(0, i + 1, i % 3))


@states("SN-117")
def a_short_name_is_subscribed_and_delivered_as_two_octets(t):
    n = t.connected()
    for qos in range(3):
        n.ask(sn.subscribe(b"ab", qos, 5, sn.SHORT), sn.suback(0, 5, qos, kind=sn.SHORT))
        t.publish(b"ab", b"x", 2)
        got = n.take_publish()
        expect_equal((got.kind, got.topic_id, got.qos), (sn.SHORT, 0x6162, qos), "type, id, QoS")
    n.subscribe(b"cd", 1, 6, sn.SHORT)  # the map has this one
    t.publish(b"pre/cd", b"y")
    expect_equal(n.deliver()[:2], (b"cd", b"y"), "name and data")
    t.publish(b"cd", b"is not subscribed")
    n.nothing()


@states("SN-118")
def a_predefined_id_is_subscribed_and_delivered_as_such(t):
    n = t.connected()
    for qos in range(3):
        n.ask(sn.subscribe(7, qos, 5, sn.PREDEFINED), sn.suback(7, 5, qos, kind=sn.PREDEFINED))
        t.publish(b"pre/seven", b"x", 2)
        got = n.take_publish()
        expect_equal((got.kind, got.topic_id, got.qos), (sn.PREDEFINED, 7, qos), "type, id, QoS")


@states("SN-119")
def an_unknown_predefined_id_is_refused(t):
    n = t.connected()
    n.register(b"a/b")
    for number in (0, 1, 8, 0xFFFF):
        got = n.send(sn.subscribe(number, 1, 5, sn.PREDEFINED)).packet("SUBACK")
        expect_equal((got.msg_id, got.code), (5, sn.INVALID_ID), "msg id and code")
    t.publish(b"a/b", b"x")
    n.nothing()


@states("SN-120")
def the_reserved_type_of_id_subscribes_nothing(t):
    n = t.connected()
    for topic in (b"a/b", b"ab", 7, b"#"):
        n.ask(sn.subscribe(topic, 1, 5, sn.RESERVED), refused(5, kind=sn.RESERVED))
    for topic in (b"a/b", b"ab", b"pre/seven"):
        t.publish(topic, b"x")
    n.nothing()


@states("SN-121")
def qos_11_is_refused(t):
    n = t.connected()
    for topic, kind in ((b"a/b", 0), (b"#", 0), (b"ab", 2), (7, 1)):
        got = n.send(sn.subscribe(topic, 3, 5, kind)).packet("SUBACK")
        expect_equal((got.msg_id, got.code), (5, sn.NOT_SUPPORTED), "msg id and code")
    t.publish(b"a/b", b"x")
    n.nothing()


@states("SN-122")
def the_same_subscribe_again_gives_the_same_id_and_one_delivery(t):
    n = t.connected()
    for topic, name, kind in EACH:
        ids = {n.subscribe(topic, 1, msg_id, kind) for msg_id in (3, 3, 4)}
        expect_equal(len(ids), 1, "ids")
        t.publish(name, b"x")
        expect_equal(n.deliver().data, b"x", "message")
        n.nothing()


@states("SN-123")
def another_qos_replaces_the_one_granted(t):
    n = t.connected()
    for topic, name, kind in EACH:
        for qos in (0, 2, 1, 0):
            n.subscribe(topic, qos, 3, kind)
            t.publish(name, b"x", 2)
            expect_equal(n.deliver().qos, qos, "QoS")
            n.nothing()


@states("SN-124", "SN-153")
def retained_messages_follow_the_suback_with_retain(t):
    n = t.connected()
    for name in (b"a/b", b"ab", b"pre/seven"):
        t.publish(name, b"kept", 2, retain=True)
    for topic, kind in ((b"a/b", 0), (b"ab", 2), (7, 1)):
        for qos in range(3):
            n.subscribe(topic, qos, 3, kind)
            got = n.deliver()
            expect_equal((got.data, got.qos, got.retain), (b"kept", qos, True), "message")
    for name in (b"a/b", b"ab", b"pre/seven"):
        t.publish(name, b"fresh", retain=True)
        got = n.deliver()
        expect_equal((got.data, got.retain), (b"fresh", False), "message")


@states("SN-125")
def each_retained_message_of_a_new_name_follows_its_register(t):
    n = t.connected()
    for i in range(5):
        t.publish(b"a/%d" % i, b"%d" % i, retain=True)
    known = n.register(b"a/3")
    n.subscribe(b"a/#", 1)
    seen = {}
    for _ in range(5):
        octets = n.receive()
        if octets[1] == sn.TYPES["REGISTER"]:
            got = sn.Packet(octets)
            seen[got.topic_id] = got.name
            n.send(sn.ack("REGACK", got.topic_id, got.msg_id))
            octets = n.receive()
        got = sn.Packet(octets)
        n.send(sn.ack("PUBACK", got.topic_id, got.msg_id))
        name = b"a/3" if got.topic_id == known else seen.get(got.topic_id)
        expect_equal((name, got.flags & sn.RETAIN), (b"a/" + got.data, sn.RETAIN), f"name of {got}")
    expect_equal(len(seen), 4, "REGISTERs")
    n.nothing()


@states("SN-127")
def a_registered_name_keeps_its_id(t):
    n = t.connected()
    number = n.register(b"a/b")
    expect_equal(n.subscribe(b"a/b", 1), number, "id of SUBACK")
    t.publish(b"a/b", b"x")
    expect_equal(n.take_publish().topic_id, number, "id of PUBLISH")
    expect_equal(n.register(b"a/b"), number, "id of REGACK")


@states("SN-128")
def an_ill_formed_filter_is_refused(t):
    n, sub = t.connected(), t.hearer()
    for name in (b"a/#/b", b"a+", b"#a", b"a#", b"+a/b", b"##", b"a/++", b"", b"\0", b"a\0", b"\xff",
                 b"\xed\xa0\x80"):  # fmt: skip
        n.ask(sn.subscribe(name, 1, 5), refused(5))
        n.ask(sn.unsubscribe(name, 6), sn.answer("UNSUBACK", 6))
    for name, kind in ((b"a+", 2), (b"#a", 2), (b"\0a", 2), (b"/" * 40, 0)):
        got = n.send(sn.subscribe(name, 1, 5, kind)).packet("SUBACK")
        expect(got.code in (sn.INVALID_ID, sn.NOT_SUPPORTED), f"code {got.code}")
    t.publish(b"a/b/c", b"x")
    n.nothing().publish(b"ab", b"y", 1)
    sub.hears(b"a/b/c", b"x", 1).hears(b"ab", b"y", 1)


@states("SN-117")
def two_octets_that_are_a_filter_are_taken_as_it(t):
    n = t.connected()
    n.ask(sn.subscribe(b"/+", 1, 5, sn.SHORT), sn.suback(0, 5, 1, kind=sn.SHORT))
    t.publish(b"/abc", b"x")
    expect_equal(n.deliver()[:2], (b"/abc", b"x"), "name and data")


@states("SN-129")
def what_may_not_be_read_is_refused(t):
    t.start(udp_more="acl = some", more="[acl some]\nsubscribe = a/#")
    n = t.connected()
    for topic, kind in ((b"b", 0), (b"#", 0), (b"ab", 2)):
        got = n.send(sn.subscribe(topic, 1, 5, kind)).packet("SUBACK")
        expect_equal((got.msg_id, got.code), (5, sn.NOT_SUPPORTED), "msg id and code")
    n.subscribe(b"a/b", 1)
    for name in (b"b", b"ab", b"a/b"):
        t.publish(name, b"x")
    expect_equal(n.deliver()[:2], (b"a/b", b"x"), "message")
    n.nothing()


@states("SN-130")
def subscribe_without_a_session_is_answered_by_disconnect(t):
    n = t.node()
    for topic, kind in ((b"a/b", 0), (b"#", 0), (b"ab", 2), (7, 1)):
        n.ask(sn.subscribe(topic, 1, 5, kind), sn.DISCONNECT)
        n.ask(sn.unsubscribe(topic, 6, kind), sn.DISCONNECT)
    n.connect(b"n")
    t.publish(b"a/b", b"x")
    n.nothing()


@states("SN-131", "SN-133")
def unsubscribe_ends_it_by_each_kind_of_topic(t):
    n = t.connected()
    for topic, name, kind in EACH:
        n.subscribe(topic, 2, 3, kind)
        t.publish(name, b"x", 2)
        expect_equal(n.deliver().data, b"x", "message")
        n.ask(sn.unsubscribe(topic, 0x1234, kind), sn.answer("UNSUBACK", 0x1234))
        for qos in range(3):
            t.publish(name, b"y", qos)
        n.nothing()


@states("SN-131")
def the_name_and_the_predefined_id_of_it_are_one_subscription(t):
    n = t.connected()
    n.subscribe(7, 1, 3, sn.PREDEFINED)
    n.unsubscribe(b"pre/seven")
    t.publish(b"pre/seven", b"x")
    n.nothing()


@states("SN-132")
def unsubscribe_is_answered_whatever_it_names(t):
    n = t.connected()
    never = ((b"a/b", 0), (b"#", 0), (b"ab", 2), (7, 1), (8, 1), (0, 1), (b"a/b", 3), (b"a+", 0))
    for topic, kind in never:
        n.unsubscribe(topic, 0x0506, kind)


@states("SN-134")
def a_kept_session_keeps_its_subscriptions(t):
    n = t.connected(clean=False)
    n.subscribe(b"a/b", 1)
    n.subscribe(b"c/#", 2, 2)
    n.subscribe(b"ab", 1, 3, sn.SHORT)
    n.subscribe(7, 1, 4, sn.PREDEFINED)
    names = (b"a/b", b"c/d", b"ab", b"pre/seven")
    for _ in range(2):
        n.bye()
        for name in names:
            t.publish(name, b"waits")
        n.connect(clean=False)
        expect_equal([n.deliver().data for _ in names], [b"waits"] * 4, "what waited")
        for name in names:
            t.publish(name, b"now")
        expect_equal([n.deliver().data for _ in names], [b"now"] * 4, "what came then")
        n.nothing()


@states("SN-135")
def a_clean_session_has_nothing_of_the_old_subscriptions(t):
    n = t.connected(clean=False)
    n.subscribe(b"a/b", 1)
    n.subscribe(b"c/#", 2, 2)
    n.connect(clean=True)
    t.publish(b"a/b", b"x")
    n.nothing().bye()
    t.publish(b"c/d", b"x")
    n.connect(clean=False).nothing()


@states("SN-136")
def above_the_limit_of_subscriptions_suback_says_congestion(t):
    t.start(more="[limits]\nsubscriptions = 10, 3")
    n = t.connected()
    for i in range(3):
        n.subscribe(b"s/%d" % i, 1, i + 1)
    n.ask(sn.subscribe(b"s/#", 1, 5), refused(5, sn.CONGESTION))
    n.subscribe(b"s/2", 2, 6)  # is there
    n.unsubscribe(b"s/0")
    n.subscribe(b"s/+", 1, 7)
    t.publish(b"s/1", b"x", 2)
    expect_equal(n.deliver()[:3], (b"s/1", b"x", 1), "message")


@states("SN-137")
def overlapping_subscriptions_deliver_at_the_highest_qos(t):
    n = t.connected()
    for i, (topic, qos) in enumerate(((b"a/#", 2), (b"a/+", 0), (b"a/b", 1))):
        n.subscribe(topic, qos, i + 1)
    t.publish(b"a/b", b"x", 2)
    expect_equal(n.deliver()[:3], (b"a/b", b"x", 2), "message")
    n.nothing()
    n.subscribe(7, 0, 4, sn.PREDEFINED)
    n.subscribe(b"pre/#", 1, 5)
    t.publish(b"pre/seven", b"y", 2)
    expect_equal((n.deliver().qos, n.nothing() and None), (1, None), "QoS")
