"""Discovery: groups, ADVERTISE, SEARCHGW, stand-by; who is served; forwarders."""

import ctypes
import functools
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import threading

from sedge import ROOT, WAIT_S, Program, Skipped, expect, expect_equal, free_port, stop

GROUP = "225.1.1.77"
SEARCHGW = b"\x03\x01\x00"
LO = socket.inet_aton("127.0.0.1")


class Hearer:
    """A node with one socket in the group, and one of its own to ask with."""

    def __init__(self, port, group=GROUP):
        self.to = (group, port)
        self.group = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.group.bind(self.to)
        joined = socket.inet_aton(group) + LO
        try:
            self.group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
        except OSError as error:
            raise Skipped(f"the loopback takes no multicast group: {error}") from None
        self.own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.own.bind(("127.0.0.1", 0))
        self.own.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, LO)
        for s in (self.group, self.own):
            s.settimeout(WAIT_S)

    def search(self):
        self.own.sendto(SEARCHGW, self.to)

    def hear(self, *wanted):
        """Waits for a datagram in the group that is one of `wanted`: it, and its sender."""
        while True:
            octets, sender = self.group.recvfrom(2048)
            if octets in wanted:
                return octets, sender

    def close(self):
        self.group.close()
        self.own.close()


def _advertise(gw_id, seconds):
    return bytes([5, 0, gw_id]) + seconds.to_bytes(2, "big")


def _gwinfo(gw_id):
    return bytes([3, 2, gw_id])


def _grouped(group_port, more=""):
    return f"multicast = {GROUP}:{group_port}\n{more}\n"


def _second(box, group_port, more):
    """Another gateway on the machine, GwId 9: its program and its port."""
    port, path = free_port(socket.SOCK_DGRAM), box.dir / "second.conf"
    path.write_text(
        f"[gateway]\nname = second\nid = 9\ncontrol = off\n[listener udp]\ntype = udp\n"
        f"bind = 127.0.0.1:{port}\n{_grouped(group_port, more)}\n[store]\npath = none\n"
    )
    second = box.own(Program([ROOT / "build/sedge", "run", "-c", path], box.dir))
    second.wait_line(r"sedge: ready")
    return second, port


def a_gateway_tells_its_group_where_it_is(box):
    port = free_port(socket.SOCK_DGRAM)
    node = box.own(Hearer(port))
    box.gateway(name="gw\nid = 7", udp_more=_grouped(port, "advertise = 1s"))
    for _ in range(2):
        _, sender = node.hear(_advertise(7, 1))
        expect_equal(sender, ("127.0.0.1", box.udp), "sender of ADVERTISE")
    node.search()
    _, sender = node.hear(_gwinfo(7))
    expect_equal(sender, ("127.0.0.1", box.udp), "sender of GWINFO in the group")
    answer, sender = node.own.recvfrom(64)
    expect_equal((answer, sender), (_gwinfo(7), ("127.0.0.1", box.udp)), "GWINFO to the asker")


def who_asks_one_gateway_alone_is_answered_there_and_the_group_hears_it(box):
    port = free_port(socket.SOCK_DGRAM)
    hearer = box.own(Hearer(port))
    box.gateway(name="gw\nid = 7", udp_more=_grouped(port))
    expect_equal(box.node().ask(SEARCHGW, b"\x02"), _gwinfo(7), "GWINFO to the asker")
    hearer.hear(_gwinfo(7))


def a_stand_in_serves_when_the_other_is_gone_and_is_silent_when_it_is_back(box):
    port = free_port(socket.SOCK_DGRAM)
    node = box.own(Hearer(port))
    first = box.gateway(name="gw\nid = 7", udp_more=_grouped(port, "advertise = 1s"))
    second, own_port = _second(
        box, port, "advertise = 1s\nstandby_for = 7\nstandby_after = 1"
    )
    node.hear(_advertise(7, 1))
    node.search()
    heard, _ = node.hear(_gwinfo(7), _gwinfo(9), _advertise(9, 1))
    expect_equal(heard, _gwinfo(7), "who answers while both are there")
    stop(first)
    second.wait_line(r"listener udp: the gateway of standby_for is not heard: stands in for it")
    _, sender = node.hear(_advertise(9, 1))
    expect_equal(sender, ("127.0.0.1", own_port), "sender of the stand-in's ADVERTISE")
    node.search()
    node.hear(_gwinfo(9))
    orphan = box.node()
    orphan.socket.connect(("127.0.0.1", own_port))
    orphan.connect("orphan")
    box.gateway(name="gw\nid = 7", udp_more=_grouped(port, "advertise = 1s"))
    second.wait_line(r"listener udp: the gateway of standby_for is there: silent again")
    expect_equal(orphan.ask(b"\x02\x16", b"\x18"), b"\x02\x18", "told to look for the other")


