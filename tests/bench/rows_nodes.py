"""Rows of MQTT-SN: CPU beside a floor, memory, connecting, fan-out, bursts."""

from servers import ROUNDS, floor, least, load, measure, memory_kib, row, sedge, title

MESSAGES = 100_000


def sedge_of(count):
    """A gateway for so many nodes."""

    def start(box):
        return box.gateway(f"[limits]\nnodes = {count}\nmemory = 512MiB\n")

    return start


def nodes():
    """MQTT-SN over UDP, beside a floor."""

    def steps_of(count, qos, reader):
        def steps(box, server):
            if reader:
                load(box, "mqtt_load", box.tcp, 0, 1, qos, 0).write("go\n")
            return load(box, "sn_load", box.udp, count, qos, MESSAGES).run(server)

        return steps

    ours, least_possible, rows = {}, {}, []
    for turn in range(ROUNDS):
        for count, qos in ((1, 1), (100, 0), (100, 1), (5000, 1)):
            bare = f"{count} nodes, QoS {qos}"
            least(least_possible, floor, steps_of(count, qos, False), bare)
            for reader in (False, True):
                name = bare + (", one reader" if reader else "")
                least(ours, sedge, steps_of(count, qos, reader), name)
                rows += [(name, bare)] if turn == 0 else []
    title("MQTT-SN over UDP, 64 octets: CPU microseconds per message", "sedge", "floor", "ratio")
    for name, bare in rows:
        mine, low = ours[name], least_possible[bare]
        row(name, f"{mine:.2f}", f"{low:.2f}", f"{mine / low:.2f}")


def mass():
    """Memory of nodes."""

    def octets_each(kind, count):
        def steps(box, server):
            before = memory_kib(server.process.pid)
            load(box, "sn_mass", box.udp, kind, count)
            return (memory_kib(server.process.pid) - before) * 1024

        return steps

    title("Resident octets of nodes", "each", "MiB in all")
    rows = (
        ("connected, 4 names, 1 subscription", "hold", 10_000),
        ("asleep", "sleep", 10_000),
        ("asleep", "sleep", 100_000),
    )
    for name, kind, count in rows:
        octets = measure(sedge_of(count), octets_each(kind, count))
        row(f"{count:,} {name}", f"{octets / count:.0f}", f"{octets / 2**20:.1f}")


def connect():
    """From CONNECT to CONNACK when many come at once."""
    title("CONNECT to CONNACK, all at once, microseconds", "p50", "last", "sent again", "CPU each")
    for count in (100, 5_000):

        def steps(box, server, count=count):
            generator = load(box, "sn_mass", box.udp, "connect", count)
            used = generator.run(server)
            told = generator.wait_line(r"^latency (\d+) (\d+) (\d+)")
            return [int(figure) for figure in told.groups()], used

        for name, start in (("sedge", sedge_of(count)), ("floor", floor)):
            best = min((measure(start, steps) for _ in range(ROUNDS)), key=lambda got: got[0])
            row(f"{count:,} nodes, {name}", *best[0], f"{best[1]:.1f}")


def fan():
    """One message to many nodes."""
    title("A message to 1,000 nodes, CPU microseconds", "each")
    for qos in (0, 1):

        def steps(box, server, qos=qos):
            return load(box, "sn_mass", box.udp, "fan", 1000, qos, 100).run(server)

        got = {}
        for _ in range(ROUNDS):
            least(got, sedge_of(1001), steps, "fan")
        row(f"QoS {qos}", f"{got['fan']:.2f}")


def burst():
    """So many datagrams at once."""
    title("10,000 PUBLISH at QoS 1 at once", "answered")

    def steps(box, server):
        generator = load(box, "sn_mass", box.udp, "burst", 10_000)
        generator.go()
        return int(generator.wait_line(r"^answered (\d+)")[1])

    row("sedge", measure(sedge_of(10_000), steps))
    row("floor", measure(floor, steps))
