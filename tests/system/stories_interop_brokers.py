"""Our client, the gateway's [upstream], against RabbitMQ's MQTT plugin and aedes.

mosquitto as the far broker stands in stories_upstream.py.
"""

import atexit
import functools
import os

import interop
import rabbitmq
from sedge import Program, expect_equal

RULES = """
[upstream far]
url = mqtt://127.0.0.1:{port}
qos_max = 2
send = farm/# to dt/%g/%t
receive = cmd/%g/# to set/%t
reconnect = 100ms..500ms
"""
BURST = 100


@functools.cache
def _rabbitmq():
    """One for all its stories, since it takes seconds to start; each uses a name of its own."""
    node = rabbitmq.RabbitMQ()
    atexit.register(node.end)
    node.start()
    return node


class _Aedes:
    """The same verbs for aedes, one for each story."""

    def __init__(self, box):
        self.box = box
        self.port = box.cloud
        self.env = {**os.environ, "NODE_PATH": str(interop.NPM / "node_modules")}
        self.start()

    def start(self):
        command = [*interop.javascript("aedes.js"), self.port]
        self.program = self.box.own(Program(command, self.box.dir, env=self.env))
        self.program.wait_line(r"^listening$")

    def stop(self):
        self.program.kill()


def _gateway(box, far, name):
    return box.gateway(RULES.format(port=far.port), name=name, store=box.dir / "sedge.db")


def _ready(box, watcher, name):
    """A message that went up after SUBSCRIBE has arrived, so that what comes down comes down."""
    box.mqtt_pub("-t", "farm/ready", "-m", "ready", "-q", "1")
    watcher.wait_line(rf"^= \d \d dt/{name}/ready ready$")


def _crosses(box, far, name, most):
    """Every QoS up, and those that mosquitto_pub may send there down; `most` is what there is."""
    watcher = box.subscriber("-q", "2", port=far.port, topics=(f"dt/{name}/#",))
    _gateway(box, far, name)
    here = box.subscriber("-q", "2", topics=("set/#",))
    _ready(box, watcher, name)
    for qos in (0, 1, 2):
        box.mqtt_pub("-t", f"farm/{qos}", "-m", f"at {qos}", "-q", qos)
    wanted = [(f"dt/{name}/{qos}", min(qos, most), 0, f"at {qos}") for qos in (0, 1, 2)]
    expect_equal(watcher.messages(4)[1:], wanted, "messages there")
    for qos in range(most + 1):
        box.mqtt_pub("-t", f"cmd/{name}/{qos}", "-m", f"at {qos}", "-q", qos, port=far.port)
    wanted = [(f"set/{qos}", qos, 0, f"at {qos}") for qos in range(most + 1)]
    expect_equal(here.messages(most + 1), wanted, "messages here")
    expect_equal(len(watcher.now()), 4, "messages there in the end: none twice")


def _keeps_for_a_killed_gateway(box, far, name):
    watcher = box.subscriber("-q", "1", port=far.port, topics=(f"dt/{name}/#",))
    gateway = _gateway(box, far, name)
    _ready(box, watcher, name)
    box.keep_session("here", "set/#")
    gateway.kill()
    lines = "".join(f"{i}\n" for i in range(BURST))
    box.mqtt_pub("-t", f"cmd/{name}/n", "-q", "1", "-l", text_in=lines, port=far.port)
    _gateway(box, far, name).wait_line(r"online with far: its session was kept")
    here = box.subscriber("-i", "here", "-c", "-q", "1", topics=("set/#",))
    here.wait_line(rf"set/n {BURST - 1}$")
    # a connection that RabbitMQ cuts at once begins anew, and so does what it had not confirmed
    texts = dict.fromkeys(text for _, _, _, text in here.now())
    expect_equal(list(texts), [str(i) for i in range(BURST)], "what waited there, in order")


def _send_while_away(box, far, gateway):
    """BURST messages at QoS 1 and at QoS 2, sent while the far broker is stopped."""
    far.stop()
    gateway.wait_line(r"uplink: (lost|cannot reach) far")
    for qos in (1, 2):
        lines = "".join(f"{i}\n" for i in range(BURST))
        box.mqtt_pub("-t", f"farm/{qos}", "-q", qos, "-l", text_in=lines)
    far.start()


def _in_order(name):
    return [(f"dt/{name}/{qos}", str(i)) for qos in (1, 2) for i in range(BURST)]


def rabbitmq_takes_every_qos_and_gives_commands(box):
    _crosses(box, _rabbitmq(), "gw-r1", most=1)


def rabbitmq_keeps_what_comes_for_a_killed_gateway(box):
    _keeps_for_a_killed_gateway(box, _rabbitmq(), "gw-r2")


def rabbitmq_gets_what_was_sent_while_it_restarted(box):
    far, name = _rabbitmq(), "gw-r3"
    watcher = box.subscriber("-q", "1", port=far.port, topics=(f"dt/{name}/#",))
    gateway = _gateway(box, far, name)
    _ready(box, watcher, name)
    box.keep_session("watcher", f"dt/{name}/#", port=far.port)
    _send_while_away(box, far, gateway)
    kept = box.subscriber("-i", "watcher", "-c", "-q", "1", port=far.port, topics=(f"dt/{name}/#",))
    got = [(topic, text) for topic, _, _, text in kept.messages(2 * BURST)]
    expect_equal(got, _in_order(name), "messages there, in order, none twice")


def aedes_takes_every_qos_and_gives_commands(box):
    _crosses(box, _Aedes(box), "gw-a1", most=2)


def aedes_keeps_what_comes_for_a_killed_gateway(box):
    _keeps_for_a_killed_gateway(box, _Aedes(box), "gw-a2")


def aedes_gets_what_was_sent_while_it_restarted(box):
    far, name = _Aedes(box), "gw-a3"
    watcher = box.subscriber("-q", "1", port=far.port, topics=(f"dt/{name}/#",))
    gateway = _gateway(box, far, name)
    _ready(box, watcher, name)
    _send_while_away(box, far, gateway)
    gateway.wait_line(r"online with far: a new session")
    said = far.program.wait_lines(rf"^got (dt/{name}/\d) \d (\d+)$", 2 * BURST)
    expect_equal([(m[1], m[2]) for m in said], _in_order(name), "messages there, in order")
    here = box.subscriber("-q", "1", topics=("set/#",))
    box.mqtt_pub("-t", "farm/last", "-m", "last", "-q", "1")
    far.program.wait_line(r"/last 1 last$")
    box.mqtt_pub("-t", f"cmd/{name}/on", "-m", "subscribed anew", "-q", "1", port=far.port)
    expect_equal(here.messages(1), [("set/on", 1, 0, "subscribed anew")], "message here")
