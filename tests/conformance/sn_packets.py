"""MQTT-SN 1.2 messages, to and from octets: one row for each type, in the order of the octets."""

DUP, RETAIN, WILL, CLEAN = 0x80, 0x10, 0x08, 0x04
NORMAL, PREDEFINED, SHORT, RESERVED = 0, 1, 2, 3  # TopicIdType
NAME = NORMAL  # of SUBSCRIBE and UNSUBSCRIBE
ACCEPTED, CONGESTION, INVALID_ID, NOT_SUPPORTED = range(4)

# Name: type, then each field with its octets; * is the rest, ? before a field: may be absent with
# all that follows.
ROWS = {
    "ADVERTISE": "00 gw_id:1 duration:2",
    "SEARCHGW": "01 radius:1",
    "GWINFO": "02 gw_id:1 address:*",
    "CONNECT": "04 flags:1 protocol:1 duration:2 client_id:*",
    "CONNACK": "05 code:1",
    "WILLTOPICREQ": "06",
    "WILLTOPIC": "07 ?flags:1 topic:*",
    "WILLMSGREQ": "08",
    "WILLMSG": "09 data:*",
    "REGISTER": "0a topic_id:2 msg_id:2 name:*",
    "REGACK": "0b topic_id:2 msg_id:2 code:1",
    "PUBLISH": "0c flags:1 topic_id:2 msg_id:2 data:*",
    "PUBACK": "0d topic_id:2 msg_id:2 code:1",
    "PUBCOMP": "0e msg_id:2",
    "PUBREC": "0f msg_id:2",
    "PUBREL": "10 msg_id:2",
    "SUBSCRIBE": "12 flags:1 msg_id:2 topic:*",
    "SUBACK": "13 flags:1 topic_id:2 msg_id:2 code:1",
    "UNSUBSCRIBE": "14 flags:1 msg_id:2 topic:*",
    "UNSUBACK": "15 msg_id:2",
    "PINGREQ": "16 client_id:*",
    "PINGRESP": "17",
    "DISCONNECT": "18 ?duration:2",
    "WILLTOPICUPD": "1a ?flags:1 topic:*",
    "WILLTOPICRESP": "1b code:1",
    "WILLMSGUPD": "1c data:*",
    "WILLMSGRESP": "1d code:1",
}
FORWARD = 0xFE


def _fields(row):
    for field in row.split()[1:]:
        name, size = field.lstrip("?").split(":")
        yield name, size, field.startswith("?")


TYPES = {name: int(row.split()[0], 16) for name, row in ROWS.items()}
NAMES = {number: name for name, number in TYPES.items()}
FIELDS = {name: tuple(_fields(row)) for name, row in ROWS.items()}
RESERVED_TYPES = (0x03, 0x11, 0x19, *range(0x1E, 0xFE), 0xFF)


class Packet:
    """A message decoded: its type's name, its fields as attributes; those that are absent are None."""

    def __init__(self, octets):
        self.octets = octets
        total, self.type_octet, rest = split(octets)
        if total != len(octets) or self.type_octet not in NAMES:
            raise ValueError(f"no message: {octets.hex(' ')}")
        self.type = NAMES[self.type_octet]
        absent = False
        for name, size, optional in FIELDS[self.type]:
            absent = absent or (optional and not rest)
            count = len(rest) if size == "*" else int(size)
            if not absent and len(rest) < count:
                raise ValueError(f"{self.type} ends inside {name}: {octets.hex(' ')}")
            value, rest = rest[:count], rest[count:]
            value = value if size == "*" else int.from_bytes(value, "big")
            setattr(self, name, None if absent else value)
        if rest:
            raise ValueError(f"{self.type} goes on after its end: {octets.hex(' ')}")

    @property
    def qos(self):
        return self.flags >> 5 & 3

    @property
    def kind(self):
        """TopicIdType"""
        return self.flags & 3

    def __repr__(self):
        shown = (f"{name}={getattr(self, name)!r}" for name, _, _ in FIELDS[self.type])
        return f"{self.type}({', '.join(shown)})"


