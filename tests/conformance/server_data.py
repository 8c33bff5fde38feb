"""Data and the fixed header, as the broker reads and writes them. [MQTT 3.1.1, 1.5, 2]"""

from packets import connect, id_of, packet, publish, subscribe, text, unsubscribe
from sedge import expect, expect_equal
from statements import states

ILL_FORMED = (
    b"\xff",
    b"\x80",  # continues nothing
    b"\xc0\xaf",  # overlong
    b"\xe2\x82",  # cut
    b"\xed\xa0\x80",  # U+D800
    b"\xed\xbf\xbf",  # U+DFFF
    b"\xf4\x90\x80\x80",  # above U+10FFFF
)


def _closes(t, *octets):
    """Each, from a client of its own, ends the connection without a word."""
    for one in octets:
        t.client().send(one).closed()


@states("MQTT-1.5.3-1", "MQTT-4.8.0-1")
def ill_formed_utf_8_in_any_string_closes(t):
    for bad in ILL_FORMED:
        t.open().send(connect(bad)).closed()
        _closes(t, publish(b"a" + bad), subscribe(1, (bad, 0)), unsubscribe(1, b"a/" + bad))


@states("MQTT-1.5.3-2", "MQTT-4.7.3-2")
def u_0000_in_any_string_closes(t):
    t.open().send("10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 00").closed()
    _closes(
        t,
        "30 05 00 03 61 00 62",
        "82 08 00 01 00 03 61 00 62 00",
        "a2 07 00 01 00 03 61 00 62",
    )


@states("MQTT-1.5.3-3", "MQTT-4.7.3-4")
def ef_bb_bf_is_a_character_wherever_it_stands(t):
    bom = b"\xef\xbb\xbf"
    plain = t.client(b"plain").subscribe((b"a", 0))
    marked = t.client(b"marked").subscribe((bom + b"a", 0))
    t.client(b"pub").publish(bom + b"a", b"1").publish(b"a", b"2")
    marked.get("30 07 00 04 ef bb bf 61 31").nothing()
    plain.get("30 04 00 01 61 32").nothing()


# Header flags that are not those of the standard, and a packet that would be good with others.
WRONG_FLAGS = {
    "connack": "21 02 00 00",
    "subscribe": "80 06 00 01 00 01 61 00",
    "subscribe, DUP": "8a 06 00 01 00 01 61 00",
    "unsubscribe": "a0 05 00 01 00 01 61",
    "puback": "41 02 00 01",
    "pubrec": "52 02 00 01",
    "pubrel": "60 02 00 01",
    "pubcomp": "78 02 00 01",
    "pingreq": "c1 00",
    "disconnect": "e1 00",
    "type 0": "00 00",
    "type 15": "f0 00",
}


@states("MQTT-2.2.2-1", "MQTT-2.2.2-2")
def reserved_header_flags_close(t):
    t.open().send("11", connect()[1:]).closed()
    _closes(t, *WRONG_FLAGS.values())


@states("MQTT-2.2.2-1")
def the_brokers_own_packets_carry_the_listed_flags(t):
    c = t.open().send(connect()).get("20 02 00 00").subscribe((b"a", 2))
    c.send(publish(b"a", b"", 2, packet_id=9)).get("50 02 00 09")
    got = c.packet()
    expect_equal(got[0], 0x34, "PUBLISH at QoS 2, neither DUP nor RETAIN")
    c.ask("62 02 00 09", "70 02 00 09")
    c.send("50 02", id_of(got)).get("62 02", id_of(got)).send("70 02", id_of(got))
    c.send(publish(b"b", b"", 1, packet_id=9)).get("40 02 00 09")
    c.ask("a2 05 00 03 00 01 61", "b0 02 00 03").ask("c0 00", "d0 00")


@states("MQTT-2.3.1-1")
def packet_id_0_closes(t):
    _closes(
        t,
        "32 05 00 01 61 00 00",
        "34 05 00 01 61 00 00",
        "82 06 00 00 00 01 61 00",
        "a2 05 00 00 00 01 61",
        "40 02 00 00",
        "62 02 00 00",
    )


@states("MQTT-2.3.1-1", "MQTT-2.3.1-4", "MQTT-4.3.2-1", "MQTT-4.3.3-1")
def deliveries_under_way_have_ids_of_their_own_and_none_is_0(t):
    sub = t.client(b"sub").subscribe((b"a", 2))
    pub = t.client(b"pub")
    for qos in (1, 2) * 8:
        pub.publish(b"a", b"", qos)
    got = [sub.packet() for _ in range(16)]
    ids = [id_of(one) for one in got]
    expect_equal(len(set(ids)), 16, "different ids")
    expect(b"\0\0" not in ids, "id 0")
    expect_equal({one[0] for one in got}, {0x32, 0x34}, "first octets: DUP 0")
    sub.send("40 02", ids[0])
    pub.publish(b"a", b"", 1)
    expect(id_of(sub.packet()) not in ids[1:], "an id in use was given again")


@states("MQTT-2.3.1-5", "MQTT-3.3.1-2", "MQTT-4.3.1-1")
def qos_0_has_no_packet_id_and_no_dup(t):
    sub = t.client(b"sub").subscribe((b"a", 2))
    t.client(b"pub").send("30 06 00 01 61", b"\0\7x").alive()
    sub.get("30 06 00 01 61", b"\0\7x").nothing()


@states("MQTT-2.3.1-6", "MQTT-3.3.4-1")
def acknowledgements_carry_the_id_of_their_publish(t):
    c = t.client()
    for number in ("00 01", "01 00", "ff ff"):
        c.ask(f"32 05 00 01 61 {number}", f"40 02 {number}")
        c.ask(f"34 05 00 01 61 {number}", f"50 02 {number}")
        c.ask(f"62 02 {number}", f"70 02 {number}")


@states("MQTT-2.3.1-7", "MQTT-3.8.4-2", "MQTT-3.10.4-4")
def suback_and_unsuback_carry_the_id_of_their_request(t):
    c = t.client()
    for number in ("00 01", "12 34", "ff ff"):
        c.ask(f"82 06 {number} 00 01 61 02", f"90 03 {number} 02")
        c.ask(f"a2 05 {number} 00 01 61", f"b0 02 {number}")


@states("MQTT-4.8.0-1")
def a_remaining_length_of_five_octets_closes(t):
    _closes(t, "30 ff ff ff ff 01")


@states("MQTT-4.8.0-1")
def a_length_that_its_fields_do_not_fill_closes(t):
    _closes(
        t,
        "30 03 00 05 61",  # topic cut
        "32 03 00 01 61",  # no room for the id
        "40 03 00 01 00",  # octet left over
        "82 03 00 01 00",  # filter cut
        "82 05 00 01 00 01 61",  # no QoS
        "c0 01 00",
        "e0 01 00",
    )


@states("MQTT-4.8.0-2")
def a_packet_above_max_packet_closes(t):
    t.start_with("[limits]\nmax_packet = 1KiB")
    t.client(b"a").send(packet(0x30, text(b"a") + bytes(1021 - 3))).alive()
    t.client(b"b").send("30 80 08", text(b"a")).closed()
