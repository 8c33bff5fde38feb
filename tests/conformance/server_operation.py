"""PINGREQ, DISCONNECT, and how the broker behaves as a whole. [MQTT 3.1.1, 3.12 to 3.14, 4, 7]"""

from packets import connect, publish
from sedge import expect_equal
from statements import states


@states("MQTT-3.12.4-1")
def pingreq_is_answered_by_pingresp(t):
    t.client().ask("c0 00", "d0 00").ask("c0 00 c0 00 c0 00", "d0 00 d0 00 d0 00")


@states("MQTT-3.14.1-1", "MQTT-3.1.2-8")
def disconnect_with_reserved_bits_is_a_loss(t):
    sub = t.client(b"sub").subscribe((b"w", 0))
    for low in range(1, 16):
        c = t.client(b"c", flags=0x04, fields=(b"w", b"gone"))
        c.send(bytes([0xE0 | low]), "00").closed()
        sub.get("30 07 00 01 77", b"gone")


@states("MQTT-3.14.4-3")
def disconnect_drops_the_will(t):
    sub = t.client(b"sub").subscribe((b"w", 0))
    t.client(b"c", flags=0x04, fields=(b"w", b"gone")).bye()
    sub.nothing()


@states("MQTT-3.14.4-3", "MQTT-4.8.0-1")
def what_follows_disconnect_is_not_looked_at(t):
    sub = t.client(b"sub").subscribe((b"a", 0))
    t.client(b"c").send("e0 00", publish(b"a", b"x")).closed()
    sub.nothing()


@states("MQTT-4.1.0-1")
def state_lasts_across_many_connections(t):
    t.client(b"c", clean=False).subscribe((b"a", 1)).ask("34 05 00 01 62 00 09", "50 02 00 09")
    for i in range(5):
        t.client(b"pub").publish(b"a", bytes([i]), 1).bye()
        c = t.client(b"c", clean=False, present=True)
        for k in range(i + 1):
            expect_equal(c.packet()[-1], k, "what was not acknowledged")
        c.close()


@states("MQTT-4.1.0-1")
def state_survives_the_gateway_when_it_has_a_store(t):
    gateway = t.start_with(store=t.dir / "sedge.db")
    c = t.client(b"c", clean=False).subscribe((b"a", 2))
    c.ask("34 05 00 01 62 00 09", "50 02 00 09")
    pub = t.client(b"pub").publish(b"a", b"x", 1).publish(b"r", b"y", 1, retain=True)
    sent = c.packet()
    t.stopping(gateway).kill()
    pub.close()
    t.start_with(store=t.dir / "sedge.db")
    c = t.client(b"c", clean=False, present=True).get("3a", sent[1:])
    t.client(b"sub").subscribe((b"b", 0), (b"r", 0)).get("31 04 00 01 72 79")
    c.ask("3c 05 00 01 62 00 09", "50 02 00 09").ask("62 02 00 09", "70 02 00 09")


@states("MQTT-4.8.0-1")
def a_violation_ends_its_own_connection_only(t):
    good = t.client(b"good").subscribe((b"a", 0))
    for octets in ("00 00", "f0 00", "36 05 00 01 61 00 01", "82 02 00 01", "c8 00"):
        t.client(b"bad").send(octets).closed()
    t.client(b"pub").publish(b"a", b"x")
    good.get("30 04 00 01 61 78").alive()


@states("MQTT-4.8.0-2")
def what_cannot_be_taken_ends_the_connection(t):
    t.start_with("[limits]\ntopic_levels = 4")
    t.client().send(publish(b"a/b/c/d/e", b"x", 1, packet_id=1)).closed()
    t.client().publish(b"a/b/c/d", b"x", 1).alive()


@states("MQTT-7.0.0-2")
def a_plain_client_needs_no_extension(t):
    c = t.client(b"").subscribe((b"a", 2))
    c.send(publish(b"a", b"x")).get("30 04 00 01 61 78").ask("a2 05 00 02 00 01 61", "b0 02 00 02")
    c.bye()


@states("MQTT-7.1.1-1")
def tcp_carries_packets_however_they_are_cut(t):
    c = t.open()
    whole = connect() + b"\x82\6\0\1\0\1a\0" + publish(b"a", b"x" * 200)
    for i in range(len(whole)):
        c.send(whole[i : i + 1])
    c.get("20 02 00 00 90 03 00 01 00", publish(b"a", b"x" * 200))
    c.send(publish(b"a", b"1") + publish(b"a", b"2") * 100)
    c.get(publish(b"a", b"1"), publish(b"a", b"2") * 100)
