"""CONNECT, the will prompt, keep alive and the end of connections. [MQTT-SN 1.2, 5.4.4 to 5.4.9,
6.2, 6.3]"""

import time

import sn_packets as sn
from sedge import expect, expect_equal
from sn_packets import message
from statements import states

QUICK = "retry = 300ms\nretries = 2"
TOPIC = message("WILLTOPIC", flags=0x20, topic=b"w")
DATA = message("WILLMSG", data=b"gone")


@states("SN-029")
def connect_from_an_unknown_client_is_accepted(t):
    t.node().ask("08 04 04 01 00 3c 6e 31", "03 05 00").nothing()
    t.node().ask("08 04 00 01 00 3c 6e 32", "03 05 00").nothing()


@states("SN-030")
def a_will_is_asked_for_in_two_steps_before_connack(t):
    n = t.node().ask("08 04 0c 01 00 3c 6e 31", "02 06")
    n.ask("04 07 30 77", "02 08").ask("06 09 67 6f 6e 65", "03 05 00").nothing()


@states("SN-031")
def who_hears_connack_0_is_served_from_there_on(t):
    sub = t.hearer()
    for i in range(20):
        n = t.node().send(sn.connect(b"n%d" % i)).get(sn.CONNACK)
        n.send(sn.publish(b"ab", b"%d" % i))
        sub.hears(b"ab", b"%d" % i)


@states("SN-032")
def without_room_connack_says_congestion(t):
    t.start(more="[limits]\nnodes = 2")
    a, b = t.connected(b"a"), t.connected(b"b")
    for n in (a, b):
        n.publish(n.register(b"x"), b"", 1)
    late = t.node()
    for _ in range(3):
        late.connect(b"c", code=sn.CONGESTION).gone()
    a.nothing()
    b.nothing().bye()
    late.connect(b"c").nothing()


@states("SN-033")
def another_protocol_id_opens_no_session(t):
    for number in (0, 2, 3, 255):
        n = t.node().ask(sn.connect(b"n", protocol=number), message("CONNACK", code=3))
        n.gone()
    n = t.connected(b"n")
    t.node().ask(sn.connect(b"n", protocol=2), message("CONNACK", code=3))
    n.nothing()


@states("SN-034")
def client_ids_of_1_to_23_octets_are_accepted(t):
    for count in range(1, 24):
        t.connected(b"abcdefghijklmnopqrstuvw"[:count]).nothing()
    for odd in (b" ", b"+", b"#", b"/", b"$SYS/x", b"\0", b"\xff\xfe", b"\x01" * 23, b"\xed\xa0\x80"):
        t.connected(odd).nothing().publish(b"ab", b"", 1)


@states("SN-035")
def longer_client_ids_are_taken_whole_or_refused(t):
    a, b = t.connected(b"x" * 63 + b"a"), t.connected(b"x" * 63 + b"b")
    c = t.connected(b"x" * 23)
    for n in (a, b, c):
        n.nothing()
    for count in (65, 100, 249, 1000):
        t.node().connect(b"x" * count, code=sn.NOT_SUPPORTED).gone()


@states("SN-036")
def an_empty_client_id_is_refused(t):
    for clean in (True, False):
        t.node().connect(b"", clean=clean, code=sn.NOT_SUPPORTED).gone()
    t.node().ask(sn.connect(b"", will=True), message("CONNACK", code=3)).gone()


@states("SN-037")
def clean_session_deletes_what_was_kept(t):
    sub = t.hearer(b"w")
    n = t.connected(will=(b"w", b"old"), clean=False)
    number = n.register(b"a/b")
    n.subscribe(b"ab", 1)
    n.bye()
    t.publish(b"ab", b"waits", 1)
    n.connect().nothing()
    t.publish(b"ab", b"later", 1)
    n.nothing().ask(sn.publish(number, b"x", 1, 5), sn.ack("PUBACK", number, 5, sn.INVALID_ID))
    n.connect(b"other")  # takes the address
    sub.nothing()


@states("SN-038")
def without_clean_session_a_new_will_replaces_the_old_and_the_rest_stays(t):
    sub = t.hearer(b"w", b"v", b"a/b")
    n = t.connected(will=(b"w", b"old"), clean=False)
    number = n.register(b"a/b")
    n.subscribe(b"ab", 1)
    n.bye()
    t.publish(b"ab", b"waits", 1)
    n.connect(will=(b"v", b"new"), clean=False)
    n.take_register(b"ab")
    expect_equal(n.deliver()[:2], (b"ab", b"waits"), "what waited")
    n.publish(number, b"x", 1)
    sub.hears(b"a/b", b"x", 1)
    n.connect(b"other")  # takes the address
    sub.hears(b"v", b"new").nothing()


