"""kill -9 at random moments, while nodes, programs and an upstream publish and read.

Every client keeps its session and does as its protocol asks of it after a loss: it connects again,
says again what was not acknowledged, and takes a QoS 2 message once for its packet id. So whatever
was sent is acknowledged at the end, most of it by a process that did not live to see it delivered.
"""

import random
import socket
import threading
import time
from collections import Counter

import mqtt
from sedge import ROOT, WAIT_S, Failed, Program, expect, expect_equal

WINDOW = 4  # unacknowledged messages of an MQTT writer
AGAIN_S = 0.1  # a node says again what was not answered
DRAIN_S = 60
LIVES_S = 0.4  # at most, between ready and the end
RULES = """
[limits]
queued = 1000000

[upstream cloud]
url = mqtt://127.0.0.1:{port}
send = farm/# to dt/%t qos 2
receive = cmd/# to farm/set/%t qos 2
qos_max = 2
exclude = farm/set/#
reconnect = 100ms..200ms
"""


def wait_for(reached, wait_s=WAIT_S):
    end = time.monotonic() + wait_s
    while not reached():
        expect(time.monotonic() < end, "what was waited for came")
        time.sleep(0.01)


class Client(threading.Thread):
    """What nodes and MQTT clients share: messages NAME NUMBER out, messages in, and an end."""

    def __init__(self, name, qos, pause_s=0.0):
        super().__init__(name=name, daemon=True)
        self.qos, self.pause_s = qos, pause_s
        self.sent = 0
        self.next_s = 0.0
        self.got = []
        self.held = set()  # QoS 2 ids that came and are not released
        self.changed = threading.Condition()
        self.finish = threading.Event()  # makes no new message
        self.leave = threading.Event()
        self.error = None

    def run(self):
        try:
            while not self.leave.is_set():
                self.live()
        except Exception as error:  # told by the story
            self.error = error

    def message(self):
        """The next to be sent; None: not now."""
        if self.qos == 0 or self.finish.is_set() or time.monotonic() < self.next_s:
            return None
        self.next_s = time.monotonic() + self.pause_s
        self.sent += 1
        return f"{self.name} {self.sent - 1}".encode()

    def took(self, qos, number, payload):
        if qos == 2 and number in self.held:
            return
        if qos == 2:
            self.held.add(number)
        with self.changed:
            self.got.append(payload.decode())
            self.changed.notify_all()


class MqttClient(Client):
    def __init__(self, port, name, topic=None, qos=0, filters=(), pause_s=0.0):
        super().__init__(name, qos, pause_s)
        self.port, self.topic = port, topic
        self.out = {}  # number: payload, None once released; in order of sending
        self.number = 0
        line = mqtt.Line(port, name)
        if filters:
            line.subscribe(*filters)
        line.close()

    def live(self):
        """One connection."""
        try:
            line = mqtt.Line(self.port, self.name)
        except OSError:
            time.sleep(0.005)  # nobody listens
            return
        try:
            expect(line.present, f"the session of {self.name} is there")
            line.socket.settimeout(0.02)
            self._say_again(line)
            while not self.leave.is_set():
                self._turn(line)
        except OSError:
            pass
        finally:
            line.close()

    def idle(self):
        return not self.out

    def _say_again(self, line):
        for number, payload in self.out.items():
            if payload is None:
                line.send(mqtt.answer(mqtt.PUBREL, number))
            else:
                line.send(mqtt.publish(self.topic, payload, self.qos, number, dup=True))

    def _turn(self, line):
        while len(self.out) < WINDOW and (payload := self.message()) is not None:
            self.number = self.number % 65535 + 1
            self.out[self.number] = payload
            line.send(mqtt.publish(self.topic, payload, self.qos, self.number))
        try:
            packets = line.packets()
        except TimeoutError:
            return
        for kind, flags, body in packets:
            if kind == mqtt.PUBLISH:
                self._answer(line, mqtt.Message(flags, body))
            else:
                self._answered(line, kind, int.from_bytes(body[:2], "big"))

    def _answer(self, line, message):
        self.took(message.qos, message.number, message.payload)
        kind = mqtt.PUBACK if message.qos == 1 else mqtt.PUBREC
        line.send(mqtt.answer(kind, message.number))

    def _answered(self, line, kind, number):
        if kind == mqtt.PUBREC:
            self.out[number] = None
            line.send(mqtt.answer(mqtt.PUBREL, number))
        elif kind == mqtt.PUBREL:
            self.held.discard(number)
            line.send(mqtt.answer(mqtt.PUBCOMP, number))
        else:
            del self.out[number]


