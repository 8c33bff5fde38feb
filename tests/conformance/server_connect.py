"""CONNECT and CONNACK at the broker. [MQTT 3.1.1, 3.1, 3.2]"""

from packets import connect, packet, publish, text
from sedge import expect_equal
from statements import states

WILL, WILL_QOS_1, WILL_QOS_2, WILL_RETAIN = 0x04, 0x08, 0x10, 0x20
PASSWORD, USERNAME = 0x40, 0x80


@states("MQTT-3.1.0-1")
def a_first_packet_other_than_connect_closes(t):
    for first in (
        publish(b"a", b"x"),
        "20 02 00 00",
        "40 02 00 01",
        "82 06 00 01 00 01 61 00",
        "c0 00",
        "e0 00",
    ):
        t.open().send(first).closed()


@states("MQTT-3.1.0-2")
def a_second_connect_disconnects(t):
    t.client().send(connect()).closed()


@states("MQTT-3.1.2-1")
def a_wrong_protocol_name_is_not_served(t):
    for name in (b"mqtt", b"MQTX", b"", b"MQTTT", b"MQIsdq"):
        t.open().send(packet(0x10, text(name) + b"\4\2\0\0" + text(b"c"))).closed()


@states("MQTT-3.1.2-2", "MQTT-3.2.2-4", "MQTT-3.2.2-5")
def an_unsupported_level_gets_connack_1_and_the_end(t):
    for level in (0, 1, 2, 3, 5, 6, 0x7F, 0xFF):
        c = t.open().send(packet(0x10, text(b"MQTT") + bytes([level, 2, 0, 0]) + text(b"c")))
        c.get("20 02 00 01").closed()


@states("MQTT-3.1.2-3", "MQTT-3.1.4-1", "MQTT-3.2.2-6")
def the_reserved_connect_flag_disconnects_without_connack(t):
    t.open().send("10 0d 00 04 4d 51 54 54 04 03 00 00 00 01 63").closed()


@states("MQTT-3.1.2-4", "MQTT-3.1.4-3", "MQTT-3.2.2-2", "MQTT-4.1.0-1")
def a_kept_session_is_resumed_with_its_subscriptions(t):
    c = t.client(b"keeps", clean=False).subscribe((b"a", 1))
    c.close()
    c = t.client(b"keeps", clean=False, present=True)
    t.client(b"pub").publish(b"a", b"x", 1)
    got = c.packet()
    expect_equal((got[0], got[4:5], got[7:]), (0x32, b"a", b"x"), "PUBLISH")
    c.send("40 02", got[5:7]).bye()
    t.client(b"keeps", clean=False, present=True).nothing()


@states("MQTT-3.1.2-5", "MQTT-4.5.0-1")
def what_comes_at_qos_1_and_2_while_it_is_away_goes_into_its_session(t):
    t.client(b"keeps", clean=False).subscribe((b"a", 2)).bye()
    t.client(b"pub").publish(b"a", b"one", 1).publish(b"a", b"two", 2)
    c = t.client(b"keeps", clean=False, present=True)
    got = [c.packet(), c.packet()]
    shown = [(one[0], one[7:]) for one in got]
    expect_equal(shown, [(0x32, b"one"), (0x34, b"two")], "messages")


@states("MQTT-3.1.2-6", "MQTT-3.1.4-3", "MQTT-3.2.2-1")
def clean_session_drops_what_was_kept_and_keeps_nothing(t):
    t.client(b"c", clean=False).subscribe((b"a", 1)).bye()
    c = t.client(b"c", clean=True)
    t.client(b"pub").publish(b"a", b"x", 1)
    c.nothing().subscribe((b"b", 1)).bye()
    t.client(b"pub").publish(b"b", b"x", 1)
    t.client(b"c", clean=False).nothing()


