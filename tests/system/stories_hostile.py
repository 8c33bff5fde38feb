"""Strangers, thieves and floods at the real gateway; a good node and a program are served on."""

import random

from sedge import expect_equal

CONNACK, PINGRESP, DISCONNECT = b"\x03\x05\0", b"\x02\x17", b"\x02\x18"

# Each of these ended a gateway that is in use somewhere.
DEADLY = (
    "0204 030404 04040401 0504040100 0207 020a 020c 0212 0214 080c620001000078 080c20000100017801 "
    "0103f0040401003c 010000 00 01 05fe000a0b 03fe000216"
).split()


def _connect(client_id, clean=True, will=False):
    flags = (4 if clean else 0) | (8 if will else 0)
    return bytes([6 + len(client_id), 4, flags, 1, 0, 60]) + client_id


def _behind(number, octets):
    """In a forwarder's encapsulation."""
    return b"\x06\xfe\0" + number.to_bytes(3, "big") + octets


class _Served:
    """A node that reads the topic it writes: each round is one message there and back."""

    def __init__(self, box):
        self.node = box.node().connect("good", clean=False)
        expect_equal(self.node.ask(b"\x07\x12\x20\0\1zz", b"\x13")[-1], 0, "SUBACK code")
        self.rounds = 0

    def again(self):
        self.rounds += 1
        data = str(self.rounds).encode()
        self.node.send(bytes([7 + len(data)]) + b"\x0c\x20" + self._id() + b"\0\1" + data)
        open_ends = {0x0C, 0x0D}
        while open_ends:
            got = self.node.wait(b"")
            if got[1] == 0x0C:
                expect_equal(got[7:], data, "payload")
                self.node.send(b"\x07\x0d" + got[3:7] + b"\0")
            open_ends.discard(got[1])

    def _id(self):
        if self.rounds == 1:
            self.id = self.node.ask(b"\x08\x0a\0\0\0\7zz", b"\x0b")[2:4]
        return self.id


def no_datagram_that_ended_others_ends_this_one(box):
    gateway = box.gateway()
    good = _Served(box)
    stranger = box.node()
    for octets in DEADLY:
        stranger.send(bytes.fromhex(octets))
        good.again()
    stranger.send(b"\x01\x03\xf0\x04\x04\x01\0\x3c" + b"x" * 1000)
    good.again()
    expect_equal(gateway.process.poll(), None, "exit code of the gateway")


def batches_of_mutated_datagrams_silence_nobody(box):
    gateway = box.gateway(udp_more="forwarders = any\npublish_without_connect = yes")
    good = _Served(box)
    rng = random.Random(2)
    strangers = [box.node() for _ in range(8)]
    said = [
        _connect(b"x"),
        _connect(b"y", clean=False, will=True),
        b"\x05\x07\x20ww",
        b"\x06\x09gone",
        b"\x09\x0a\0\0\0\1a/b",
        b"\x08\x0c\x20\0\1\0\2x",
        b"\x08\x0c\x62ab\0\0x",
        b"\x08\x12\x40\0\3a/#",
        b"\x04\x18\0\x3c",
        b"\x03\x16x",
        b"\x04\x10\0\2",
        b"\x07\x0d\0\1\0\1\0",
        _behind(7, _connect(b"z")),
    ]
    for _ in range(20):
        for _ in range(100):
            octets = bytearray(rng.choice(said))
            for _ in range(rng.randrange(4)):
                octets[rng.randrange(len(octets))] = rng.randrange(256)
            rng.choice(strangers).send(bytes(octets[: rng.randrange(1, len(octets) + 1)]))
        good.again()
    expect_equal(gateway.process.poll(), None, "exit code of the gateway")


def a_flood_of_connects_keeps_nobody_out(box):
    box.gateway(more="[limits]\nnodes = 50", udp_more="forwarders = any")
    good = _Served(box)
    good.again()
    flood = box.node()
    for number in range(3000):
        flood.send(_behind(number, _connect(b"evil%d" % number, clean=number % 2 == 0)))
        if number % 100 == 0:
            good.again()
    newcomer = box.node().connect("newcomer")
    expect_equal(newcomer.ask(b"\x02\x16", b""), PINGRESP, "answer to PINGREQ")
    good.again()


def a_flood_of_registers_hears_congestion_and_delays_nobody(box):
    box.gateway()
    good = _Served(box)
    flood = box.node().connect("flood")
    codes = []
    for number in range(600):
        name = b"name/%05d" % number
        codes.append(flood.ask(bytes([6 + len(name)]) + b"\x0a\0\0\0\1" + name, b"\x0b")[6])
        if number % 100 == 0:
            good.again()
    expect_equal(codes, [0] * 256 + [1] * 344, "return codes")


def two_nodes_of_one_client_id_are_named_in_the_log(box):
    gateway = box.gateway()
    first = box.node().connect("twin")
    second = box.node()
    second.send(_connect(b"twin"))
    expect_equal(first.wait(b""), b"\x02\x16", "the first is asked")
    first.send(PINGRESP)
    expect_equal(second.wait(b""), b"\x03\x05\x03", "CONNACK of the second")
    here, there = (n.socket.getsockname()[1] for n in (first, second))
    gateway.wait_line(rf"twin.*127\.0\.0\.1:{here}.*127\.0\.0\.1:{there}")
    second.send(_connect(b"twin"))  # now the first stays silent
    expect_equal(second.wait(b""), CONNACK, "CONNACK of the second")
    gateway.wait_line(rf"moved.*twin.*127\.0\.0\.1:{here}.*127\.0\.0\.1:{there}")
    expect_equal(first.wait(b"\x18"), DISCONNECT, "what the old address is told")


def a_node_of_a_programs_client_id_touches_nothing_of_it(box):
    box.gateway()
    program = box.subscriber("-i", "twin", "-c", "-q", "1")
    node = box.node().connect("twin")
    expect_equal(node.ask(DISCONNECT, b""), DISCONNECT, "answer to DISCONNECT")
    node.connect("twin")
    box.mqtt_pub("-t", "a/b", "-m", "still there", "-q", "1")
    expect_equal(program.messages(1), [("a/b", 1, 0, "still there")], "message")


def a_message_at_qos_2_that_is_repeated_comes_once(box):
    box.gateway()
    subscriber = box.subscriber("-q", "2")
    node = box.node().connect("n")
    for flags in (0x42, 0xC2, 0xC2, 0xC2, 0xC2, 0xC2):
        node.ask(b"\x08\x0c" + bytes([flags]) + b"ab\0\5x", b"\x0f\0\5")
    for _ in range(3):
        node.ask(b"\x04\x10\0\5", b"\x0e\0\5")
    box.mqtt_pub("-t", "a/b", "-m", "end", "-q", "2")
    expect_equal([m[3] for m in subscriber.messages(2)], ["x", "end"], "messages")


def spoofed_goodbyes_and_acknowledgements_reach_nobody(box):
    box.gateway()
    good = _Served(box)
    good.again()
    thief = box.node()
    for octets in (DISCONNECT, b"\x04\x18\0\x3c", b"\x06\x16good"):
        expect_equal(thief.ask(octets, b""), DISCONNECT, "answer to a stranger")
    for octets in (b"\x07\x0d\0\1\0\1\0", b"\x04\x0f\0\1", b"\x04\x0e\0\1", b"\x07\x0b\0\1\0\1\0"):
        thief.send(octets)
    expect_equal(thief.ask(b"\x02\x16", b""), DISCONNECT, "the first answer since")
    good.again()
