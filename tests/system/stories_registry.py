"""What the gateway knows of its nodes, over restarts, and says under $SYS/gateway."""

import json

from sedge import ROOT, expect, expect_equal, stop

NODES = "[node bed-1]\nclient_id = wx-1\n"
STATE = "$SYS/gateway/nodes/bed-1/state"
INFO = "$SYS/gateway/nodes/bed-1/info"


def _kept(box):
    return {"store": box.dir / "sedge.db"}


def _info(box):
    """The info of bed-1 that is retained now."""
    got = box.subscriber(topics=(INFO,)).messages(1)[0]
    expect_equal(got[2], 1, "RETAIN of info")
    return json.loads(got[3])


def states_of_a_node_reach_a_subscriber_as_they_change(box):
    box.gateway(NODES)
    watcher = box.subscriber("-q", "1", topics=("$SYS/gateway/nodes/+/state",))
    node = box.node().connect("wx-1")
    node.ask(b"\x04\x18\x00\x3c", b"\x18")
    node.connect("wx-1", keepalive_s=1)
    watcher.wait_line(rf"^= 1 0 \{STATE} lost$")
    node.connect("wx-1")
    node.ask(b"\x02\x18", b"\x18")
    states = [text for _, _, _, text in watcher.messages(6)]
    wanted = ["active", "asleep", "active", "lost", "active", "disconnected"]
    expect_equal(states, wanted, "states")
    late = box.subscriber("-q", "1", topics=(STATE,))
    expect_equal(late.messages(1), [(STATE, 1, 1, "disconnected")], "what a late one finds")


def the_first_who_listens_finds_all_nodes_retained(box):
    box.gateway(NODES)
    box.node().connect("wx-1")
    box.node().connect("guest")
    watcher = box.subscriber("-q", "1", topics=("$SYS/gateway/#",))
    got = {(topic, retain): text for topic, _, retain, text in watcher.messages(5)}
    expect_equal(got["$SYS/gateway/state", 1], "online", "state of the gateway")
    expect_equal(got[STATE, 1], "active", "state of bed-1")
    expect_equal(got["$SYS/gateway/nodes/guest/state", 1], "active", "state of guest")
    info = json.loads(got[INFO, 1])
    expect_equal(info["client_id"], "wx-1", "client id")
    expect_equal(info["listener"], "udp", "listener")
    expect(info["address"].startswith("127.0.0.1:"), f"address: {info}")
    expect(info["configured"], f"configured: {info}")
    expect(not json.loads(got["$SYS/gateway/nodes/guest/info", 1])["configured"], "guest is none")


def nodes_are_known_after_kill_9(box):
    gateway = box.gateway(NODES, **_kept(box))
    box.keep_session("absent", "t")
    node = box.node().connect("wx-1")
    before = _info(box)
    name = box.sn_pub("-i", "other", "-t", "t", "-m", "x", "-q", "1")  # acknowledged: all is kept
    expect_equal(name.wait_exit(), 0, "exit of sn-pub")
    gateway.kill()
    box.gateway(NODES, **_kept(box))
    after = _info(box)
    for field in ("name", "client_id", "listener", "address", "first_seen"):
        expect_equal(after[field], before[field], field)
    states = box.subscriber(topics=("$SYS/gateway/nodes/+/state",)).messages(2)
    expect_equal({text for _, _, _, text in states}, {"disconnected"}, "states")
    watcher = box.subscriber("-q", "1", topics=(STATE,))
    node.connect("wx-1")
    watcher.wait_line(r" active$")
    expect_equal(_info(box)["first_seen"], before["first_seen"], "first seen")


def a_clean_stop_keeps_the_last_of_each_node(box):
    gateway = box.gateway(NODES, **_kept(box))
    watcher = box.subscriber(topics=("$SYS/gateway/state",))
    node = box.node().connect("wx-1")
    for _ in range(3):
        node.send(b"\x03\x0c\x21")  # cut
    node.ask(b"\x02\x16", b"\x17")
    before = _info(box)
    expect_equal(stop(gateway)[0], 0, "exit code")
    texts = [text for _, _, _, text in watcher.messages(2)]
    expect_equal(texts, ["online", "offline"], "state of the gateway")
    box.gateway(NODES, **_kept(box))
    after = _info(box)
    expect_equal(after["errors"], 3, "errors")
    expect_equal(after["first_seen"], before["first_seen"], "first seen")
    expect(after["last_seen"] >= before["last_seen"], f"last seen: {before} {after}")


def states_of_nodes_go_up_to_a_cloud(box):
    cloud = box.mosquitto()
    there = box.subscriber("-q", "1", port=box.cloud, topics=("dt/#",))
    gateway = box.gateway(
        NODES + f"[upstream cloud]\nurl = mqtt://127.0.0.1:{box.cloud}\nreconnect = 1s..1s\n"
        "send = $SYS/gateway/nodes/+/state to dt/%g/%1/state qos 1\n"
    )
    gateway.wait_line(r"uplink: online with cloud")
    node = box.node().connect("wx-1")
    node.ask(b"\x02\x18", b"\x18")
    got = [(topic, text) for topic, _, _, text in there.messages(2)]
    topic = "dt/gw-7/bed-1/state"
    expect_equal(got, [(topic, "active"), (topic, "disconnected")], "what the cloud heard")
    expect(cloud.process.poll() is None, "mosquitto runs")


def a_reload_that_renames_a_node_clears_what_was_told_under_its_old_name(box):
    box.gateway(NODES)
    box.node().connect("wx-1")
    watcher = box.subscriber("-q", "1", topics=("$SYS/gateway/nodes/+/state",))
    watcher.messages(1)
    path = box.configure(NODES.replace("bed-1", "roof"))
    box.run(ROOT / "build/sedge", "reload", "-c", path)
    wanted = [(STATE, "active"), (STATE, ""), ("$SYS/gateway/nodes/roof/state", "active")]
    got = [(topic, text) for topic, _, _, text in watcher.messages(3)]
    expect_equal(got, wanted, "states")


def nobody_else_can_say_how_a_node_is(box):
    box.gateway(NODES)
    box.node().connect("wx-1")
    watcher = box.subscriber("-q", "1", topics=("$SYS/gateway/nodes/#",))
    watcher.messages(2)
    box.mqtt_pub("-t", STATE, "-m", "lost", "-q", "1", "-r")
    box.node().connect("end")
    got = [text for topic, _, _, text in watcher.messages(4) if topic == STATE]
    expect_equal(got, ["active"], "states")
