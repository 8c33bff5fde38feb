"""SUBSCRIBE and UNSUBSCRIBE at the broker, and what filters match. [MQTT 3.1.1, 3.8 to 3.11, 4.7]"""

from packets import id_of, publish, subscribe, text, unsubscribe
from sedge import expect_equal
from statements import states


@states("MQTT-3.8.1-1")
def subscribe_with_other_low_bits_closes(t):
    for low in (0, 1, 3, 4, 6, 8, 0xA, 0xF):
        t.client().send(bytes([0x80 | low]), "06 00 01 00 01 61 00").closed()


@states("MQTT-3.10.1-1")
def unsubscribe_with_other_low_bits_closes(t):
    for low in (0, 1, 3, 4, 6, 8, 0xA, 0xF):
        t.client().send(bytes([0xA0 | low]), "05 00 01 00 01 61").closed()


@states("MQTT-3.8.3-4")
def a_qos_above_2_or_reserved_bits_close(t):
    for qos in (3, 4, 0x10, 0x80, 0xFF):
        t.client().send("82 06 00 01 00 01 61", bytes([qos])).closed()
        t.client().send("82 0a 00 01 00 01 61 00 00 01 62", bytes([qos])).closed()


@states("MQTT-4.8.0-1")
def a_request_without_a_filter_closes(t):
    t.client().send("82 02 00 01").closed()
    t.client().send("a2 02 00 01").closed()


@states("MQTT-3.8.4-1", "MQTT-3.8.4-2", "MQTT-3.8.4-5", "MQTT-3.9.3-1", "MQTT-3.9.3-2")
def suback_has_one_code_for_each_filter_in_their_order(t):
    c = t.client()
    c.ask("82 06 00 0a 00 01 61 00", "90 03 00 0a 00")
    c.ask(
        subscribe(11, (b"a", 2), (b"b/#", 1), (b"/".join([b"x"] * 33), 2), (b"+", 0), (b"c", 2)),
        "90 07 00 0b 02 01 80 00 02",
    )


@states("MQTT-3.8.4-3")
def the_same_filter_again_replaces_and_sends_what_is_retained_again(t):
    pub = t.client(b"pub").publish(b"a", b"r", retain=True)
    c = t.client().subscribe((b"a", 0)).get("31 04 00 01 61 72")
    c.subscribe((b"a", 1)).get("31 04 00 01 61 72")
    pub.publish(b"a", b"x", 1)
    expect_equal(c.packet()[0], 0x32, "the new QoS")
    c.nothing()  # and only once
    c.subscribe((b"a", 0)).get("31 04 00 01 61 72")
    pub.publish(b"a", b"x", 1)
    c.get("30 04 00 01 61 78").nothing()


@states("MQTT-3.8.4-3")
def a_subscription_replaced_while_messages_flow_loses_none(t):
    c = t.client(b"c").subscribe((b"a", 0))
    pub = t.client(b"pub")
    for i in range(20):
        pub.send(publish(b"a", bytes([i])))
        c.send(subscribe(2, (b"a", 0)))
    pub.alive()
    got = [c.packet() for _ in range(40)]
    expect_equal([one[-1] for one in got if one[0] == 0x30], list(range(20)), "messages")


@states("MQTT-3.8.4-4")
def several_filters_are_as_single_ones_with_one_suback(t):
    pub = t.client(b"pub").publish(b"a", b"r", retain=True).publish(b"b", b"r", retain=True)
    c = t.client().ask(subscribe(1, (b"a", 0), (b"b", 0), (b"c", 0)), "90 05 00 01 00 00 00")
    got = sorted([c.packet(), c.packet()])
    expect_equal(got, [publish(b"a", b"r", retain=True), publish(b"b", b"r", retain=True)], "")
    pub.publish(b"c", b"x")
    c.get("30 04 00 01 63 78").nothing()


@states("MQTT-3.8.4-6")
def delivery_is_at_the_lower_of_published_and_granted_qos(t):
    pub = t.client(b"pub")
    for granted in range(3):
        c = t.client(b"c").subscribe((b"a", granted))
        for published in range(3):
            pub.publish(b"a", b"x", published)
            qos = c.packet()[0] >> 1 & 3
            expect_equal(qos, min(granted, published), f"{published} to {granted}")
        c.nothing().bye()


@states("MQTT-3.8.3-2", "MQTT-4.7.1-3")
def plus_fills_one_whole_level_anywhere(t):
    c = t.client().subscribe((b"+/b/+", 0), (b"+", 0))
    pub = t.client(b"pub")
    for name in (b"a/b/c", b"/b/", b"x", b"a/b", b"a/b/c/d", b"/", b"a/c/b"):
        pub.publish(name, b"")
    for name in (b"a/b/c", b"/b/", b"x"):
        c.get(publish(name))
    c.nothing()
    for bad in (b"a+", b"+a/b", b"a/+b", b"a/b+/c", b"++"):
        t.client(b"bad").send(subscribe(1, (bad, 0))).closed()


