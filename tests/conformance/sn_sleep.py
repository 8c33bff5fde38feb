"""Ping, DISCONNECT, and clients that sleep. [MQTT-SN 1.2, 5.4.19 to 5.4.21, 6.11, 6.12, 6.14]"""

import sn_packets as sn
from sedge import expect, expect_equal
from statements import states

STRANGERS = "stranger_rate = 1000/s"
QUICK = "retry = 500ms\nretries = 2\n" + STRANGERS
CONF = {"udp_more": STRANGERS}


def pingreq(client_id):
    return sn.message("PINGREQ", client_id=client_id)


def asleep(t, client_id=b"n", duration=60, qos=2, topic=b"#", **more):
    """Subscribed, and asleep."""
    n = t.connected(client_id, **more)
    n.subscribe(topic, qos)
    return n.sleep(duration)


@states("SN-156", "SN-158")
def an_active_clients_ping_is_answered_with_and_without_its_id(t):
    n = t.connected()
    n.ask(sn.PINGREQ, sn.PINGRESP).ask(pingreq(b"n"), sn.PINGRESP).nothing()


@states("SN-157", "SN-185")
def a_ping_without_session_hears_disconnect(t):
    n = t.node()
    n.ask(sn.PINGREQ, sn.DISCONNECT).ask(pingreq(b"nobody"), sn.DISCONNECT)
    m = t.connected(b"m")
    m.ask(pingreq(b"nobody"), sn.DISCONNECT).nothing()


@states("SN-159")
def pingresp_is_a_sign_of_life_and_nothing_more(t):
    t.start(udp_more="keepalive_grace = 1")
    wills = t.hearer(b"will")
    n = t.node().connect(b"n", duration=1, will=(b"will", b"lost"))
    mark = t.node().connect(b"mark", duration=1, will=(b"will", b"mark"))
    n.send(sn.PINGRESP)
    mark.bye()
    n.silent()
    wills.hears(b"will", b"lost")


@states("SN-161", "SN-163")
def disconnect_is_answered_in_two_octets_and_publishes_no_will(t):
    wills = t.hearer(b"will")
    n = t.node().connect(b"n", will=(b"will", b"lost"))
    n.ask("02 18", "02 18")
    m = t.node().connect(b"m", will=(b"will", b"lost"))
    m.ask("04 18 00 3c", "02 18").ask("02 18", "02 18")
    wills.nothing()


@states("SN-162")
def after_disconnect_nothing_is_served(t):
    all_of_it = t.hearer()
    n = t.connected(clean=False)
    number = n.register(b"a/b")
    n.subscribe(b"c/d", 0)
    n.bye()
    for said in (
        sn.register(b"e/f"),
        sn.publish(number, b"x", 1, 5),
        sn.subscribe(b"a/b"),
        sn.unsubscribe(b"c/d"),
        sn.PINGREQ,
        sn.message("WILLTOPICUPD", flags=0, topic=b"w"),
    ):
        n.ask(said, sn.DISCONNECT)
    t.publish(b"c/d", b"x", 0)
    n.silent()
    all_of_it.hears(b"c/d", b"x").nothing()


@states("SN-164")
def a_repeated_disconnect_is_answered_and_opens_nothing(t):
    n = t.connected()
    n.bye().bye().bye().gone()
    m = t.connected(b"m")
    m.sleep().sleep()
    expect_equal(m.wake(), [], "what came")


@states("SN-165")
def a_duration_of_0_is_no_sleep(t):
    n = t.connected(clean=False)
    n.subscribe(b"ab", 1, kind=sn.SHORT)
    n.ask("04 18 00 00", "02 18").gone()
    t.publish(b"ab", b"x")
    n.connect(clean=False)
    expect_equal(n.deliver()[:2], (b"ab", b"x"), "what the kept session has")


@states("SN-166", "SN-167", "SN-168", "SN-169", "SN-171")
def a_sleeper_gets_all_in_order_when_it_wakes_and_then_pingresp(t):
    n = asleep(t)
    wanted = [(b"a/%d" % (i % 4), b"%d" % i, i % 3, False, False) for i in range(30)]
    for topic, data, qos, _, _ in wanted:
        t.publish(topic, data, qos)
    n.silent()
    expect_equal(n.wake(), wanted, "what came")
    n.silent()
    t.publish(b"a/1", b"late", 0)
    n.silent()
    expect_equal([m.data for m in n.wake()], [b"late"], "what came later")