def split(octets):
    """What Length says, the type, and what follows."""
    if octets[0] == 1:
        return int.from_bytes(octets[1:3], "big"), octets[3], octets[4:]
    return octets[0], octets[1], octets[2:]


def framed(type_octet, body=b"", long=False):
    """`long`: the 3-octet Length, whatever the total."""
    if long or len(body) + 2 > 255:
        return b"\1" + (len(body) + 4).to_bytes(2, "big") + bytes([type_octet]) + body
    return bytes([len(body) + 2, type_octet]) + body


def message(kind, /, *, long=False, **values):
    """By its fields: those that may be absent are so unless named, all others are 0 or empty."""
    body = b""
    for field, size, optional in FIELDS[kind]:
        if optional and field not in values:
            break
        value = values.pop(field, b"" if size == "*" else 0)
        body += value if size == "*" else value.to_bytes(int(size), "big")
    if values:
        raise ValueError(f"{kind} has no {', '.join(values)}")
    return framed(TYPES[kind], body, long)


def lengthened(octets):
    """The same message with the 3-octet Length."""
    _, type_octet, body = split(octets)
    return framed(type_octet, body, long=True)


def wrapped(node_id, octets, ctrl=0):
    """In a forwarder's encapsulation, whose Length ends before the message inside."""
    return bytes([3 + len(node_id), FORWARD, ctrl]) + node_id + octets


def unwrapped(octets):
    """(Ctrl, node id, the message inside)."""
    length, type_octet, _ = split(octets)
    if type_octet != FORWARD or octets[0] == 1:
        raise ValueError(f"no encapsulation: {octets.hex(' ')}")
    return octets[2], octets[3:length], octets[length:]


# Messages that many tests send.


def flags_of(qos=0, kind=NORMAL, dup=False, retain=False):
    """QoS -1 is 3."""
    return (DUP if dup else 0) | (qos & 3) << 5 | (RETAIN if retain else 0) | kind


def connect(client_id, clean=True, will=False, duration=0, protocol=1):
    flags = (CLEAN if clean else 0) | (WILL if will else 0)
    return message(
        "CONNECT", flags=flags, protocol=protocol, duration=duration, client_id=client_id
    )


def register(name, msg_id=1, topic_id=0):
    return message("REGISTER", topic_id=topic_id, msg_id=msg_id, name=name)


def publish(topic_id, data=b"", qos=0, msg_id=0, **flags):
    """`topic_id`: a number, or the two octets of a short name."""
    if isinstance(topic_id, bytes):
        topic_id, flags["kind"] = int.from_bytes(topic_id, "big"), SHORT
    return message(
        "PUBLISH", flags=flags_of(qos, **flags), topic_id=topic_id, msg_id=msg_id, data=data
    )


def _topic_of(topic):
    return topic if isinstance(topic, bytes) else topic.to_bytes(2, "big")


def subscribe(topic, qos=0, msg_id=1, kind=NAME, dup=False):
    """`topic`: octets of a name or short name, or the number of a predefined id."""
    flags = flags_of(qos, kind, dup)
    return message("SUBSCRIBE", flags=flags, msg_id=msg_id, topic=_topic_of(topic))


def unsubscribe(topic, msg_id=1, kind=NAME):
    return message("UNSUBSCRIBE", flags=kind, msg_id=msg_id, topic=_topic_of(topic))


def ack(name, topic_id, msg_id, code=ACCEPTED):
    """REGACK or PUBACK."""
    return message(name, topic_id=topic_id, msg_id=msg_id, code=code)


def answer(name, msg_id):
    """PUBREC, PUBREL, PUBCOMP, UNSUBACK."""
    return message(name, msg_id=msg_id)


def suback(topic_id, msg_id=1, qos=0, code=ACCEPTED, kind=NAME):
    return message("SUBACK", flags=flags_of(qos, kind), topic_id=topic_id, msg_id=msg_id, code=code)


CONNACK, PINGREQ, PINGRESP = message("CONNACK"), message("PINGREQ"), message("PINGRESP")
DISCONNECT, SEARCHGW = message("DISCONNECT"), message("SEARCHGW")
WILLTOPICREQ, WILLMSGREQ = message("WILLTOPICREQ"), message("WILLMSGREQ")
