"""MQTT over WebSocket: a client and a server by hand, and two gateways that meet."""

import base64
import os
import re
import socket
import threading

from sedge import WAIT_S, Failed, expect, expect_equal, free_port
from websocket import (
    BINARY,
    CLOSE,
    CONNACK,
    CONNECT,
    DISCONNECT,
    PING,
    PONG,
    SUBACK,
    SUBSCRIBE,
    TEXT,
    UPSTREAM,
    End,
    accept_of,
    far_gateway,
    frame,
    open_on,
    two_gateways_meet,
)

def _publish(topic, text):
    rest = len(topic).to_bytes(2, "big") + topic.encode() + text.encode()
    return bytes([0x30, len(rest)]) + rest


def _connect(box, port):
    return box.own(End(socket.create_connection(("127.0.0.1", port), WAIT_S)))


def _open(box, port, piece=None):
    return open_on(box, socket.create_connection(("127.0.0.1", port), WAIT_S), piece)


def _gateway(box, more="", **settings):
    """A gateway with a WebSocket port beside its plain one; returns the port."""
    port = free_port()
    box.gateway(f"[broker web]\nbind = 127.0.0.1:{port}\ntransport = ws\n\n{more}", **settings)
    return port


def mqtt_crosses_websocket_frames_however_they_are_cut(box):
    end = _open(box, _gateway(box), piece=7)
    end.send(frame(CONNECT[:1]) + frame(CONNECT[1:9]) + frame(CONNECT[9:]))
    end.wait(CONNACK)
    end.send(frame(SUBSCRIBE + _publish("a", "two in one frame")))
    end.wait(SUBACK + _publish("a", "two in one frame"))
    end.send(frame(_publish("a", "octet by octet")), piece=1)
    end.wait(_publish("a", "octet by octet"))
    whole = _publish("a", "in fragments")
    end.send(frame(whole[:3], final=False) + frame(b"beat", PING))
    end.send(frame(whole[3:5], 0, final=False) + frame(whole[5:], 0))
    expect_equal(end.next_frame(), (PONG, True, False, b"beat"), "pong")
    end.wait(whole)
    box.mqtt_pub("-t", "b", "-m", "from a plain port")
    end.wait(_publish("b", "from a plain port"))
    end.send(frame(DISCONNECT))
    expect_equal(end.next_frame(), (CLOSE, True, False, b"\x03\xe8"), "close")
    expect_equal(end.rest(), b"", "after the close")


def large_messages_cross_a_websocket(box):
    port = _gateway(box)
    end = _open(box, port)
    watcher = box.subscriber("-F", "= %q %r %t %l")
    size = 300_000
    rest = b"\0\3big" + bytes(range(256)) * (size // 256 + 1)
    rest = rest[: 5 + size]
    octets = b"\x30\xe5\xa7\x12" + rest  # 300,005
    end.send(frame(CONNECT) + frame(SUBSCRIBE))
    end.wait(CONNACK + SUBACK)
    end.send(frame(octets))
    end.wait(octets)
    expect_equal(watcher.messages(1)[0][3], str(size), "octets at the plain port")


def a_text_frame_ends_the_connection_and_the_will_is_sent(box):
    will = b"\x10\x16\0\4MQTT\4\6\0\x3c\0\1w\0\1t\0\4gone"
    port = _gateway(box)
    watcher = box.subscriber()
    end = _open(box, port)
    end.send(frame(will))
    end.wait(CONNACK)
    end.send(frame(b"hello", TEXT))
    expect_equal(end.next_frame(), (CLOSE, True, False, b"\x03\xeb"), "close")
    expect_equal(end.rest(), b"", "after the close")
    expect_equal(watcher.messages(1)[0][::3], ("t", "gone"), "will")


def what_comes_with_the_request_may_end_it_at_once(box):
    port = _gateway(box)
    end = _connect(box, port)
    end.send(
        b"GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Protocol: mqtt\r\n\r\n" + frame(CONNECT) + frame(b"hello", TEXT)
    )
    said = end.rest()
    expect(said.startswith(b"HTTP/1.1 101 ") and said.endswith(b"\x88\x02\x03\xeb"), said)
    _open(box, port)


def a_close_frame_is_answered(box):
    end = _open(box, _gateway(box))
    end.send(frame(CONNECT))
    end.wait(CONNACK)
    end.send(frame(b"\x03\xe9bye", CLOSE))
    expect_equal(end.next_frame(), (CLOSE, True, False, b"\x03\xe9"), "close")
    expect_equal(end.rest(), b"", "after the close")


def who_comes_to_a_websocket_port_with_something_else_is_told(box):
    port = _gateway(box)
    for request, status, text in (
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "404", "/mqtt"),
        (b"GET /mqtt HTTP/1.1\r\nHost: x\r\n\r\n", "426", "does not ask for a WebSocket"),
        (b"POST /mqtt HTTP/1.1\r\nHost: x\r\n\r\n", "405", "GET"),
        (CONNECT, "400", "MQTT over WebSocket"),
        (b"\x16\x03\x01\x02\x00\x01", "400", "MQTT over WebSocket"),
    ):
        end = _connect(box, port)
        end.send(request)
        said = end.rest().decode()
        expect(said.startswith(f"HTTP/1.1 {status} "), said)
        expect(text in said.partition("\r\n\r\n")[2], said)


