"""A broker as strict as a cloud: it has that cloud's rules and cuts whoever breaks one.

CLOUDS says which rules each cloud has; docs/clouds.md, "How it is tried", has a row with the source
of each. What was broken stands in `violations`, by the rule's name.
"""

import base64
import collections
import hashlib
import hmac
import json
import queue
import re
import select
import socket
import ssl
import struct
import threading
import time
import urllib.parse

from sedge import Failed

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = range(8, 15)

KIB = 1024
WAIT_S = 20
KEY = base64.b64encode(b"the key of the device").decode()
USER, PASSWORD, TOKEN = "gardener", "green", "A1B2C3D4E5F6"


class Broken(Exception):
    """A rule was broken; args: its name, and a return code if CONNACK says it."""


class Ended(Exception):
    """The connection is over."""


# --- who may log in ---------------------------------------------------------------------------


def by_password(connect):
    return (connect.username, connect.password) == (USER, PASSWORD)


def by_tenant(connect):
    return (connect.username, connect.password) == (f"t1/{USER}", PASSWORD)


def by_token(connect):
    return connect.username == TOKEN


def by_certificate(connect):
    return connect.certificate is not None


def hmac_of(key, text, method=hashlib.sha256):
    return hmac.new(key, text.encode(), method)


def aliyun_content(client_id, device, product, timestamp):
    signed = f"clientId{client_id}deviceName{device}productKey{product}"
    return signed + (f"timestamp{timestamp}" if timestamp else "")


def by_sas(connect):
    """https://learn.microsoft.com/azure/iot-hub/iot-hub-dev-guide-sas"""
    host = "localhost"
    name = rf"{host}/{re.escape(connect.client_id)}/\?api-version=\d{{4}}-\d\d-\d\d"
    if not re.fullmatch(name, connect.username or ""):
        return False
    kind, _, fields = (connect.password or "").partition(" ")
    fields = dict(field.partition("=")[::2] for field in fields.split("&"))
    if kind != "SharedAccessSignature" or not {"sr", "sig", "se"} <= set(fields):
        return False
    digest = hmac_of(base64.b64decode(KEY), f"{fields['sr']}\n{fields['se']}").digest()
    return (
        urllib.parse.unquote(fields["sr"]) == f"{host}/devices/{connect.client_id}"
        and urllib.parse.unquote(fields["sig"]) == base64.b64encode(digest).decode()
        and int(fields["se"]) > time.time()
    )


def by_tencent_signature(connect):
    """https://www.tencentcloud.com/document/product/1105/41824"""
    fields = (connect.username or "").split(";")
    digest, _, method = (connect.password or "").partition(";")
    return (
        len(fields) == 4
        and fields[0] == connect.client_id
        and fields[1] == "12010126"
        and re.fullmatch(r"[0-9A-Za-z]+", fields[2]) is not None
        and int(fields[3]) > time.time()
        and method == "hmacsha256"
        and digest == hmac_of(base64.b64decode(KEY), connect.username).hexdigest()
    )


def by_aliyun_signature(connect):
    """https://www.alibabacloud.com/help/doc-detail/73742.htm"""
    client_id, _, rest = connect.client_id.partition("|")
    device, _, product = (connect.username or "").partition("&")
    if not rest.endswith("|") or not product:
        return False
    fields = dict(field.partition("=")[::2] for field in rest[:-1].split(","))
    signed = aliyun_content(client_id, device, product, fields.get("timestamp"))
    return (
        fields.get("securemode") == ("2" if connect.is_tls else "3")
        and fields.get("signmethod") == "hmacsha256"
        and (connect.password or "").lower() == hmac_of(KEY.encode(), signed).hexdigest()
    )


# --- what messages look like ------------------------------------------------------------------


