"""Support of the stories about WebSocket and TLS: WebSocket by hand, and two gateways that meet."""

import base64
import hashlib
import os

from sedge import ROOT, WAIT_S, expect, expect_equal, free_port

SEDGE = ROOT / "build/sedge"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
BINARY, TEXT, CLOSE, PING, PONG = 2, 1, 8, 9, 10

CONNECT = b"\x10\x0d\0\4MQTT\4\2\0\x3c\0\1h"
CONNACK = b"\x20\2\0\0"
SUBSCRIBE = b"\x82\6\0\1\0\1#\0"
SUBACK = b"\x90\3\0\1\0"
DISCONNECT = b"\xe0\0"


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


def frame(payload, opcode=BINARY, final=True, masked=True):
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


class End:
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

    def next_frame(self):
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
            opcode, _, _, payload = self.next_frame()
            expect_equal(opcode, BINARY, "opcode")
            self.payload += payload
        got, self.payload = self.payload[: len(octets)], self.payload[len(octets) :]
        expect_equal(got, octets, "payload")


def open_on(box, stream, piece=None):
    """A WebSocket of ours, opened on a connected stream."""
    end = box.own(End(stream))
    key = base64.b64encode(os.urandom(16))
    end.send(
        b"GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: " + key + b"\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Protocol: mqtt\r\n\r\n",
        piece,
    )
    head = end.head()
    expect(head.startswith("HTTP/1.1 101 "), head)
    expect(f"\r\nSec-WebSocket-Accept: {accept_of(key).decode()}\r\n" in head, head)
    expect("\r\nSec-WebSocket-Protocol: mqtt\r\n" in head, head)
    return end


UPSTREAM = """
[upstream cloud]
url = {url}
send = farm/# qos 1
receive = cmd/# qos 1
reconnect = 100ms..500ms
"""


def far_gateway(box, transport, keys=""):
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


def two_gateways_meet(box, url, more=""):
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