@states("SN-039")
def without_clean_session_and_will_the_stored_will_stays(t):
    sub = t.hearer(b"w")
    n = t.connected(will=(0x30, b"w", b"kept"), clean=False).bye()
    sub.nothing()
    n.connect(clean=False).nothing().connect(b"other")
    sub.hears(b"w", b"kept", 1)


@states("SN-040")
def an_empty_willtopic_deletes_the_stored_will(t):
    sub = t.hearer(b"w")
    n = t.connected(will=(b"w", b"old"), clean=False).bye()
    n.ask(sn.connect(b"n", clean=False, will=True), sn.WILLTOPICREQ).ask("02 07", sn.CONNACK)
    n.send(DATA).nothing().connect(b"other").nothing()
    n.connect(b"n", clean=False).connect(b"another").nothing()
    sub.nothing()


@states("SN-032")
def a_will_that_cannot_be_kept_is_refused_and_publishes_no_other(t):
    sub = t.hearer(b"#")
    n = t.node().connect(b"n", will=(b"w", b"old"), clean=False)
    for topic in (b"a/+", b"x/" * 40):
        n.send(sn.connect(b"n", will=True, clean=False)).get(sn.WILLTOPICREQ)
        n.send(sn.message("WILLTOPIC", flags=0, topic=topic))
        if topic == b"x/" * 40:  # many levels
            n.get(sn.WILLMSGREQ).send(sn.message("WILLMSG", data=b"new"))
        n.get(sn.message("CONNACK", code=sn.NOT_SUPPORTED)).ask(sn.PINGREQ, sn.DISCONNECT)
        sub.nothing()
        n.connect(b"n", clean=False)
    n.connect(b"other")  # takes the address
    sub.hears(b"w", b"old").nothing()


@states("SN-041")
def a_will_has_the_qos_and_retain_of_its_flags(t):
    sub = t.hearer()
    for qos in range(3):
        for retain in (False, True):
            topic = b"w/%d" % qos
            will = (sn.flags_of(qos, retain=retain), topic, b"gone")
            t.connected(b"n", will=will).connect(b"other").bye()
            sub.hears(topic, b"gone", qos)
            if retain:
                later = t.hearer(topic, client_id=b"later")
                later.hears(topic, b"gone", qos, retain=True).client.close()
            else:
                t.hearer(topic, client_id=b"later").nothing().client.close()


@states("SN-042")
def a_will_may_be_empty(t):
    sub = t.hearer()
    n = t.node().ask(sn.connect(b"n", will=True), sn.WILLTOPICREQ).ask(TOPIC, sn.WILLMSGREQ)
    n.ask("02 09", sn.CONNACK).connect(b"other")
    sub.hears(b"w", b"", 1)


@states("SN-043")
def connect_during_the_prompt_begins_the_prompt_anew(t):
    sub = t.hearer()
    n, octets = t.node(), sn.connect(b"n", will=True)
    n.ask(octets, sn.WILLTOPICREQ).ask(octets, sn.WILLTOPICREQ)
    n.ask(message("WILLTOPIC", flags=0, topic=b"first"), sn.WILLMSGREQ)
    n.ask(octets, sn.WILLTOPICREQ).send(DATA).silent()
    n.ask(TOPIC, sn.WILLMSGREQ).ask(DATA, sn.CONNACK).nothing()
    n.connect(b"other")
    sub.hears(b"w", b"gone", 1).nothing()


@states("SN-043")
def connect_without_will_during_the_prompt_ends_it(t):
    n = t.node().ask(sn.connect(b"n", will=True), sn.WILLTOPICREQ).connect(b"n")
    n.send(TOPIC).send(DATA).nothing()


@states("SN-044")
def other_messages_during_the_prompt_are_ignored(t):
    sub = t.hearer()
    n = t.node().ask(sn.connect(b"n", will=True), sn.WILLTOPICREQ)
    for octets in (
        sn.PINGREQ, sn.PINGRESP, DATA, sn.register(b"a"), sn.publish(b"ab", b"x"),
        sn.publish(b"ab", b"x", 1, 1), sn.publish(b"ab", b"x", 2, 2), sn.answer("PUBREL", 2),
        sn.subscribe(b"#"), sn.unsubscribe(b"#"), message("DISCONNECT", duration=60),
        message("WILLTOPICUPD", flags=0, topic=b"v"), message("WILLMSGUPD", data=b"x"),
    ):  # fmt: skip
        n.send(octets)
    n.silent().ask(TOPIC, sn.WILLMSGREQ).ask(DATA, sn.CONNACK).nothing()
    sub.nothing()