@states("MQTT-4.1.0-2")
def a_session_lasts_as_long_as_its_connection(t):
    c = t.client(b"c", clean=True).subscribe((b"a", 0))
    for _ in range(50):
        t.client(b"other").publish(b"a", b"x").bye()
        c.get("30 04 00 01 61 78")


@states("MQTT-3.1.2-7")
def a_retained_message_survives_the_session_that_published_it(t):
    t.client(b"c", clean=True).publish(b"a", b"x", 1, retain=True).bye()
    t.client(b"c", clean=True).bye()
    t.client(b"d").subscribe((b"a", 0)).get("31 04 00 01 61 78")


def _with_will(t, flags=0, client_id=b"lost", **more):
    return t.client(client_id, flags=WILL | flags, fields=(b"w", b"gone"), **more)


@states("MQTT-3.1.2-8")
def a_will_is_published_when_its_connection_ends_without_disconnect(t):
    sub = t.client(b"sub").subscribe((b"w", 2))
    _with_will(t).close()
    sub.get("30 07 00 01 77", b"gone")
    _with_will(t, WILL_QOS_1).send("c1 00").closed()  # a violation
    expect_equal(sub.packet()[0], 0x32, "at its own QoS")
    _with_will(t, WILL_QOS_2, keepalive_s=1).closed()
    expect_equal(sub.packet()[0], 0x34, "when its keep alive ran out")
    _with_will(t)
    _with_will(t)  # takes over
    sub.get("30 07 00 01 77", b"gone").nothing()


@states("MQTT-3.1.2-9", "MQTT-3.1.4-1")
def a_will_flag_without_will_fields_closes_without_connack(t):
    t.open().send(connect(flags=WILL)).closed()
    t.open().send(connect(flags=WILL, fields=(b"w",))).closed()
    t.open().send(connect(flags=WILL, fields=(b"", b"gone"))).closed()
    t.open().send(connect(flags=WILL, fields=(b"w/#", b"gone"))).closed()
    t.open().send(connect(flags=WILL | 0x18, fields=(b"w", b"gone"))).closed()  # QoS 3


@states("MQTT-3.1.2-10", "MQTT-3.14.4-3")
def a_will_is_removed_by_disconnect_and_once_published(t):
    sub = t.client(b"sub").subscribe((b"w", 0))
    _with_will(t, clean=False).bye()
    sub.nothing()
    _with_will(t, clean=False, present=True).close()
    sub.get("30 07 00 01 77", b"gone")
    t.client(b"lost", clean=False, present=True).close()
    t.client(b"lost", clean=False, present=True)
    sub.nothing()


@states("MQTT-3.1.2-11")
def will_qos_or_retain_without_a_will_closes(t):
    for flags in (WILL_QOS_1, WILL_QOS_2, WILL_RETAIN):
        t.open().send(connect(flags=flags)).closed()
    t.open().send(connect(fields=(b"w", b"gone"))).closed()  # fields that no flag names


@states("MQTT-3.1.2-12")
def without_a_will_flag_nothing_is_published(t):
    sub = t.client(b"sub").subscribe((b"#", 0))
    t.client(b"lost").close()
    t.client(b"lost", clean=False)
    t.client(b"lost", clean=False, present=True)  # the former was ended by then
    sub.nothing()


@states("MQTT-3.1.2-16", "MQTT-3.1.2-17")
def a_will_is_retained_if_it_says_so(t):
    sub = t.client(b"sub").subscribe((b"w", 0))
    _with_will(t).close()
    sub.get("30 07 00 01 77", b"gone")
    t.client(b"later").subscribe((b"w", 0)).nothing()
    _with_will(t, WILL_RETAIN).close()
    sub.get("30 07 00 01 77", b"gone")
    t.client(b"latest").subscribe((b"w", 0)).get("31 07 00 01 77", b"gone")


