"""Packets of which the octets are not the point, for tests of something else."""

DUP, RETAIN = 0x08, 0x01


def text(octets):
    """A string or binary field: its length in two octets, then itself."""
    return len(octets).to_bytes(2, "big") + octets


def packet(first, body=b""):
    length, rest = b"", len(body)
    while True:
        rest, octet = rest >> 7, rest & 0x7F
        length += bytes([octet | (0x80 if rest else 0)])
        if not rest:
            return bytes([first]) + length + body


def connect(client_id=b"c", clean=True, keepalive_s=0, flags=0, fields=(), old=False):
    """`flags` are set beside CleanSession; `fields` follow the client id. `old`: MQTT 3.1."""
    head = text(b"MQIsdp") + b"\3" if old else text(b"MQTT") + b"\4"
    octets = head + bytes([flags | (2 if clean else 0)]) + keepalive_s.to_bytes(2, "big")
    return packet(0x10, octets + text(client_id) + b"".join(text(field) for field in fields))


def publish(topic, payload=b"", qos=0, packet_id=0, dup=False, retain=False):
    number = packet_id.to_bytes(2, "big") if qos else b""
    first = 0x30 | (DUP if dup else 0) | qos << 1 | (RETAIN if retain else 0)
    return packet(first, text(topic) + number + payload)


def puback(packet_id):
    return b"\x40\x02" + packet_id.to_bytes(2, "big")


def subscribe(packet_id, *filters):
    """Of (name, QoS)."""
    body = b"".join(text(name) + bytes([qos]) for name, qos in filters)
    return packet(0x82, packet_id.to_bytes(2, "big") + body)


def unsubscribe(packet_id, *filters):
    return packet(0xA2, packet_id.to_bytes(2, "big") + b"".join(map(text, filters)))


def id_of(octets):
    """The packet id of a PUBLISH of QoS 1 or 2, in bytes. Its length takes one octet."""
    at = 4 + int.from_bytes(octets[2:4], "big")
    return octets[at : at + 2]
