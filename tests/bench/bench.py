#!/usr/bin/env python3
"""CPU microseconds per message of the gateway, beside mosquitto and a floor, in one run.

tests/bench/bench.py BUILD/bench [messages]. What is measured is the CPU time of the server's
process between "all connected" and "all done", divided by messages; three rounds of all rows, the
least of each. Compare only figures of one run: they move with the machine. Nothing is asserted.
"""

import sys

sys.dont_write_bytecode = True

import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/system"))

from sedge import Box, Program, Skipped, free_port, memory_kib, with_sbin  # noqa: E402

PROGRAMS = pathlib.Path(sys.argv[1]).resolve()
MESSAGES = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
ROUNDS = 3

# name, publishers, subscribers, share of MESSAGES (deliveries count)
SHAPES = (
    ("fan-in 50 to 1", 50, 1),
    ("fan-out 1 to 50", 1, 50),
    ("50 pairs", 50, 50),
)


def cpu_seconds(pid):
    """User and system time of all threads, as fine as the kernel tells it."""
    nanoseconds = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        nanoseconds += int((task / "schedstat").read_text().split()[0])
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    ticks = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return nanoseconds / 1e9 or ticks


class Load(Program):
    """A load generator that has connected and waits for the word to begin."""

    def __init__(self, box, *args):
        super().__init__(args, box.dir, text_in=True)
        self.wait_line("^ready$", 60)

    def run(self, server):
        """Microseconds of the server's CPU for each message."""
        before = cpu_seconds(server.process.pid)
        self.write("go\n")
        done = self.wait_line(r"^done (\d+) (\S+)$", 120)
        used = cpu_seconds(server.process.pid) - before
        self.end()
        return used * 1e6 / int(done[1])


def load(box, program, *args):
    return box.own(Load(box, PROGRAMS / program, *args))


def sedge(box):
    return box.gateway()


def mosquitto(box):
    conf = box.dir / "peer.conf"
    conf.write_text(
        f"listener {box.tcp} 127.0.0.1\nallow_anonymous true\nuser root\npersistence false\n"
        "log_dest stderr\nlog_type error\nlog_type information\n"
        "max_queued_messages 0\nmax_inflight_messages 20\n"
    )
    broker = box.own(Program(["mosquitto", "-c", conf], box.dir, env=with_sbin()))
    broker.wait_line(r"mosquitto version .* running")
    return broker


def floor(box):
    server = box.own(Program([PROGRAMS / "floor", box.udp], box.dir))
    server.wait_line("^ready$")
    return server


def measure(start, steps):
    """One server in a box of its own; `steps` gives the figure."""
    with tempfile.TemporaryDirectory(prefix="sedge-bench-") as folder:
        box = Box(folder)
        try:
            return steps(box, start(box))
        finally:
            box.end()


def mqtt_steps(publishers, subscribers, qos):
    fan = 1 if publishers == subscribers else subscribers

    def steps(box, server):
        count = MESSAGES // fan
        return load(box, "mqtt_load", box.tcp, publishers, subscribers, qos, count).run(server)

    return steps


def node_steps(nodes, qos, reader):
    def steps(box, server):
        if reader:
            load(box, "mqtt_load", box.tcp, 0, 1, qos, 0).write("go\n")
        return load(box, "sn_load", box.udp, nodes, qos, MESSAGES).run(server)

    return steps


def least(rows, start, steps, name):
    got = measure(start, steps)
    rows[name] = min(got, rows.get(name, got))


def mqtt_table():
    print("\nMQTT, payload of 64 octets: CPU microseconds per delivery (per message for fan-in)\n")
    print(f"{'':28} {'sedge':>8} {'mosquitto':>10} {'ratio':>7}")
    ours, theirs = {}, {}
    names = []
    for turn in range(ROUNDS):
        for shape, publishers, subscribers in SHAPES:
            for qos in (0, 1, 2):
                name = f"{shape}, QoS {qos}"
                steps = mqtt_steps(publishers, subscribers, qos)
                least(ours, sedge, steps, name)
                least(theirs, mosquitto, steps, name)
                names += [name] if turn == 0 else []
    for name in names:
        print(f"{name:28} {ours[name]:8.2f} {theirs[name]:10.2f} {ours[name] / theirs[name]:7.2f}")