@states("MQTT-3.1.2-24")
def silence_of_keep_alive_and_a_half_disconnects_as_if_the_network_failed(t):
    sub = t.client(b"sub").subscribe((b"w", 0))
    _with_will(t, keepalive_s=1).closed()
    sub.get("30 07 00 01 77", b"gone")


@states("MQTT-3.1.3-2", "MQTT-3.1.4-2")
def a_client_id_that_is_connected_already_ends_the_old_connection(t):
    old = t.client(b"one", clean=False).subscribe((b"a", 1))
    new = t.client(b"one", clean=False, present=True)
    old.closed()
    new.alive()
    t.client(b"One", clean=False).alive()  # another id
    new.alive()


@states("MQTT-3.1.3-5")
def ids_of_1_to_23_letters_and_digits_are_allowed(t):
    letters = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for at in range(0, len(letters), 20):
        t.client(letters[at : at + 23]).alive()
    t.client(letters[:1]).alive()


@states("MQTT-3.1.3-6")
def empty_ids_are_given_unique_ones(t):
    clients = [t.client(b"") for _ in range(3)]
    for c in clients:
        c.subscribe((b"a", 0))
    clients[0].send(publish(b"a", b"x")).get("30 04 00 01 61 78")
    for c in clients[1:]:
        c.get("30 04 00 01 61 78").alive()


@states("MQTT-3.1.3-8", "MQTT-3.1.3-9", "MQTT-3.2.2-4", "MQTT-3.2.2-5")
def an_empty_id_of_a_kept_session_gets_connack_2(t):
    t.open().send(connect(b"", clean=False)).get("20 02 00 02").closed()


@states("MQTT-3.1.3-9")
def an_id_above_the_limit_gets_connack_2(t):
    t.client(b"x" * 1024).alive()
    t.open().send(connect(b"x" * 1025)).get("20 02 00 02").closed()


@states("MQTT-3.1.4-1", "MQTT-3.2.2-6")
def a_malformed_connect_closes_without_connack(t):
    whole = connect(b"c", flags=USERNAME | PASSWORD, fields=(b"user", b"pass"))[2:]
    for cut in range(len(whole)):
        t.open().send(packet(0x10, whole[:cut])).closed()
    t.open().send(connect(flags=PASSWORD, fields=(b"pass",))).closed()


@states("MQTT-3.1.4-4", "MQTT-3.2.0-1", "MQTT-3.2.2-3")
def a_valid_connect_is_answered_by_connack_0_first(t):
    t.open().send(connect(b"c", clean=False)).get("20 02 00 00").alive()
    t.client(b"keeps", clean=False).subscribe((b"a", 1)).bye()
    t.client(b"pub").publish(b"a", b"x", 1)
    c = t.open().send(connect(b"keeps", clean=False)).get("20 02 01 00")
    expect_equal(c.packet()[0], 0x32, "what waited comes after it")


@states("MQTT-3.1.4-4")
def what_comes_with_connect_in_one_segment_is_served(t):
    c = t.open().send(connect(), "c0 00", "82 06 00 01 00 01 61 00", "c0 00")
    c.get("20 02 00 00")
    expect_equal(sorted(c.packet() for _ in range(3))[0].hex(), "9003000100", "SUBACK")


@states("MQTT-3.1.4-5", "MQTT-3.2.2-5")
def nothing_that_follows_a_rejected_connect_is_processed(t):
    sub = t.client(b"sub").subscribe((b"a", 0))
    c = t.open().send(connect(b"", clean=False), publish(b"a", b"x", 1, packet_id=1))
    c.get("20 02 00 02").closed()
    sub.nothing()


@states("MQTT-3.2.2-1", "MQTT-3.2.2-3")
def session_present_is_0_without_a_stored_session(t):
    t.open().send(connect(b"c", clean=False)).get("20 02 00 00").bye()
    t.open().send(connect(b"c", clean=True)).get("20 02 00 00").bye()
    t.open().send(connect(b"c", clean=False)).get("20 02 00 00")
