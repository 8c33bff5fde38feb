"""Discovery by multicast, and a gateway that stands in for another. [MQTT-SN 1.2, 5.4.1 to 5.4.3, 6.1]"""

import sn_packets as sn
from sedge import expect_equal, stop
from sn_packets import message
from statements import states


def advertise(gw_id, duration=1):
    return message("ADVERTISE", gw_id=gw_id, duration=duration)


@states("SN-015", "SN-016", "SN-017")
def advertise_comes_to_the_group_every_tadv_with_id_and_duration(t):
    group, listener = t.group()
    t.start(name="gw-7\nid = 7", udp_more=listener + "advertise = 1s")
    for _ in range(3):
        group.get(advertise(7))


@states("SN-015", "SN-017")
def without_the_setting_nothing_is_advertised(t):
    group, listener = t.group()
    t.start(udp_more=listener)
    group.send(message("SEARCHGW", radius=1)).get(message("SEARCHGW", radius=1)).get("03 02 01")


@states("SN-018", "SN-019", "SN-020")
def searchgw_to_the_group_is_answered_there_and_to_the_asker(t):
    group, listener = t.group()
    t.start(udp_more=listener)
    for radius in (0, 1, 3):
        octets = message("SEARCHGW", radius=radius)
        group.send(octets).get(octets).get("03 02 01")
        expect_equal(group.link.answer(), bytes.fromhex("03 02 01"), "to the asker")


@states("SN-019", "SN-020")
def searchgw_by_unicast_is_answered_to_the_asker_and_to_the_group(t):
    group, listener = t.group()
    t.start(udp_more=listener)
    n = t.node().ask(sn.SEARCHGW, "03 02 01").gone()
    group.get("03 02 01")
    n.connect(b"n").ask(sn.SEARCHGW, "03 02 01").nothing()
    group.get("03 02 01")


@states("SN-020", "SN-021")
def a_group_is_for_discovery_alone(t):
    group, listener = t.group()
    t.start(udp_more=listener + "publish_without_connect = yes")
    sub = t.hearer()
    gwinfo = message("GWINFO", gw_id=9)
    for octets in (sn.connect(b"n"), sn.PINGREQ, sn.publish(b"ab", b"x", 3), advertise(9), gwinfo):
        group.send(octets).get(octets)
    group.send(sn.SEARCHGW).get(sn.SEARCHGW).get("03 02 01")
    sub.nothing()


@states("SN-017", "SN-022")
def a_stand_in_serves_while_the_main_gateway_is_not_heard(t):
    group, listener = t.group()
    advertising = listener + "advertise = 1s\n"
    main, spare = t.beside("main"), t.beside("spare")
    first = main.start(name="main\nid = 1", udp_more=advertising)
    group.get(advertise(1))
    listener = advertising + "standby_for = 1\nstandby_after = 2"
    second = spare.start(name="spare\nid = 2", udp_more=listener)
    for _ in range(3):
        group.get(advertise(1))
    n = spare.node().send(sn.connect(b"n")).send(sn.SEARCHGW)
    stop(main.stopping(first))
    came = group.receive()
    while came == advertise(1):
        came = group.receive()
    expect_equal(came, advertise(2), "what the stand-in says first")
    n.connect(b"n").nothing()  # and nothing came while it was silent
    main.start(name="main\nid = 1", udp_more=advertising)
    second.wait_line("the gateway of standby_for is there")
    n.ask(sn.PINGREQ, sn.DISCONNECT)
    main.survived()
    spare.survived()
