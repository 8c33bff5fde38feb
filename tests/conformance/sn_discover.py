"""SEARCHGW, GWINFO and ADVERTISE, by unicast. [MQTT-SN 1.2, 5.4.1 to 5.4.3, 6.1]"""

import sn_packets as sn
from sn_packets import message
from statements import states


@states("SN-017", "SN-018")
def gwinfo_has_the_gateways_id_and_no_address(t):
    t.start(name="gw-7\nid = 7")
    for radius in (0, 1, 3, 255):
        t.node().ask(message("SEARCHGW", radius=radius), "03 02 07")


@states("SN-018", "SN-020")
def searchgw_is_answered_in_any_state_and_opens_no_session(t):
    stranger = t.node().ask(sn.SEARCHGW, "03 02 01").gone()
    stranger.ask(sn.SEARCHGW, "03 02 01")
    n = t.connected(clean=False)
    n.ask(sn.SEARCHGW, "03 02 01").nothing()
    n.sleep().ask(sn.SEARCHGW, "03 02 01")
    n.bye().ask(sn.SEARCHGW, "03 02 01").gone()
    n.ask(sn.connect(b"n", will=True), sn.WILLTOPICREQ).ask(sn.SEARCHGW, "03 02 01")
    n.ask(message("WILLTOPIC", flags=0, topic=b"w"), sn.WILLMSGREQ).ask(sn.SEARCHGW, "03 02 01")
    n.ask(message("WILLMSG", data=b"x"), sn.CONNACK)


@states("SN-021")
def advertise_and_gwinfo_of_others_do_no_harm(t):
    n, stranger = t.connected(), t.node()
    for who in (n, stranger):
        for gw_id in (0, 1, 2, 255):
            who.send(message("ADVERTISE", gw_id=gw_id, duration=900))
            who.send(message("ADVERTISE", gw_id=gw_id))
            who.send(message("GWINFO", gw_id=gw_id))
            who.send(message("GWINFO", gw_id=gw_id, address=bytes(6)))
    n.nothing()
    stranger.silent().gone()