def node_table():
    print("\nMQTT-SN over UDP, payload of 64 octets: CPU microseconds per message\n")
    print(f"{'':28} {'sedge':>8} {'floor':>10} {'ratio':>7}")
    ours, least_possible = {}, {}
    rows = []
    for turn in range(ROUNDS):
        for nodes, qos in ((1, 1), (100, 0), (100, 1), (1000, 1)):
            bare = f"{nodes} nodes, QoS {qos}"
            least(least_possible, floor, node_steps(nodes, qos, False), bare)
            for reader in (False, True):
                name = bare + (", one reader" if reader else "")
                least(ours, sedge, node_steps(nodes, qos, reader), name)
                rows += [(name, bare)] if turn == 0 else []
    for name, bare in rows:
        mine, low = ours[name], least_possible[bare]
        print(f"{name:28} {mine:8.2f} {low:10.2f} {mine / low:7.2f}")


def instructions():
    if not shutil.which("valgrind"):
        print("\nno valgrind: instructions are not counted")
        return
    print("\nInstructions of one decode of a PUBLISH (callgrind)\n")
    for kind, function in (("sn", "sn_packet_decode"), ("mqtt", "mqtt_packet_decode")):
        with tempfile.TemporaryDirectory() as folder:
            out = subprocess.run(
                ["valgrind", "--tool=callgrind", f"--toggle-collect={function}",
                 f"--callgrind-out-file={folder}/out", PROGRAMS / "decode", kind, "1000"],
                capture_output=True, text=True, check=True,
            ).stderr  # fmt: skip
        collected = int(re.search(r"Collected : (\d+)", out)[1])
        print(f"{function:28} {collected / 1000:8.0f}")


def system_calls():
    if not shutil.which("strace"):
        print("\nno strace: system calls are not counted")
        return
    print("\nSystem calls of the gateway per message (strace)\n")

    def steps_of(name, load_of, count):
        def steps(box, server):
            ready = load_of(box)
            log = box.dir / "strace"
            trace = box.own(
                Program(["strace", "-c", "-f", "-o", log, "-p", server.process.pid], box.dir)
            )
            trace.wait_line("attached")
            ready.write("go\n")
            ready.wait_line("^done", 120)
            trace.process.terminate()
            trace.wait_exit()
            text = log.read_text() if log.exists() else ""
            total = re.search(r"^100\.00\s+\S+\s+(?:\d+\s+)?(\d+)\s+(?:\d+\s+)?total", text, re.M)
            print(f"{name:28} {int(total[1]) / count:8.2f}" if total else f"{name:28} unknown")

        return steps

    count = 20_000
    rows = [
        ("100 nodes, QoS 1", lambda b: load(b, "sn_load", b.udp, 100, 1, count)),
        ("fan-in 50 to 1, QoS 1", lambda b: load(b, "mqtt_load", b.tcp, 50, 1, 1, count)),
        ("fan-out 1 to 50, QoS 0", lambda b: load(b, "mqtt_load", b.tcp, 1, 50, 0, count // 50)),
    ]
    for name, load_of in rows:
        try:
            measure(sedge, steps_of(name, load_of, count))
        except Exception as error:
            print(f"{name:28} not measured: {str(error).splitlines()[0]}")


def start_row():
    def steps(box, server):
        print(f"\nResident memory at start: {memory_kib(server.process.pid)} KiB")

    measure(sedge, steps)


def main():
    start_row()
    mqtt_table()
    node_table()
    instructions()
    system_calls()


main()
