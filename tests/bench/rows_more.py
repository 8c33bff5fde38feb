"""Rows of the gateway alone: nodes, instructions, system calls, the tree."""

import re
import shutil
import subprocess
import tempfile

from servers import (
    PROGRAMS,
    Program,
    load,
    measure,
    memory_kib,
    row,
    sedge,
    title,
)


def start():
    """Memory before anybody came."""

    def steps(box, server):
        print(f"\nResident memory at start: {memory_kib(server.process.pid)} KiB")

    measure(sedge, steps)


def counted(function, times, *program):
    """Instructions of one of so many calls of a function, as callgrind counts them."""
    with tempfile.TemporaryDirectory() as folder:
        out = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--toggle-collect={function}",
             f"--callgrind-out-file={folder}/out", PROGRAMS / program[0], *program[1:]],
            capture_output=True, text=True, check=True,
        ).stderr  # fmt: skip
    return int(re.search(r"Collected : (\d+)", out)[1]) / times


def instructions():
    """Of a decode, and of a message through sessions and tree."""
    title("Instructions (callgrind)", "each")
    for kind in ("mqtt", "sn"):
        function = f"{kind}_packet_decode"
        row(f"{function} of a PUBLISH", f"{counted(function, 1000, 'decode', kind, '1000'):.0f}")
    for qos in ("0", "1", "2"):
        for readers in ("1", "50"):
            each = counted("rounds", 3200, "sessions", qos, readers, "3200")
            row(f"a message to {readers} sessions, QoS {qos}", f"{each:.0f}")


def match():
    """Who reads a topic, by the number of filters."""
    title("Who reads a topic, by filters in the tree", "1,000", "1,000,000")
    for shape in ("exact", "plus", "hash"):
        figures = []
        for filters in ("1000", "1000000"):
            out = subprocess.run(
                [PROGRAMS / "match", shape, filters, "200000"],
                capture_output=True, text=True, check=True,
            ).stdout  # fmt: skip
            figures.append(int(re.match(r"(\d+) ns", out)[1]))
        row(f"{shape}, nanoseconds", *figures)
        figures = [
            f"{counted('matches', 2000, 'match', shape, filters, '2000'):.0f}"
            for filters in ("1000", "1000000")
        ]
        row(f"{shape}, instructions", *figures)


def calls():
    """System calls per message."""
    title("System calls of the gateway per message (strace)", "each")

    def steps_of(name, load_of):
        def steps(box, server):
            ready = load_of(box)
            log = box.dir / "strace"
            trace = box.own(
                Program(["strace", "-c", "-f", "-o", log, "-p", server.process.pid], box.dir)
            )
            trace.wait_line("attached")
            messages, _ = ready.go()
            trace.process.terminate()
            trace.wait_exit()
            text = log.read_text() if log.exists() else ""
            total = re.search(r"^100\.00\s+\S+\s+(?:\d+\s+)?(\d+)\s+(?:\d+\s+)?total", text, re.M)
            row(name, f"{int(total[1]) / messages:.2f}" if total else "unknown")

        return steps

    count = 20_000
    rows = [
        ("100 nodes, QoS 1", lambda b: load(b, "sn_load", b.udp, 100, 1, count)),
        ("fan-in 50 to 1, QoS 1", lambda b: load(b, "mqtt_load", b.tcp, 50, 1, 1, count)),
        ("the same, one at a time", lambda b: load(b, "mqtt_load", b.tcp, 50, 1, 1, count, 1)),
        ("20 pairs, QoS 1", lambda b: load(b, "mqtt_load", b.tcp, 20, 20, 1, count)),
        ("fan-out 1 to 50, QoS 0", lambda b: load(b, "mqtt_load", b.tcp, 1, 50, 0, count // 50)),
    ]
    for name, load_of in rows:
        try:
            measure(sedge, steps_of(name, load_of))
        except Exception as error:
            row(name, f"not measured: {str(error).splitlines()[0]}")


NEEDS = {instructions: "valgrind", match: "valgrind", calls: "strace"}


def lacks(table):
    """The program that a table needs and the machine has not, or None."""
    need = NEEDS.get(table)
    return need if need and not shutil.which(need) else None
