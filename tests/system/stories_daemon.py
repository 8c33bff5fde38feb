"""The program itself: start, stop, its configuration, hostile datagrams, the README."""

import os
import re
import signal
import socket
import time

from sedge import ROOT, Node, Program, Skipped, expect, expect_equal, memory_kib, stop

RSS_AT_START_KIB = 6 * 1024


def a_signal_ends_it_cleanly_within_a_second(box):
    for by in (signal.SIGTERM, signal.SIGINT):
        gateway = box.gateway(store=box.dir / "sedge.db")
        box.subscriber("-q", "1")
        box.node().connect("roof")
        code, seconds = stop(gateway, by)
        expect_equal(code, 0, f"exit code after {by.name}")
        expect(seconds < 1, f"{by.name} took {seconds:.2f} s")


def it_serves_soon_after_it_starts_and_is_small(box):
    path = box.configure(store=box.dir / "sedge.db")
    gateway = box.own(Program([ROOT / "build/sedge", "run", "-c", path], box.dir))
    node = box.node()
    node.socket.settimeout(0.001)
    answered = False
    while not answered:
        expect(time.monotonic() - gateway.started < 10, "an answer within 10 s")
        try:
            node.send(b"\x07\x04\x04\x01\x00\x3ca")
            answered = node.socket.recv(64) == b"\x03\x05\x00"
        except (TimeoutError, ConnectionRefusedError):
            continue
    milliseconds = (time.monotonic() - gateway.started) * 1000
    gateway.wait_line(r"sedge: ready")
    resident = memory_kib(gateway.process.pid)
    box.note(f"first packet answered {milliseconds:.0f} ms after the start")
    box.note(f"resident memory at start {resident} KiB")
    expect(resident < RSS_AT_START_KIB, f"resident memory {resident} KiB")


def check_reports_every_error_with_its_place(box):
    path = box.dir / "wrong.conf"
    path.write_text(
        "[gateway]\nid = 300\n\n[listener udp]\ntype = udp\nbnd = 0.0.0.0:1884\n\n[brokre x]\n"
    )
    program = box.run(ROOT / "build/sedge", "check", "-c", path, code=1)
    program.wait_line(r"wrong\.conf:2: \[gateway\] id: ")
    program.wait_line(r"wrong\.conf:6: \[listener udp\] bnd: .*did you mean 'bind'")
    program.wait_line(r"wrong\.conf:8: ")


def check_accepts_what_the_gateway_runs(box):
    path = box.configure()
    box.run(ROOT / "build/sedge", "check", "-c", path)
    box.run(ROOT / "build/sedge", "check", "-c", ROOT / "config/gateway.conf")


def dump_reads_back_to_the_same(box):
    path = box.configure()
    once = _dump(box, path)
    again = box.dir / "again.conf"
    again.write_text("\n".join(once) + "\n")
    expect_equal(_dump(box, again), once, "second dump")


def _dump(box, path):
    lines = box.run(ROOT / "build/sedge", "dump", "-c", path).lines
    return [line for line in lines if not line.startswith("note: ")]


def the_reference_page_is_of_this_program(box):
    page = (ROOT / "docs/config.md").read_text().splitlines()
    made = box.run(ROOT / "build/sedge", "dump", "--reference").lines
    expect_equal(made, page, "docs/config.md, made by make docs")


def a_wrong_configuration_does_not_start(box):
    path = box.configure("[upstream cloud]\nurl = nonsense\n")
    program = box.run(ROOT / "build/sedge", "run", "-c", path, code=1)
    program.wait_line(r"gateway\.conf:\d+: \[upstream cloud\] url: ")


def a_port_in_use_is_one_line_and_exit_1(box):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", box.tcp))
        taken.listen()
        program = box.run(ROOT / "build/sedge", "run", "-c", box.configure(), code=1)
    program.wait_line(rf"{box.tcp}")


def hostile_datagrams_do_not_disturb(box):
    gateway = box.gateway()
    subscriber = box.subscriber("-q", "1")
    fence = box.node().connect("fence", keepalive_s=600)
    hostile = Node(box.udp)
    box.own(hostile)
    for first in range(256):
        for second in range(256):
            hostile.send(bytes([first, second]))
        fence.ask(b"\x02\x16", b"\x17")  # so many were read
    for octets in (b"", b"\x00", b"\x01\x00", b"\x01\xff\xff\x0c", b"\xff" * 1400, b"\x00" * 60000):
        hostile.send(octets)
    fence.ask(b"\x02\x16", b"\x17")
    box.sn_pub("-i", "roof", "-t", "still", "-m", "here", "-q", "1")
    expect_equal(subscriber.messages(1)[0][3], "here", "first message")
    expect_equal(gateway.process.poll(), None, "the gateway runs")


def hostile_octets_close_their_connection_alone(box):
    gateway = box.gateway()
    subscriber = box.subscriber("-q", "1")
    http = b"GET / HTTP/1.1\r\n" + b"x" * 99
    for octets in (b"\x00\x00", b"\x10\xff\xff\xff\xff\x01", b"\xff" * 100, http):
        with socket.create_connection(("127.0.0.1", box.tcp), 20) as hostile:
            hostile.sendall(octets)
            try:
                expect_equal(hostile.recv(100), b"", f"answer to {octets[:8].hex()}")
            except ConnectionResetError:
                pass
    box.mqtt_pub("-t", "still", "-m", "here", "-q", "1")
    expect_equal(subscriber.messages(1)[0][3], "here", "first message")
    expect_equal(gateway.process.poll(), None, "the gateway runs")


def _ports_free():
    for kind, port in ((socket.SOCK_DGRAM, 1884), (socket.SOCK_STREAM, 1883)):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                return False
    return True


def _shell(box, command):
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return box.own(Program(["sh", "-c", f"exec {command}"], ROOT, env=env))


def the_readme_shows_a_first_message(box):
    if not _ports_free():
        raise Skipped("port 1883 or 1884 is in use")
    text = (ROOT / "README.md").read_text()
    section = text.split("## First message")[1].split("\n## ")[0]
    commands = re.search(r"(?:^    \S.*\n)+", section, re.MULTILINE)[0].split("\n    ")
    expect_equal(len(commands), 3, "commands under First message")
    gateway = _shell(box, commands[0])
    gateway.wait_line(r"sedge: ready", wait_s=300)
    expect(len(gateway.lines) < 48, "two screens until it is ready")
    watcher = _shell(box, commands[1])
    _until_subscribed(box, watcher)
    publisher = _shell(box, commands[2])
    expect_equal(publisher.wait_exit(), 0, "exit code")
    watcher.wait_line(r"^hello/world hi$")
    gateway.process.send_signal(signal.SIGINT)


def _until_subscribed(box, watcher):
    """Publishes probes until the watcher prints one: it was started as a user starts it, silent."""
    end = time.monotonic() + 20
    while not any(line.startswith("probe") for line in list(watcher.lines)):
        expect(time.monotonic() < end, f"the subscriber shows a message; {watcher.said()}")
        box.mqtt_pub("-t", "probe", "-m", "x", "-q", "1", port=1883)
