"""Local latency while upstreams misbehave."""

from servers import LIMITS, ROUNDS, load, measure, row, title

from stories_outage import DEEDS, UPSTREAM, Bad


def beside(count):
    """A gateway with so many upstreams whose servers are bad, each in its way."""

    def start(box):
        rules = "".join(
            UPSTREAM.format(name=f"bad-{i}", port=box.own(Bad(deed)).port)
            for i, deed in enumerate(DEEDS[:count])
        )
        return box.gateway(LIMITS + rules.replace("reconnect = 100ms..500ms\n", ""))

    return start


def hostile():
    """Programs at QoS 1 beside no upstream and beside six bad ones."""
    title("Latency at 1,000 msg/s over 10 pairs, QoS 1, microseconds", "p50", "p99", "max")

    def steps(box, server):
        generator = load(box, "mqtt_latency", box.tcp, 10, 1000, 1, 3)
        generator.run(server)
        told = generator.wait_line(r"^latency (\d+) (\d+) (\d+)")
        return [int(figure) for figure in told.groups()]

    for name, count in (("no upstream", 0), ("six bad upstreams", len(DEEDS))):
        best = min((measure(beside(count), steps) for _ in range(ROUNDS)), key=lambda got: got[1])
        row(name, *best)
