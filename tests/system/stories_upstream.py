"""Upstream: send and receive rules, and what happens while the other broker is away."""

import json
import time

from sedge import expect, expect_equal, stop

RULES = """
[upstream cloud]
url = mqtt://127.0.0.1:{port}
send = farm/# to dt/%g/%t qos 1
receive = cmd/%g/# to farm/set/%t qos 1
reconnect = 100ms..500ms
"""


def _rules(box):
    return RULES.format(port=box.cloud)


def _subscribed(cloud):
    """The gateway's uplink is connected and its receive rules are in force there."""
    cloud.wait_line(r"Sending SUBACK to gw-7")


def send_rules_carry_messages_up(box):
    cloud = box.mosquitto()
    watcher = box.subscriber("-q", "1", port=box.cloud)
    box.gateway(_rules(box))
    _subscribed(cloud)
    box.sn_pub("-i", "bed-1", "-t", "farm/bed-1/t", "-m", "21", "-q", "1")
    box.mqtt_pub("-t", "elsewhere", "-m", "stays", "-q", "1")
    box.mqtt_pub("-t", "farm", "-m", "parent", "-q", "0")
    box.mqtt_pub("-t", "farm/x", "-m", "last", "-q", "2")
    got = [(topic, text) for topic, _, _, text in watcher.messages(3)]
    wanted = [("dt/gw-7/bed-1/t", "21"), ("dt/gw-7", "parent"), ("dt/gw-7/x", "last")]
    expect_equal(got, wanted, "messages at the cloud")


def receive_rules_bring_messages_down_to_a_node(box):
    cloud = box.mosquitto()
    box.gateway(_rules(box))
    _subscribed(cloud)
    node = box.sn_sub("-i", "valve", "-q", "1", "-t", "farm/set/#")
    box.mqtt_pub("-t", "cmd/gw-7/bed-1/valve", "-m", "open", "-q", "1", port=box.cloud)
    node.wait_line(r"^farm/set/bed-1/valve open$")


def what_was_acknowledged_during_an_outage_arrives_in_order(box):
    cloud = box.mosquitto()
    box.keep_session("watcher", "dt/#", port=box.cloud)
    gateway = box.gateway(_rules(box))
    _subscribed(cloud)
    cloud.process.terminate()
    cloud.wait_exit()
    lines = "".join(f"{i}\n" for i in range(500))
    box.mqtt_pub("-t", "farm/n", "-q", "1", "-l", text_in=lines, wait_s=60)
    box.sn_pub("-i", "bed-1", "-t", "farm/n", "-m", "500", "-q", "1")
    box.mosquitto()
    watcher = box.subscriber("-i", "watcher", "-c", "-q", "1", port=box.cloud, topics=("dt/#",))
    texts = [text for _, _, _, text in watcher.messages(501, wait_s=60)]
    expect_equal(texts, [str(i) for i in range(501)], "messages in order")
    expect_equal(gateway.process.poll(), None, "the gateway runs")


def a_queue_for_the_cloud_survives_kill_9(box):
    store = box.dir / "sedge.db"
    cloud = box.mosquitto()
    box.keep_session("watcher", "dt/#", port=box.cloud)
    gateway = box.gateway(_rules(box), store=store)
    _subscribed(cloud)
    cloud.process.terminate()
    cloud.wait_exit()
    lines = "".join(f"{i}\n" for i in range(200))
    box.mqtt_pub("-t", "farm/n", "-q", "1", "-l", text_in=lines, wait_s=60)
    gateway.kill()
    box.gateway(_rules(box), store=store)
    box.mosquitto()
    watcher = box.subscriber("-i", "watcher", "-c", "-q", "1", port=box.cloud, topics=("dt/#",))
    texts = [text for _, _, _, text in watcher.messages(200, wait_s=60)]
    expect_equal(texts, [str(i) for i in range(200)], "messages in order")


def a_broker_that_is_not_there_at_start_is_found_later(box):
    box.gateway(_rules(box))
    box.sn_pub("-i", "bed-1", "-t", "farm/t", "-m", "early", "-q", "1")
    cloud = box.mosquitto()
    _subscribed(cloud)
    watcher = box.subscriber("-q", "1", port=box.cloud)
    box.sn_pub("-i", "bed-1", "-t", "farm/t", "-m", "late", "-q", "1")
    expect_equal(watcher.messages(1)[-1][3] in ("early", "late"), True, "a message arrives")
    watcher.wait_line(r"^= .* late$")


def a_message_from_the_cloud_does_not_go_back(box):
    loop = f"""
[upstream cloud]
url = mqtt://127.0.0.1:{box.cloud}
send = both/# qos 1
receive = both/# qos 1
reconnect = 100ms..500ms
"""
    cloud = box.mosquitto()
    box.gateway(loop)
    _subscribed(cloud)
    here = box.subscriber("-q", "1")
    there = box.subscriber("-q", "1", port=box.cloud)
    box.mqtt_pub("-t", "both/x", "-m", "down", "-q", "1", port=box.cloud)
    box.mqtt_pub("-t", "both/y", "-m", "up", "-q", "1")
    here.wait_line(r"^= .* both/x down$")
    there.wait_line(r"^= .* both/y up$")
    box.mqtt_pub("-t", "both/z", "-m", "end", "-q", "1")
    there.wait_line(r"^= .* end$")
    topics = [topic for topic, _, _, _ in there.now()]
    expect_equal(topics, ["both/x", "both/y", "both/z"], "topics at the cloud")


