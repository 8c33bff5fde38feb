"""Where good brokers fail: each place by itself."""

import time

import sedge
from packets import connect, id_of, publish, subscribe
from sedge import expect, expect_equal
from statements import states


@states("PLACE-01")
def reserved_flags_on_acknowledgements_and_pingreq_close(t):
    for octets in ("4%x 02 00 01", "5%x 02 00 01", "7%x 02 00 01", "c%x 00"):
        for low in range(1, 16):
            t.client().send(octets % low).closed()


@states("PLACE-02")
def packets_that_only_a_server_sends_close(t):
    for octets in ("20 02 00 00", "90 03 00 01 00", "b0 02 00 01", "d0 00"):
        t.client().send(octets).closed()


@states("PLACE-03")
def dup_at_qos_0_closes(t):
    t.client().send("38 04 00 01 61 78").closed()
    t.client().send("39 04 00 01 61 78").closed()


def _wait_for_close(c, keepalive_s):
    """From here on it is silent. True: closed within the second after 1.5 times; never before. A busy
    machine may be late by chance, so who is late may be asked again."""
    start = time.monotonic()
    c.closed()
    waited = time.monotonic() - start
    expect(waited > 1.5 * keepalive_s - 0.25, f"closed after {waited:.2f} s")
    return waited < 1.5 * keepalive_s + 1


# What was waited is the subject here.
@states("PLACE-04", "MQTT-3.1.2-24")
def a_keep_alive_of_1_s_ends_after_1_5_s(t):
    tries = (_wait_for_close(t.client(b"ka", keepalive_s=1), 1) for _ in range(4))
    expect(any(tries), "closed late each time")


@states("PLACE-04", "MQTT-3.1.2-24")
def a_keep_alive_of_2_s_ends_after_3_s(t):
    tries = (_wait_for_close(t.client(b"ka", keepalive_s=2), 2) for _ in range(4))
    expect(any(tries), "closed late each time")


@states("PLACE-04", "MQTT-3.1.2-24")
def each_packet_begins_the_keep_alive_anew_and_0_knows_no_end(t):
    forever = t.client(b"forever", keepalive_s=0)
    speaks = t.client(b"speaks", keepalive_s=10)
    _wait_for_close(t.client(b"ka", keepalive_s=1), 1)
    speaks.alive()
    last = t.client(b"last", keepalive_s=3)
    _wait_for_close(t.client(b"ka", keepalive_s=1), 1)
    _wait_for_close(last.alive(), 3)
    forever.alive()
    speaks.alive()


@states("PLACE-05")
def overlapping_subscriptions_give_the_highest_granted_qos_once(t):
    sub = t.client(b"sub")
    filters = ((b"a/b", 0), (b"a/#", 1), (b"+/b", 2), (b"#", 0), (b"a/+/#", 1))
    for number, one in enumerate(filters, 1):
        sub.subscribe(one, packet_id=number)
    pub = t.client(b"pub")
    for qos, first in ((0, 0x30), (1, 0x32), (2, 0x34)):
        pub.publish(b"a/b", b"x", qos)
        expect_equal(sub.packet()[0], first, f"published at QoS {qos}")
        sub.nothing()


@states("PLACE-06")
def a_qos_2_publish_repeated_before_pubrel_is_delivered_once(t):
    sub = t.client(b"sub").subscribe((b"a", 0))
    pub = t.client(b"pub").ask("34 06 00 01 61 00 01 78", "50 02 00 01")
    for dup in ("3c", "34") * 100:
        pub.ask(dup + " 06 00 01 61 00 01 78", "50 02 00 01")
    pub.ask("62 02 00 01", "70 02 00 01").alive()
    sub.get("30 04 00 01 61 78").nothing()


@states("PLACE-07")
def an_unknown_level_hears_connack_1(t):
    mqtt_5 = "10 0e 00 04 4d 51 54 54 05 02 00 00 00 00 01 63"
    t.open().send(mqtt_5).get("20 02 00 01").closed()


class _Reader:
    """A subscriber that takes messages in order, answers when told, and may be cut off."""

    def __init__(self, t):
        self.t, self.open, self.last = t, [], {b"q": -1, b"r": -1}
        self.c = t.client(b"c", clean=False).subscribe((b"q", 1), (b"r", 2))

    def take(self):
        got = self.c.packet()
        while got[0] == 0x62:
            got = self.c.packet()
        topic, number = got[4:5], int(got[7:])
        expect_equal((got[0] & 8, number), (0, self.last[topic] + 1), f"next of {topic}")
        self.last[topic] = number
        self.open.append(got)

    def answer(self):
        number, qos = id_of(self.open[0]), self.open.pop(0)[0] >> 1 & 3
        if qos == 1:
            self.c.send("40 02", number)
        else:
            self.c.send("50 02", number, "70 02", number)

    def reconnect(self):
        self.c.close()
        self.c = self.t.client(b"c", clean=False, present=True)
        for one in self.open:
            self.c.get(bytes([one[0] | 8]), one[1:])