def as_thingsboard(topic, payload):
    """https://thingsboard.io/docs/reference/gateway-mqtt-api/"""
    value = json.loads(payload)
    if topic in ("v1/gateway/connect", "v1/gateway/disconnect"):
        return isinstance(value["device"], str)
    if topic == "v1/gateway/telemetry":
        timed = [one for device in value.values() for one in device]
        return all(isinstance(t["ts"], int) and isinstance(t["values"], dict) for t in timed)
    if topic == "v1/gateway/attributes":
        return all(isinstance(one, dict) for one in value.values())
    return topic.startswith(("v1/devices/me/", "v1/gateway/")) and isinstance(value, dict)


# --- the clouds -------------------------------------------------------------------------------

CLOUDS = {
    "aws": {
        "tls": True,
        "sni": True,
        "login": by_certificate,
        "client_id": 128,
        "keepalive": (0, 1200),
        "qos": 1,
        "retain": False,
        "levels": 8,
        "payload": 128 * KIB,
        "filters": 8,
        "subscriptions": 50,
        "inflight": 100,
        "rate": (100, 1),
    },
    "azure-iothub": {
        "tls": True,
        "login": by_sas,
        "client_id": 128,
        "keepalive": (0, 1177),
        "qos": 1,
        "payload": 256 * KIB,
        "subscriptions": 5,
        "topics": r"devices/gh-7/messages/events/.*|\$iothub/.*",
    },
    "azure-eventgrid": {
        "tls": True,
        "login": by_certificate,
        "client_id": 128,
        "keepalive": (0, 1160),
        "qos": 1,
        "retain": False,
        "packet": 512 * KIB,
    },
    "hivemq": {"tls": True, "sni": True, "login": by_password, "inflight": 10},
    "emqx": {
        "tls": True,
        "login": by_password,
        "client_id": 1024,
        "levels": 10,
        "packet": 1024 * KIB,
        "subscriptions": 10,
        "rate": (10, 1),
    },
    "thingsboard": {"login": by_token, "qos": 1, "form": as_thingsboard},
    "adafruit": {"login": by_password, "qos": 1, "rate": (30, 60)},
    "losant": {
        "login": by_password,
        "clean": True,
        "qos": 1,
        "subscribe_qos": 0,
        "retain": False,
        "packet": 256 * KIB,
        "rate": (30, 15),
    },
    "cumulocity": {"login": by_tenant, "packet": 16184},
    "tencent": {
        "login": by_tencent_signature,
        "keepalive": (0, 900),
        "will": False,
        "qos": 1,
        "retain": False,
        "pause": 5,
    },
    "aliyun": {
        "login": by_aliyun_signature,
        "client_id": 64,
        "keepalive": (30, 1200),
        "will": False,
        "qos": 1,
        "retain": False,
    },
    "rabbitmq": {"login": by_password, "bridge_bit": False, "qos_2_acked": True},
}


# --- octets -----------------------------------------------------------------------------------


class Reader:
    def __init__(self, octets):
        self.octets = octets

    def take(self, count):
        if count > len(self.octets):
            raise Broken("protocol")
        taken, self.octets = self.octets[:count], self.octets[count:]
        return taken

    def u8(self):
        return self.take(1)[0]

    def u16(self):
        return struct.unpack(">H", self.take(2))[0]

    def binary(self):
        return self.take(self.u16())

    def text(self):
        try:
            return self.binary().decode()
        except UnicodeDecodeError:
            raise Broken("protocol") from None


def packet(first, body):
    length, left = b"", len(body)
    while True:
        left, low = divmod(left, 128)
        length += bytes([low | (0x80 if left else 0)])
        if not left:
            return bytes([first]) + length + body


def string(text):
    octets = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">H", len(octets)) + octets


class Connect:
    """What a CONNECT says."""

    def __init__(self, reader, certificate, is_tls):
        self.certificate = certificate
        self.is_tls = is_tls
        if reader.text() != "MQTT":
            raise Broken("protocol")
        self.level = reader.u8()
        flags = reader.u8()
        self.keepalive = reader.u16()
        self.clean = bool(flags & 0x02)
        full_id = reader.text()
        self.client_id = full_id
        self.plain_id = full_id.partition("|")[0]
        self.will = bool(flags & 0x04)
        self.will_retain = bool(flags & 0x20)
        self.will_topic = reader.text() if self.will else None
        self.will_payload = reader.binary() if self.will else None
        self.username = reader.text() if flags & 0x80 else None
        self.password = reader.text() if flags & 0x40 else None
        if flags & 0x01 or reader.octets:
            raise Broken("protocol")


