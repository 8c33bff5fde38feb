"""The other end of a connection, octet by octet, and the boxes that tests are given.

Parts of what is sent or expected: a str is hex with blanks ("c0 00"), bytes are what they are. A wait
that takes too long fails the test; nothing sleeps.
"""

import itertools
import os
import socket
import threading

import sedge
from packets import connect, puback, publish, subscribe

WAIT_S = sedge.WAIT_S


class Ports:
    """Ports for gateways, below those that the kernel gives to connections, so that tests that run
    side by side cannot take one from each other."""

    def __init__(self, first=20000, count=12000):
        self.next = itertools.count(os.getpid() * 1009)
        self.first, self.count = first, count
        self.lock = threading.Lock()

    def free(self, kind):
        with self.lock:
            for number in self.next:
                port = self.first + number % self.count
                with socket.socket(socket.AF_INET, kind) as probe:
                    try:
                        probe.bind(("127.0.0.1", port))
                        return port
                    except OSError:
                        continue


def octets_of(*parts):
    return b"".join(bytes.fromhex(part) if isinstance(part, str) else part for part in parts)


def _shown(octets):
    return octets.hex(" ") if len(octets) <= 64 else f"{octets[:64].hex(' ')} .. ({len(octets)})"


class Peer:
    """One TCP connection to the gateway."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(WAIT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.came = b""

    def send(self, *parts):
        self.socket.sendall(octets_of(*parts))
        return self

    def _more(self):
        """False: the other side closed."""
        try:
            got = self.socket.recv(1 << 20)
        except ConnectionResetError:
            return False
        except TimeoutError:
            raise sedge.Failed(f"nothing more came after {_shown(self.came)!r}") from None
        self.came += got
        return len(got) > 0

    def _take(self, count):
        got, self.came = self.came[:count], self.came[count:]
        return got

    def get(self, *parts):
        """What comes next is this and no other."""
        wanted = octets_of(*parts)
        while len(self.came) < len(wanted) and wanted.startswith(self.came):
            if not self._more():
                raise sedge.Failed(f"wanted {_shown(wanted)}, closed after {_shown(self.came)!r}")
        got = self._take(len(wanted))
        if got != wanted:
            raise sedge.Failed(f"wanted {_shown(wanted)}, got {_shown(got + self.came)}")
        return self

    def ask(self, question, answer):
        return self.send(question).get(answer)

    def _length(self):
        """Of the packet that `came` begins with; None: not known yet."""
        rest = 0
        for i, octet in enumerate(self.came[1:5]):
            rest |= (octet & 0x7F) << (7 * i)
            if octet < 0x80:
                return 2 + i + rest
        return None

    def packet(self):
        """The next packet, whole."""
        while (length := self._length()) is None or len(self.came) < length:
            if not self._more():
                raise sedge.Failed(f"closed inside {_shown(self.came)!r}")
        return self._take(length)

    def closed(self):
        """The other side closes, and says nothing before."""
        while self._more():
            pass
        sedge.expect_equal(self.came, b"", "octets before the close")

    def close(self):
        """Ends without a word, as a lost client does."""
        self.socket.close()


class Client(Peer):
    """Connected to the gateway's broker."""

    def alive(self):
        """It is served still, and nothing came before the answer that shows it."""
        return self.ask("c0 00", "d0 00")

    nothing = alive

    def subscribe(self, *filters, packet_id=1):
        """Subscribed to (name, QoS) by the time this returns."""
        codes = bytes(qos for _, qos in filters)
        size = bytes([2 + len(codes)])
        self.send(subscribe(packet_id, *filters))
        return self.get("90", size, packet_id.to_bytes(2, "big"), codes)

    def publish(self, topic, payload, qos=0, **more):
        """Published, and by all receivers in reach heard of, when this returns."""
        self.send(publish(topic, payload, qos, packet_id=1, **more))
        if qos == 0:
            return self.alive()
        if qos == 1:
            return self.get("40 02 00 01")
        return self.get("50 02 00 01").ask("62 02 00 01", "70 02 00 01")

    def bye(self):
        self.send("e0 00").closed()


class Box(sedge.Box):
    def __init__(self, folder, ports):
        super().__init__(folder)
        self.running = []
        self.udp = ports.free(socket.SOCK_DGRAM)
        self.tcp = ports.free(socket.SOCK_STREAM)

    def survived(self):
        """The gateway runs still, unless the test ended it, and ends well."""
        for gateway in self.running:
            sedge.expect_equal(gateway.process.poll(), None, "exit code of the gateway")
            sedge.expect_equal(sedge.stop(gateway)[0], 0, "exit code when it was told to end")

    def stopping(self, gateway):
        """The test ends it."""
        self.running.remove(gateway)
        return gateway


class ServerBox(Box):
    """A gateway, started at the first connection, and clients of its broker."""

    started = False

    def start_with(self, more="", **settings):
        self.started = True
        gateway = self.gateway(more, **settings)
        self.running.append(gateway)
        return gateway

    def open(self):
        """A connection on which nothing was said."""
        if not self.started:
            self.start_with()
        return self.own(Client(socket.create_connection(("127.0.0.1", self.tcp), WAIT_S)))

    def client(self, client_id=b"c", clean=True, present=False, **more):
        """A client whose CONNECT was accepted; `present` is the Session Present it must see."""
        client = self.open().send(connect(client_id, clean=clean, **more))
        return client.get("20 02 01 00" if present else "20 02 00 00")


class ClientBox(ServerBox):
    """A gateway whose [upstream cloud] connects to a broker that the test plays."""

    UPSTREAM = """
[upstream cloud]
url = mqtt://127.0.0.1:{port}
client_id = gw
send = up/#
receive = down/# qos 2
qos_max = 2
reconnect = 10ms..40ms
{more}
"""

    def __init__(self, folder, ports):
        super().__init__(folder, ports)
        self.far = self.own(socket.create_server(("127.0.0.1", 0)))
        self.far.settimeout(WAIT_S)

    def start_upstream(self, more=""):
        port = self.far.getsockname()[1]
        return self.start_with(self.UPSTREAM.format(port=port, more=more))

    def accept(self):
        """The gateway's next connection, on which nothing was read."""
        if not self.started:
            self.start_upstream()
        try:
            return self.own(Peer(self.far.accept()[0]))
        except TimeoutError:
            raise sedge.Failed("the gateway does not connect") from None

    def accept_connect(self):
        """As above, and its CONNECT."""
        peer = self.accept()
        return peer, peer.packet()

    def online(self, present=False):
        """A connection that was accepted, its filter subscribed unless the session was kept."""
        peer, _ = self.accept_connect()
        peer.send("20 02 01 00" if present else "20 02 00 00")
        if not present:
            packet = peer.packet()
            sedge.expect_equal(packet[0], 0x82, "first octet of SUBSCRIBE")
            peer.send("90 03", packet[2:4], "02")
        return peer

    def fence(self, peer, packet_id=0x7777):
        """All that came before was looked at, and nothing else was said."""
        peer.ask(publish(b"fence", b"", 1, packet_id=packet_id), puback(packet_id))