@states("PLACE-08", "MQTT-4.6.0-6")
def order_holds_with_a_small_window_and_reconnections_in_the_middle(t):
    t.start_with("[limits]\ninflight = 4")
    reader = _Reader(t)
    pub = t.client(b"pub")
    for i in range(30):
        pub.publish(b"q", b"%d" % i, 1).publish(b"r", b"%d" % i, 2)
    for _ in range(10):
        while len(reader.open) < 4:
            reader.take()
        reader.reconnect()
        reader.answer()
        reader.answer()
    while reader.open or min(reader.last.values()) < 29:
        if min(reader.last.values()) < 29:
            reader.take()
        reader.answer()


@states("PLACE-09")
def a_filter_with_plus_and_hash_matches_the_parent(t):
    c = t.client().subscribe((b"R/+/#", 0))
    t.client(b"pub").publish(b"R/a", b"").publish(b"R/a/b", b"").publish(b"R", b"")
    c.get(publish(b"R/a"), publish(b"R/a/b")).nothing()


@states("PLACE-10")
def topics_of_65535_octets_go_in_and_out_at_every_qos(t):
    name = b"t/" + b"n" * 65533
    c = t.client().ask(subscribe(1, (name, 2)), "90 03 00 01 02")
    pub = t.client(b"pub")
    for qos in range(3):
        pub.publish(name, b"payload", qos, retain=True)
        got = c.packet()
        expect_equal((got[4:6], got[6 : 6 + 65535]), (b"\xff\xff", name), f"at QoS {qos}")
        expect_equal(got[-7:], b"payload", "payload")
    later = t.client(b"later").ask(subscribe(1, (b"t/+", 0)), "90 03 00 01 00")
    expect_equal(later.packet()[6:], name + b"payload", "retained")


@states("PLACE-11")
def u_10ffff_is_text_and_surrogates_and_u_0000_are_not(t):
    top = b"\xf4\x8f\xbf\xbf"
    c = t.client(top).subscribe((top, 0))
    t.client(b"pub").publish(top, b"x")
    c.get("30 07 00 04", top, "78")
    for bad in (b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\0", b"\xf4\x90\x80\x80"):
        t.client(b"bad").send(publish(bad)).closed()
        t.client(b"bad").send(subscribe(1, (bad, 0))).closed()
        t.open().send(connect(bad)).closed()


@states("PLACE-12")
def dup_is_set_by_redelivery_and_by_nothing_else(t):
    c = t.client(b"c", clean=False).subscribe((b"a", 2))
    pub = t.client(b"pub").ask("3a 06 00 01 61 00 05 31", "40 02 00 05")
    pub.ask("3c 06 00 01 61 00 06 32", "50 02 00 06").ask("62 02 00 06", "70 02 00 06")
    one, two = c.packet(), c.packet()
    expect_equal((one[0], two[0]), (0x32, 0x34), "at first")
    c.close()
    t.client(b"c", clean=False, present=True).get("3a", one[1:], "3c", two[1:])


@states("PLACE-13")
def a_stored_session_without_subscriptions_is_present(t):
    t.client(b"c", clean=False).bye()
    t.client(b"c", clean=False, present=True).close()
    t.client(b"c", clean=False, present=True).alive()


@states("PLACE-14")
def octets_after_the_payload_of_connect_close(t):
    t.open().send("10 0e 00 04 4d 51 54 54 04 02 00 00 00 01 63 00").closed()
    t.open().send(connect(fields=(b"user", b"pass"))).closed()


CLIENT_HELLO = "16 03 01 00 c8 01 00 00 c4 03 03 5e 1f 8a 77 02 c1 93 d4 60 aa 0b 3e 9f 21 76"


@states("PLACE-15")
def a_first_packet_that_is_not_mqtt_is_closed_at_once(t):
    firsts = (
        b"GET /mqtt HTTP/1.1\r\nHost: sedge\r\n\r\n",
        CLIENT_HELLO,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        "10 07 9c 41 5e 00 d2 77 13",
        *(bytes([octet]) for octet in range(256) if octet != 0x10),
    )
    for first in firsts:
        c = t.open()
        c.socket.settimeout(sedge.WAIT_S / 4)  # well before connect_timeout would end it
        c.send(first).closed()