Message = collections.namedtuple("Message", "topic qos retain payload")


# --- the broker -------------------------------------------------------------------------------


class Cloud:
    """Listens at the story's cloud port with the rules of `name`; `more` changes some of them."""

    def __init__(self, box, name, authority=None, alpn=None, **more):
        self.rules = {**CLOUDS[name], **more}
        self.alpn = alpn
        self.changed = threading.Condition()
        self.violations = []
        self.connects = []
        self.messages = []
        self.subscribed = []  # filters, in the order asked
        self.talks = []
        self.last_connect = None
        self.hold_acks = False
        self.context = self._context(authority) if self.rules.get("tls") else None
        self.listener = socket.create_server(("127.0.0.1", box.cloud))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        box.own(self)

    def _context(self, authority):
        crt, key = authority.issue("cloud")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(crt, key)
        context.load_verify_locations(authority.crt)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.sni_callback = self._greeted
        if self.alpn:
            context.set_alpn_protocols([self.alpn])
        return context

    def _greeted(self, link, name, _context):
        if self.rules.get("sni") and name is None:
            self.tell("violations", "sni")
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        return None

    def _serve(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            talk = Talk(self, link)
            self.talks.append(talk)
            talk.thread.start()

    def close(self):
        if self.listener.fileno() < 0:
            return
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(WAIT_S)
        for talk in self.talks:
            talk.close()

    def tell(self, where, what):
        with self.changed:
            getattr(self, where).append(what)
            self.changed.notify_all()

    def wait(self, what, test):
        with self.changed:
            if not self.changed.wait_for(test, WAIT_S):
                raise Failed(f"no {what}; violations {self.violations}, messages {self.messages}")

    def wait_message(self, payload):
        payload = payload.encode()
        self.wait(f"message {payload}", lambda: any(m.payload == payload for m in self.messages))

    def wait_subscribed(self, count=1):
        self.wait("SUBSCRIBE", lambda: len(self.subscribed) >= count)

    def wait_violation(self, rule):
        self.wait(f"violation of {rule}", lambda: rule in self.violations)

    def release(self):
        """Acknowledges what was held."""
        for talk in self.talks:
            talk.ask(talk.acknowledge)

    def send(self, topic, payload):
        """To whoever is connected, at QoS 0."""
        for talk in self.talks:
            if talk.subscribed:
                octets = packet(PUBLISH << 4, string(topic) + payload.encode())
                talk.ask(lambda talk=talk: talk.write(octets))


class Talk:
    """One connection, in a thread of its own, which alone touches the socket: TLS wants that."""

    def __init__(self, cloud, link):
        self.cloud = cloud
        self.rules = cloud.rules
        self.link = link
        self.unacked = []
        self.times = collections.deque()
        self.subscribed = 0
        self.asked = queue.SimpleQueue()
        self.awake, self.wake = socket.socketpair()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def close(self):
        try:
            self.link.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(WAIT_S)

    def ask(self, what):
        """Has the thread do it between two packets, or within one."""
        self.asked.put(what)
        try:
            self.wake.send(b"x")
        except OSError:
            pass  # it is over

    def _wait_octets(self):
        while not (isinstance(self.link, ssl.SSLSocket) and self.link.pending()):
            ready, _, _ = select.select([self.link, self.awake], [], [])
            if self.awake in ready:
                self.awake.recv(1)
                self.asked.get()()
            elif ready:
                return

    def write(self, octets):
        try:
            self.link.sendall(octets)
        except OSError:
            raise Ended from None

    def _run(self):
        try:
            self._secure()
            self._connect()
            while True:
                self._packet(*self._read())
        except Broken as broken:
            if len(broken.args) > 1:
                self.link.sendall(packet(CONNACK << 4, bytes([0, broken.args[1]])))
            self.cloud.tell("violations", broken.args[0])
        except (Ended, OSError):
            pass
        finally:
            for end in (self.link, self.awake, self.wake):
                end.close()

    def _secure(self):
        if self.cloud.context is None:
            return
        try:
            self.link = self.cloud.context.wrap_socket(self.link, server_side=True)
        except (ssl.SSLError, ConnectionError) as error:
            if "HTTP_REQUEST" in str(error) or "WRONG_VERSION" in str(error):
                raise Broken("tls") from None
            raise Ended from None
        if self.cloud.alpn and self.link.selected_alpn_protocol() != self.cloud.alpn:
            raise Broken("alpn")

    def _octets(self, count):
        got = b""
        while len(got) < count:
            self._wait_octets()
            more = self.link.recv(count - len(got))
            if not more:
                raise Ended
            got += more
        return got

    def _read(self):
        """(first octet, body); the size is judged before the body is read."""
        first = self._octets(1)[0]
        length = shift = 0
        while True:
            octet = self._octets(1)[0]
            length |= (octet & 0x7F) << shift
            shift += 7
            if not octet & 0x80:
                break
        self._hold("packet", length + 1 + shift // 7 <= self.rules.get("packet", length + 9))
        return first, self._octets(length)

    @staticmethod
    def _hold(rule, holds, *code):
        if not holds:
            raise Broken(rule, *code)

    # CONNECT

    def _connect(self):
        first, body = self._read()
        self._hold("protocol", first == CONNECT << 4)
        is_tls = self.cloud.context is not None
        connect = Connect(Reader(body), self.link.getpeercert() if is_tls else None, is_tls)
        self._judge(connect)
        self.cloud.tell("connects", connect)
        self.write(packet(CONNACK << 4, b"\0\0"))

    def _judge(self, connect):
        rules = self.rules
        self._hold("bridge_bit", rules.get("bridge_bit", True) or connect.level < 0x80)
        self._hold("protocol", connect.level & 0x7F == 4)
        self._hold_pause()
        low, high = rules.get("keepalive", (0, 65535))
        self._hold("keepalive", low <= connect.keepalive <= high, 2)
        self._hold("clean", connect.clean or not rules.get("clean"), 5)
        self._hold("client_id", len(connect.plain_id) <= rules.get("client_id", 65535), 2)
        self._hold("will", rules.get("will", True) or not connect.will)
        self._hold("retain", rules.get("retain", True) or not connect.will_retain)
        self._hold("login", self._knows(connect), 5)

    def _knows(self, connect):
        try:
            return self.rules["login"](connect)
        except ValueError:  # a number or base64 that is none
            return False

    def _hold_pause(self):
        now, before = time.monotonic(), self.cloud.last_connect
        self.cloud.last_connect = now
        self._hold("pause", before is None or now - before >= self.rules.get("pause", 0))

    # what follows

    def _packet(self, first, body):
        reader, kind = Reader(body), first >> 4
        if kind == PUBLISH:
            self._publish(first, reader)
        elif kind == PUBREL:
            self.write(packet(PUBCOMP << 4, reader.take(2)))
        elif kind == SUBSCRIBE:
            self._subscribe(first, reader)
        elif kind == UNSUBSCRIBE:
            self.write(packet(UNSUBACK << 4, reader.take(2)))
        elif kind == PINGREQ:
            self.write(packet(PINGRESP << 4, b""))
        elif kind == DISCONNECT:
            raise Ended
        else:
            self._hold("protocol", kind in (PUBACK, PUBREC, PUBCOMP))

    def _publish(self, first, reader):
        rules, qos, retain = self.rules, first >> 1 & 3, bool(first & 1)
        topic = reader.text()
        packet_id = reader.take(2) if qos else None
        message = Message(topic, qos, retain, reader.octets)
        self._hold("protocol", qos < 3)
        self._hold("qos", qos <= rules.get("qos", 2))
        self._hold("retain", rules.get("retain", True) or not retain)
        self._hold("levels", topic.count("/") + 1 <= rules.get("levels", 65535))
        self._hold("topics", re.fullmatch(rules.get("topics", ".*"), topic))
        self._hold("form", self._has_form(message))
        self._hold("payload", len(message.payload) <= rules.get("payload", 1 << 30))
        self._hold_rate()
        self.cloud.tell("messages", message)
        if qos:
            self._acknowledge(qos, packet_id)

    def _has_form(self, message):
        try:
            return self.rules.get("form", lambda *_: True)(message.topic, message.payload)
        except (ValueError, KeyError, TypeError, AttributeError):  # not JSON, or of another shape
            return False

    def _hold_rate(self):
        count, seconds = self.rules.get("rate", (0, 0))
        now = time.monotonic()
        self.times.append(now)
        while count and self.times[0] <= now - seconds:
            self.times.popleft()
        self._hold("rate", not count or len(self.times) <= count)

    def _acknowledge(self, qos, packet_id):
        kind = PUBACK if qos == 1 or self.rules.get("qos_2_acked") else PUBREC
        with self.cloud.changed:
            self.unacked.append((kind, packet_id))
        self._hold("inflight", len(self.unacked) <= self.rules.get("inflight", 65535))
        if not self.cloud.hold_acks:
            self.acknowledge()
        if qos == 2 and self.rules.get("qos_2_acked"):
            self.cloud.tell("violations", "qos_2_acked")

    def acknowledge(self):
        with self.cloud.changed:
            waiting, self.unacked = self.unacked, []
        for kind, packet_id in waiting:
            self.write(packet(kind << 4, packet_id))

    def _subscribe(self, first, reader):
        rules, codes, filters = self.rules, b"", []
        self._hold("protocol", first & 0x0F == 2)
        packet_id = reader.take(2)
        while reader.octets:
            filters.append(reader.text())
            wanted = reader.u8()
            self._hold("subscribe_qos", wanted <= rules.get("subscribe_qos", 2))
            codes += bytes([min(wanted, rules.get("qos", 2))])
        self.subscribed += len(filters)
        self._hold("filters", 0 < len(filters) <= rules.get("filters", 65535))
        self._hold("subscriptions", self.subscribed <= rules.get("subscriptions", 65535))
        self.write(packet(SUBACK << 4, packet_id + codes))
        for topic_filter in filters:
            self.cloud.tell("subscribed", topic_filter)


# --- a client that breaks rules ---------------------------------------------------------------


class Offender:
    """Says what it is told to; the strict broker is to cut it."""

    def __init__(self, box, context=None, name="localhost"):
        self.link = socket.create_connection(("127.0.0.1", box.cloud), WAIT_S)
        if context is not None:
            self.link = context.wrap_socket(self.link, server_hostname=name)
        box.own(self)

    def close(self):
        self.link.close()

    def connect(self, client_id="gh-7", login=(None, None), keepalive=60, will=None, **more):
        username, password = login
        flags = (0x02 if more.get("clean", True) else 0) | (0x04 if will else 0)
        flags |= (0x80 if username is not None else 0) | (0x40 if password is not None else 0)
        body = string("MQTT") + bytes([more.get("level", 4), flags]) + struct.pack(">H", keepalive)
        for text in (client_id, will, "gone" if will else None, username, password):
            body += string(text) if text is not None else b""
        self.link.sendall(packet(CONNECT << 4, body))
        return self

    def connected(self, **more):
        self.connect(**more)
        if self.link.recv(4) != b"\x20\x02\x00\x00":
            raise Failed("no CONNACK 0")
        return self

    def publish(self, topic="a", payload=b"x", qos=1, retain=False, packet_id=1):
        body = string(topic) + (struct.pack(">H", packet_id) if qos else b"") + payload
        self.link.sendall(packet(PUBLISH << 4 | qos << 1 | retain, body))
        return self

    def subscribe(self, *filters, qos=0):
        body = b"\0\1" + b"".join(string(name) + bytes([qos]) for name in filters)
        self.link.sendall(packet(SUBSCRIBE << 4 | 2, body))
        return self
