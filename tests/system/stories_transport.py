"""What carries MQTT: TLS and WebSocket one on the other, their certificates, limits and ends."""

import signal
import socket
import ssl

from authority import Authority
from sedge import WAIT_S, expect, expect_equal, free_port
from websocket import (
    CONNACK,
    CONNECT,
    SEDGE,
    UPSTREAM,
    far_gateway,
    frame,
    open_on,
    two_gateways_meet,
)

HELLO_BEGUN = b"\x16\x03\x01\x02\x00\x01"  # of a ClientHello, which never ends


def _port(transport="tls", more="", crt="server.crt", key="server.key"):
    """A [broker secure] section; returns its port and the text."""
    port = free_port()
    return port, (
        f"[broker secure]\nbind = 127.0.0.1:{port}\ntransport = {transport}\n"
        f"cert = {crt}\nkey = {key}\n{more}\n"
    )


def _secure(box, transport="tls", more="", rest="", **settings):
    """A gateway with a TLS port beside its plain one: (authority, port, gateway)."""
    authority = Authority(box)
    crt, key = authority.issue("server")
    port, section = _port(transport, more, crt, key)
    return authority, port, box.gateway(section + rest, **settings)


def _trusting(authority):
    return ssl.create_default_context(cafile=authority.crt)


def _tls(box, port, context):
    plain = socket.create_connection(("127.0.0.1", port), WAIT_S)
    return box.own(context.wrap_socket(plain, server_hostname="localhost"))


def mqtt_crosses_a_websocket_in_tls(box):
    authority, port, _ = _secure(box, "wss")
    watcher = box.subscriber()
    end = open_on(box, _tls(box, port, _trusting(authority)), piece=7)
    end.send(frame(CONNECT), piece=3)
    end.wait(CONNACK)
    end.send(frame(b"\x30\x06\0\1ayes"))
    expect_equal(watcher.messages(1)[0][::3], ("a", "yes"), "message at the plain port")


def two_gateways_meet_over_tls(box):
    authority = Authority(box)
    server = authority.issue("server")
    port = far_gateway(box, "tls", "cert = {}\nkey = {}".format(*server))
    two_gateways_meet(box, f"mqtts://127.0.0.1:{port}", f"ca = {authority.crt}\n")


def two_gateways_meet_over_a_websocket_in_tls(box):
    authority = Authority(box)
    server = authority.issue("server")
    client = authority.issue("gw", common="gw-7")
    keys = "cert = {}\nkey = {}\n".format(*server) + f"client_ca = {authority.crt}"
    port = far_gateway(box, "wss", keys)
    own = "cert = {}\nkey = {}\n".format(*client) + f"ca = {authority.crt}\n"
    two_gateways_meet(box, f"wss://localhost:{port}", own)


def an_upstream_that_does_not_answer_the_tls_greeting_is_left(box):
    authority = Authority(box)
    silent = box.own(socket.create_server(("127.0.0.1", 0)))
    gateway = box.gateway(
        UPSTREAM.format(url=f"mqtts://127.0.0.1:{silent.getsockname()[1]}")
        + f"ca = {authority.crt}\n"
    )
    gateway.wait_line(r"the server takes connections, and does not answer")


def sighup_reads_certificates_anew_and_ends_no_session(box):
    authority, port, gateway = _secure(box)
    context = _trusting(authority)
    old = _tls(box, port, context)
    first = old.getpeercert(True)
    old.sendall(CONNECT)
    expect_equal(old.recv(4), CONNACK, "CONNACK")
    authority.issue("server")
    expect_equal(_tls(box, port, context).getpeercert(True), first, "certificate before SIGHUP")
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_line(r"reloaded: 0 changes; certificates are read anew")
    second = _tls(box, port, context).getpeercert(True)
    expect(second != first, "the certificate is another")
    old.sendall(b"\xc0\0")
    expect_equal(old.recv(2), b"\xd0\0", "PINGRESP on the old connection")
    (box.dir / "server.crt").write_text("no certificate\n")
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_line(r"reload: nothing is changed: .*server\.crt")
    expect_equal(_tls(box, port, context).getpeercert(True), second, "certificate after a fault")


def a_certificate_that_ends_soon_is_warned_of(box):
    authority = Authority(box)
    long = _port("tls", "", *authority.issue("long", days=300))[1]
    brief = _port("tls", "", *authority.issue("brief", days=10))[1].replace("secure", "soon")
    gateway = box.gateway(long + brief)
    gateway.wait_line(r"info .*broker secure: its certificate is good for (299|300) days")
    gateway.wait_line(r"warn .*broker soon: its certificate is good for (9|10) days")


def silence_at_a_tls_port_keeps_nobody_out(box):
    more = "connect_timeout = 1s\n"
    authority, port, _ = _secure(box, more=more, rest="[limits]\nhandshakes = 2\n")
    for number in range(60):
        silent = box.own(socket.create_connection(("127.0.0.1", port), WAIT_S))
        if number % 20 == 0:
            silent.sendall(HELLO_BEGUN)
    for _ in range(3):
        box.mqtt_pub("-t", "a", "-m", "b", "-q", "1", "--cafile", authority.crt, port=port)


def a_tls_connection_is_ended_by_a_close_notify(box):
    authority, port, _ = _secure(box)
    end = _tls(box, port, _trusting(authority))
    end.sendall(CONNECT)
    expect_equal(end.recv(4), CONNACK, "CONNACK")
    end.sendall(b"\xe0\0")
    expect_equal(end.recv(1), b"", "an orderly end, which Python tells from a cut")


def without_descriptors_it_waits_and_goes_on(box):
    authority = Authority(box)
    port, section = _port("tls", "", *authority.issue("server"))
    path = box.configure(section)
    gateway = box.start("sh", "-c", f"ulimit -n 60 && exec {SEDGE} run -c {path}")
    gateway.wait_line(r"sedge: ready")
    taken = [socket.create_connection(("127.0.0.1", p)) for p in (port, box.tcp) * 40]
    gateway.wait_line(r"accepting pauses: Too many open files")
    for end in taken:
        end.close()
    box.mqtt_pub("-t", "a", "-m", "b", "-q", "1")
    box.mqtt_pub("-t", "a", "-m", "b", "-q", "1", "--cafile", authority.crt, port=port)
