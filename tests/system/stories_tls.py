"""TLS: ports with certificates and keys, upstreams that must prove who they are."""

import socket
import ssl
import threading

from authority import Authority
from sedge import ROOT, WAIT_S, Failed, Program, expect, expect_equal, free_port, with_sbin

PSK = "00112233445566778899aabbccddeeff"


def _secure(box, authority, more=""):
    """The sections of a TLS port; box.secure is its number."""
    box.secure = free_port()
    cert, key = authority.issue("hub")
    return (
        f"[broker secure]\nbind = 127.0.0.1:{box.secure}\ntransport = tls\n"
        f"cert = {cert}\nkey = {key}\n{more}\n"
    )


def mosquitto_pub_and_sub_talk_over_tls(box):
    authority = Authority(box)
    box.gateway(_secure(box, authority))
    tls = ("--cafile", authority.crt)
    watcher = box.subscriber("-q", "2", *tls, port=box.secure)
    for qos in ("0", "1", "2"):
        box.mqtt_pub("-t", f"farm/{qos}", "-m", qos, "-q", qos, *tls, port=box.secure)
    box.sn_pub("-i", "bed-1", "-t", "farm/sn", "-m", "21", "-q", "1")
    got = {(topic, text) for topic, _, _, text in watcher.messages(4)}
    wanted = {("farm/0", "0"), ("farm/1", "1"), ("farm/2", "2"), ("farm/sn", "21")}
    expect_equal(got, wanted, "messages over TLS")


def a_large_message_goes_both_ways_over_tls(box):
    authority = Authority(box)
    box.gateway(_secure(box, authority))
    body = "x" * 200000
    tls = ("--cafile", authority.crt)
    watcher = box.subscriber("-q", "1", *tls, port=box.secure)
    box.mqtt_pub("-t", "farm/film", "-q", "1", "-s", *tls, port=box.secure, text_in=body)
    expect_equal(watcher.messages(1)[0][3], body, "message over TLS")


# What a client with a name may publish stands in the list by %u.
OWN = """
[acl own]
publish = own/%u/#
"""


def a_certificate_is_the_user_name(box):
    authority = Authority(box)
    box.gateway(_secure(box, authority, f"client_ca = {authority.crt}\nacl = own\n") + OWN)
    watcher = box.subscriber("-q", "1")
    cert, key = authority.issue("roof", common="roof-7")
    tls = ("--cafile", authority.crt, "--cert", cert, "--key", key)
    box.mqtt_pub("-t", "own/attic/t", "-m", "not mine", "-q", "1", *tls, port=box.secure)
    box.mqtt_pub("-t", "own/roof-7/t", "-m", "21", "-q", "1", *tls, port=box.secure)
    expect_equal(watcher.messages(1)[0][::3], ("own/roof-7/t", "21"), "message by its name")


def a_client_without_a_certificate_is_refused_where_one_is_required(box):
    authority = Authority(box)
    gateway = box.gateway(_secure(box, authority, f"client_ca = {authority.crt}\n"))
    box.mqtt_pub("-t", "t", "-m", "x", "--cafile", authority.crt, port=box.secure, code=None)
    gateway.wait_line(r"127\.0\.0\.1.*: the client shows no certificate")
    other = Authority(box, "other")
    cert, key = other.issue("thief", common="roof-7")
    tls = ("--cafile", authority.crt, "--cert", cert, "--key", key)
    box.mqtt_pub("-t", "t", "-m", "x", *tls, port=box.secure, code=None)
    gateway.wait_line(rf"certificate is not trusted by any authority of {authority.crt}")


def a_psk_identity_is_the_user_name(box):
    authority = Authority(box)
    table = box.dir / "psk"
    table.write_text(f"# nodes\nroof-7:{PSK}\n")
    table.chmod(0o600)
    more = f"psk = file:{table}\nacl = own\n"
    gateway = box.gateway(_secure(box, authority, more) + OWN)
    watcher = box.subscriber("-q", "1")
    known = ("--psk-identity", "roof-7", "--psk", PSK)
    box.mqtt_pub("-t", "own/roof-7/t", "-m", "21", "-q", "1", *known, port=box.secure)
    expect_equal(watcher.messages(1)[0][::3], ("own/roof-7/t", "21"), "message by its name")
    unknown = ("--psk-identity", "attic", "--psk", PSK)
    box.mqtt_pub("-t", "t", "-m", "x", *unknown, port=box.secure, code=None)
    gateway.wait_line(r"the PSK identity is not known")
    wrong = ("--psk-identity", "roof-7", "--psk", PSK[::-1])
    box.mqtt_pub("-t", "t", "-m", "x", *wrong, port=box.secure, code=None)
    gateway.wait_line(r"the PSKs differ")