@states("SN-044")
def an_attempt_that_is_not_finished_is_forgotten(t):
    t.start(udp_more=QUICK)
    sub = t.hearer()
    start = time.monotonic()
    n = t.node().ask(sn.connect(b"n", will=True), sn.WILLTOPICREQ)
    n.until_gone()
    expect(time.monotonic() - start > 0.8, "it is waited for as long as for an answer")
    n.send(TOPIC).send(DATA).silent().gone()
    n.ask(sn.connect(b"n", will=True), sn.WILLTOPICREQ).ask(TOPIC, sn.WILLMSGREQ).until_gone()
    n.send(DATA).silent().gone()
    n.connect(b"n", will=(b"w", b"old"))
    n.ask(sn.connect(b"n", will=True), sn.WILLTOPICREQ).until_gone()
    sub.nothing()  # the session that it replaced is over without a word


@states("SN-045")
def a_silent_node_moves_to_the_address_that_connects_with_its_id(t):
    t.start(udp_more="takeover_wait = 200ms")
    sub = t.hearer(b"w", b"a/b")
    old = t.connected(will=(b"w", b"gone"), clean=False)
    number = old.register(b"a/b")
    new = t.node().send(sn.connect(b"n", clean=False))
    for _ in range(4):
        old.get(sn.PINGREQ)
    old.get(sn.DISCONNECT)
    new.get(sn.CONNACK).publish(number, b"new", 1)
    sub.hears(b"a/b", b"new", 1)
    old.ask(sn.publish(number, b"old", 1, 1), sn.DISCONNECT).gone()
    new.nothing()
    sub.nothing()


@states("SN-045")
def a_node_that_answers_keeps_its_address(t):
    old, new = t.connected(), t.node()
    octets = sn.connect(b"n")
    new.send(octets).send(octets)
    old.get(sn.PINGREQ)
    t.node().ask(octets, message("CONNACK", code=sn.CONGESTION))  # one at a time
    old.send(sn.PINGRESP)
    new.get(message("CONNACK", code=sn.NOT_SUPPORTED)).gone()
    old.nothing()


@states("SN-045")
def a_node_moves_at_once_where_the_listener_says_so(t):
    t.start(udp_more="takeover = at-once")
    sub, old = t.hearer(), t.connected()
    t.connected(b"clock", will=(b"w", b"later"), duration=1)
    sub.hears(b"w", b"later")  # a session younger than a second is asked for
    new = t.connected(b"n")
    old.get(sn.DISCONNECT).gone()
    new.nothing()


@states("SN-045")
def nobody_asks_for_a_node_that_is_not_active(t):
    old = t.connected(clean=False).sleep()
    new = t.connected(b"n", clean=False)
    old.silent().gone()
    new.nothing().bye()
    t.connected(b"n", clean=False).nothing()


@states("SN-046")
def another_client_id_from_an_address_in_use_ends_the_earlier_client_as_lost(t):
    sub = t.hearer()
    n = t.connected(b"first", will=(b"w", b"gone"), clean=False)
    n.subscribe(b"ab", 1)
    n.connect(b"second").nothing()
    sub.hears(b"w", b"gone")
    t.publish(b"ab", b"waits", 1)
    n.nothing().bye()
    n.connect(b"first", clean=False).take_register(b"ab")
    expect_equal(n.deliver()[:2], (b"ab", b"waits"), "what waited for the first")


@states("SN-047")
def a_repeated_connect_is_answered_again_and_changes_nothing(t):
    sub = t.hearer(b"w")
    n, octets = t.node(), sn.connect(b"n")
    n.ask(octets, sn.CONNACK).ask(octets, sn.CONNACK)
    number = n.subscribe(b"a/b", 1)
    n.ask(octets, sn.CONNACK)
    t.publish(b"a/b", b"x", 1)
    expect_equal(n.take_publish().topic_id, number, "topic id")
    n.bye()
    octets = sn.connect(b"n", will=True)
    for _ in range(2):
        n.ask(octets, sn.WILLTOPICREQ).ask(TOPIC, sn.WILLMSGREQ).ask(DATA, sn.CONNACK)
    sub.nothing()


