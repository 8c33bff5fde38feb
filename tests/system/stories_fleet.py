"""Six gateways with nodes feed a cluster of three RabbitMQ nodes; one of these is killed and comes
back. docs/fleet.md names this story."""

import json
import re

from rabbitmq import Names, RabbitMQ
from sedge import ROOT, Box, Failed, expect, expect_equal

NODES = ("r1", "r2", "r3")
LAUNCHES, REJOIN_S = 4, 25
GATEWAYS = 6
MOVE_S = 60
MESSAGES = 60  # of each of ten nodes at each gateway
RULES = """
[upstream cluster]
{urls}
send = sim/# to fleet/%g/%t qos 1
send = $SYS/gateway/state to fleet/%g/state qos 1
send = $SYS/gateway/upstream/+/info to fleet/%g/%1 qos 1
will_topic = fleet/%g/line
reconnect = 200ms..2s
ack_timeout = 5s
"""


class _Fleet:
    """Cluster and gateways; ends all of it."""

    def __init__(self, box):
        self.names = Names()
        self.cluster = [RabbitMQ(name, self.names, NODES) for name in NODES]
        self.gateways = []
        self.boxes = []
        for number in range(GATEWAYS):
            folder = box.dir / f"gw-{number}"
            folder.mkdir()
            self.boxes.append(Box(folder))

    def start_cluster(self):
        for node in self.cluster:
            node.launch()
        for node in self.cluster:
            node.wait_started()

    def start_gateways(self):
        """Two begin at each node of the cluster, and know all three."""
        for number, box in enumerate(self.boxes):
            ports = [node.port for node in self.cluster]
            ports = ports[number % 3 :] + ports[: number % 3]
            urls = "\n".join(f"url = mqtt://127.0.0.1:{port}" for port in ports)
            rules = RULES.format(urls=urls)
            gateway = box.gateway(rules, store=box.dir / "sedge.db", name=f"gw-{number}")
            gateway.wait_line(r"online with cluster")
            self.gateways.append(gateway)

    def start_nodes(self):
        more = ("--count", 10, "--messages", MESSAGES, "--every", "200ms", "--json")
        for box in self.boxes:
            yield box.start(ROOT / "build/sn-sim", "-p", box.udp, *more)

    def end(self):
        for box in self.boxes:
            box.end()
        for node in self.cluster:
            node.end()
        self.names.end()


def _lines(program, pattern):
    return [line for line in list(program.lines) if re.search(pattern, line)]


def _online(fleet):
    return sum(len(_lines(gateway, r"online with cluster")) for gateway in fleet.gateways)


def _watch_fleet(box, fleet):
    """A consumer at a node of the cluster that stays."""
    port = fleet.cluster[0].port
    return box.subscriber("-q", "1", "-i", "consumer", port=port, topics=("fleet/#",))


def _check_move(fleet):
    """Those that were at the killed node say so once, and where they are; the others nothing."""
    for number, gateway in enumerate(fleet.gateways):
        lost = _lines(gateway, r"lost cluster:")
        expect_equal(len(lost), 1 if number % 3 == 1 else 0, f"losses of gw-{number}")


def _check_drained(fleet, reports):
    """What nodes were told is kept is with the cluster: nothing waits, nothing was dropped."""
    for box, report in zip(fleet.boxes, reports):
        box.sedge("upstream", "drain", "cluster").wait_line(r"^0 messages, online$")
        line = box.ask("upstream", "status", "cluster")[0]
        expect_equal(line["dropped"], {"full": 0, "old": 0, "unfit": 0}, "what was dropped")
        expect(line["sent"] >= report["acknowledged"], f"{line} sent, {report} acknowledged")


def _report(program):
    program.wait_exit(MOVE_S)
    return json.loads(program.lines[-1])


def _bring_back(node):
    """RabbitMQ now and then hangs where it joins again; who runs it starts it once more."""
    for _ in range(LAUNCHES - 1):
        node.launch()
        try:
            node.wait_started(REJOIN_S)
            return
        except Failed:
            node.kill()
    node.start()


def a_fleet_moves_to_living_nodes_of_a_cluster_and_loses_nothing(box):
    fleet = _Fleet(box)
    try:
        fleet.start_cluster()
        consumer = _watch_fleet(box, fleet)
        fleet.start_gateways()
        nodes = list(fleet.start_nodes())
        consumer.wait_lines(r"^= 1 \d fleet/gw-\d/sim-", 100)
        fleet.cluster[1].kill()
        for number in (1, 4):
            fleet.gateways[number].wait_lines(r"online with cluster", 2, MOVE_S)
        _bring_back(fleet.cluster[1])
        reports = [_report(program) for program in nodes]
        _check_drained(fleet, reports)
        _check_move(fleet)
        expect_equal(_online(fleet), GATEWAYS + 2, "connections that came online, in all")
        for number in range(GATEWAYS):
            consumer.wait_line(rf"^= . . fleet/gw-{number}/state online")
            consumer.wait_line(rf"^= . . fleet/gw-{number}/cluster \{{")
        total = sum(report["acknowledged"] for report in reports)
        got = len(_lines(consumer, r"^= 1 \d fleet/gw-\d/sim-"))
        box.note(f"{total} messages acknowledged to nodes, {got} at a consumer of the cluster")
    finally:
        fleet.end()
