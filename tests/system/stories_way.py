"""Which broker an upstream uses, whether it uses one at all, and sedge upstream."""

import socket

from sedge import ROOT, expect, expect_equal, free_port, stop

CLOUD = """
[upstream cloud]
url = mqtt://127.0.0.1:{port}
send = farm/# to dt/%t qos 1
reconnect = 100ms..500ms
"""


def upstreams_are_shown_with_what_waits_for_them(box):
    cloud = box.mosquitto()
    box.gateway(CLOUD.format(port=box.cloud) + "queue_messages = 2\nmax_inflight = 1\n")
    cloud.wait_line(r"Sending CONNACK to gw-7")
    box.sedge("upstream", "status").wait_line(
        rf"^cloud +online +just now +0 \(0 octets\) +- +0 +0 +mqtt://127\.0\.0\.1:{box.cloud}$"
    )
    cloud.process.terminate()
    cloud.wait_exit()
    box.mqtt_pub("-t", "farm/x", "-q", "1", "-l", text_in="1\n2\n3\n4\n")
    line = box.ask("upstream", "status", "cloud")[0]
    expect_equal((line["state"], line["queued"]), ("offline", 2), "state and queue")
    expect_equal(line["dropped"], {"full": 2, "old": 0, "unfit": 0}, "what was dropped")


def an_upstream_that_is_not_there_is_told_with_what_was_meant(box):
    box.gateway(CLOUD.format(port=box.cloud))
    wrong = box.sedge("upstream", "status", "cluod", code=1)
    wrong.wait_line(r"there is no upstream cluod \(did you mean 'cloud'\?\)")
    wrong = box.sedge("upstream", "stats", code=2)
    wrong.wait_line(r"there is no sedge upstream stats; it is one of status, pause, resume, drain, purge, resend")

    box.sedge("upstream", "pause", code=2).wait_line(r"usage: sedge upstream pause NAME")
    wrong = box.sedge("upstream", "pause", "clood", code=1)
    wrong.wait_line(r"there is no upstream clood \(did you mean 'cloud'\?\)")



def a_paused_upstream_keeps_what_comes_and_sends_it_when_it_is_resumed(box):
    cloud = box.mosquitto()
    watcher = box.subscriber("-q", "1", port=box.cloud)
    box.gateway(CLOUD.format(port=box.cloud))
    cloud.wait_line(r"Sending CONNACK to gw-7")
    state = box.subscriber("-q", "1", topics=("$SYS/gateway/upstream/cloud/state",))
    state.messages(1)
    box.sedge("upstream", "pause", "cloud").wait_line(r"^cloud is paused, 0 messages wait;")
    cloud.wait_line(r"Client gw-7 disconnected\.")
    box.mqtt_pub("-t", "farm/x", "-q", "1", "-l", text_in="1\n2\n3\n")
    expect_equal(box.ask("upstream", "status", "cloud")[0]["queued"], 3, "what waits")
    box.sedge("upstream", "drain", "cloud", code=1).wait_line(r"cloud is paused: sedge upstream res")
    box.sedge("upstream", "resume", "cloud").wait_line(r"^cloud goes on: ")
    drained = box.sedge("upstream", "drain", "cloud")
    drained.wait_line(r"^0 messages, online$")
    texts = [text for _, _, _, text in watcher.messages(3)]
    expect_equal(texts, ["1", "2", "3"], "messages at the cloud")
    texts = [text for _, _, _, text in state.messages(4)]
    expect_equal(texts, ["online", "paused", "offline", "online"], "states")


def a_queue_is_purged_only_when_that_is_meant(box):
    store = box.dir / "sedge.db"
    cloud = box.mosquitto()
    box.keep_session("watcher", "dt/#", port=box.cloud)
    stop(cloud)
    gateway = box.gateway(CLOUD.format(port=box.cloud), store=store)
    box.mqtt_pub("-t", "farm/x", "-q", "1", "-l", text_in="1\n2\n3\n")
    box.sedge("upstream", "purge", "cloud", code=2).wait_line(
        r"^3 messages, 21 octets, wait for cloud; --yes drops them$"
    )
    box.sedge("upstream", "purge", "cloud", "--yes").wait_line(r"^3 messages dropped$")
    box.mqtt_pub("-t", "farm/x", "-q", "1", "-m", "4")
    gateway.kill()
    box.gateway(CLOUD.format(port=box.cloud), store=store)
    box.mosquitto()
    watcher = box.subscriber("-i", "watcher", "-c", "-q", "1", port=box.cloud, topics=("dt/#",))
    expect_equal([text for _, _, _, text in watcher.messages(1)], ["4"], "messages at the cloud")


def retained_messages_go_up_again_when_asked(box):
    cloud = box.mosquitto()
    box.gateway(CLOUD.format(port=box.cloud))
    cloud.wait_line(r"Sending CONNACK to gw-7")
    box.mqtt_pub("-t", "farm/x", "-q", "1", "-r", "-m", "kept")
    watcher = box.subscriber("-q", "1", port=box.cloud, topics=("dt/#",))
    watcher.messages(1)
    box.sedge("upstream", "resend", "cloud").wait_line(r"^1 retained message queued for cloud$")
    expect_equal([text for _, _, _, text in watcher.messages(2)], ["kept", "kept"], "messages")


