"""Upstreams with mode = transparent: each node is a client of its own at the far broker."""

import re

from sedge import expect, expect_equal

EACH = """
[upstream cloud]
url = mqtt://127.0.0.1:{port}
mode = transparent
client_id = %g-%n
username = node-%n
send = +/# to up/%n/%t qos 1
receive = cmd/%n/# to %n/set/%1
reconnect = 100ms..500ms
"""
SENDS = EACH.replace("receive = cmd/%n/# to %n/set/%1\n", "")


def _say(box, node, text):
    box.sn_pub("-i", node, "-t", f"{node}/temperature", "-q", "1", "-m", text)


def each_node_is_a_client_of_its_own_there(box):
    cloud = box.mosquitto()
    watcher = box.subscriber("-q", "1", port=box.cloud, topics=("up/#",))
    box.gateway(EACH.format(port=box.cloud))
    _say(box, "bed-1", "21")
    _say(box, "bed-2", "22")
    box.mqtt_pub("-t", "bed-1/temperature", "-m", "not a node", "-q", "1")
    cloud.wait_line(r"connected from .* as gw-7-bed-1 .*u'node-bed-1'")
    cloud.wait_line(r"connected from .* as gw-7-bed-2 .*u'node-bed-2'")
    got = sorted((topic, text) for topic, _, _, text in watcher.messages(2))
    expect_equal(
        got,
        [("up/bed-1/bed-1/temperature", "21"), ("up/bed-2/bed-2/temperature", "22")],
        "messages there",
    )
    line = box.ask("upstream", "status", "cloud")[0]
    expect_equal((line["state"], line["nodes"], line["connections"]), ("online", 2, 2), "status")


def a_node_hears_what_the_far_broker_has_for_it(box):
    cloud = box.mosquitto()
    box.gateway(EACH.format(port=box.cloud))
    node = box.node().connect("bed-1")
    node.ask(b"\x10\x12\x20\x00\x01bed-1/set/+", b"\x13")
    cloud.wait_line(r"gw-7-bed-1 1 cmd/bed-1/#")
    box.mqtt_pub("-t", "cmd/bed-2/lamp", "-m", "no", port=box.cloud)
    box.mqtt_pub("-t", "cmd/bed-1/lamp", "-m", "on", port=box.cloud)
    expect_equal(node.wait_publish("bed-1/set/lamp")[1], b"on", "what the node heard")


def more_nodes_than_connections_take_turns(box):
    cloud = box.mosquitto()
    watcher = box.subscriber("-q", "1", port=box.cloud, topics=("up/#",))
    box.gateway(SENDS.format(port=box.cloud) + "connections = 2\n")
    for turn in range(2):
        for n in range(1, 6):
            _say(box, f"bed-{n}", f"{n}.{turn}")
    got = sorted(text for _, _, _, text in watcher.messages(10))
    expect_equal(got, sorted(f"{n}.{t}" for n in range(1, 6) for t in range(2)), "messages there")
    open_now, most = set(), 0
    for line in list(cloud.lines):
        came = re.search(r"connected from \S+ as (gw-7-bed-\d)", line)
        left = re.search(r"Client (gw-7-bed-\d) disconnected", line)
        if came:
            open_now.add(came[1])
        if left:
            open_now.discard(left[1])
        most = max(most, len(open_now))
    expect_equal(most, 2, "connections at once")


def what_a_node_sent_survives_a_killed_gateway(box):
    store = box.dir / "sedge.db"
    gateway = box.gateway(SENDS.format(port=box.cloud), store=store)
    for n in range(1, 4):
        for count in range(20):
            _say(box, f"bed-{n}", f"{n}.{count}")
    gateway.kill()
    cloud = box.mosquitto()
    watcher = box.subscriber("-q", "1", port=box.cloud, topics=("up/#",))
    box.gateway(SENDS.format(port=box.cloud), store=store)
    got = [text for _, _, _, text in watcher.messages(60)]
    for n in range(1, 4):
        mine = [text for text in got if text.startswith(f"{n}.")]
        expect_equal(mine, [f"{n}.{count}" for count in range(20)], f"what bed-{n} sent, in order")
    cloud.wait_line(r"as gw-7-bed-3 ")
    drained = box.sedge("upstream", "drain", "cloud")
    drained.wait_line(r"^0 messages")


def a_paused_mould_connects_nobody(box):
    cloud = box.mosquitto()
    box.gateway(SENDS.format(port=box.cloud))
    _say(box, "bed-1", "1")
    cloud.wait_line(r"Received PUBLISH from gw-7-bed-1")
    box.sedge("upstream", "pause", "cloud")
    cloud.wait_line(r"Client gw-7-bed-1 disconnected")
    _say(box, "bed-2", "2")
    line = box.ask("upstream", "status", "cloud")[0]
    expect_equal(line["state"], "paused", "state")
    box.sedge("upstream", "resume", "cloud")
    cloud.wait_line(r"Received PUBLISH from gw-7-bed-2")
    expect(not any("gw-7-bed-2" in line for line in _before(cloud, "bed-1 disconnected")), "early")


def _before(program, text):
    lines = list(program.lines)
    return lines[: next(i for i, line in enumerate(lines) if text in line)]
