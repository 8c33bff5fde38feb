"""Local latency while upstreams misbehave."""

from servers import LIMITS, ROUNDS, load, measure, row, title

from sedge import free_port
from stories_outage import DEEDS, UPSTREAM, Bad


def beside(bad):
    """A gateway beside nothing, or upstreams whose servers are bad, each in its way."""

    def start(box):
        ports = [box.own(Bad(deed)).port for deed in DEEDS] + [free_port()] if bad else []
        rules = "".join(
            UPSTREAM.format(name=f"bad-{i}", port=port) for i, port in enumerate(ports)
        )
        return box.gateway(LIMITS + rules.replace("reconnect = 100ms..500ms\n", ""))

    return start


def hostile():
    """Programs at QoS 1 beside no upstream and beside seven bad ones."""
    title("Latency at 1,000 msg/s over 10 pairs, QoS 1, microseconds", "p50", "p99", "max")

    def steps(box, server):
        generator = load(box, "mqtt_latency", box.tcp, 10, 1000, 1, 3)
        generator.run(server)
        told = generator.wait_line(r"^latency (\d+) (\d+) (\d+)")
        return [int(figure) for figure in told.groups()]

    for name, bad in (("no upstream", False), ("seven bad upstreams", True)):
        best = min((measure(beside(bad), steps) for _ in range(ROUNDS)), key=lambda got: got[1])
        row(name, *best)