def what_speaks_no_tls_is_told_from_what_does(box):
    gateway = box.gateway(_secure(box, Authority(box)))
    with socket.create_connection(("127.0.0.1", box.secure), WAIT_S) as plain:
        plain.sendall(b"\x10\x0d\0\4MQTT\4\2\0\x3c\0\1h")
        expect_equal(plain.recv(100), b"", "answer to plain MQTT")
    gateway.wait_line(r"the other side speaks no TLS")


def a_session_is_taken_up_again_by_ticket(box):
    authority = Authority(box)
    box.gateway(_secure(box, authority))
    context = ssl.create_default_context(cafile=authority.crt)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    session = None
    for resumed in (False, True):
        with socket.create_connection(("127.0.0.1", box.secure), WAIT_S) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as tls:
                expect_equal(tls.session_reused, resumed, "session taken up again")
                tls.sendall(b"\x10\x0d\0\4MQTT\4\2\0\x3c\0\1h")
                expect_equal(tls.recv(4), b"\x20\2\0\0", "CONNACK")
                session = tls.session


UPSTREAM = """
[upstream cloud]
url = mqtts://127.0.0.1:{port}
ca = {ca}
{more}
send = farm/# qos 1
receive = cmd/# qos 1
reconnect = 100ms..500ms
"""


def _mosquitto(box, authority, more=""):
    """A mosquitto with a TLS port, box.far, beside its plain one."""
    box.far = free_port()
    cert, key = authority.issue("cloud")
    conf = box.dir / "mosquitto.conf"
    conf.write_text(
        f"per_listener_settings true\nuser root\nlog_dest stderr\nlog_type all\n"
        f"listener {box.cloud} 127.0.0.1\nallow_anonymous true\n"
        f"listener {box.far} 127.0.0.1\nallow_anonymous true\n"
        f"certfile {cert}\nkeyfile {key}\n{more}\n"
    )
    broker = box.own(Program(["mosquitto", "-c", conf], box.dir, env=with_sbin()))
    broker.wait_line(r"mosquitto version .* running")
    return broker


def an_upstream_shows_its_certificate_and_asks_for_one(box):
    authority = Authority(box)
    cloud = _mosquitto(box, authority, f"cafile {authority.crt}\nrequire_certificate true\n")
    watcher = box.subscriber("-q", "1", port=box.cloud)
    cert, key = authority.issue("gw", common="gw-7")
    more = f"cert = {cert}\nkey = {key}"
    box.gateway(UPSTREAM.format(port=box.far, ca=authority.crt, more=more))
    cloud.wait_line(r"Sending SUBACK to gw-7")
    here = box.subscriber("-q", "1", topics=("cmd/#",))
    box.mqtt_pub("-t", "farm/t", "-m", "x" * 70000, "-q", "1")
    expect_equal(watcher.messages(1)[0][3], "x" * 70000, "message at the cloud")
    box.mqtt_pub("-t", "cmd/valve", "-m", "open", "-q", "1", port=box.cloud)
    expect_equal(here.messages(1)[0][::3], ("cmd/valve", "open"), "message here")


def an_upstream_without_the_certificate_that_is_wanted_says_so(box):
    authority = Authority(box)
    _mosquitto(box, authority, f"cafile {authority.crt}\nrequire_certificate true\n")
    gateway = box.gateway(UPSTREAM.format(port=box.far, ca=authority.crt, more=""))
    gateway.wait_line(r"cloud.*alert: ")