class SnNode(Client):
    """One exchange at a time."""

    def __init__(self, box, name, topic=None, qos=0, filter=None):
        super().__init__(name, qos)
        self.node = box.node().connect(name, clean=False)
        if topic:
            octets = topic.encode()
            regack = self.node.ask(bytes([6 + len(octets)]) + b"\x0a\0\0\0\1" + octets, b"\x0b")
            self.topic_id = regack[2:4]
        if filter:
            octets = filter.encode()
            suback = self.node.ask(bytes([5 + len(octets)]) + b"\x12\x40\0\2" + octets, b"\x13")
            expect_equal(suback[-1], 0, "SUBACK code")
        self.again_s = AGAIN_S
        self.repeats = 0
        self.connected = True
        self.payload = None  # on its way ...
        self.number = 2
        self.released = False  # ... and its PUBREC came

    def idle(self):
        return self.payload is None

    def live(self):
        try:
            if self.connected and self.idle():
                self._begin()
            self.node.socket.settimeout(AGAIN_S if self.idle() else self.again_s)
            octets = self.node.socket.recv(65536)
        except TimeoutError:
            octets = b""
        except ConnectionRefusedError:
            time.sleep(0.005)
            return
        try:
            self._hear(octets) if octets else self._say()
        except ConnectionRefusedError:
            pass  # told by one datagram that an earlier one met nobody

    def _begin(self):
        self.payload = self.message()
        if self.payload is not None:
            self.number = self.number % 65535 + 1
            self.released = False
            self._say(again=False)

    def _say(self, again=True):
        """What is under way, or that we are there."""
        number = self.number.to_bytes(2, "big")
        if not self.connected:
            name = self.name.encode()
            self.node.send(bytes([6 + len(name)]) + b"\x04\0\x01\0\x3c" + name)
        elif self.payload is None:
            self.node.send(b"\x02\x16")
        elif self.released:
            self.node.send(b"\x04\x10" + number)
        else:
            self.repeats += again
            flags = self.qos << 5 | (0x80 if again else 0)
            head = bytes([7 + len(self.payload), 0x0C, flags])
            self.node.send(head + self.topic_id + number + self.payload)

    def _hear(self, octets):
        kind, body = octets[1], octets[2:]
        if kind == 0x05:
            expect_equal(body, b"\0", f"CONNACK of {self.name}")
            self.connected = True
            self._say()
        elif kind == 0x18:
            self.connected = False
            self._say()
        elif kind == 0x0A:
            self.node.send(b"\x07\x0b" + body[:4] + b"\0")
        elif kind == 0x0C:
            self._take(body)
        elif kind == 0x10:
            self.held.discard(body)
            self.node.send(b"\x04\x0e" + body)
        elif kind == 0x0D:
            if body[4] != 1:  # congestion: again, later
                expect_equal(body[4], 0, f"PUBACK code of {self.name}")
                self._answered(0x0D, body[2:4])
        elif kind in (0x0E, 0x0F):
            self._answered(kind, body)

    def _take(self, body):
        qos = body[0] >> 5 & 3
        self.took(qos, body[3:5], body[5:])
        if qos == 1:
            self.node.send(b"\x07\x0d" + body[1:5] + b"\0")
        else:
            self.node.send(b"\x04\x0f" + body[3:5])

    def _answered(self, kind, number):
        if self.payload is None or number != self.number.to_bytes(2, "big"):
            return  # of a copy
        if kind == 0x0F:
            self.released = True
            self._say()
        else:
            self.payload = None


