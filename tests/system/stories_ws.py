"""MQTT over WebSocket: a client and a server by hand, and two gateways that meet."""

import base64
import hashlib
import os
import re
import socket
import threading

from sedge import ROOT, WAIT_S, Failed, expect, expect_equal, free_port

SEDGE = ROOT / "build/sedge"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
BINARY, TEXT, CLOSE, PING, PONG = 2, 1, 8, 9, 10

CONNECT = b"\x10\x0d\0\4MQTT\4\2\0\x3c\0\1h"
CONNACK = b"\x20\2\0\0"
SUBSCRIBE = b"\x82\6\0\1\0\1#\0"
SUBACK = b"\x90\3\0\1\0"
DISCONNECT = b"\xe0\0"


def _publish(topic, text):
    rest = len(topic).to_bytes(2, "big") + topic.encode() + text.encode()
    return bytes([0x30, len(rest)]) + rest


def _accept(key):
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


def _frame(payload, opcode=BINARY, final=True, masked=True):
    head = bytes([opcode | (0x80 if final else 0)])
    size = len(payload)
    bit = 0x80 if masked else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 65536:
        head += bytes([bit | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([bit | 127]) + size.to_bytes(8, "big")
    if masked:
        key = os.urandom(4)
        head += key
        payload = bytes(octet ^ key[i % 4] for i, octet in enumerate(payload))
    return head + payload


class _End:
    """One end of a connection: octets and frames, by hand."""

    def __init__(self, stream):
        self.stream = stream
        self.stream.settimeout(WAIT_S)
        self.octets = b""
        self.payload = b""

    def close(self):
        self.stream.close()

    def send(self, octets, piece=None):
        piece = piece or len(octets)
        for at in range(0, len(octets), piece):
            self.stream.sendall(octets[at : at + piece])

    def need(self, count):
        while len(self.octets) < count:
            got = self.stream.recv(65536)
            if not got:
                raise EOFError
            self.octets += got
        taken, self.octets = self.octets[:count], self.octets[count:]
        return taken

    def head(self):
        """Up to the empty line, as text."""
        text = b""
        while not text.endswith(b"\r\n\r\n"):
            text += self.need(1)
        return text.decode()

    def rest(self):
        """What comes until the other side closes."""
        text = b""
        try:
            while True:
                text += self.need(1)
        except EOFError:
            return text

    def frame(self):
        """(opcode, final, masked, payload) of the next one."""
        first, second = self.need(2)
        size = second & 0x7F
        if size > 125:
            size = int.from_bytes(self.need(2 if size == 126 else 8), "big")
        key = self.need(4) if second & 0x80 else bytes(4)
        payload = bytes(octet ^ key[i % 4] for i, octet in enumerate(self.need(size)))
        return first & 0x0F, bool(first & 0x80), bool(second & 0x80), payload

    def wait(self, octets):
        """Payload of binary frames until it begins with `octets`."""
        while len(self.payload) < len(octets):
            opcode, _, _, payload = self.frame()
            expect_equal(opcode, BINARY, "opcode")
            self.payload += payload
        got, self.payload = self.payload[: len(octets)], self.payload[len(octets) :]
        expect_equal(got, octets, "payload")


def _connect(box, port):
    return box.own(_End(socket.create_connection(("127.0.0.1", port), WAIT_S)))


def _open(box, port, piece=None):
    end = _connect(box, port)
    key = base64.b64encode(os.urandom(16))
    end.send(
        b"GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: " + key + b"\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Protocol: mqtt\r\n\r\n",
        piece,
    )
    head = end.head()
    expect(head.startswith("HTTP/1.1 101 "), head)
    expect(f"\r\nSec-WebSocket-Accept: {_accept(key).decode()}\r\n" in head, head)
    expect("\r\nSec-WebSocket-Protocol: mqtt\r\n" in head, head)
    return end


def _gateway(box, more="", **settings):
    """A gateway with a WebSocket port beside its plain one; returns the port."""
    port = free_port()
    box.gateway(f"[broker web]\nbind = 127.0.0.1:{port}\ntransport = ws\n\n{more}", **settings)
    return port


def mqtt_crosses_websocket_frames_however_they_are_cut(box):
    end = _open(box, _gateway(box), piece=7)
    end.send(_frame(CONNECT[:1]) + _frame(CONNECT[1:9]) + _frame(CONNECT[9:]))
    end.wait(CONNACK)
    end.send(_frame(SUBSCRIBE + _publish("a", "two in one frame")))
    end.wait(SUBACK + _publish("a", "two in one frame"))
    end.send(_frame(_publish("a", "octet by octet")), piece=1)
    end.wait(_publish("a", "octet by octet"))
    whole = _publish("a", "in fragments")
    end.send(_frame(whole[:3], final=False) + _frame(b"beat", PING))
    end.send(_frame(whole[3:5], 0, final=False) + _frame(whole[5:], 0))
    expect_equal(end.frame(), (PONG, True, False, b"beat"), "pong")
    end.wait(whole)
    box.mqtt_pub("-t", "b", "-m", "from a plain port")
    end.wait(_publish("b", "from a plain port"))
    end.send(_frame(DISCONNECT))
    expect_equal(end.frame(), (CLOSE, True, False, b"\x03\xe8"), "close")
    expect_equal(end.rest(), b"", "after the close")


def large_messages_cross_a_websocket(box):
    port = _gateway(box)
    end = _open(box, port)
    watcher = box.subscriber("-F", "= %q %r %t %l")
    size = 300_000
    rest = b"\0\3big" + bytes(range(256)) * (size // 256 + 1)
    rest = rest[: 5 + size]
    octets = b"\x30\xe5\xa7\x12" + rest  # 300,005
    end.send(_frame(CONNECT) + _frame(SUBSCRIBE))
    end.wait(CONNACK + SUBACK)
    end.send(_frame(octets))
    end.wait(octets)
    expect_equal(watcher.messages(1)[0][3], str(size), "octets at the plain port")


def a_text_frame_ends_the_connection_and_the_will_is_sent(box):
    will = b"\x10\x16\0\4MQTT\4\6\0\x3c\0\1w\0\1t\0\4gone"
    port = _gateway(box)
    watcher = box.subscriber()
    end = _open(box, port)
    end.send(_frame(will))
    end.wait(CONNACK)
    end.send(_frame(b"hello", TEXT))
    expect_equal(end.frame(), (CLOSE, True, False, b"\x03\xeb"), "close")
    expect_equal(end.rest(), b"", "after the close")
    expect_equal(watcher.messages(1)[0][::3], ("t", "gone"), "will")


def a_close_frame_is_answered(box):
    end = _open(box, _gateway(box))
    end.send(_frame(CONNECT))
    end.wait(CONNACK)
    end.send(_frame(b"\x03\xe9bye", CLOSE))
    expect_equal(end.frame(), (CLOSE, True, False, b"\x03\xe9"), "close")
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
    expect_equal(silent.frame(), (CLOSE, True, False, b"\x03\xe8"), "close")
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
                end = _End(self.server.accept()[0])
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
            b"Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Accept: " + _accept(key) + b"\r\n\r\n",
            piece=5,
        )
        plain = _End(socket.create_connection(("127.0.0.1", self.port)))
        self.ends.append(plain)
        threading.Thread(target=self._up, args=(end, plain), daemon=True).start()
        threading.Thread(target=self._down, args=(end, plain), daemon=True).start()

    def _up(self, end, plain):
        try:
            while True:
                opcode, _, masked, payload = end.frame()
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
                    end.send(_frame(bytes([octet]), opcode, last, masked=False))
                    if i == 0:
                        end.send(_frame(b"?", PING, masked=False))
        except OSError:
            pass
        end.close()

    def wait_pong(self):
        with self.pongs_changed:
            if not self.pongs_changed.wait_for(lambda: self.pongs, WAIT_S):
                raise Failed("no pong")


UPSTREAM = """
[upstream cloud]
url = {url}
send = farm/# qos 1
receive = cmd/# qos 1
reconnect = 100ms..500ms
"""


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


def _far_gateway(box, transport, keys=""):
    """A second gateway, the far broker of the first one; returns its WebSocket port."""
    port = free_port()
    conf = box.dir / "far.conf"
    conf.write_text(
        f"[gateway]\nname = far\n\n[broker local]\nbind = 127.0.0.1:{box.cloud}\n\n"
        f"[broker web]\nbind = 127.0.0.1:{port}\ntransport = {transport}\n{keys}\n"
        "[store]\npath = none\n"
    )
    box.start(SEDGE, "run", "-c", conf).wait_line(r"sedge: ready")
    return port


def _two_gateways_meet(box, url, more=""):
    watcher = box.subscriber("-q", "1", port=box.cloud)
    box.gateway(UPSTREAM.format(url=url) + more)
    here = box.subscriber("-q", "1", topics=("cmd/#",))
    for number in range(3):
        box.mqtt_pub("-t", "farm/n", "-m", str(number), "-q", "1")
    box.sn_pub("-i", "bed-1", "-t", "farm/n", "-m", "3", "-q", "1")
    texts = [text for _, _, _, text in watcher.messages(4)]
    expect_equal(texts, ["0", "1", "2", "3"], "messages at the far gateway")
    box.mqtt_pub("-t", "cmd/valve", "-m", "open", "-q", "1", "-r", port=box.cloud)
    expect_equal(here.messages(1)[0][::3], ("cmd/valve", "open"), "message here")


def two_gateways_meet_over_a_websocket(box):
    port = _far_gateway(box, "ws")
    _two_gateways_meet(box, f"ws://127.0.0.1:{port}")