@states("MQTT-3.8.3-2", "MQTT-4.7.1-2")
def hash_is_last_and_a_level_of_its_own(t):
    c = t.client().subscribe((b"a/#", 0))
    pub = t.client(b"pub")
    for name in (b"a", b"a/", b"a/b", b"a/b/c", b"b", b"ab", b"/a"):
        pub.publish(name, b"")
    for name in (b"a", b"a/", b"a/b", b"a/b/c"):
        c.get(publish(name))
    c.nothing()
    every = t.client(b"every").subscribe((b"#", 0))
    pub.publish(b"/", b"").publish(b"x/y", b"")
    every.get(publish(b"/"), publish(b"x/y")).nothing()
    for bad in (b"a#", b"#/", b"#/a", b"a/#/b", b"##", b"+#"):
        t.client(b"bad").send(subscribe(1, (bad, 0))).closed()


@states("MQTT-4.7.2-1")
def a_wildcard_in_front_matches_no_name_with_a_dollar(t):
    c = t.client(b"c").subscribe((b"#", 0), (b"+/x", 0), (b"+/+", 0))
    named = t.client(b"named").subscribe((b"$own/+", 0))
    t.client(b"pub").publish(b"$own/x", b"1", 1).publish(b"a$/x", b"2", 1)
    named.get("30 09 00 06", b"$own/x1").nothing()
    c.get("30 07 00 04", b"a$/x2").nothing()


@states("MQTT-4.7.3-1")
def an_empty_name_or_filter_closes(t):
    t.client().send("30 02 00 00").closed()
    t.client().send("82 05 00 01 00 00 00").closed()
    t.client().send("a2 04 00 01 00 00").closed()


@states("MQTT-4.7.3-3")
def names_and_filters_of_65535_octets_are_taken(t):
    name = b"n" * 65535
    c = t.client().ask(subscribe(1, (name, 1)), "90 03 00 01 01")
    t.client(b"pub").publish(name, b"x", 1)
    got = c.packet()
    expect_equal((got[0], got[4:6], got[6:-3]), (0x32, b"\xff\xff", name), "PUBLISH")
    c.send("40 02", got[-3:-1]).ask(unsubscribe(2, name), "b0 02 00 02")


@states("MQTT-4.7.3-4")
def matching_knows_case_blanks_and_slashes_and_normalises_nothing(t):
    composed, decomposed = "\u00e5".encode(), "a\u030a".encode()
    names = (b"Name", b"name", b" a b ", b"/", b"//", b"a/", b"/a", composed, decomposed)
    pub = t.client(b"pub")
    for i, one in enumerate(names):
        c = t.client(b"c%d" % i).subscribe((one, 0))
        for other in names:
            pub.publish(other, b"")
        c.get(publish(one)).nothing().bye()


@states("MQTT-3.10.4-1")
def unsubscribe_deletes_an_exact_match_only(t):
    c = t.client().subscribe((b"a/+", 0))
    pub = t.client(b"pub")
    c.ask(unsubscribe(2, b"a/b", b"a/#", b"A/+", b"a/+/", b"+/+"), "b0 02 00 02")
    pub.publish(b"a/b", b"x")
    c.get(publish(b"a/b", b"x"))
    c.ask(unsubscribe(3, b"a/+"), "b0 02 00 03")
    pub.publish(b"a/b", b"x")
    c.nothing()


@states("MQTT-3.10.4-2", "MQTT-3.10.4-3")
def deliveries_begun_are_finished_after_unsubscribe_and_none_is_added(t):
    c = t.client(b"c", clean=False).subscribe((b"a", 2))
    pub = t.client(b"pub").publish(b"a", b"1", 1).publish(b"a", b"2", 2)
    one, two = c.packet(), c.packet()
    c.ask(unsubscribe(2, b"a"), "b0 02 00 02")
    pub.publish(b"a", b"3", 1)
    c.nothing().send("50 02", id_of(two)).get("62 02", id_of(two)).close()
    c = t.client(b"c", clean=False, present=True)
    got = sorted([c.packet(), c.packet()])
    expect_equal(got, [b"\x3a" + one[1:], b"\x62\x02" + id_of(two)], "what is open")
    c.send("40 02", id_of(one), "70 02", id_of(two)).nothing()


@states("MQTT-3.10.4-4", "MQTT-3.10.4-5")
def unsuback_comes_even_when_nothing_was_deleted(t):
    t.client().ask("a2 05 12 34 00 01 61", "b0 02 12 34").alive()


@states("MQTT-3.10.4-6")
def several_filters_are_unsubscribed_with_one_unsuback(t):
    c = t.client().subscribe((b"a", 0), (b"b", 0), (b"c", 0))
    c.send("a2 0b 00 07", text(b"a"), text(b"x"), text(b"c"))
    c.get("b0 02 00 07")
    t.client(b"pub").publish(b"a", b"").publish(b"b", b"").publish(b"c", b"")
    c.get(publish(b"b")).nothing()