def who_opens_a_websocket_and_says_no_more_is_closed(box):
    port = free_port()
    box.gateway(f"[broker web]\nbind = 127.0.0.1:{port}\ntransport = ws\nconnect_timeout = 100ms\n")
    half = _connect(box, port)
    half.send(b"GET /mqtt HTTP/1.1\r\nHost: x\r\n")
    expect_equal(half.rest(), b"", "half a request")
    silent = _open(box, port)
    expect_equal(silent.next_frame(), (CLOSE, True, False, b"\x03\xe8"), "close")
    expect_equal(silent.rest(), b"", "after the close")


class _Bridge:
    """A WebSocket server by hand, before a plain MQTT port: what comes goes there, what comes from
    there is told in fragments with pings between them."""

    def __init__(self, port, answer=None):
        self.port, self.answer = port, answer
        self.server = socket.create_server(("127.0.0.1", 0))
        self.at = self.server.getsockname()[1]
        self.heads, self.ends, self.pongs, self.fault = [], [], 0, None
        self.pongs_changed = threading.Condition()
        threading.Thread(target=self._serve, daemon=True).start()

    def end(self):
        self.server.close()
        for end in self.ends:
            end.close()

    def _serve(self):
        try:
            while True:
                end = End(self.server.accept()[0])
                self.ends.append(end)
                self._welcome(end)
        except OSError:
            pass

    def _welcome(self, end):
        head = end.head()
        self.heads.append(head)
        if self.answer:
            end.send(self.answer)
            end.stream.shutdown(socket.SHUT_WR)
            return
        key = re.search(r"\r\nSec-WebSocket-Key: (\S+)\r\n", head)[1].encode()
        end.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Accept: " + accept_of(key) + b"\r\n\r\n",
            piece=5,
        )
        plain = End(socket.create_connection(("127.0.0.1", self.port)))
        self.ends.append(plain)
        threading.Thread(target=self._up, args=(end, plain), daemon=True).start()
        threading.Thread(target=self._down, args=(end, plain), daemon=True).start()

    def _up(self, end, plain):
        try:
            while True:
                opcode, _, masked, payload = end.next_frame()
                if not masked or opcode not in (BINARY, PONG):
                    self.fault = f"opcode {opcode}, masked {masked}"
                if opcode == BINARY:
                    plain.send(payload)
                elif opcode == PONG:
                    with self.pongs_changed:
                        self.pongs += 1
                        self.pongs_changed.notify_all()
        except (EOFError, OSError):
            plain.close()

    def _down(self, end, plain):
        try:
            while True:
                octets = plain.stream.recv(65536)
                if not octets:
                    break
                for i, octet in enumerate(octets):
                    opcode = BINARY if i == 0 else 0
                    last = i + 1 == len(octets)
                    end.send(frame(bytes([octet]), opcode, last, masked=False))
                    if i == 0:
                        end.send(frame(b"?", PING, masked=False))
        except OSError:
            pass
        end.close()

    def wait_pong(self):
        with self.pongs_changed:
            if not self.pongs_changed.wait_for(lambda: self.pongs, WAIT_S):
                raise Failed("no pong")


def an_upstream_is_reached_over_a_websocket_by_hand(box):
    cloud = box.mosquitto()
    bridge = box.own(_Bridge(box.cloud))
    watcher = box.subscriber("-q", "1", port=box.cloud)
    box.gateway(UPSTREAM.format(url=f"ws://127.0.0.1:{bridge.at}/deep/mqtt?token=1"))
    cloud.wait_line(r"Sending SUBACK to gw-7")
    here = box.subscriber("-q", "1", topics=("cmd/#",))
    box.mqtt_pub("-t", "farm/t", "-m", "x" * 70000, "-q", "1")
    expect_equal(watcher.messages(1)[0][3], "x" * 70000, "message at the cloud")
    box.mqtt_pub("-t", "cmd/valve", "-m", "open", "-q", "1", port=box.cloud)
    expect_equal(here.messages(1)[0][::3], ("cmd/valve", "open"), "message here")
    bridge.wait_pong()
    expect_equal(bridge.fault, None, "what the bridge saw")
    expect(bridge.heads[0].startswith("GET /deep/mqtt?token=1 HTTP/1.1\r\n"), bridge.heads[0])
    expect(f"\r\nHost: 127.0.0.1:{bridge.at}\r\n" in bridge.heads[0], bridge.heads[0])


def an_upstream_that_is_no_websocket_is_told_in_words(box):
    bridge = box.own(_Bridge(0, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"))
    gateway = box.gateway(UPSTREAM.format(url=f"ws://127.0.0.1:{bridge.at}"))
    gateway.wait_line(r"the server answers 403 Forbidden, not a WebSocket")


def an_upstream_that_does_not_answer_is_left(box):
    silent = box.own(socket.create_server(("127.0.0.1", 0)))
    gateway = box.gateway(UPSTREAM.format(url=f"ws://127.0.0.1:{silent.getsockname()[1]}"))
    gateway.wait_line(r"the server takes connections, and does not answer")


def two_gateways_meet_over_a_websocket(box):
    port = far_gateway(box, "ws")
    two_gateways_meet(box, f"ws://127.0.0.1:{port}")
