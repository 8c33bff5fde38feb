"""RS-485: nodes that share one line with the gateway, each a process with the node library.

A process cannot answer within 190 us, so slots are 20 ms here; every figure of time comes from
tests/sim.
"""

import random
import shutil

from sedge import ROOT, Skipped, expect, expect_equal

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


def _ticks(program):
    """Clock ticks of CPU that a program has used."""
    with open(f"/proc/{program.process.pid}/stat", encoding="ascii") as stat:
        return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13]))


def a_bus_is_unplugged_and_comes_back(box):
    line = box.ptys(2)
    device = box.dir / "adapter"
    device.symlink_to(line.names[0])
    gateway = box.gateway(LISTENER.format(device=device))
    watcher = box.subscriber("-q", "2")
    node = box.start(
        ROOT / "build/sn-pub", "--serial", line.names[1], "--uid", _uid(1), "-i", "bed-1",
        "-t", "bus/t", "-q", "1", "-l", "-d", text_in=True,
    )  # fmt: skip
    node.write("before\n")
    expect_equal(watcher.messages(1)[0][3], "before", "message")
    line.unplug(0)
    device.unlink()
    gateway.wait_line(r"node: listener field: .*lost")
    before = _ticks(gateway)
    for i in range(20):  # the other listener does not notice
        box.sn_pub("-t", "udp/t", "-m", f"{i}", "-q", "1")
    expect_equal(watcher.messages(21)[20][3], "19", "message by UDP")
    expect(_ticks(gateway) - before < 50, "no busy loop while it is gone")
    device.symlink_to(line.plug())
    node.write("after\n")
    expect_equal(watcher.messages(22)[21][3], "after", "message")
    connects = [said for said in gateway.lines if "connected bed-1" in said]
    expect_equal(len(connects), 1, f"its session stayed: {node.lines}")


BOARDS = ("mps2-an385", "microbit")


def _gauge(box, board):
    """The example node for a bus; returns the program and its terminal's name."""
    image = ROOT / f"build/node/{board}/gauge.elf"
    if not shutil.which("qemu-system-arm") or not image.exists():
        raise Skipped("no qemu-system-arm or no node image")
    qemu = box.start(
        "qemu-system-arm", "-M", board, "-kernel", image, "-nographic", "-monitor", "none",
        "-semihosting-config", "enable=on,target=native", "-serial", "pty",
    )  # fmt: skip
    return qemu, qemu.wait_line(r"redirected to (/dev/pts/\d+)")[1]


def eight_processes_and_two_boards_share_a_noisy_bus_for_a_minute(box):
    """QoS 1 comes once or more, QoS 2 once. A board says 60 values, one a second."""
    chance = random.Random(6)

    def noise(octets):
        return bytes(o ^ 1 << chance.randrange(8) if chance.random() < 1e-3 else o for o in octets)

    boards = [_gauge(box, board) for board in BOARDS]
    line = box.ptys(9, noise, [device for _, device in boards])
    box.gateway(LISTENER.format(device=line.names[0]))
    watcher = box.subscriber("-q", "2")
    nodes = [
        _sn_pub(box, line, i, "-t", f"bus/{i}", "-q", f"{1 + i % 2}", "-l") for i in range(1, 9)
    ]
    for node in nodes:
        node.write("".join(f"{k}\n" for k in range(30)))
        node.process.stdin.close()
        node.process.stdin = None
    for qemu, _ in boards:
        expect_equal(qemu.wait_exit(240), 0, "exit code of a board")
    for node in nodes:
        expect_equal(node.wait_exit(240), 0, "exit code of a node")
    box.mqtt_pub("-t", "end", "-m", "all", "-q", "2")
    got = _until(watcher, ("end", "all"))
    for i in range(1, 9):
        _came(got, f"bus/{i}", [str(k) for k in range(30)], i % 2 == 1)
    for board in BOARDS:
        texts = [f"{k:02}" for k in range(60)]
        _came(got, f"gauge-{board}/level", texts[::2], False, texts[1::2])


def _until(watcher, last):
    """What came before the message `last`."""
    count = 1
    while True:
        got = watcher.messages(count)
        if (got[-1][0], got[-1][3]) == last:
            return got[:-1]
        count = len(got) + 1


def _came(got, topic, texts, is_once, once=()):
    """All of `texts`, each once or more, in order; each of `once`, and of them if is_once, once."""
    mine = [text for name, _, _, text in got if name == topic]
    only = [text for text in mine if text not in once]
    expect_equal([text for text in mine if text in once], list(once), f"{topic}, once each")
    first = only if is_once else list(dict.fromkeys(only))
    expect_equal(first, texts, f"{topic}, in order")