# Two brokers.


def _numbers(messages):
    return [int(text) for _, _, _, text in messages if text.isdigit()]


def a_second_url_takes_over_and_nothing_is_lost_or_out_of_order(box):
    second = free_port()
    a = box.mosquitto()
    b = box.mosquitto(port=second)
    rules = CLOUD.format(port=box.cloud).replace("send", f"url = mqtt://127.0.0.1:{second}\nsend")
    gateway = box.gateway(rules)
    a.wait_line(r"Sending CONNACK to gw-7")
    at_a = box.subscriber("-q", "1", port=box.cloud, topics=("dt/#",))
    at_b = box.subscriber("-q", "1", port=second, topics=("dt/#",))
    feeding = box.start(
        "mosquitto_pub", "-h", "127.0.0.1", "-p", str(box.tcp), "-t", "farm/n", "-q", "1", "-l",
        text_in=True,
    )  # fmt: skip
    feeding.write("".join(f"{i}\n" for i in range(1500)))
    at_a.wait_line(r"^= .* 500$")
    a.kill()
    feeding.write("".join(f"{i}\n" for i in range(1500, 3000)))
    b.wait_line(r"Sending CONNACK to gw-7")
    at_b.wait_line(r"^= .* 2999$", wait_s=60)
    taken = sum("Sending PUBACK to gw-7" in line for line in a.lines)  # if its readers had them or not
    after = _numbers(at_b.now())
    expect_equal(after, list(range(after[0], 3000)), "messages at the second, in order")
    expect(500 < after[0] <= taken, f"the first took {taken}, {after[0]} follows")
    box.sedge("upstream", "status").wait_line(rf"^cloud +online .*:{second}$")
    expect_equal(gateway.process.poll(), None, "the gateway runs")


def an_upstream_stands_in_only_while_the_other_is_down(box):
    second = free_port()
    cloud = box.mosquitto()
    box.mosquitto(port=second)
    box.keep_session("watcher", "dt/#", port=box.cloud)
    gateway = box.gateway(
        CLOUD.format(port=box.cloud)
        + f"[upstream modem]\nurl = mqtt://127.0.0.1:{second}\nreconnect = 100ms..500ms\n"
        "send = farm/# to modem/%t qos 1\nonly_while_down = cloud\ndown_after = 1s\n"
    )
    cloud.wait_line(r"Sending CONNACK to gw-7")
    at_modem = box.subscriber("-q", "1", port=second)
    box.mqtt_pub("-t", "farm/n", "-q", "1", "-m", "early")
    box.sedge("upstream", "status", "modem").wait_line(r"^modem +standby .* 0 \(0 octets\)")
    stop(cloud)
    gateway.wait_line(r"sends in place of cloud: modem")
    box.mqtt_pub("-t", "farm/n", "-q", "1", "-m", "late")
    expect_equal([text for _, _, _, text in at_modem.messages(1)], ["late"], "at the second")
    box.mosquitto()
    watcher = box.subscriber("-i", "watcher", "-c", "-q", "1", port=box.cloud, topics=("dt/#",))
    texts = [text for _, _, _, text in watcher.messages(2)]
    expect_equal(texts, ["early", "late"], "at the first")


def _silent(box):
    """Takes connections and says nothing."""
    return box.own(socket.create_server(("127.0.0.1", 0))).getsockname()[1]


def _full(box):
    """Takes no connection, and refuses none: its queue is full of others."""
    server = box.own(socket.create_server(("127.0.0.1", 0), backlog=0))
    for _ in range(4):
        other = box.own(socket.socket())
        other.setblocking(False)
        other.connect_ex(server.getsockname())
    return server.getsockname()[1]


def connects_and_handshakes_that_hang_hold_nothing_up(box):
    ways = {
        "full": (f"mqtt://127.0.0.1:{_full(box)}", "no answer"),
        "tls": (f"mqtts://127.0.0.1:{_silent(box)}", "does not answer"),
        "ws": (f"ws://127.0.0.1:{_silent(box)}", "does not answer"),
        "wss": (f"wss://127.0.0.1:{_silent(box)}", "does not answer"),
    }
    gateway = box.gateway(
        "".join(f"[upstream {name}]\nurl = {url}\n" for name, (url, _) in ways.items())
    )
    watcher = box.subscriber("-q", "1")
    node = box.start(
        ROOT / "build/sn-pub", "-h", "127.0.0.1", "-p", box.udp, "-i", "bed-1", "-q", "1",
        "-t", "farm/x", "-l", text_in=True,
    )  # fmt: skip
    node.write("".join(f"{i}\n" for i in range(200)))
    node.process.stdin.close()
    node.process.stdin = None
    watcher.messages(200)
    expect(not any("cannot reach" in line for line in gateway.lines), "all still hang")
    for name, (_, cause) in ways.items():
        gateway.wait_line(rf"cannot reach {name}: .*{cause}")