@states("SN-170")
def with_nothing_to_say_pingresp_comes_at_once(t):
    n = asleep(t)
    for _ in range(3):
        n.ask(pingreq(b"n"), sn.PINGRESP)
    n.ask(sn.PINGREQ, sn.PINGRESP).silent()


@states("SN-172")
def pingresp_comes_after_the_last_acknowledgement(t):
    n = asleep(t, topic=b"+")
    t.publish(b"ab", b"1", 1)
    t.publish(b"ab", b"2", 2)
    n.send(pingreq(b"n"))
    got = n.packet("PUBLISH")
    n.silent().send(sn.ack("PUBACK", got.topic_id, got.msg_id))
    got = n.packet("PUBLISH")
    n.silent().ask(sn.answer("PUBREC", got.msg_id), sn.answer("PUBREL", got.msg_id)).silent()
    n.ask(sn.answer("PUBCOMP", got.msg_id), sn.PINGRESP).silent()


@states("SN-173", "SN-174")
def the_sleep_timer_starts_anew_at_pingresp_and_ends_in_the_will(t):
    t.start(udp_more="sleep_grace = 1\n" + STRANGERS)
    wills = t.hearer(b"will/#")
    n, one, two = (t.node().connect(i, will=(b"will/" + i, b"lost")) for i in (b"n", b"1", b"2"))
    n.sleep(2)
    two.sleep(2)
    one.sleep(1)
    wills.hears(b"will/1", b"lost")
    n.ask(pingreq(b"n"), sn.PINGRESP)  # half of its time is over: now it has all of it again
    wills.hears(b"will/2", b"lost").hears(b"will/n", b"lost").nothing()
    n.gone()


@states("SN-173")
def while_awake_no_sleep_timer_runs(t):
    t.start(udp_more="sleep_grace = 1\nretry = 10s\n" + STRANGERS)
    wills = t.hearer(b"will/#")
    n = t.node().connect(b"n", will=(b"will/n", b"lost"))
    n.subscribe(b"ab", 1, kind=sn.SHORT)
    n.sleep(1)
    mark = t.node().connect(b"mark", will=(b"will/mark", b"lost"))
    t.publish(b"ab", b"x")
    n.send(pingreq(b"n"))
    got = n.packet("PUBLISH")
    mark.sleep(2)
    wills.hears(b"will/mark", b"lost")  # twice its duration has passed
    n.ask(sn.ack("PUBACK", got.topic_id, got.msg_id), sn.PINGRESP)


@states("SN-175")
def the_keep_alive_timer_does_not_run_in_sleep(t):
    t.start(udp_more="keepalive_grace = 1\nsleep_grace = 1\n" + STRANGERS)
    wills = t.hearer(b"will/#")
    n = t.node().connect(b"n", duration=1, will=(b"will/n", b"lost"))
    n.sleep(60)
    t.node().connect(b"mark", duration=2, will=(b"will/mark", b"lost"))
    wills.hears(b"will/mark", b"lost").nothing()
    n.ask(pingreq(b"n"), sn.PINGRESP)


@states("SN-176", "SN-177")
def a_sleeper_that_connects_gets_all_without_pingresp(t):
    for clean in (True, False):
        n = asleep(t, clean=clean)
        for i in range(9):
            t.publish(b"a/b", b"%d" % i, i % 3)
        n.send(sn.connect(b"n", clean=False)).get(sn.CONNACK)
        expect_equal([n.deliver().data for _ in range(9)], [b"%d" % i for i in range(9)], "data")
        n.nothing()
        t.publish(b"a/b", b"more")
        expect_equal(n.deliver().data, b"more", "data")
        n.bye()


