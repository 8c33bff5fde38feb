"""MQTT by octets, for more messages than a program of mosquitto is asked to count."""

import socket

from sedge import WAIT_S, expect, expect_equal

CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK = 2, 3, 4, 5, 6, 7, 9
WINDOW = 1000  # messages of a flood on their way


def text(name):
    octets = name.encode()
    return len(octets).to_bytes(2, "big") + octets


def packet(first, body):
    length, rest = b"", len(body)
    while True:
        rest, octet = rest >> 7, rest & 0x7F
        length += bytes([octet | (0x80 if rest else 0)])
        if not rest:
            return bytes([first]) + length + body


def publish(topic, payload, qos, number, dup=False):
    first = PUBLISH << 4 | (8 if dup else 0) | qos << 1
    return packet(first, text(topic) + number.to_bytes(2, "big") + payload)


def answer(kind, number):
    return bytes([kind << 4 | (2 if kind == PUBREL else 0), 2]) + number.to_bytes(2, "big")


class Message:
    """A PUBLISH that came; `number` is 0 at QoS 0."""

    def __init__(self, flags, body):
        end = 2 + int.from_bytes(body[:2], "big")
        self.qos, self.dup = flags >> 1 & 3, bool(flags & 8)
        self.number = int.from_bytes(body[end : end + 2], "big") if self.qos else 0
        self.topic, self.payload = body[2:end].decode(), body[end + (2 if self.qos else 0) :]


class Line:
    """One connection of a kept session, connected by the time this returns."""

    def __init__(self, port, client_id, wait_s=WAIT_S):
        self.socket = socket.create_connection(("127.0.0.1", port), wait_s)
        self.came = b""
        try:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.send(packet(0x10, text("MQTT") + b"\4\0\0\0" + text(client_id)))
            kind, _, body = self.packets(most=1)[0]
            expect_equal((kind, body[1]), (CONNACK, 0), f"CONNACK of {client_id}")
        except BaseException:
            self.socket.close()
            raise
        self.present = bool(body[0])

    def send(self, octets):
        self.socket.sendall(octets)

    def packets(self, most=None):
        """Waits for a packet; all that came whole, as (kind, flags, body)."""
        found = self._whole(most)
        while not found:
            octets = self.socket.recv(1 << 16)
            if not octets:
                raise ConnectionError("closed by the broker")
            self.came += octets
            found = self._whole(most)
        return found

    def _whole(self, most):
        found, at = [], 0
        while most is None or len(found) < most:
            size, shift, body = 0, 0, at + 1
            while body < len(self.came):
                size |= (self.came[body] & 0x7F) << shift
                shift += 7
                body += 1
                if self.came[body - 1] < 0x80:
                    break
            else:
                break
            if body + size > len(self.came):
                break
            first = self.came[at]
            found.append((first >> 4, first & 15, self.came[body : body + size]))
            at = body + size
        self.came = self.came[at:]
        return found

    def subscribe(self, *filters):
        """Of (name, QoS); before anything else is said."""
        body = b"".join(text(name) + bytes([qos]) for name, qos in filters)
        self.send(packet(0x82, b"\xff\xff" + body))
        kind, _, body = self.packets(most=1)[0]
        expect(kind == SUBACK and list(body[2:]) == [qos for _, qos in filters], "SUBACK")
        return self

    def close(self):
        self.socket.close()


def _number(i):
    return i % 65535 + 1


def flood(port, topic, count):
    """Publishes 0, 1, 2 ... at QoS 1, WINDOW on their way; back with the last PUBACK."""
    line = Line(port, "flood")
    sent = acked = 0
    while acked < count:
        most = min(count, acked + WINDOW)
        line.send(b"".join(publish(topic, b"%d" % i, 1, _number(i)) for i in range(sent, most)))
        sent = most
        for kind, _, body in line.packets():
            expect_equal((kind, body), (PUBACK, _number(acked).to_bytes(2, "big")), "PUBACK")
            acked += 1
    line.close()


def take(port, client_id, enough):
    """Acknowledges what a kept session gets until `enough` of (number, dup); gives all that came."""
    line, got = Line(port, client_id), []
    expect(line.present, f"the session of {client_id} is there")
    while not enough(got):
        messages = [Message(flags, body) for kind, flags, body in line.packets() if kind == PUBLISH]
        got += [(int(message.payload), message.dup) for message in messages]
        line.send(b"".join(answer(PUBACK, message.number) for message in messages))
    line.close()
    return got
