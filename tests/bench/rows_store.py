"""Rows of the store: what keeping a message costs, and how soon a full one serves again."""

import pathlib
import re
import socket
import sqlite3
import time

from servers import ROOT, cpu_seconds, load, measure, memory_kib, row, title

from sedge import stop

TOLD_MS = 2  # between two tries to be answered
TURNS = 2


def written(pid):
    """Octets that the process caused to be written."""
    text = pathlib.Path(f"/proc/{pid}/io").read_text()
    return int(re.search(r"^write_bytes: (\d+)", text, re.M)[1])


def kept(path_of, delay):
    def start(box):
        gateway = box.gateway(
            "[limits]\nqueued = 1000000\n",
            store=path_of(box),
            store_more=f"commit_delay = {delay}",
        )
        box.keep_session("reader", "load/#")
        return gateway

    return start


def cost(rate, count, present):
    """(microseconds, octets, a second) of each of so many QoS 1 messages for a kept session, published,
    delivered and deleted; `present`: its client is there from the beginning."""

    def steps(box, server):
        pid = server.process.pid
        generator = load(box, "mqtt_load", box.tcp, 50, 0, 1, count, 20, rate)
        cpu, octets = cpu_seconds(pid), written(pid)
        reader = reader_of(box, count) if present else None
        messages, seconds = generator.go()
        (reader or reader_of(box, count)).wait_exit(120)
        return (
            (cpu_seconds(pid) - cpu) * 1e6 / messages,
            (written(pid) - octets) / messages,
            messages / seconds,
        )

    return steps


def reader_of(box, count):
    return box.start(
        "mosquitto_sub", "-h", "127.0.0.1", "-p", box.tcp, "-i", "reader", "-c", "-q", "1",
        "-t", "load/#", "-C", count,
    )  # fmt: skip


SHAPES = (
    ("present", 20_000, 100_000, "5ms"),
    ("present", 1_000, 10_000, "100ms"),
    ("present", 1_000, 10_000, "5ms"),
    ("away at first", 0, 100_000, "5ms"),
    ("away at first", 20_000, 100_000, "5ms"),
    ("away at first", 1_000, 10_000, "100ms"),
    ("away at first", 1_000, 10_000, "5ms"),
)


def durable():
    """A message at QoS 1 for a kept session, with and without a store."""
    title("Kept, delivered and deleted, per message", "CPU us", "more", "octets", "a second")
    for who, rate, count, delay in SHAPES:
        steps = cost(rate, count, who == "present")
        in_memory = kept(lambda box: "none", delay)
        memory = min(measure(in_memory, steps) for _ in range(TURNS))
        on_disk = kept(lambda box: box.dir / "sedge.db", delay)
        disk = min(measure(on_disk, steps) for _ in range(TURNS))
        name = f"{who}, {rate or 'as many as go'}/s, {delay}"
        row(name, f"{disk[0]:.2f}", f"{disk[0] - memory[0]:.2f}", f"{disk[1]:.0f}", f"{disk[2]:.0f}")


def fill(path, sessions, messages):
    """So many queued messages, in the store of a gateway that does not run."""
    db = sqlite3.connect(path)
    db.executemany(
        "INSERT INTO session VALUES(?, 0, ?, 0, 0, 0, ?, NULL)",
        ((i, i % 2, f"client-{i}") for i in range(1, sessions + 1)),
    )
    db.executemany(
        "INSERT INTO queue VALUES(?, ?, 0, 1, 0, 0, 1, 0, 0, 1700000000000,"
        " 'farm/bed/temperature', ?)",
        ((1 + n % sessions, 2 * sessions + n, b"x" * 100) for n in range(messages)),
    )
    db.commit()
    db.close()


def restart():
    """From exec to the first answered datagram, with much that waits."""
    title("Restart, seconds to the first answer", "seconds", "MiB")
    for messages in (0, 100_000):

        def start(box):
            limits = "[limits]\nnodes = 20000\nclients = 20000\n"
            stop(box.gateway(limits, store=box.dir / "sedge.db"))
            if messages:
                fill(box.dir / "sedge.db", 10_000, messages)
            return None

        def steps(box, _):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as node:
                node.settimeout(TOLD_MS / 1000)
                node.connect(("127.0.0.1", box.udp))
                begin = time.monotonic()
                gateway = box.start(ROOT / "build/sedge", "run", "-c", box.dir / "gateway.conf")
                while True:
                    try:
                        node.send(b"\x02\x16")
                        node.recv(100)
                        break
                    except (TimeoutError, ConnectionRefusedError):
                        pass
                return time.monotonic() - begin, memory_kib(gateway.process.pid) / 1024

        seconds, mib = min(measure(start, steps) for _ in range(3))
        name = f"{messages:,} messages wait" + (", of 10,000 sessions" if messages else "")
        row(name, f"{seconds:.3f}", f"{mib:.1f}")
