"""Nodes behind a forwarder. [MQTT-SN 1.2, 5.5]"""

import sn_packets as sn
from sedge import expect_equal
from statements import states

CONF = {
    "more": "[topics default]\n7 = pre/seven",
    "udp_more": "forwarders = any\npublish_without_connect = yes\nstranger_rate = 1000/s",
}


@states("SN-188", "SN-189")
def the_answer_comes_back_in_an_encapsulation_with_the_same_node_id(t):
    link = t.link()
    link.send(bytes.fromhex("05 fe 00 0a 0b 08 04 04 01 00 3c 6e 31"))
    expect_equal(link.receive().hex(" "), "05 fe 00 0a 0b 03 05 00", "CONNACK")
    link.send(bytes.fromhex("05 fe 00 0a 0b 04 16 6e 31"))
    expect_equal(link.receive().hex(" "), "05 fe 00 0a 0b 02 17", "PINGRESP")


@states("SN-190")
def nodes_behind_one_forwarder_are_clients_of_their_own(t):
    forwarder = t.forwarder()
    nodes = [forwarder.node(bytes([1, i])).connect(b"n%d" % i) for i in range(20)]
    direct = t.connected(b"direct")
    for i, n in enumerate(nodes):
        n.subscribe(b"%02d" % i, i % 3, kind=sn.SHORT)
    nodes[3].bye()
    for i, n in enumerate(nodes):
        t.publish(b"%02d" % i, b"x", 2)
        if i != 3:
            expect_equal(n.deliver()[:3], (b"%02d" % i, b"x", i % 3), "name, data, QoS")
            n.nothing()
    nodes[3].gone()
    direct.nothing()


@states("SN-190")
def the_same_node_id_at_two_forwarders_is_two_nodes(t):
    one, two = (t.forwarder().node(b"\1").connect(name) for name in (b"one", b"two"))
    one.bye()
    two.nothing()


@states("SN-191")
def what_the_gateway_sends_by_itself_is_encapsulated_too(t):
    t.start(udp_more="forwarders = any\nretry = 500ms\nstranger_rate = 1000/s")
    n = t.forwarder().node(b"\x0a\x0b").connect(b"n")
    n.subscribe(b"a/#", 2)
    t.publish(b"a/b", b"x", 2)
    n.take_register(b"a/b")
    got = n.packet("PUBLISH")
    n.packet("PUBLISH")
    n.ask(sn.answer("PUBREC", got.msg_id), sn.answer("PUBREL", got.msg_id))
    n.send(sn.answer("PUBCOMP", got.msg_id)).nothing()
    n.bye().gone()  # DISCONNECT to one without a session


@states("SN-192")
def reserved_bits_of_ctrl_are_ignored_and_node_ids_are_opaque(t):
    link = t.link()
    for i, node_id in enumerate((b"\0", b"\xfe", b"/#+\0", bytes(range(250)))):
        for ctrl in (0x00, 0xFC, 0xFF):
            link.send(sn.wrapped(node_id, sn.connect(b"n%d" % i), ctrl))
            _, back, inner = sn.unwrapped(link.receive())
            expect_equal((back, inner), (node_id, sn.CONNACK), f"answer to {node_id[:4]!r}")


@states("SN-193")
def a_message_inside_may_have_the_long_length(t):
    link = t.link()
    link.send(sn.wrapped(b"\1\2", sn.lengthened(sn.connect(b"n"))))
    expect_equal(link.receive(), sn.wrapped(b"\1\2", sn.CONNACK), "CONNACK")
    n = t.forwarder().node(b"\3").connect(b"m")
    n.subscribe(b"ab", 1, kind=sn.SHORT)
    t.publish(b"ab", bytes(300))
    expect_equal(len(n.take_publish().octets), 309, "length")


@states("SN-194")
def an_encapsulation_of_no_whole_message_is_discarded(t):
    n = t.forwarder().node(b"\1").connect(b"n")
    inside = sn.PINGREQ
    for said in (
        b"",
        inside[:1],
        sn.connect(b"other")[:-1],
        sn.wrapped(b"\2", sn.PINGREQ),
        sn.wrapped(b"\1", sn.connect(b"n")),
    ):
        n.send(said).nothing()
    n.link.forwarder.link.send(bytes.fromhex("03 fe 00 02 16"))  # no node id at all
    n.link.forwarder.link.send(bytes.fromhex("09 fe 00 01 02 16"))  # shorter than its Length
    n.nothing()


@states("SN-195")
def searchgw_is_answered_inside_an_encapsulation_with_its_radius(t):
    forwarder = t.forwarder()
    n = forwarder.node(b"\x0a\x0b")
    for radius in range(4):
        n.ask(sn.message("SEARCHGW", radius=radius), sn.message("GWINFO", gw_id=1))
        expect_equal(forwarder.ctrl & 3, radius, "radius in Ctrl")


@states("SN-196")
def qos_minus_1_comes_through_a_forwarder(t):
    sub = t.hearer()
    n = t.forwarder().node(b"\1")
    n.send(sn.publish(7, b"x", 3, kind=sn.PREDEFINED)).silent()
    n.send(sn.publish(b"ab", b"y", 3)).silent()
    sub.hears(b"pre/seven", b"x").hears(b"ab", b"y").nothing()