@states("SN-048", "SN-049")
def a_silent_client_is_lost_after_its_duration_and_a_half_unless_it_is_0(t):
    sub = t.hearer()
    endless = t.connected(b"endless", will=(b"w", b"endless"), duration=0)
    n = t.node()
    start = time.monotonic()
    n.connect(b"n", will=(0x40, b"w", b"n"), duration=1)
    sub.hears(b"w", b"n", 2)
    expect(time.monotonic() - start > 1.45, "50 % are added to the keep alive")
    n.gone()
    endless.nothing()
    sub.nothing()


@states("SN-049")
def the_tolerance_is_a_setting(t):
    t.start(udp_more="keepalive_grace = 1")
    sub = t.hearer()
    t.connected(b"slow", will=(b"w", b"slow"), duration=3)
    t.connected(b"quick", will=(b"w", b"quick"), duration=2)
    sub.hears(b"w", b"quick").hears(b"w", b"slow").nothing()


@states("SN-050", "SN-159")
def each_message_of_a_client_begins_its_keep_alive_anew(t):
    t.start(udp_more="retry = 500ms\nretries = 20")
    sub, clock = t.hearer(b"w", b"v"), t.connected(b"clock")
    clock.subscribe(b"tick", 1)
    t.publish(b"tick", b"", 1)  # never acknowledged: comes twice a second
    nodes = [t.connected(b"n%d" % i, will=(b"w", b"%d" % i), duration=1) for i in range(9)]
    for n in nodes:
        n.register(b"a/b")
        n.subscribe(b"c/d", 1, 2)
    alive = (
        (sn.PINGREQ, sn.PINGRESP),
        (sn.PINGRESP, None),
        (sn.register(b"a/b", 3), sn.ack("REGACK", 1, 3)),
        (sn.publish(1, b"x"), None),
        (sn.publish(1, b"x", 1, 4), sn.ack("PUBACK", 1, 4)),
        (sn.publish(1, b"x", 3), None),
        (sn.subscribe(b"c/d", 1, 5), sn.suback(2, 5, 1)),
        (sn.unsubscribe(b"e", 6), sn.answer("UNSUBACK", 6)),
        (message("WILLMSGUPD", data=b"y"), message("WILLMSGRESP")),
    )
    t.connected(b"last", will=(b"v", b"lost"), duration=1)
    for _ in range(5):  # 2.5 s
        clock.packet("PUBLISH")
        for n, (question, answer) in zip(nodes, alive, strict=True):
            n.send(question)
            if answer:
                n.get(answer)
    sub.hears(b"v", b"lost").nothing()
    for n in nodes:
        n.nothing()


@states("SN-051")
def a_lost_client_keeps_its_session_unless_it_was_clean(t):
    sub = t.hearer(b"w")
    kept = t.connected(b"kept", will=(b"w", b"kept"), clean=False, duration=1)
    gone = t.connected(b"gone", will=(b"w", b"gone"), duration=1)
    for n in (kept, gone):
        n.subscribe(b"ab", 1)
    expect_equal({sub.message().data for _ in range(2)}, {b"kept", b"gone"}, "wills")
    t.publish(b"ab", b"waits", 1)
    kept.connect(clean=False).take_register(b"ab")
    expect_equal(kept.deliver()[:2], (b"ab", b"waits"), "what waited")
    gone.connect(clean=False).nothing()
    t.publish(b"ab", b"later", 1)
    gone.nothing()


@states("SN-052", "SN-063", "SN-071", "SN-110", "SN-130", "SN-157")
def what_needs_a_session_is_answered_by_disconnect_without_one(t):
    sub, left = t.hearer(), t.connected(b"left", clean=False).bye()
    for octets in (
        sn.register(b"a"), sn.publish(1, b"x"), sn.publish(b"ab", b"x", 1, 1),
        sn.publish(b"ab", b"x", 2, 2), sn.answer("PUBREL", 2), sn.subscribe(b"#", 1),
        sn.subscribe(1, kind=sn.PREDEFINED), sn.unsubscribe(b"#"), sn.PINGREQ,
        message("PINGREQ", client_id=b"n"), message("WILLTOPICUPD", flags=0, topic=b"v"),
        message("WILLTOPICUPD"), message("WILLMSGUPD", data=b"x"), message("DISCONNECT", duration=9),
    ):  # fmt: skip
        t.node().ask(octets, sn.DISCONNECT).silent()
        left.ask(octets, sn.DISCONNECT)
    left.connect(clean=False).nothing()
    sub.nothing()