@states("SN-177")
def a_connect_while_awake_keeps_subscriptions_and_the_rest(t):
    n = asleep(t, topic=b"+")
    for i in range(4):
        t.publish(b"ab", b"%d" % i)
    n.send(pingreq(b"n"))
    first = n.packet("PUBLISH")
    n.send(sn.connect(b"n", clean=False)).get(sn.CONNACK)
    got = [n.deliver() for _ in range(4)]
    expect_equal([m.data for m in got], [b"%d" % i for i in range(4)], "data")
    expect(got[0].dup and first.data == b"0", "the first again, with DUP")
    n.nothing()


@states("SN-178")
def a_sleeper_may_leave_for_good_and_has_no_will(t):
    wills = t.hearer(b"will")
    for wake in (False, True):
        n = t.node().connect(b"n", will=(b"will", b"lost"))
        n.subscribe(b"ab", 1, kind=sn.SHORT)
        n.sleep()
        t.publish(b"ab", b"x")
        if wake:
            n.send(pingreq(b"n")).packet("PUBLISH")
        n.bye().gone()
    wills.nothing()


@states("SN-179")
def a_new_duration_in_sleep_takes_the_place_of_the_old(t):
    t.start(udp_more="sleep_grace = 1\n" + STRANGERS)
    wills = t.hearer(b"will/#")
    n = t.node().connect(b"n", will=(b"will/n", b"lost"))
    n.sleep(1).sleep(60)
    mark = t.node().connect(b"mark", will=(b"will/mark", b"lost"))
    mark.sleep(60).sleep(2)
    wills.hears(b"will/mark", b"lost").nothing()
    n.ask(pingreq(b"n"), sn.PINGRESP)


@states("SN-180")
def what_comes_while_awake_comes_before_pingresp(t):
    n = asleep(t, topic=b"+")
    t.publish(b"ab", b"0")
    n.send(pingreq(b"n"))
    first = n.packet("PUBLISH")
    for i in range(1, 6):
        t.publish(b"ab", b"%d" % i, i % 3)
    n.send(sn.ack("PUBACK", first.topic_id, first.msg_id))
    came = list(iter(lambda: n.deliver(end=sn.PINGRESP), None))
    expect_equal([m.data for m in came], [b"%d" % i for i in range(1, 6)], "data")


@states("SN-181")
def at_a_new_address_a_sleeper_is_told_to_connect_and_loses_nothing(t):
    old = asleep(t, clean=False)
    for i in range(6):
        t.publish(b"a/b", b"%d" % i, i % 3)
    new = t.node().ask(pingreq(b"n"), sn.DISCONNECT)
    old.silent()
    new.connect(b"n", clean=False)
    expect_equal([new.deliver().data for _ in range(6)], [b"%d" % i for i in range(6)], "data")
    old.gone()
    new.nothing()


@states("SN-181")
def with_rebind_it_is_served_at_the_new_address(t):
    t.start(udp_more="rebind = yes\n" + STRANGERS)
    old = asleep(t)
    for i in range(6):
        t.publish(b"a/b", b"%d" % i, i % 3)
    new = t.node()
    new.client_id = b"n"
    expect_equal([m.data for m in new.wake()], [b"%d" % i for i in range(6)], "data")
    old.gone()
    t.connected(b"m").ask(pingreq(b"nobody"), sn.DISCONNECT)  # nobody's is nobody's still


@states("SN-182")
def a_repeated_ping_brings_nothing_twice(t):
    n = asleep(t, topic=b"+")
    for i in range(2):
        t.publish(b"ab", b"%d" % i)
    n.send(pingreq(b"n"))
    for i in range(2):
        got = n.packet("PUBLISH")
        expect_equal(got.data, b"%d" % i, "data")
        n.send(pingreq(b"n")).silent()
        n.send(sn.ack("PUBACK", got.topic_id, got.msg_id))
    n.get(sn.PINGRESP)
    n.ask(pingreq(b"n"), sn.PINGRESP).silent()


