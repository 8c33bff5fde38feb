"""A node at the other end of a UDP socket, alone or behind a forwarder, and the box of its tests.

Parts of what is sent or expected: a str is hex with blanks ("02 16"), bytes are what they are. A wait
that takes too long fails the test; nothing sleeps. That nothing came is shown by what comes next.
"""

import collections
import socket
import time

import packets
import peer
import sedge
import sn_packets as sn
from peer import octets_of
from sedge import expect, expect_equal

WAIT_S = sedge.WAIT_S
NO_SUCH_PROTOCOL = sn.message("CONNACK", code=sn.NOT_SUPPORTED)
MANY = "stranger_rate = 1000/s\n"  # who only asks what came may ask often
Message = collections.namedtuple("Message", "topic data qos retain dup")


class Socket:
    """Datagrams to the gateway and from it."""

    def __init__(self, port, host="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.connect((host, port))

    def send(self, octets):
        self.socket.send(octets)

    def receive(self, wait_s=WAIT_S):
        """The next datagram; b"", which a gateway never sends: none came in a time that was given."""
        self.socket.settimeout(wait_s)
        try:
            return self.socket.recv(1 << 16)
        except TimeoutError:
            if wait_s < WAIT_S:
                return b""
            raise sedge.Failed("nothing came") from None

    def close(self):
        self.socket.close()


class Group(Socket):
    """Hears what is sent to a multicast group of this machine, and speaks to it."""

    def __init__(self, address, port, here="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((address, port))
        member = socket.inet_aton(address) + socket.inet_aton(here)
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        self.voice = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.voice.bind((here, 0))
        self.voice.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(here))
        self.to = (address, port)

    def send(self, octets):
        self.voice.sendto(octets, self.to)

    def answer(self):
        """What comes to the one who speaks."""
        self.voice.settimeout(WAIT_S)
        try:
            return self.voice.recv(1 << 16)
        except TimeoutError:
            raise sedge.Failed("nothing came to the one who asked the group") from None

    def close(self):
        self.voice.close()
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
        """In any state: nothing came before a CONNECT is refused that touches no session."""
        for _ in range(2):
            self.ask(sn.connect(b"?", protocol=0x7F), NO_SUCH_PROTOCOL)
        return self

    def gone(self):
        """It has no session, and nothing came before."""
        return self.ask(sn.PINGREQ, sn.DISCONNECT)

    def until_gone(self):
        """Asks whether it has a session until it has none, and nothing else is said meanwhile."""
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            got = self.send(sn.PINGREQ).link.receive(0.05)
            if got == sn.DISCONNECT:
                return self
            expect(not got, f"got {_shown(got)}")
        raise sedge.Failed("its session does not end")

    # What nodes do.

    def connect(self, client_id=None, will=None, code=sn.ACCEPTED, **more):
        """`will`: (topic, message), or with flags before them. Connected when this returns."""
        self.client_id = self.client_id if client_id is None else client_id
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


class Hearer:
    """An MQTT client that is told of all that its filters match."""

    def __init__(self, client):
        self.client = client
        self.open = 0  # PUBRELs to come

    def _released(self, octets):
        if octets[0] != 0x62:
            return False
        self.client.send("70 02", octets[2:])
        self.open -= 1
        return True

    def message(self):
        """The next one, acknowledged."""
        octets = self.client.packet()
        while self._released(octets):
            octets = self.client.packet()
        first, body = octets[0], octets[1:].lstrip(bytes(range(128, 256)))[1:]
        if first >> 4 != 3:
            raise sedge.Failed(f"wanted PUBLISH, got {octets[:64].hex(' ')}")
        qos, size = first >> 1 & 3, int.from_bytes(body[:2], "big")
        topic, rest = body[2 : 2 + size], body[2 + size :]
        if qos:
            number, rest = rest[:2], rest[2:]
            self.client.send("40 02" if qos == 1 else "50 02", number)
        self.open += qos == 2
        return Message(topic, rest, qos, bool(first & packets.RETAIN), bool(first & packets.DUP))

    def hears(self, topic, data, qos=0, retain=False):
        """The next message is this one."""
        expect_equal(self.message(), Message(topic, data, qos, retain, False), "message")
        return self

    def nothing(self):
        while self.open:
            expect(self._released(self.client.packet()), "nothing but PUBREL comes")
        self.client.nothing()
        return self


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
    publisher = None

    def __init__(self, folder, ports):
        super().__init__(folder, ports)
        self.ports = ports

    def beside(self, folder):
        """A gateway more."""
        (self.dir / folder).mkdir()
        box = self.own(NodeBox(self.dir / folder, self.ports))
        box.conf = self.conf
        return box

    def group(self, address="239.7.7.7"):
        """Of a port of its own: (node that hears and speaks there, [listener] multicast)."""
        port = self.ports.free(socket.SOCK_DGRAM)
        return Node(self.own(Group(address, port))), f"multicast = {address}:{port}\n"

    def start(self, **settings):
        """Before the first use: with other settings than the file's."""
        settings = {"udp_more": "", **self.conf, **settings}
        if "stranger_rate" not in settings["udp_more"]:
            settings["udp_more"] += "\n" + MANY
        return self.start_with(**settings)

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

    def hearer(self, *filters, client_id=b"hearer"):
        """An MQTT client, subscribed at QoS 2: to everything, if no filters are given."""
        client = self.client(client_id)
        return Hearer(client.subscribe(*((name, 2) for name in filters or (b"#",))))

    def publish(self, topic, data=b"", qos=1, **more):
        """By an MQTT client; heard of by all when this returns."""
        if self.publisher is None:
            self.publisher = self.client(b"publisher")
        self.publisher.publish(topic, data, qos, **more)
