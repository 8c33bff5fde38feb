"""Clients of MQTT 3.1 at the broker: "MQIsdp", level 3."""

from packets import connect, packet, publish, subscribe, text, unsubscribe
from sedge import expect_equal
from statements import states


def _client(t, client_id=b"old", **more):
    """Accepted; the first octet of CONNACK is reserved."""
    return t.open().send(connect(client_id, old=True, **more)).get("20 02 00 00")


@states("MQTT31-1")
def a_client_of_3_1_is_served(t):
    c = t.open().send("10 0f 00 06 4d 51 49 73 64 70 03 02 00 00 00 01 63").get("20 02 00 00")
    c.subscribe((b"a", 1)).send(publish(b"a", b"x")).get("30 04 00 01 61 78").alive()


@states("MQTT31-1")
def a_level_that_is_not_that_of_its_name_gets_connack_1(t):
    t.open().send("10 0f 00 06 4d 51 49 73 64 70 04 02 00 00 00 01 63").get("20 02 00 01").closed()
    t.open().send("10 0d 00 04 4d 51 54 54 03 02 00 00 00 01 63").get("20 02 00 01").closed()


@states("MQTT31-2")
def an_empty_id_is_refused_and_a_long_one_is_not(t):
    for clean in (True, False):
        t.open().send(connect(b"", clean, old=True)).get("20 02 00 02").closed()
    _client(t, b"x" * 23).alive()
    _client(t, b"x" * 24).alive()


@states("MQTT31-3")
def a_stored_session_is_resumed_without_a_word_in_connack(t):
    _client(t, clean=False).subscribe((b"a", 1)).bye()
    t.client(b"pub").publish(b"a", b"x", 1)
    got = _client(t, clean=False).packet()
    expect_equal((got[0], got[-1:]), (0x32, b"x"), "what waited")


@states("MQTT31-4")
def a_filter_that_is_refused_closes(t):
    deep = b"/".join([b"x"] * 33)
    _client(t).send(subscribe(1, (b"a", 0), (deep, 0))).closed()


@states("MQTT31-5")
def dup_on_subscribe_unsubscribe_and_pubrel_is_taken(t):
    c = _client(t).ask("8a 06 00 01 00 01 61 00", "90 03 00 01 00")
    c.ask("aa 05 00 02 00 01 61", "b0 02 00 02")
    c.ask("34 05 00 01 61 00 03", "50 02 00 03").ask("6a 02 00 03", "70 02 00 03")
    for octets in ("80 06 00 01 00 01 61 00", "a8 05 00 02 00 01 61", "68 02 00 03", "c8 00"):
        _client(t).send(octets).closed()


@states("MQTT31-6")
def a_password_without_a_user_name_is_tolerated(t):
    _client(t, flags=0x40, fields=(b"secret",)).alive()


@states("MQTT31-7")
def a_payload_that_ends_early_closes(t):
    for flags, fields in ((0x80, ()), (0xC0, (b"user",)), (0x04, (b"w",))):
        t.open().send(connect(flags=flags, fields=fields, old=True)).closed()
    head = text(b"MQIsdp") + b"\3\x80\0\0" + text(b"c")
    t.open().send(packet(0x10, head + b"\0\5us")).closed()


@states("MQTT31-8")
def repetitions_inside_a_connection_are_taken(t):
    sub = t.client(b"sub").subscribe((b"a", 0))
    c = _client(t).ask("32 06 00 01 61 00 01 31", "40 02 00 01")
    c.ask("3a 06 00 01 61 00 01 31", "40 02 00 01")
    c.ask("34 06 00 01 61 00 02 32", "50 02 00 02").ask("3c 06 00 01 61 00 02 32", "50 02 00 02")
    c.ask("62 02 00 02", "70 02 00 02").ask("6a 02 00 02", "70 02 00 02")
    c.send("38 04 00 01 61 33").alive()
    got = [sub.packet()[-1:] for _ in range(4)]
    expect_equal(got, [b"1", b"1", b"2", b"3"], "messages")
    sub.nothing()
    c.ask(unsubscribe(5, b"a"), "b0 02 00 05")


def _bridge(t, name, level):
    c = t.open().send(packet(0x10, text(name) + bytes([level, 2, 0, 0]) + text(b"bridge")))
    return c.get("20 02 00 00").subscribe((b"#", 0))


@states("MQTT31-9")
def a_bridge_gets_no_echo_and_retain_as_published(t):
    for name, level in ((b"MQIsdp", 0x83), (b"MQTT", 0x84)):
        c = _bridge(t, name, level).send(publish(b"a", b"own")).nothing()
        t.client(b"pub").publish(b"a", b"x", retain=True).publish(b"a", b"y")
        c.get("31 04 00 01 61 78 30 04 00 01 61 79")
        t.client(b"pub").publish(b"a", b"", retain=True)
        c.get("31 03 00 01 61").bye()