def gateways_hear_each_other_without_harm(box):
    port = free_port(socket.SOCK_DGRAM)
    node = box.own(Hearer(port))
    box.gateway(name="gw\nid = 7", udp_more=_grouped(port, "advertise = 1s"))
    _second(box, port, "advertise = 1s")
    heard = set()
    while len(heard) < 2:
        heard.add(node.hear(_advertise(7, 1), _advertise(9, 1))[0])
    node.search()
    heard = set()
    while len(heard) < 2:
        heard.add(node.hear(_gwinfo(7), _gwinfo(9))[0])
    box.node().connect("still-there")


def _until(node, kind):
    """Types of all that came, up to the first of `kind`."""
    kinds = []
    while True:
        got = node.socket.recv(2048)
        kinds.append(got[1])
        if got[1] == kind:
            return kinds


def each_listener_has_timers_and_limits_of_its_own(box):
    quick_port = free_port(socket.SOCK_DGRAM)
    box.gateway(
        f"[listener quick]\ntype = udp\nbind = 127.0.0.1:{quick_port}\nretry = 100ms\n"
        "retries = 50\nmax_message = 40\nstranger_rate = 1/m\n"
    )
    calm, quick = box.node(), box.node()
    quick.socket.connect(("127.0.0.1", quick_port))
    long_publish = bytes([51, 12, 0x22]) + b"xy\x00\x07" + bytes(44)
    for node, told, acked in ((calm, [0x18, 0x18], [0x0D]), (quick, [0x18], [])):
        for _ in range(2):
            node.send(b"\x02\x16")  # as a stranger
        node.send(b"\x08\x04\x04\x01\x00\x3c" + (b"n1" if node is calm else b"n2"))
        expect_equal(_until(node, 0x05), [*told, 0x05], "answers to a stranger, CONNACK")
        node.send(long_publish)
        node.send(b"\x07\x12\x20\x00\x01ab")
        expect_equal(_until(node, 0x13), [*acked, 0x13], "answers to a long message, SUBACK")
    box.mqtt_pub("-t", "ab", "-m", "x", "-q", "1")
    for node in (calm, quick):
        expect_equal(node.wait(b"\x0c")[2] & 0x80, 0, "DUP of the first sending")
    expect_equal(quick.wait(b"\x0c")[2] & 0x80, 0x80, "DUP of the second")
    calm.send(b"\x02\x16")
    expect_equal(_until(calm, 0x17), [0x17], "what the calm listener sent meanwhile")


# --- with a network of their own ---------------------------------------------------------------


def _run(*words):
    subprocess.run(words, check=True, capture_output=True)


def _in_own_network(story):
    """The story in a thread that has a network namespace, as have the programs that it starts: a
    loopback, and v0, a wire with 10.9.0.1/24 whose other end is v1."""

    def begin():
        libc = ctypes.CDLL(None, use_errno=True)
        if shutil.which("ip") is None:
            raise Skipped("ip (package iproute2) is missing")
        if libc.unshare(0x40000000) != 0:
            raise Skipped(f"no network of its own: {os.strerror(ctypes.get_errno())}")
        _run("ip", "link", "set", "lo", "up")
        try:
            _run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
        except subprocess.CalledProcessError as error:
            raise Skipped(f"no veth: {error.stderr.decode().strip()}") from None
        pathlib.Path("/proc/sys/net/ipv6/conf/v0/accept_dad").write_text("0")
        _run("ip", "addr", "add", "10.9.0.1/24", "dev", "v0")

    @functools.wraps(story)
    def wrapped(box):
        failure = []

        def run():
            try:
                begin()
                story(box)
            except Exception as error:
                failure.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if failure:
            raise failure[0]

    return wrapped


def _wire_up():
    _run("ip", "link", "set", "v1", "up")
    _run("ip", "link", "set", "v0", "up")


def _start(box, text):
    path = box.dir / "own.conf"
    path.write_text(text + "\n[store]\npath = none\n")
    gateway = box.own(Program([ROOT / "build/sedge", "run", "-c", path], box.dir))
    gateway.wait_line(r"sedge: ready")
    return gateway


