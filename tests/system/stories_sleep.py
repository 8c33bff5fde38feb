"""Nodes that sleep: what waits for them, over wakings, restarts and new addresses."""

from sedge import expect_equal

DISCONNECT, PINGRESP = b"\x02\x18", b"\x02\x17"


def _sleeper(box):
    """Subscribed to set/# at QoS 1, and asleep for a minute."""
    node = box.node().connect("sleeper", clean=False)
    expect_equal(node.ask(b"\x0a\x12\x20\0\2set/#", b"\x13")[-1], 0, "SUBACK code")
    expect_equal(node.ask(b"\x04\x18\0\x3c", b"\x18"), DISCONNECT, "answer to sleep")
    return node


def _take(node):
    """The next datagram that is no REGISTER, acknowledged: a payload, or the datagram itself."""
    while True:
        got = node.wait(b"")
        if got[1] == 0x0A:
            node.send(b"\x07\x0b" + got[2:6] + b"\0")
        elif got[1] == 0x0C:
            if got[2] & 0x60:
                node.send(b"\x07\x0d" + got[3:7] + b"\0")
            return got[7:]
        else:
            return got


def _lines(first, count):
    return "".join(f"{i}\n" for i in range(first, first + count))


def _numbers(first, count):
    return [str(i).encode() for i in range(first, first + count)]


def a_hundred_messages_come_in_one_waking_and_nothing_after_it(box):
    box.gateway(store=box.dir / "sedge.db")
    node = _sleeper(box)
    box.mqtt_pub("-t", "set/valve", "-q", "1", "-l", text_in=_lines(0, 100))
    node.send(b"\x09\x16sleeper")
    expect_equal([_take(node) for _ in range(100)], _numbers(0, 100), "messages")
    expect_equal(_take(node), PINGRESP, "the end of the waking")
    box.mqtt_pub("-t", "set/valve", "-m", "later", "-q", "1")
    expect_equal(node.ask(b"\x04\x18\0\x3c", b"")[:2], DISCONNECT, "what comes in sleep")
    node.send(b"\x09\x16sleeper")
    expect_equal([_take(node), _take(node)], [b"later", PINGRESP], "the next waking")


def a_sleeper_that_comes_back_from_elsewhere_loses_nothing(box):
    box.gateway()
    old = _sleeper(box)
    box.mqtt_pub("-t", "set/valve", "-q", "0", "-l", text_in=_lines(0, 20))
    new = box.node()
    expect_equal(new.ask(b"\x09\x16sleeper", b""), DISCONNECT, "answer to PINGREQ")
    new.connect("sleeper", clean=False)
    expect_equal([_take(new) for _ in range(20)], _numbers(0, 20), "messages")
    expect_equal(old.ask(b"\x02\x16", b""), DISCONNECT, "answer at the old address")


def a_sleeping_node_loses_nothing_when_the_gateway_is_killed(box):
    settings = {"store": box.dir / "sedge.db"}
    gateway = box.gateway(**settings)
    node = box.sn_sub("-i", "sleeper", "-c", "-q", "1", "-t", "set/#", "-e", "1")
    box.mqtt_pub("-t", "set/valve", "-q", "1", "-l", text_in=_lines(0, 50))
    gateway.kill()
    box.gateway(**settings)
    box.mqtt_pub("-t", "set/valve", "-q", "1", "-l", text_in=_lines(50, 50))
    for i in range(100):
        node.wait_line(rf"^set/valve {i}$", wait_s=60)
