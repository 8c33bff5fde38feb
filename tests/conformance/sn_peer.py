"""A node at the other end of a UDP socket, alone or behind a forwarder, and the box of its tests.

Parts of what is sent or expected: a str is hex with blanks ("02 16"), bytes are what they are. A wait
that takes too long fails the test; nothing sleeps. That nothing came is shown by what comes next.
"""

import collections
import socket

import peer
import sedge
import sn_packets as sn
from peer import octets_of
from sedge import expect_equal

WAIT_S = sedge.WAIT_S
Message = collections.namedtuple("Message", "topic data qos retain dup")


class Socket:
    """Datagrams to the gateway and from it."""

    def __init__(self, port, host="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.connect((host, port))
        self.socket.settimeout(WAIT_S)

    def send(self, octets):
        self.socket.send(octets)

    def receive(self):
        try:
            return self.socket.recv(1 << 16)
        except TimeoutError:
            raise sedge.Failed("nothing came") from None

    def close(self):
        self.socket.close()


class Forwarder:
    """A socket that many nodes share."""

    def __init__(self, link):
        self.link = link
        self.came = collections.defaultdict(collections.deque)
        self.ctrl = None  # of the last encapsulation that came

    def node(self, node_id):
        return Node(Behind(self, node_id))

    def receive(self, node_id):
        while not self.came[node_id]:
            self.ctrl, to, octets = sn.unwrapped(self.link.receive())
            self.came[to].append(octets)
        return self.came[node_id].popleft()


class Behind:
    """A forwarder's link to one of its nodes."""

    def __init__(self, forwarder, node_id):
        self.forwarder, self.node_id = forwarder, node_id

    def send(self, octets):
        self.forwarder.link.send(sn.wrapped(self.node_id, octets))

    def receive(self):
        return self.forwarder.receive(self.node_id)


class Node:
    """What a node says and hears. Its client id, and the names of its topic ids, once it has them."""

    def __init__(self, link):
        self.link = link
        self.client_id = None
        self.names = {}  # (TopicIdType, id) to name

    def close(self):
        """Falls silent."""
        self.link.close()

    def send(self, *parts):
        """One datagram."""
        self.link.send(octets_of(*parts))
        return self

    def receive(self):
        """The next datagram."""
        return self.link.receive()

    def get(self, *parts):
        """The next datagram is this and no other."""
        wanted, got = octets_of(*parts), self.receive()
        if wanted != got:
            raise sedge.Failed(f"wanted {_shown(wanted)}, got {_shown(got)}")
        return self

    def ask(self, question, answer):
        return self.send(question).get(answer)

    def packet(self, wanted):
        """The next message, of this type."""
        got = sn.Packet(self.receive())
        expect_equal(got.type, wanted, f"type of {got}")
        return got

    # That nothing came. Twice: an answer that takes the way over the broker leaves after one that
    # the gateway gives by itself, if their questions were read together.

    def nothing(self):
        """It is served as an active node, and nothing came before the answer that shows it."""
        for _ in range(2):
            self.ask(sn.PINGREQ, sn.PINGRESP)
        return self

    alive = nothing

    def silent(self):
        """In any state: nothing came before the answer to a SEARCHGW."""
        for _ in range(2):
            got = self.send(sn.SEARCHGW).packet("GWINFO")
            expect_equal(len(got.octets), 3, f"length of {got}")
        return self

    def gone(self):
        """It has no session, and nothing came before."""
        return self.ask(sn.PINGREQ, sn.DISCONNECT)

    # What nodes do.

    def connect(self, client_id=None, will=None, code=sn.ACCEPTED, **more):
        """`will`: (topic, message), or with flags before them. Connected when this returns."""
        self.client_id = client_id or self.client_id
        self.send(sn.connect(self.client_id, will=will is not None, **more))
        if will is not None:
            flags, topic, data = will if len(will) == 3 else (0, *will)
            self.get(sn.WILLTOPICREQ).send(sn.message("WILLTOPIC", flags=flags, topic=topic))
            self.get(sn.WILLMSGREQ).send(sn.message("WILLMSG", data=data))
        return self.get(sn.message("CONNACK", code=code))

    def register(self, name, msg_id=1):
        """The id that the gateway gives."""
        got = self.send(sn.register(name, msg_id)).packet("REGACK")
        expect_equal((got.msg_id, got.code), (msg_id, sn.ACCEPTED), f"msg id and code of {got}")
        self.names[sn.NORMAL, got.topic_id] = name
        return got.topic_id

    def subscribe(self, topic, qos=0, msg_id=1, kind=sn.NAME):
        """The id of the SUBACK."""
        got = self.send(sn.subscribe(topic, qos, msg_id, kind)).packet("SUBACK")
        wanted = (msg_id, sn.ACCEPTED, qos)
        expect_equal((got.msg_id, got.code, got.qos), wanted, f"msg id, code and QoS of {got}")
        if kind == sn.NAME and got.topic_id:
            self.names[sn.NORMAL, got.topic_id] = topic
        return got.topic_id

    def unsubscribe(self, topic, msg_id=1, kind=sn.NAME):
        return self.ask(sn.unsubscribe(topic, msg_id, kind), sn.answer("UNSUBACK", msg_id))

    def publish(self, topic_id, data=b"", qos=0, msg_id=1, **flags):
        """Published, and by all receivers in reach heard of, when this returns."""
        self.send(sn.publish(topic_id, data, qos, msg_id if qos else 0, **flags))
        if qos == 0:
            return self.nothing()
        if qos == 1:
            number = int.from_bytes(topic_id, "big") if isinstance(topic_id, bytes) else topic_id
            return self.get(sn.ack("PUBACK", number, msg_id))
        self.get(sn.answer("PUBREC", msg_id))
        return self.ask(sn.answer("PUBREL", msg_id), sn.answer("PUBCOMP", msg_id))

    def take_register(self, name, code=sn.ACCEPTED):
        """A REGISTER of that name comes, and is answered: its id."""
        got = self.packet("REGISTER")
        expect_equal(got.name, name, f"name of {got}")
        self._accept(got, code)
        return got.topic_id

    def _accept(self, register, code=sn.ACCEPTED):
        self.names[sn.NORMAL, register.topic_id] = register.name
        self.send(sn.ack("REGACK", register.topic_id, register.msg_id, code))

    def take_publish(self):
        """The next message, a PUBLISH, acknowledged."""
        got = self.packet("PUBLISH")
        self._acknowledge(got)
        return got

    def _acknowledge(self, got):
        if got.qos == 1:
            self.send(sn.ack("PUBACK", got.topic_id, got.msg_id))
        elif got.qos == 2:
            self.ask(sn.answer("PUBREC", got.msg_id), sn.answer("PUBREL", got.msg_id))
            self.send(sn.answer("PUBCOMP", got.msg_id))

    def _name(self, got):
        if got.kind == sn.SHORT:
            return got.topic_id.to_bytes(2, "big")
        return self.names.get((got.kind, got.topic_id), got.topic_id)

    def deliver(self, end=None):
        """The next delivery, whatever REGISTER precedes it, acknowledged; None: `end` came."""
        while True:
            octets = self.receive()
            if octets == end:
                return None
            got = sn.Packet(octets)
            if got.type == "REGISTER":
                self._accept(got)
                continue
            expect_equal(got.type, "PUBLISH", f"type of {got}")
            self._acknowledge(got)
            flags = bool(got.flags & sn.RETAIN), bool(got.flags & sn.DUP)
            return Message(self._name(got), got.data, got.qos, *flags)

    def deliveries(self, count):
        """(topic, data) of as many."""
        return [self.deliver()[:2] for _ in range(count)]

    def sleep(self, duration=60):
        return self.ask(sn.message("DISCONNECT", duration=duration), sn.DISCONNECT)

    def wake(self):
        """What one waking brings, acknowledged."""
        self.send(sn.message("PINGREQ", client_id=self.client_id))
        return list(iter(lambda: self.deliver(end=sn.PINGRESP), None))

    def bye(self):
        return self.ask(sn.DISCONNECT, sn.DISCONNECT)


def _shown(octets):
    text = octets.hex(" ") if len(octets) <= 64 else f"{octets[:64].hex(' ')} .. ({len(octets)})"
    try:
        return f"{text} = {sn.Packet(octets)}"[:300]
    except (ValueError, IndexError):
        return text


class NodeBox(peer.ServerBox):
    """A gateway, started at the first use, nodes at its listener, MQTT clients at its broker.

    A test file's CONF are the settings that start() begins with: `more`, `udp_more`, `broker_more`.
    """

    conf = {}

    def start(self, **settings):
        """Before the first use: with other settings than the file's."""
        return self.start_with(**{**self.conf, **settings})

    def link(self):
        if not self.started:
            self.start()
        return self.own(Socket(self.udp))

    def node(self):
        """An address that said nothing yet."""
        return Node(self.link())

    def connected(self, client_id=b"n", **more):
        return self.node().connect(client_id, **more)

    def forwarder(self):
        """The file's settings admit forwarders."""
        return Forwarder(self.link())

    def open(self):
        if not self.started:
            self.start()
        return super().open()

    def hearer(self, *filters, qos=2):
        """An MQTT client, subscribed."""
        filters = filters or (b"#",)
        return self.client(b"hearer").subscribe(*((name, qos) for name in filters))