class Site:
    """All clients, and what each reader is to get."""

    def __init__(self, box):
        q2 = 2
        local = [
            MqttClient(box.tcp, "mqtt-1", "farm/mqtt-1", 1),
            MqttClient(box.tcp, "mqtt-2", "farm/mqtt-2", 2),
            SnNode(box, "node-1", "farm/node-1", 1),
            SnNode(box, "node-2", "farm/node-2", 2),
        ]
        calm = [MqttClient(box.tcp, f"calm-{q}", f"farm/c/{q}", q, pause_s=0.02) for q in (1, 2)]
        far = [MqttClient(box.cloud, f"far-{q}", f"cmd/{q}", q, pause_s=0.002) for q in (1, 2)]
        self.writers = local + calm + far
        self.readers = {
            MqttClient(box.tcp, "program", filters=[("farm/#", q2)]): self.writers,
            MqttClient(box.cloud, "cloud", filters=[("dt/#", q2)]): local + calm,
            SnNode(box, "actor", filter="farm/c/#"): calm,
        }
        self.clients = self.writers + list(self.readers)

    def start(self):
        for client in self.clients:
            client.start()

    def finish(self):
        """Writers end what they began, readers get what waits for them."""
        for writer in self.writers:
            writer.finish.set()
        self._wait(lambda: all(writer.idle() for writer in self.writers), "all is acknowledged")
        for reader, writers in self.readers.items():
            wanted = {f"{w.name} {i}" for w in writers for i in range(w.sent)}
            self._wait(lambda r=reader, all=wanted: all <= set(r.got), f"{reader.name} got all")
        for client in self.clients:
            client.leave.set()
        for client in self.clients:
            client.join(DRAIN_S)

    def _wait(self, reached, what):
        end = time.monotonic() + DRAIN_S
        while not reached() and time.monotonic() < end:
            self.fail_on_error()
            time.sleep(0.05)
        if not reached():
            print(f"# not reached: {what}")

    def fail_on_error(self):
        for client in self.clients:
            if client.error:
                raise Failed(f"{client.name}: {client.error!r}") from client.error

    def judge(self):
        for writer in self.writers:
            expect(writer.idle(), f"all of {writer.name} is acknowledged")
        for reader, writers in self.readers.items():
            for writer in writers:
                _judge(reader, writer)


def _judge(reader, writer):
    who = f"{reader.name} of {writer.name}"
    numbers = [int(m.split()[1]) for m in reader.got if m.split()[0] == writer.name]
    times, first = Counter(numbers), list(dict.fromkeys(numbers))
    _expect_none([i for i in range(writer.sent) if i not in times], f"lost to {who}")
    if writer.qos == 2:
        _expect_none([i for i in times if times[i] > 1], f"more than once at QoS 2, {who}")
    _expect_none([a for a, b in zip(first, first[1:]) if b < a], f"out of order, {who}")


def _expect_none(numbers, what):
    expect(not numbers, f"{len(numbers)} {what}: {numbers[:20]}")


def _life(box, path, rng):
    """One more gateway, killed at a random moment: while it starts, or later."""
    gateway = box.own(Program([ROOT / "build/sedge", "run", "-c", path], box.dir))
    if rng.random() < 0.2:
        time.sleep(rng.uniform(0, 0.03))
    else:
        gateway.wait_line(r"sedge: ready")
        time.sleep(rng.uniform(0, LIVES_S))
    gateway.kill()


def kill(box, kills, seed):
    rng = random.Random(seed)
    box.note(f"SEED={seed} KILLS={kills}")
    rules = RULES.format(port=box.cloud)
    box.mosquitto(log="information")
    gateway = box.gateway(rules, store=box.dir / "sedge.db")
    site = Site(box)
    site.start()
    time.sleep(rng.uniform(0, LIVES_S))
    gateway.kill()
    for _ in range(kills - 1):
        _life(box, box.dir / "gateway.conf", rng)
        site.fail_on_error()
    box.gateway(rules, store=box.dir / "sedge.db")
    site.finish()
    sent = sum(writer.sent for writer in site.writers)
    got = sum(len(reader.got) for reader in site.readers)
    box.note(f"{sent} messages acknowledged, {got} delivered")
    site.fail_on_error()
    site.judge()