def a_kept_far_session_is_asked_only_for_what_changed(box):
    store = box.dir / "sedge.db"
    rule = "\n[upstream cloud]\nurl = mqtt://127.0.0.1:{}\nreconnect = 100ms..500ms\n"
    rule = rule.format(box.cloud)
    cloud = box.mosquitto()
    gateway = box.gateway(rule + "receive = one/#\nreceive = two/#\n", store=store)
    _subscribed(cloud)
    expect_equal(stop(gateway)[0], 0, "exit code")
    gateway = box.gateway(rule + "receive = two/#\nreceive = three/#\n", store=store)
    cloud.wait_line(r"Sending UNSUBACK to gw-7")
    reader = box.subscriber("-q", "1")
    for topic in ("one/x", "two/x", "three/x"):
        box.mqtt_pub("-t", topic, "-m", "1", "-q", "1", port=box.cloud)
    got = [topic for topic, _, _, _ in reader.messages(2)]
    expect_equal(got, ["two/x", "three/x"], "topics that come")
    expect_equal(stop(gateway)[0], 0, "exit code")
    box.gateway(rule + "receive = two/#\nreceive = three/#\n", store=store)
    reader = box.subscriber("-q", "1")
    box.mqtt_pub("-t", "three/y", "-m", "1", "-q", "1", port=box.cloud)
    expect_equal(reader.messages(1)[0][0], "three/y", "topic that comes")
    asked = sum("Received SUBSCRIBE from gw-7" in line for line in cloud.lines)
    expect(asked == 2, f"{asked} SUBSCRIBE in three runs, the third asks for nothing")


def a_json_payload_has_the_time_of_arrival_and_the_node_after_kill_9(box):
    rules = _rules(box) + "payload = json\n"
    store = box.dir / "sedge.db"
    cloud = box.mosquitto()
    box.keep_session("watcher", "dt/#", port=box.cloud)
    cloud.process.terminate()
    cloud.wait_exit()
    gateway = box.gateway(rules, store=store)
    before = time.time()
    box.sn_pub("-i", "bed-1", "-t", "farm/bed-1/t", "-m", "21.5", "-q", "1")
    box.mqtt_pub("-t", "farm/door", "-m", "open", "-q", "1")
    after = time.time()
    gateway.kill()
    box.gateway(rules, store=store)
    box.mosquitto()
    watcher = box.subscriber("-i", "watcher", "-c", "-q", "1", port=box.cloud, topics=("dt/#",))
    got = [json.loads(text) for _, _, _, text in watcher.messages(2, wait_s=60)]
    for message in got:
        ts = message.pop("ts") / 1000
        expect(before - 1 <= ts <= after + 1, f"{ts} is between {before} and {after}")
    wanted = [
        {"topic": "farm/bed-1/t", "node": "bed-1", "value": 21.5},
        {"topic": "farm/door", "node": None, "value": "open"},
    ]
    expect_equal(got, wanted, "messages at the cloud")


def what_comes_back_goes_round_once(box):
    """A far broker that returns what it gets: no storm, and a message of somebody else arrives."""
    cloud = box.mosquitto()
    box.gateway(
        f"[upstream cloud]\nurl = mqtt://127.0.0.1:{box.cloud}\nsend = site/# qos 1\n"
        "receive = site/#\nreconnect = 100ms..500ms\n"
    )
    cloud.wait_line(r"Sending SUBACK to gw-7")
    near = box.subscriber(topics=("site/#",))
    box.mqtt_pub("-t", "site/t", "-m", "21", "-q", "1")
    cloud.wait_line(r"Received PUBACK from gw-7")
    box.mqtt_pub("-t", "site/t", "-m", "end", "-q", "1", port=box.cloud)
    texts = [text for _, _, _, text in near.messages(2)]
    expect_equal(texts, ["21", "end"], "what was heard here")
    expect_equal(box.ask("upstream", "status", "cloud")[0]["echoes"], 1, "echoes")


def a_bridge_bit_spares_the_echo(box):
    cloud = box.mosquitto()
    box.gateway(
        f"[upstream cloud]\nurl = mqtt://127.0.0.1:{box.cloud}\nsend = site/# qos 1\n"
        "receive = site/#\nreconnect = 100ms..500ms\nbridge_bit = yes\n"
    )
    cloud.wait_line(r"Sending SUBACK to gw-7")
    box.mqtt_pub("-t", "site/t", "-m", "21", "-q", "1")
    cloud.wait_line(r"Sending PUBACK to gw-7")
    box.mqtt_pub("-t", "site/end", "-m", "end", "-q", "1", port=box.cloud)
    cloud.wait_line(r"Sending PUBLISH to gw-7 .*'site/end'")
    sent = [line for line in list(cloud.lines) if "Sending PUBLISH to gw-7" in line]
    expect_equal(len(sent), 1, "messages that the cloud returned")
