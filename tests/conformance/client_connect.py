"""CONNECT, keep alive and DISCONNECT of the gateway's upstream. [MQTT 3.1.1, 3.1, 3.12, 3.14]"""

import time

import sedge
from packets import packet, publish, text
from sedge import expect, expect_equal
from statements import states

HEAD = "00 04 4d 51 54 54 04"  # MQTT, level 4
KEEP_ALIVE = "00 3c"


def _connect_of(t, more=""):
    t.start_upstream(more)
    _, got = t.accept_connect()
    return got


def _expect_connect(got, flags, *fields):
    body = bytes.fromhex(f"{HEAD} {flags} {KEEP_ALIVE}") + b"".join(text(one) for one in fields)
    expect_equal(got, packet(0x10, body), "CONNECT")


def _check(t, more, wrong):
    """`sedge check` refuses the configuration, saying so."""
    path = t.configure(t.UPSTREAM.format(port=1, more=more))
    t.run(sedge.ROOT / "build/sedge", "check", "-c", path, code=1).wait_line(wrong)


@states(
    "MQTT-3.1.0-1",
    "MQTT-3.1.2-11",
    "MQTT-3.1.2-13",
    "MQTT-3.1.2-15",
    "MQTT-3.1.2-18",
    "MQTT-3.1.2-20",
    "MQTT-3.1.2-22",
    "MQTT-3.1.3-3",
    "MQTT-7.0.0-2",
)
def connect_comes_first_and_has_what_its_flags_say_and_no_more(t):
    _expect_connect(_connect_of(t), "00", b"gw")


@states(
    "MQTT-3.1.2-9",
    "MQTT-3.1.2-19",
    "MQTT-3.1.2-21",
    "MQTT-3.1.3-1",
    "MQTT-3.1.3-3",
    "MQTT-3.1.3-4",
    "MQTT-3.1.3-10",
    "MQTT-3.1.3-11",
)
def all_fields_of_connect_stand_in_their_order(t):
    got = _connect_of(
        t,
        "will_topic = state/gr\u00fcn\nwill_payload = away\nwill_qos = 2\nwill_retain = yes\n"
        "username = \u00fcser\npassword = s3cret",
    )
    will = "state/gr\u00fcn".encode()
    _expect_connect(got, "f4", b"gw", will, b"away", "\u00fcser".encode(), b"s3cret")


@states("MQTT-3.1.2-9", "MQTT-3.1.2-14")
def will_qos_and_retain_stand_in_the_flags_and_qos_3_cannot_be_asked(t):
    got = _connect_of(t, "will_topic = w\nwill_qos = 0\nwill_retain = no")
    _expect_connect(got, "04", b"gw", b"w", b"offline")
    _check(t, "will_topic = w\nwill_qos = 3", "will_qos: '3' is out of range")


@states("MQTT-3.1.2-18", "MQTT-3.1.2-19", "MQTT-3.1.2-20", "MQTT-3.1.2-22")
def a_user_name_may_be_alone_and_a_password_may_not(t):
    _expect_connect(_connect_of(t, "username = user"), "80", b"gw", b"user")
    _check(t, "password = s3cret", "password: needs a username")


@states("MQTT-3.1.3-7")
def an_empty_client_id_goes_with_clean_session(t):
    upstream = t.UPSTREAM.replace("client_id = gw", 'client_id = ""\nclean_session = yes')
    t.start_with(upstream.format(port=t.far.getsockname()[1], more=""))
    _expect_connect(t.accept_connect()[1], "02", b"")
    t.UPSTREAM = t.UPSTREAM.replace("client_id = gw", 'client_id = ""')
    _check(t, "", "client_id: is empty")


@states("MQTT-3.1.3-2", "MQTT-3.1.2-4")
def each_connect_has_the_same_id_and_asks_for_the_kept_session(t):
    for _ in range(3):
        peer, got = t.accept_connect()
        _expect_connect(got, "00", b"gw")
        peer.send("20 02 01 00").close()


@states("MQTT-3.1.2-23")
def pingreq_breaks_a_silence_before_keep_alive_ends(t):
    t.start_upstream("keepalive = 5s")
    peer = t.online()
    start = time.monotonic()
    for _ in range(2):
        peer.get("c0 00")
        waited = time.monotonic() - start
        expect(waited < 5, f"silent for {waited:.2f} s of 5")
        start = time.monotonic()
        peer.send("d0 00")


@states("MQTT-3.14.4-1", "MQTT-3.14.4-2")
def a_clean_stop_says_disconnect_and_nothing_after_it(t):
    gateway = t.start_upstream()
    peer = t.online()
    t.stopping(gateway).process.terminate()
    peer.get("e0 00").closed()
    expect_equal(gateway.wait_exit(), 0, "exit code")


@states("MQTT-3.14.4-2", "MQTT-3.1.2-9")
def a_clean_stop_tells_the_will_itself_before_disconnect(t):
    gateway = t.start_upstream("will_topic = w\nbirth_payload = here")
    peer, _ = t.accept_connect()
    peer.send("20 02 00 00").get("31 07 00 01 77", b"here")
    request = peer.packet()
    peer.send("90 03", request[2:4], "02")
    t.stopping(gateway).process.terminate()
    peer.get("31 0a 00 01 77", b"offline", "e0 00").closed()


@states("MQTT-3.14.4-1")
def a_stop_while_messages_are_open_ends_with_disconnect(t):
    gateway = t.start_upstream()
    peer = t.online()
    t.client().publish(b"up/a", b"x", 1)
    expect_equal(peer.packet()[0], 0x32, "PUBLISH")
    t.stopping(gateway).process.terminate()
    peer.get("e0 00").closed()


@states("MQTT-3.1.0-1", "MQTT-4.8.0-1")
def nothing_is_said_before_connack_0(t):
    t.start_upstream()
    t.client().publish(b"up/a", b"x", 1)
    for code in range(1, 6):
        peer, _ = t.accept_connect()
        peer.send("20 02 00", bytes([code])).closed()
    peer = t.online()
    expect_equal(peer.packet(), publish(b"up/a", b"x", 1, packet_id=1), "PUBLISH")
