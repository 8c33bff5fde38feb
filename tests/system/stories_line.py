"""Serial lines: a pty pair, and real node images under QEMU."""

import os
import shutil

from sedge import ROOT, Program, Skipped, expect, expect_equal

PORTS = ROOT / "build/system/serial_pty.so"

LISTENER = """
[listener line]
type = serial
device = {device}
"""


def _sn_pub_serial(box, device, *options, **more):
    return box.run(ROOT / "build/sn-pub", "--serial", device, *options, **more)


def a_node_on_a_serial_line_publishes_and_receives(box):
    line = box.ptys()
    box.gateway(LISTENER.format(device=line.names[0]))
    subscriber = box.subscriber("-q", "2")
    for qos in (0, 1, 2):
        _sn_pub_serial(box, line.names[1], "-i", "wired", "-t", "line/t", "-m", f"{qos}", "-q", qos)
        expect_equal(subscriber.messages(qos + 1)[qos], ("line/t", qos, 0, f"{qos}"), "message")
    node = box.start(
        ROOT / "build/sn-sub", "--serial", line.names[1], "-i", "wired", "-d", "-v",
        "-t", "set/#", "-q", "1",
    )  # fmt: skip
    node.wait_line(r"SUBACK")
    box.mqtt_pub("-t", "set/lamp", "-m", "on", "-q", "1")
    node.wait_line(r"^set/lamp on$")


def libserialport_opens_a_line(box):
    """A pty is none of its ports; with a library before it that answers as one would, it is."""
    line = box.ptys()
    path = box.configure(LISTENER.format(device=line.names[0]))
    env = {**os.environ, "LD_PRELOAD": str(PORTS)}
    gateway = box.own(Program([ROOT / "build/sedge", "run", "-c", path], box.dir, env=env))
    gateway.wait_line(r"sedge: ready")
    opened = gateway.wait_line(r"listener line: MQTT-SN on .*").group()
    expect("plain tty" not in opened, f"libserialport's: {opened}")
    subscriber = box.subscriber("-q", "1")
    _sn_pub_serial(box, line.names[1], "-i", "wired", "-t", "line/t", "-m", "1", "-q", "1")
    expect_equal(subscriber.messages(1)[0], ("line/t", 1, 0, "1"), "message")
    node = box.start(
        ROOT / "build/sn-sub", "--serial", line.names[1], "-i", "wired", "-d", "-v",
        "-t", "set/#", "-q", "1",
    )  # fmt: skip
    node.wait_line(r"SUBACK")
    box.mqtt_pub("-t", "set/lamp", "-m", "on", "-q", "1")
    node.wait_line(r"^set/lamp on$")


def a_serial_line_carries_a_thousand_messages(box):
    line = box.ptys()
    box.gateway(LISTENER.format(device=line.names[0]))
    subscriber = box.subscriber("-q", "1")
    lines = "".join(f"{i}\n" for i in range(1000))
    _sn_pub_serial(
        box, line.names[1], "-i", "wired", "-t", "line/n", "-q", "1", "-l",
        text_in=lines, wait_s=60,
    )  # fmt: skip
    texts = [text for _, _, _, text in subscriber.messages(1000)]
    expect_equal(texts, [str(i) for i in range(1000)], "messages in order")


def noise_on_a_serial_line_is_passed_over(box):
    line = box.ptys()
    box.gateway(LISTENER.format(device=line.names[0]))
    subscriber = box.subscriber("-q", "1")
    os.write(line.slaves[1], bytes(range(256)) * 8 + b"\x00\x00\x05\x01\x02\x03\x04\x00")
    _sn_pub_serial(box, line.names[1], "-i", "wired", "-t", "line/t", "-m", "ok", "-q", "1")
    expect_equal(subscriber.messages(1)[0][3], "ok", "message")


def _emulated(box, board):
    """A board whose UART is a terminal; returns the program and the terminal's name."""
    image = ROOT / f"build/node/{board}/thermometer.elf"
    if not shutil.which("qemu-system-arm") or not image.exists():
        raise Skipped("no qemu-system-arm or no node image")
    qemu = box.start(
        "qemu-system-arm", "-M", board, "-kernel", image, "-nographic", "-monitor", "none",
        "-semihosting-config", "enable=on,target=native", "-serial", "pty",
    )  # fmt: skip
    return qemu, qemu.wait_line(r"redirected to (/dev/pts/\d+)")[1]


def _thermometer_story(box, board):
    """The example node: two values, a command that waits until it wakes, its confirmation."""
    line = box.dir / "line"  # is not there yet: the gateway waits for it, as for an adapter
    gateway = box.gateway(LISTENER.format(device=line) + "[log]\nlevel = debug\n")
    subscriber = box.subscriber("-q", "1")
    qemu, device = _emulated(box, board)
    line.symlink_to(device)
    name = f"thermo-{board}"
    gateway.wait_line(rf"^(?=.*asleep).*{name}")
    box.mqtt_pub("-t", f"{name}/command", "-m", "blink", "-q", "1")
    expect_equal(qemu.wait_exit(), 0, "exit code of the node")
    wanted = [
        (f"{name}/temperature", 0, 0, "21.0"),
        (f"{name}/temperature", 1, 0, "21.5"),
        (f"{name}/command", 1, 0, "blink"),
        (f"{name}/done", 1, 0, "blink"),
    ]
    expect_equal(subscriber.messages(4), wanted, "messages")


def a_cortex_m3_node_lives_its_whole_life(box):
    _thermometer_story(box, "mps2-an385")


def a_cortex_m0_node_lives_its_whole_life(box):
    _thermometer_story(box, "microbit")