@_in_own_network
def an_interface_that_comes_later_is_joined_when_it_comes(box):
    gateway = _start(
        box,
        "[gateway]\nname = g\nid = 7\ncontrol = off\n[listener lan]\ntype = udp\n"
        "bind = 0.0.0.0:1884\nmulticast = 225.1.1.77:1884\n",
    )
    gateway.wait_line(r"listener lan: no interface for the group 225\.1\.1\.77:1884, yet")
    _wire_up()
    gateway.wait_line(r"listener lan: group 225\.1\.1\.77:1884 on v0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as node:
        node.settimeout(WAIT_S)
        node.setsockopt(
            socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.9.0.1")
        )
        node.sendto(SEARCHGW, ("225.1.1.77", 1884))
        expect_equal(node.recvfrom(64), (_gwinfo(7), ("10.9.0.1", 1884)), "GWINFO")


@_in_own_network
def discovery_works_over_ipv6_too(box):
    _wire_up()
    gateway = _start(
        box,
        "[gateway]\nname = g\nid = 7\ncontrol = off\n[listener six]\ntype = udp\n"
        "bind = [::]:1884\nmulticast = [ff02::77]:1885\ninterface = v0\nadvertise = 1s\n"
        "[listener four]\ntype = udp\nbind = 0.0.0.0:1884\n",
    )
    gateway.wait_line(r"listener six: group \[ff02::77\]:1885 on v0")
    index = socket.if_nametoindex("v0")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as node:
        node.settimeout(WAIT_S)
        node.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        node.bind(("ff02::77", 1885, 0, index))
        node.setsockopt(
            socket.IPPROTO_IPV6,
            socket.IPV6_JOIN_GROUP,
            socket.inet_pton(socket.AF_INET6, "ff02::77") + struct.pack("@I", index),
        )
        while True:
            octets, sender = node.recvfrom(64)
            if octets == _advertise(7, 1):
                break
    expect(sender[0].startswith("fe80::") and sender[1] == 1884, f"ADVERTISE from {sender}")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as node:
        node.settimeout(WAIT_S)
        node.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        node.sendto(SEARCHGW, ("ff02::77", 1885, 0, index))
        answer, gateway_at = node.recvfrom(64)
        expect_equal(answer, _gwinfo(7), "GWINFO")
        node.connect(gateway_at)
        node.send(b"\x08\x04\x04\x01\x00\x3cn6")
        expect_equal(node.recv(64), b"\x03\x05\x00", "CONNACK from where GWINFO came")


@_in_own_network
def open_answers_nobody_from_afar_unless_it_is_told_to(box):
    _wire_up()
    text = (
        "[gateway]\nname = g\nid = 7\ncontrol = off\n[listener lan]\ntype = udp\n"
        "bind = 127.0.0.1:1884\n{}\n[listener all]\ntype = udp\nbind = 127.0.0.1:1885\n"
        "allow_insecure = yes\n[broker b]\nbind = 127.0.0.1:1883\n"
    )
    gateway = _start(box, text.format("auth = open"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.settimeout(WAIT_S)
        far.setsockopt(socket.IPPROTO_IP, 19, 1)  # IP_TRANSPARENT: any source address
        far.bind(("198.51.100.9", 0))
        far.sendto(SEARCHGW, ("127.0.0.1", 1884))
        gateway.wait_line(r"listener lan: a sender that is neither private nor on-link")
    topic = "$SYS/broker/listener/+/strangers"
    told = box.own(
        Program(
            ["mosquitto_sub", "-h", "127.0.0.1", "-p", "1883", "-v", "-t", topic],
            box.dir,
        )
    )
    told.wait_line(r"listener/lan/strangers 1$")
    told.wait_line(r"listener/all/strangers 0$")


# --- forwarders ---------------------------------------------------------------------------------


def _behind(number, octets):
    return bytes([5, 0xFE, 0, number >> 8, number & 255]) + octets


def a_hundred_nodes_behind_one_forwarder_are_served(box):
    box.gateway(udp_more="forwarders = 127.0.0.0/8\n")
    forwarder, reader = box.node(), box.subscriber()
    for i in range(100):
        name = f"n{i:03}".encode()
        got = forwarder.ask(_behind(i, bytes([10, 4, 4, 1, 0, 60]) + name), b"\xfe")
        expect_equal(got, _behind(i, b"\x03\x05\x00"), f"CONNACK of {name.decode()}")
    for i in range(100):
        got = forwarder.ask(_behind(i, b"\x09\x0c\x22ab\x00\x01" + f"{i:02}".encode()), b"\xfe")
        expect_equal(got, _behind(i, b"\x07\x0dab\x00\x01\x00"), f"PUBACK of {i}")
    texts = [text for _, _, _, text in reader.messages(100)]
    expect_equal(texts, [f"{i:02}" for i in range(100)], "messages")


def who_is_no_forwarder_is_not_served_as_one(box):
    gateway = box.gateway(udp_more="forwarders = 10.0.0.0/8\n")
    node = box.node()
    node.send(_behind(1, b"\x08\x04\x04\x01\x00\x3cn1"))
    gateway.wait_line(r"encapsulated messages dropped: \[listener\] forwarders does not name")
    expect_equal(node.ask(SEARCHGW, b"\x02"), _gwinfo(1), "its own messages are answered")


def a_forwarder_gets_its_messages_at_its_rate_and_others_do_not_wait(box):
    box.gateway(udp_more="forwarders = any\nrate = 12/m\n")
    forwarder, other = box.node(), box.node()
    for i in range(3):
        forwarder.send(_behind(i, b"\x02\x16"))
    expect_equal(forwarder.wait(b"\xfe"), _behind(0, b"\x02\x18"), "the first answer")
    expect_equal(other.ask(b"\x02\x16", b"\x18"), b"\x02\x18", "the answer to another")
    forwarder.socket.setblocking(False)
    try:
        expect(False, f"the second came at once: {forwarder.socket.recv(64).hex()}")
    except BlockingIOError:
        forwarder.socket.setblocking(True)
        forwarder.socket.settimeout(WAIT_S)
    expect_equal(forwarder.wait(b"\xfe"), _behind(1, b"\x02\x18"), "the second answer")