@states("SN-167", "SN-182")
def an_acknowledgement_that_crosses_disconnect_is_taken(t):
    n = t.connected()
    n.subscribe(b"+", 2)
    t.publish(b"ab", b"once", 1)
    got = n.packet("PUBLISH")
    n.sleep().send(sn.ack("PUBACK", got.topic_id, got.msg_id)).ask(pingreq(b"n"), sn.PINGRESP)
    t.publish(b"ab", b"twice", 2)
    n.send(pingreq(b"n"))
    got = n.packet("PUBLISH")
    n.ask(sn.answer("PUBREC", got.msg_id), sn.answer("PUBREL", got.msg_id))
    n.sleep().send(sn.answer("PUBCOMP", got.msg_id)).ask(pingreq(b"n"), sn.PINGRESP).silent()


@states("SN-144", "SN-167", "SN-171")
def what_an_acknowledgement_that_crosses_disconnect_leads_to_waits_for_the_waking(t):
    n = t.connected()
    n.subscribe(b"+", 2)
    t.publish(b"long", b"once", 2)
    got = n.packet("REGISTER")
    n.sleep().send(sn.ack("REGACK", got.topic_id, got.msg_id)).silent().send(pingreq(b"n"))
    got = n.packet("PUBLISH")
    n.sleep().send(sn.answer("PUBREC", got.msg_id)).silent()
    n.ask(pingreq(b"n"), sn.answer("PUBREL", got.msg_id))
    n.ask(sn.answer("PUBCOMP", got.msg_id), sn.PINGRESP).silent()


@states("SN-183")
def who_falls_silent_while_awake_finds_the_message_at_the_next_waking(t):
    t.start(udp_more=QUICK)
    n = asleep(t, topic=b"+")
    t.publish(b"ab", b"x", 2)
    t.publish(b"ab", b"y", 0)
    n.send(pingreq(b"n"))
    for i in range(3):
        expect_equal(n.packet("PUBLISH").flags & sn.DUP, sn.DUP if i else 0, "DUP")
    quiet_until_given_up(t, n, b"m/1")
    n.send(pingreq(b"n"))
    got = n.packet("PUBLISH")
    pubrel = sn.answer("PUBREL", got.msg_id)
    n.ask(sn.answer("PUBREC", got.msg_id), pubrel).get(pubrel).get(pubrel)
    quiet_until_given_up(t, n, b"m/2")
    # a PUBREC that came is remembered: it goes on with PUBREL
    n.ask(pingreq(b"n"), pubrel).send(sn.answer("PUBCOMP", got.msg_id))
    expect_equal(n.packet("PUBLISH").data, b"y", "data")
    n.get(sn.PINGRESP)


def quiet_until_given_up(t, n, name):
    """Longer than a repeat takes: another node's first message and its repeats say so."""
    mark = t.connected(name)
    mark.subscribe(name, 1)
    n.silent()
    t.publish(name, b"x")
    for _ in range(3):
        mark.packet("PUBLISH")
    mark.close()


@states("SN-184")
def a_full_buffer_drops_by_its_rule(t):
    rules = {
        "": b"ace",
        "when_full = drop-oldest": b"cde",
        "when_full = drop-newest": b"abc",
    }
    more = "".join(
        f"[node n{i}]\nclient_id = n{i}\nsleep_queue = 3\n{rule}\n" for i, rule in enumerate(rules)
    )
    t.start(more=more + "[node m]\nclient_id = m\nsleep_bytes = 9\n")
    sleepers = [asleep(t, b"n%d" % i, topic=b"+") for i in range(3)] + [asleep(t, b"m", topic=b"+")]
    for i, letter in enumerate(b"abcde"):
        t.publish(b"zz", bytes([letter]), 1 - i % 2)
    for n, wanted in zip(sleepers, [*rules.values(), b"ace"]):
        expect_equal(b"".join(m.data for m in n.wake()), wanted, f"what {n.client_id} has")


@states("SN-186")
def a_long_sleep_ends_no_session(t):
    t.start(udp_more="keepalive_grace = 1\n" + STRANGERS)
    n = t.connected(duration=1)
    n.subscribe(b"ab", 1, kind=sn.SHORT)
    n.sleep(65535)
    mark = t.hearer(b"will")
    t.node().connect(b"mark", duration=2, will=(b"will", b"lost"))
    mark.hears(b"will", b"lost")  # far beyond its keep alive
    t.publish(b"ab", b"x")
    expect_equal([m.data for m in n.wake()], [b"x"], "data")