class _Server:
    """A TLS server that keeps what it hears after the handshake, and how handshakes ended."""

    def __init__(self, cert, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.at = self.listener.getsockname()[1]
        self.heard = b""
        self.ends = []
        self.changed = threading.Condition()
        self.talk = self._hear
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _hear(self, tls):
        self.heard += tls.recv(100)

    def _serve(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            end = "up"
            plain.settimeout(WAIT_S)
            try:
                with self.context.wrap_socket(plain, server_side=True) as tls:
                    self.talk(tls)
            except (ssl.SSLError, OSError) as error:
                end = str(error)
            with self.changed:
                self.ends.append(end)
                self.changed.notify_all()

    def wait_end(self):
        with self.changed:
            if not self.changed.wait_for(lambda: self.ends, WAIT_S):
                raise Failed("nobody came")
            return self.ends[0]

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(WAIT_S)


def _refused(box, authority, server, cause):
    gateway = box.gateway(UPSTREAM.format(port=server.at, ca=authority.crt, more=""))
    gateway.wait_line(rf"cloud.*{cause}")
    expect("up" != server.wait_end(), "the handshake failed")
    expect_equal(server.heard, b"", "octets of MQTT at who proved nothing")


class _Strict(_Server):
    """A broker that takes who greets it by its name and protocol and shows a certificate, as clouds
    do that tell their customers apart by these; it keeps how it was greeted."""

    def __init__(self, authority, name, protocol):
        self.name, self.protocol = name, protocol
        self.greetings = []
        super().__init__(*authority.issue("strict", san=f"DNS:{name}"))
        self.context.load_verify_locations(authority.crt)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.set_alpn_protocols([protocol])
        self.context.sni_callback = self._greeted
        self.talk = self._answer

    def _greeted(self, _, name, __):
        self.greetings.append(name)
        return None if name == self.name else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    def _answer(self, tls):
        if tls.selected_alpn_protocol() == self.protocol:
            self.heard += tls.recv(100)
            subject = dict(pair for (pair,) in tls.getpeercert()["subject"])
            self.greetings.append(subject["commonName"])
            tls.sendall(b"\x20\x02\x00\x00")
            tls.recv(100)


def _greet(box, settings):
    """How a strict broker was greeted by an upstream with the right settings but for `settings`."""
    authority = Authority(box)
    server = box.own(_Strict(authority, "far.example", "x-amzn-mqtt-ca"))
    cert, key = authority.issue("gw", common="gw-7")
    right = {"sni": "far.example", "alpn": "x-amzn-mqtt-ca", "cert": cert, "key": key}
    more = "\n".join(f"{k} = {v}" for k, v in {**right, **settings}.items() if v is not None)
    return server, box.gateway(UPSTREAM.format(port=server.at, ca=authority.crt, more=more))


def a_strict_broker_is_greeted_by_name_protocol_and_certificate(box):
    server, gateway = _greet(box, {})
    gateway.wait_line(r"online with cloud")
    expect_equal(server.greetings, ["far.example", "gw-7"], "server name, then certificate")


def a_strict_broker_refuses_another_name(box):
    server, gateway = _greet(box, {"sni": "else.example"})
    gateway.wait_line(r"cannot reach cloud: ")
    expect_equal((server.greetings[0], server.heard), ("else.example", b""), "name, and MQTT heard")


def a_strict_broker_refuses_who_greets_without_its_protocol(box):
    server, gateway = _greet(box, {"alpn": None})
    gateway.wait_line(r"(cannot reach|lost) cloud: ")
    expect_equal((server.greetings[0], server.heard), ("far.example", b""), "name, and MQTT heard")


def a_strict_broker_refuses_who_shows_no_certificate(box):
    server, gateway = _greet(box, {"cert": None, "key": None})
    gateway.wait_line(r"cannot reach cloud: .*alert: ")
    expect_equal(server.heard, b"", "MQTT heard")


def a_broker_of_another_authority_hears_not_one_octet_of_mqtt(box):
    authority = Authority(box)
    server = box.own(_Server(*Authority(box, "other").issue("cloud")))
    _refused(box, authority, server, f"certificate is not trusted by any authority of {authority.crt}")


def a_broker_with_the_certificate_of_another_host_hears_nothing(box):
    authority = Authority(box)
    server = box.own(_Server(*authority.issue("cloud", san="IP:127.0.0.2,DNS:localhost")))
    _refused(box, authority, server, "certificate is not for this host")


def a_wrong_certificate_file_is_named_at_start(box):
    authority = Authority(box)
    more = _secure(box, authority)
    authority.issue("hub-2")
    (box.dir / "hub-2.key").rename(box.dir / "hub.key")
    path = box.configure(more)
    gateway = box.start(ROOT / "build/sedge", "run", "-c", path)
    gateway.wait_line(
        r"gateway\.conf:\d+: \[broker secure\] key: .*/hub\.key: "
        r"the key does not belong to the certificate"
    )
    expect_equal(gateway.wait_exit(), 1, "exit code")
