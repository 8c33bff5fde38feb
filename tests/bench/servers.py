"""What the rows share: servers in a box of their own, load generators, the CPU time of a process."""

import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/system"))

from sedge import Box, Failed, Program, memory_kib, with_sbin  # noqa: E402,F401

PROGRAMS = pathlib.Path(sys.argv[1]).resolve()
ROUNDS = 3
INFLIGHT = 20  # of a subscriber; both brokers
MOST_S = 30  # a run that takes longer is broken


def cpu_seconds(pid):
    """User and system time of all threads, as fine as the kernel tells it."""
    nanoseconds = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        nanoseconds += int((task / "schedstat").read_text().split()[0])
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    ticks = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return nanoseconds / 1e9 or ticks


class Load(Program):
    """A load generator that is ready and waits for the word to begin."""

    def __init__(self, box, *args):
        super().__init__(args, box.dir, text_in=True)
        self.wait_line("^ready$", 60)

    def go(self):
        """Works; returns (messages, seconds)."""
        self.write("go\n")
        done = self.wait_line(r"^done (\d+) (\S+)$", MOST_S)
        return int(done[1]), float(done[2])

    def run(self, server):
        """Microseconds of the server's CPU for each message."""
        before = cpu_seconds(server.process.pid)
        messages, _ = self.go()
        used = cpu_seconds(server.process.pid) - before
        self.end()
        return used * 1e6 / messages


def load(box, program, *args):
    return box.own(Load(box, PROGRAMS / program, *args))


LIMITS = (
    f"[limits]\ninflight = {INFLIGHT}\nqueued = 1000000\nretained = 200000\n"
    "max_packet = 256MiB\n"
)


def sedge(box):
    return box.gateway(LIMITS)


def mosquitto(box, more=""):
    conf = box.dir / "peer.conf"
    conf.write_text(
        f"listener {box.tcp} 127.0.0.1\nallow_anonymous true\nuser root\npersistence false\n"
        "log_dest stderr\nlog_type error\nlog_type information\n"
        f"max_queued_messages 0\nmax_inflight_messages {INFLIGHT}\n{more}"
    )
    broker = box.own(Program(["mosquitto", "-c", conf], box.dir, env=with_sbin()))
    broker.wait_line(r"mosquitto version .* running")
    return broker


def mosquitto_at_once(box):
    """Without the algorithm of Nagle, which it uses unless told."""
    return mosquitto(box, "set_tcp_nodelay true\n")


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


def least(rows, start, steps, name):
    """Keeps the least figure of a row. A run that mosquitto does not finish gives none: 2.0.11 at
    times stops delivering at QoS 2."""
    try:
        got = measure(start, steps)
    except Failed:
        if start is not mosquitto:
            raise
        print(f"({name}: mosquitto did not finish a run)", flush=True)
        return
    rows[name] = min(got, rows.get(name, got))


def title(text, *columns):
    print(f"\n{text}\n")
    print(f"{'':40}" + "".join(f" {column:>10}" for column in columns))


def row(name, *figures):
    print(f"{name:40}" + "".join(f" {figure:>10}" for figure in figures), flush=True)
