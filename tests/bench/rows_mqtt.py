"""Rows of MQTT, each beside mosquitto with equal settings."""

import time

from servers import (
    ROUNDS,
    cpu_seconds,
    least,
    load,
    measure,
    memory_kib,
    mosquitto,
    mosquitto_at_once,
    row,
    sedge,
    title,
)

MESSAGES = 100_000  # deliveries; half of it at QoS 2
MANY = 100_000
CLIENTS = 9_900
QUIET_S = 5
BROKERS = (("sedge", sedge), ("mosquitto", mosquitto))

# name, publishers, subscribers, most messages of a publisher in its turn
SHAPES = (
    ("fan-in 50 to 1", 50, 1, 20),
    ("fan-in 50 to 1, one at a time", 50, 1, 1),
    ("fan-out 1 to 50", 1, 50, 20),
    ("20 pairs", 20, 20, 20),
)


def side_by_side(text, names, ours, theirs, digits=2):
    title(text, "sedge", "mosquitto", "ratio")
    for name in names:
        mine, other = ours[name], theirs.get(name)
        ratio = f"{mine / other:.3f}" if other else "-"
        row(name, f"{mine:.{digits}f}", "-" if other is None else f"{other:.{digits}f}", ratio)


def compare(text, rows, rounds=1, digits=2):
    """`rows` are pairs of a name and steps; the least of `rounds` for each broker."""
    got = {name: {} for name, _ in BROKERS}
    for _ in range(rounds):
        for name, steps in rows:
            for broker, start in BROKERS:
                least(got[broker], start, steps, name)
    side_by_side(text, [name for name, _ in rows], got["sedge"], got["mosquitto"], digits)


def cpu():
    """CPU per message."""

    def steps_of(publishers, subscribers, qos, burst):
        fan = 1 if publishers == subscribers else subscribers
        count = MESSAGES // fan // (2 if qos == 2 else 1)

        def steps(box, server):
            args = (publishers, subscribers, qos, count, burst)
            return load(box, "mqtt_load", box.tcp, *args).run(server)

        return steps

    rows = [
        (f"{shape}, QoS {qos}", steps_of(publishers, subscribers, qos, burst))
        for shape, publishers, subscribers, burst in SHAPES
        for qos in (0, 1, 2)
    ]
    compare(
        "CPU microseconds per message of 64 octets, sent and delivered both counted", rows, ROUNDS
    )


def latency():
    """From send to receipt at 1,000 msg/s over 10 pairs."""
    title("Latency at 1,000 msg/s over 10 pairs, microseconds", "p50", "p99", "max", "CPU/message")
    for qos in (0, 1):
        for broker, start in (*BROKERS, ("mosquitto, no delay", mosquitto_at_once)):

            def steps(box, server, qos=qos):
                generator = load(box, "mqtt_latency", box.tcp, 10, 1000, qos, 3)
                used = generator.run(server)
                told = generator.wait_line(r"^latency (\d+) (\d+) (\d+)")
                return [int(figure) for figure in told.groups()], used

            best = min((measure(start, steps) for _ in range(ROUNDS)), key=lambda got: got[0][1])
            row(f"{broker}, QoS {qos}", *best[0], f"{best[1]:.1f}")


def idle():
    """Memory and CPU of connections that say nothing."""

    def octets_each(box, server):
        before = memory_kib(server.process.pid)
        load(box, "mqtt_mass", box.tcp, "connect", CLIENTS)
        return (memory_kib(server.process.pid) - before) * 1024 / CLIENTS

    def cpu_each(box, server):
        before = cpu_seconds(server.process.pid)
        load(box, "mqtt_mass", box.tcp, "connect", CLIENTS)
        return (cpu_seconds(server.process.pid) - before) * 1e6 / CLIENTS

    rows = [("resident octets of each", octets_each), ("CPU microseconds to connect each", cpu_each)]
    compare(f"{CLIENTS:,} idle connections", rows, digits=0)


def many(kind, answer):
    """Steps that load MANY of a kind; `answer` makes the figure."""

    def steps(box, server):
        before = memory_kib(server.process.pid)
        cpu_before = cpu_seconds(server.process.pid)
        _, seconds = load(box, "mqtt_mass", box.tcp, kind, MANY).go()
        return answer(
            box,
            seconds,
            (memory_kib(server.process.pid) - before) * 1024 / MANY,
            (cpu_seconds(server.process.pid) - cpu_before) * 1e6 / MANY,
        )

    return steps


def fetch(box, *_):
    return load(box, "mqtt_mass", box.tcp, "fetch", MANY).go()[1]


def table_of_many(kind, text, more=()):
    rows = [
        ("resident octets of each", many(kind, lambda box, s, octets, cpu: octets)),
        ("seconds to load", many(kind, lambda box, s, octets, cpu: s)),
        ("CPU microseconds of each", many(kind, lambda box, s, octets, cpu: cpu)),
    ]
    compare(text, rows + list(more), 2)


def retained():
    """Retained messages."""
    table_of_many(
        "retain",
        f"{MANY:,} retained messages of 64 octets under kept/N, at QoS 1, window 20",
        [("seconds to fetch by kept/#", many("retain", fetch))],
    )


def subscriptions():
    """Subscriptions."""
    table_of_many("subscribe", f"{MANY:,} subscriptions to read/N/value, 1,000 of each client")


def wakeups():
    """How often a broker wakes while nobody says anything."""

    def switches(pid):
        status = open(f"/proc/{pid}/status").read()
        return int(status.split("voluntary_ctxt_switches:")[1].split()[0])

    def steps(box, server):
        load(box, "mqtt_mass", box.tcp, "connect", 1000)
        before = switches(server.process.pid)
        time.sleep(QUIET_S)
        return (switches(server.process.pid) - before) / QUIET_S

    compare("1,000 idle clients, keep alive 600 s", [("wake-ups a second", steps)], digits=1)


def claims():
    """Packets that claim 256 MiB and do not come."""

    def steps(box, server):
        generator = load(box, "mqtt_mass", box.tcp, "claim", 64)
        before = memory_kib(server.process.pid)
        generator.go()
        time.sleep(1)
        return memory_kib(server.process.pid) - before

    rows = [("growth in KiB", steps)]
    compare("64 connections that claim a packet of 256 MiB each", rows, digits=0)
