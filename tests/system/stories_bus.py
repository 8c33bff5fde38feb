"""RS-485: nodes that share one line with the gateway, each a process with the node library.

A process cannot answer within 190 us, so slots are 20 ms here; every figure of time comes from
tests/sim.
"""

import random

from sedge import ROOT, expect, expect_equal

LISTENER = """
[listener field]
type = rs485
device = {device}
slot = 20ms
addresses = 1..16
enrol = open
"""


def _uid(i):
    return f"{0xA1B2C3D4E5F60000 + i:016x}"


def _sn_pub(box, line, i, *options):
    return box.start(
        ROOT / "build/sn-pub", "--serial", line.names[i], "--uid", _uid(i), "-i", f"bed-{i}",
        *options, text_in=True,
    )  # fmt: skip


def a_node_on_a_bus_publishes_and_receives(box):
    line = box.ptys(3)
    box.gateway(LISTENER.format(device=line.names[0]))
    watcher = box.subscriber("-q", "2")
    node = box.start(
        ROOT / "build/sn-sub", "--serial", line.names[2], "--uid", _uid(2), "-i", "valve", "-d",
        "-v", "-t", "set/#", "-q", "1",
    )  # fmt: skip
    node.wait_line(r"SUBACK")
    for qos in (0, 1, 2):
        _sn_pub(box, line, 1, "-t", "bus/t", "-m", f"{qos}", "-q", f"{qos}").wait_exit()
        expect_equal(watcher.messages(qos + 1)[qos], ("bus/t", qos, 0, f"{qos}"), "message")
    box.mqtt_pub("-t", "set/lamp", "-m", "on", "-q", "1")
    node.wait_line(r"^set/lamp on$")


def nodes_share_a_noisy_line_and_each_message_comes(box):
    chance = random.Random(5)

    def noise(octets):
        return bytes(o ^ 1 << chance.randrange(8) if chance.random() < 2e-3 else o for o in octets)

    line = box.ptys(9, noise)
    box.gateway(LISTENER.format(device=line.names[0]))
    watcher = box.subscriber("-q", "2")
    nodes = [_sn_pub(box, line, i, "-t", f"bus/{i}", "-q", "2", "-l") for i in range(1, 9)]
    for node in nodes:
        node.write("".join(f"{k}\n" for k in range(15)))
        node.process.stdin.close()
        node.process.stdin = None
    got = watcher.messages(8 * 15, wait_s=90)
    for i in range(1, 9):
        mine = [text for topic, _, _, text in got if topic == f"bus/{i}"]
        expect_equal(mine, [str(k) for k in range(15)], f"messages of {i}, each once, in order")


def who_is_not_let_in_is_named_and_may_be_let_in(box):
    line = box.ptys(3)
    rules = LISTENER.format(device=line.names[0]).replace("enrol = open", "enrol = ask")
    rules += f"[node tank]\nuid = {_uid(2)}\nlistener = field\naddress = 9\n"
    gateway = box.gateway(rules)
    watcher = box.subscriber("-q", "1")
    stranger = _sn_pub(box, line, 1, "-t", "bus/t", "-m", "no", "-q", "1", "--retry", "20")
    gateway.wait_line(rf"a device asks for an address on the bus: {_uid(1)}")
    _sn_pub(box, line, 2, "-t", "bus/t", "-m", "yes", "-q", "1").wait_exit()
    expect_equal(watcher.messages(1)[0][3], "yes", "message")
    box.sedge("nodes").wait_line(r"^tank .* field 9$")
    expect(stranger.process.poll() is None, "the other still waits")
    waiting = box.sedge("nodes", "--waiting")
    waiting.wait_line(rf"^{_uid(1)} +field$")
    box.sedge("enrol", "1m").wait_line(r"^Devices on the bus are let in for 60 s")
    stranger.wait_exit()
    expect_equal(watcher.messages(2)[1][3], "no", "message")
    box.sedge("nodes", "--waiting").wait_line(r"^no device waits$")


def addresses_outlive_the_gateway(box):
    line = box.ptys(3)
    rules = LISTENER.format(device=line.names[0])
    store = box.dir / "sedge.db"
    gateway = box.gateway(rules, store=store)
    watcher = box.subscriber("-q", "2")
    node = box.start(
        ROOT / "build/sn-pub", "--serial", line.names[1], "--uid", _uid(1), "-i", "bed-1",
        "-t", "bus/t", "-q", "2", "-l", text_in=True,
    )  # fmt: skip
    node.write("before\n")
    expect_equal(watcher.messages(1)[0][3], "before", "message")
    gateway.wait_line(rf"a device has got an address on the bus: {_uid(1)}")
    gateway.kill()
    again = box.gateway(rules, store=store)
    watcher = box.subscriber("-q", "2")
    node.write("after\n")
    expect_equal(watcher.messages(1)[0][3], "after", "message")
    expect(not any("has got an address" in line for line in again.lines), "it had its address")


def a_device_is_accepted_with_a_name_that_it_keeps(box):
    line = box.ptys(2)
    rules = LISTENER.format(device=line.names[0]).replace("enrol = open", "enrol = ask")
    store = box.dir / "sedge.db"
    gateway = box.gateway(rules, store=store)
    watcher = box.subscriber("-q", "2")
    node = box.start(
        ROOT / "build/sn-pub", "--serial", line.names[1], "--uid", _uid(1), "-i", "wx-1",
        "-t", "bus/t", "-q", "2", "-l", "--retry", "20", text_in=True,
    )  # fmt: skip
    gateway.wait_line(rf"a device asks for an address on the bus: {_uid(1)}")
    box.sedge("node", "accept", "12", code=1).wait_line(r"a uid has 16 hexadecimal digits")
    box.sedge("node", "accept", _uid(2), code=1).wait_line(r"no device of that uid waits")
    box.sedge("node", "accept", _uid(1), "--name", "bed-3").wait_line(r"^done$")
    node.write("before\n")
    expect_equal(watcher.messages(1)[0][3], "before", "message")
    box.sedge("nodes").wait_line(r"^bed-3 .* field 1$")
    gateway.kill()
    box.gateway(rules, store=store)
    watcher = box.subscriber("-q", "2")
    node.write("after\n")
    expect_equal(watcher.messages(1)[0][3], "after", "message")
    box.sedge("nodes").wait_line(r"^bed-3 .* field 1$")
    box.sedge("node", "forget", "bed-3").wait_line(r"^done$")
    box.sedge("nodes", "--waiting").wait_line(rf"^{_uid(1)} +field$|^no device waits$")
