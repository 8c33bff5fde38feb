"""A gateway of a page, for trying nodes alone: MQTT-SN 1.2 over UDP or framed on a serial line.

It is generous and forgets nothing; it can lose packets on purpose. Not a reference: the real
gateway's tests are in tests/system.
"""
import os
import socket
import struct
import threading

CONNECT, CONNACK, WILLTOPICREQ, WILLTOPIC, WILLMSGREQ, WILLMSG = range(4, 10)
REGISTER, REGACK, PUBLISH, PUBACK, PUBCOMP, PUBREC, PUBREL = range(10, 17)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = range(18, 25)


def crc32c(octets):
    crc = 0xFFFFFFFF
    for octet in octets:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def cobs(octets):
    out = bytearray()
    for run in octets.split(b"\0"):
        while len(run) >= 254:
            out += b"\xff" + run[:254]
            run = run[254:]
        out += bytes([len(run) + 1]) + run
    return bytes(out)


def uncobs(octets):
    out, at = bytearray(), 0
    while at < len(octets):
        code = octets[at]
        out += octets[at + 1:at + code]
        at += code
        if code != 255 and at < len(octets):
            out.append(0)
    return bytes(out)


def frame(packet, ctrl=0):
    body = bytes([1, ctrl]) + packet
    return b"\0" + cobs(body + struct.pack("<I", crc32c(body))) + b"\0"


def unframe(octets):
    body = uncobs(octets)
    if len(body) < 6 or struct.unpack("<I", body[-4:])[0] != crc32c(body[:-4]):
        return None
    return body[2:-4] if body[1] & 0x80 else None


def matches(pattern, name):
    p, n = pattern.split("/"), name.split("/")
    for i, level in enumerate(p):
        if level == "#":
            return True
        if i >= len(n) or level not in ("+", n[i]):
            return False
    return len(p) == len(n)


class Node:
    def __init__(self):
        self.id, self.state, self.subs, self.waiting = "", "off", {}, []
        self.names, self.told, self.msg_id, self.will = {}, set(), 0, None


