"""A broker that breaks the rules: the gateway's upstream closes, and connects anew. [MQTT 3.1.1, 4.8]"""

from packets import packet, publish, text
from statements import states


def _closes(t, *octets):
    """Each, said on a connection that is up, ends that connection."""
    for one in octets:
        t.online().send(one).closed()


@states("MQTT-2.2.2-1", "MQTT-2.2.2-2", "MQTT-3.6.1-1")
def wrong_header_flags_close(t):
    _closes(
        t, "41 02 00 01", "52 02 00 01", "60 02 00 01", "6a 02 00 01", "71 02 00 01", "d1 00",
        "91 03 00 01 00", "b8 02 00 01",
    )  # fmt: skip
    t.accept_connect()[0].send("21 02 00 00").closed()


@states("MQTT-3.3.1-4")
def qos_3_closes(t):
    _closes(t, "36 05 00 01 61 00 01", "3e 05 00 01 61 00 01")


@states("MQTT-3.3.1-2")
def dup_at_qos_0_closes(t):
    _closes(t, "38 03 00 01 61")


@states("MQTT-1.5.3-1", "MQTT-4.8.0-1")
def ill_formed_utf_8_closes(t):
    for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"):
        _closes(t, publish(b"down/" + bad))


@states("MQTT-1.5.3-2", "MQTT-4.7.3-2")
def u_0000_in_a_topic_closes(t):
    _closes(t, publish(b"down/\0"))


@states("MQTT-3.3.2-2", "MQTT-4.7.1-1", "MQTT-4.7.3-1")
def a_wildcard_in_a_topic_or_no_topic_closes(t):
    _closes(t, publish(b"down/#"), publish(b"down/+/x"), publish(b""))


@states("MQTT-2.3.1-1")
def packet_id_0_closes(t):
    _closes(t, publish(b"down/a", b"", 1), "40 02 00 00", "62 02 00 00")


@states("MQTT-3.1.0-1", "MQTT-4.8.0-1")
def anything_before_connack_closes(t):
    for one in (publish(b"down/a"), "d0 00", "40 02 00 01", "90 03 ff ff 00", b"HTTP/1.1 400 Bad\r\n"):
        t.accept_connect()[0].send(one).closed()


@states("MQTT-4.8.0-1")
def connack_twice_closes(t):
    _closes(t, "20 02 00 00")


@states("MQTT-4.8.0-1")
def an_ill_formed_connack_closes(t):
    for one in ("20 02 02 00", "20 02 00 06", "20 01 00", "20 03 00 00 00"):
        t.accept_connect()[0].send(one).closed()


@states("MQTT-4.8.0-1")
def packets_that_only_a_client_sends_close(t):
    _closes(
        t,
        packet(0x10, text(b"MQTT") + b"\4\2\0\0" + text(b"c")),
        "82 06 00 01 00 01 61 00",
        "a2 05 00 01 00 01 61",
        "c0 00",
        "e0 00",
    )


@states("MQTT-4.8.0-1")
def answers_to_what_was_not_asked_close(t):
    _closes(t, "90 03 12 34 00", "b0 02 12 34")


@states("MQTT-4.8.0-1")
def a_suback_that_does_not_fit_its_subscribe_closes(t):
    for codes in ("03", "00 00", "", "81"):
        peer, _ = t.accept_connect()
        request = peer.send("20 02 00 00").packet()
        body = request[2:4] + bytes.fromhex(codes)
        peer.send(packet(0x90, body)).closed()


@states("MQTT-4.8.0-2")
def what_cannot_be_taken_closes(t):
    _closes(t, "30 ff ff ff ff 01", "40 ff ff ff 7f", "00 00", "f0 00", "40 01 00")
