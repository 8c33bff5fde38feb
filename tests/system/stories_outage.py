"""Upstreams that are away, or worse, while nodes and programs go on."""

import socket
import threading

import kill
from sedge import expect, expect_equal, stop

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


def six_bad_upstreams_delay_neither_a_live_one_nor_a_program(box):
    bad = [box.own(Bad(deed)) for deed in DEEDS]
    cloud = box.mosquitto()
    watcher = box.subscriber("-q", "1", port=box.cloud)
    names = [deed.__name__.strip("_").replace("_", "-") for deed in DEEDS]
    rules = "".join(UPSTREAM.format(name=n, port=b.port) for n, b in zip(names, bad))
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