class Gateway:
    """`lose(n, packet)` says whether the n-th packet in either direction is lost."""

    def __init__(self, send, lose=None, predefined=None):
        self.send_raw, self.lose, self.count = send, lose, 0
        self.predefined = predefined or {}
        self.nodes, self.published, self.lines = {}, [], []
        self.in_qos2 = set()

    def lost(self, packet):
        self.count += 1
        return self.lose is not None and self.lose(self.count, packet)

    def send(self, peer, kind, body=b""):
        packet = bytes([len(body) + 2, kind]) + body
        if len(packet) > 255:
            packet = struct.pack(">BHB", 1, len(body) + 4, kind) + body
        if not self.lost(packet):
            self.send_raw(peer, packet)

    def input(self, peer, packet):
        if self.lost(packet):
            return
        body = packet[4:] if packet[0] == 1 else packet[2:]
        kind = packet[3] if packet[0] == 1 else packet[1]
        node = self.nodes.setdefault(peer, Node())
        name = "on_%d" % kind
        if hasattr(self, name):
            getattr(self, name)(peer, node, body)

    def id_of(self, node, name):
        return node.names.setdefault(name, len(node.names) + 1)

    def name_of(self, node, kind, topic):
        if kind == 2:
            return struct.pack(">H", topic).decode()
        if kind == 1:
            return self.predefined.get(topic)
        return next((n for n, i in node.names.items() if i == topic), None)

    def on_4(self, peer, node, body):
        node.id = body[4:].decode()
        if body[0] & 4:
            node.__init__()
            node.id = body[4:].decode()
        if body[0] & 8:
            return self.send(peer, WILLTOPICREQ)
        self.up(peer, node)

    def on_7(self, peer, node, body):
        node.will = [body[1:].decode(), b""]
        self.send(peer, WILLMSGREQ)

    def on_9(self, peer, node, body):
        node.will[1] = body
        self.up(peer, node)

    def up(self, peer, node):
        node.state, node.told = "active", set()
        self.send(peer, CONNACK, b"\0")
        self.drain(peer, node)

    def on_10(self, peer, node, body):
        topic = self.id_of(node, body[4:].decode())
        node.told.add(topic)
        self.send(peer, REGACK, struct.pack(">H", topic) + body[2:4] + b"\0")

    def on_12(self, peer, node, body):
        flags, topic, msg_id = struct.unpack(">BHH", body[:5])
        qos, name = flags >> 5 & 3, self.name_of(node, flags & 3, topic)
        if node.state == "off" and qos != 3:
            return self.send(peer, DISCONNECT)
        if name is None:
            return self.send(peer, PUBACK, body[1:5] + b"\2")
        if qos == 1:
            self.send(peer, PUBACK, body[1:5] + b"\0")
        if qos == 2:
            self.send(peer, PUBREC, body[3:5])
            if (peer, msg_id) in self.in_qos2:
                return
            self.in_qos2.add((peer, msg_id))
        self.publish(name, body[5:], qos, bool(flags & 16))

    def on_16(self, peer, node, body):
        self.in_qos2.discard((peer, struct.unpack(">H", body)[0]))
        self.send(peer, PUBCOMP, body)

    def publish(self, name, data, qos=0, retain=False):
        self.published.append((name, data, qos, retain))
        for peer, node in list(self.nodes.items()):
            granted = [q for f, q in node.subs.items() if matches(f, name)]
            if granted:
                node.waiting.append((name, data, min(max(granted), qos if qos < 3 else 0)))
                if node.state == "active":
                    self.drain(peer, node)

    def drain(self, peer, node):
        """Sends the first that waits; its REGISTER before; the rest after the acknowledgement."""
        while node.waiting and not getattr(node, "busy", None):
            name, data, qos = node.waiting[0]
            topic = self.id_of(node, name)
            node.msg_id += 1
            if topic not in node.told:
                node.busy = node.msg_id
                self.send(peer, REGISTER, struct.pack(">HH", topic, node.msg_id) + name.encode())
                return
            node.busy = node.msg_id if qos else None
            if not qos:
                node.waiting.pop(0)
            self.send(peer, PUBLISH, struct.pack(">BHH", qos << 5, topic,
                                                 node.msg_id if qos else 0) + data)
        if node.state == "awake" and not node.waiting and not getattr(node, "busy", None):
            node.state = "asleep"
            self.send(peer, PINGRESP)

    def answered(self, peer, node, msg_id, gone=True):
        if getattr(node, "busy", None) == msg_id:
            node.busy = None
            if gone:
                node.waiting.pop(0)
            self.drain(peer, node)

    def on_11(self, peer, node, body):
        topic, msg_id = struct.unpack(">HH", body[:4])
        node.told.add(topic)
        self.answered(peer, node, msg_id, gone=False)

    def on_13(self, peer, node, body):
        self.answered(peer, node, struct.unpack(">H", body[2:4])[0])

    def on_15(self, peer, node, body):
        self.send(peer, PUBREL, body)

    def on_14(self, peer, node, body):
        self.answered(peer, node, struct.unpack(">H", body)[0])

    def on_18(self, peer, node, body):
        flags, msg_id, topic = body[0], body[1:3], body[3:]
        if node.state == "off":
            return self.send(peer, DISCONNECT)
        number, code = 0, 0
        if flags & 3 == 0 or flags & 3 == 2:
            name = topic.decode()
            if flags & 3 == 0 and not set(name) & set("+#"):
                number = self.id_of(node, name)
                node.told.add(number)
        else:
            number = struct.unpack(">H", topic)[0]
            name = self.predefined.get(number)
        if name is None:
            code = 2
        else:
            node.subs[name] = flags >> 5 & 3
        self.send(peer, SUBACK, struct.pack(">BH", flags & 0x60, number) + msg_id + bytes([code]))

    def on_20(self, peer, node, body):
        node.subs.pop(body[3:].decode(), None)
        self.send(peer, UNSUBACK, body[1:3])

    def on_22(self, peer, node, body):
        if node.state == "off":
            return self.send(peer, DISCONNECT)
        if body and node.state in ("asleep", "awake"):
            node.state = "awake"
            node.busy = None
            return self.drain(peer, node)
        self.send(peer, PINGRESP)

    def on_24(self, peer, node, body):
        node.state = "asleep" if body else "off"
        self.send(peer, DISCONNECT)


class Udp(threading.Thread):
    def __init__(self, family=socket.AF_INET, **options):
        super().__init__(daemon=True)
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        self.port = self.socket.getsockname()[1]
        self.lock = threading.RLock()
        self.gateway = Gateway(lambda peer, packet: self.socket.sendto(packet, peer), **options)
        self.start()

    def run(self):
        while True:
            packet, peer = self.socket.recvfrom(65536)
            with self.lock:
                self.gateway.input(peer, packet)


class Line(threading.Thread):
    """On a descriptor: a pty's, or a connected socket's."""

    def __init__(self, fd, **options):
        super().__init__(daemon=True)
        self.fd, self.lock = fd, threading.RLock()
        self.gateway = Gateway(lambda peer, packet: os.write(fd, frame(packet)), **options)
        self.start()

    def run(self):
        rest = b""
        while True:
            try:
                got = os.read(self.fd, 4096)
            except OSError:
                return
            if not got:
                return
            *frames, rest = (rest + got).split(b"\0")
            for octets in filter(None, frames):
                packet = unframe(octets)
                if packet is not None:
                    with self.lock:
                        self.gateway.input("line", packet)
