"""Upstreams that are away, or worse, while nodes and programs go on."""

import socket
import threading

import kill
from cloud import Cloud
from sedge import ROOT, expect, expect_equal, free_port, stop

NODES, AWAY = 5, 500  # at 10 messages a second of each node, AWAY of them in 10 s
UPSTREAM = """
[upstream {name}]
url = mqtt://127.0.0.1:{port}
send = farm/# to dt/%t qos 1
reconnect = 100ms..500ms
"""


class Bad:
    """A server on loopback that does `deed` with each connection; they are counted."""

    def __init__(self, deed, backlog=16):
        self.deed, self.count, self.held = deed, 0, []
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.count += 1
            try:
                self.deed(connection)
            except OSError:
                pass
            self.held.append(connection)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for connection in self.held:
            connection.close()


def _cut(connection):
    connection.close()


def _garbage(connection):
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def _refuse(connection):
    connection.recv(100)
    connection.sendall(b"\x20\x02\0\x05")


def _half_open(connection):
    connection.shutdown(socket.SHUT_WR)


def _hang(connection):
    pass


def _online_and_dead(connection):
    connection.recv(100)
    connection.sendall(b"\x20\x02\0\0")


DEEDS = (_cut, _garbage, _refuse, _half_open, _hang, _online_and_dead)


def ten_seconds_without_the_cloud_lose_nothing_of_fifty_messages_a_second(box):
    cloud = box.mosquitto()
    box.keep_session("watcher", "dt/#", port=box.cloud)
    box.gateway(UPSTREAM.format(name="cloud", port=box.cloud), store=box.dir / "sedge.db")
    cloud.wait_line(r"Sending CONNACK to gw-7")
    nodes = [kill.SnNode(box, f"node-{i}", f"farm/{i}", 1) for i in range(NODES)]
    for node in nodes:
        node.pause_s, node.again_s = 0.1, 10
        node.start()
    kill.wait_for(lambda: sum(node.sent for node in nodes) >= 50)
    stop(cloud)
    begun = sum(node.sent for node in nodes)
    kill.wait_for(lambda: sum(node.sent for node in nodes) >= begun + AWAY)
    box.mosquitto()
    for node in nodes:
        node.finish.set()
    kill.wait_for(lambda: all(node.idle() for node in nodes))
    count = sum(node.sent for node in nodes)
    watcher = box.subscriber("-i", "watcher", "-c", "-q", "1", port=box.cloud, topics=("dt/#",))
    texts = [text for _, _, _, text in watcher.messages(count, wait_s=60)]
    for node in nodes:
        mine = [text for text in dict.fromkeys(texts) if text.startswith(node.name + " ")]
        expect_equal(mine, [f"{node.name} {i}" for i in range(node.sent)], "messages in order")
        node.leave.set()
    box.note(f"{count} messages")
    expect_equal(sum(node.repeats for node in nodes), 0, "messages that a node said again")


def seven_bad_upstreams_delay_neither_a_live_one_nor_a_program(box):
    bad = [box.own(Bad(deed)) for deed in DEEDS]
    cloud = box.mosquitto()
    watcher = box.subscriber("-q", "1", port=box.cloud)
    names = [deed.__name__.strip("_").replace("_", "-") for deed in DEEDS]
    rules = "".join(UPSTREAM.format(name=n, port=b.port) for n, b in zip(names, bad))
    rules += UPSTREAM.format(name="closed", port=free_port())
    box.gateway(rules + UPSTREAM.format(name="live", port=box.cloud), store=box.dir / "sedge.db")
    cloud.wait_line(r"Sending CONNACK to gw-7")
    kill.wait_for(lambda: all(server.count for server in bad))
    here = box.subscriber("-q", "1")
    for i in range(100):
        box.sn_pub("-i", "meter", "-t", "farm/n", "-m", f"{i}", "-q", "1")
    wanted = [str(i) for i in range(100)]
    expect_equal([m[3] for m in watcher.messages(100)], wanted, "messages at the live one")
    expect_equal([m[3] for m in here.messages(100)], wanted, "messages here")
    expect(all(server.count for server in bad), "each was dialled")


def a_dead_and_a_slow_upstream_delay_no_live_one(box):
    at = free_port()
    live = box.mosquitto(port=at)
    dead = box.own(Bad(_hang))
    slow = Cloud(box, "cumulocity", login=bool)
    slow.hold_acks = True
    ports = {"dead": dead.port, "slow": box.cloud, "live": at}
    rules = "".join(UPSTREAM.format(name=name, port=port) for name, port in ports.items())
    gateway = box.gateway(rules, store=box.dir / "sedge.db")
    live.wait_line(r"Sending CONNACK to gw-7")
    watcher, here = box.subscriber("-q", "1", port=at), box.subscriber("-q", "1")
    wanted = [str(i) for i in range(200)]
    node = box.start(
        ROOT / "build/sn-pub", "-h", "127.0.0.1", "-p", box.udp, "-i", "meter", "-q", "1",
        "-t", "farm/n", "-l", text_in=True,
    )  # fmt: skip
    node.write("".join(f"{text}\n" for text in wanted))
    expect_equal([m[3] for m in watcher.messages(200)], wanted, "messages at the live one")
    expect_equal([m[3] for m in here.messages(200)], wanted, "messages here")
    expect(not any("cannot reach dead" in line for line in gateway.lines), "the dead one hangs")
    under_way = len(slow.messages)
    expect(0 < under_way < 200, f"{under_way} messages came to the slow one")
    box.sedge("upstream", "status", "dead").wait_line(r"^dead +offline .* 200 \(")
    box.sedge("upstream", "status", "slow").wait_line(r"^slow +online .* 200 \(")

    done = 0
    while done < 200:
        slow.wait("message", lambda: len(slow.messages) > done)
        done = len(slow.messages)
        slow.release()
    expect_equal([m.payload.decode() for m in slow.messages], wanted, "messages at the slow one")
    box.sedge("upstream", "status", "dead").wait_line(r"^dead +offline .* 200 \(")
