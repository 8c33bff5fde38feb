"""Messages of the gateway's upstream, both ways. [MQTT 3.1.1, 3.3 to 3.9, 4]"""

import sedge
from packets import id_of, puback, publish, text
from sedge import expect, expect_equal
from statements import states


@states("MQTT-4.3.1-1", "MQTT-3.3.1-2", "MQTT-2.3.1-5", "MQTT-3.3.2-1")
def qos_0_goes_up_without_id_and_dup(t):
    peer = t.online()
    t.client().publish(b"up/a", b"x")
    peer.get("30 07 00 04", b"up/ax")
    t.fence(peer)


@states("MQTT-2.3.1-1", "MQTT-4.3.2-1", "MQTT-2.3.1-3", "MQTT-3.3.2-1")
def a_qos_1_message_is_open_until_its_puback(t):
    peer = t.online()
    pub = t.client().publish(b"up/a", b"1", 1).publish(b"up/a", b"2", 1)
    one, two = peer.packet(), peer.packet()
    expect_equal((one[:8], two[:8]), (b"\x32\x09\0\4up/a",) * 2, "PUBLISH, DUP 0")
    expect(id_of(one) != b"\0\0" and id_of(one) != id_of(two), "ids")
    peer.send("40 02", id_of(one), "40 02 66 66")  # the second is nobody's
    t.fence(peer)
    peer.close()
    peer = t.online(present=True).get("3a", two[1:]).send("40 02", id_of(two))
    t.fence(peer)
    peer.close()
    peer = t.online(present=True)
    pub.publish(b"up/a", b"3", 1)
    expect_equal(peer.packet()[-1:], b"3", "only what is new")


@states("MQTT-4.3.3-1", "MQTT-3.6.1-1", "MQTT-2.3.1-6", "MQTT-2.2.2-1")
def a_qos_2_message_goes_through_its_four_packets(t):
    peer = t.online()
    t.client().publish(b"up/a", b"x", 2)
    got = peer.packet()
    expect_equal((got[0], got[4:8], got[10:]), (0x34, b"up/a", b"x"), "PUBLISH")
    peer.send("50 02", id_of(got)).get("62 02", id_of(got))
    peer.send("50 02", id_of(got)).get("62 02", id_of(got))
    peer.send("70 02", id_of(got))
    t.fence(peer)
    peer.close()
    t.fence(t.online(present=True))


@states("MQTT-2.3.1-2", "MQTT-2.3.1-3")
def ids_in_use_are_not_given_again(t):
    t.start_upstream("max_inflight = 8")
    peer = t.online()
    pub = t.client()
    for i in range(60):
        pub.publish(b"up/a", b"%d" % i, 1 + i % 2)
    held = [peer.packet() for _ in range(8)]
    t.fence(peer)  # the window is full
    while held and held[-1][10:] != b"59":
        ids = [id_of(one) for one in held]
        expect_equal(len(set(ids)), 8, "different ids")
        first = held.pop(0)
        if first[0] == 0x32:
            peer.send("40 02", id_of(first))
        else:
            peer.send("50 02", id_of(first)).get("62 02", id_of(first))
            t.fence(peer)  # between PUBREC and PUBCOMP its id is in use
            peer.send("70 02", id_of(first))
        held.append(peer.packet())


@states("MQTT-3.3.1-1", "MQTT-4.4.0-1", "MQTT-4.6.0-1", "MQTT-2.3.1-3", "MQTT-4.1.0-1")
def what_is_open_is_sent_again_with_dup_and_its_id_in_the_original_order(t):
    peer = t.online()
    pub = t.client()
    for i in range(12):
        pub.publish(b"up/a", b"%d" % (i % 10), 1 + i % 2)
    sent = [peer.packet() for _ in range(12)]
    for answer, i in (("40 02", 2), ("40 02", 6)):
        peer.send(answer, id_of(sent[i]))
        sent[i] = None
    released = [sent[3], sent[7]]
    for one in released:
        peer.send("50 02", id_of(one)).get("62 02", id_of(one))
    still = [one for one in sent if one and one not in released]
    for _ in range(2):
        t.fence(peer)
        peer.close()
        peer = t.online(present=True)
        got = [peer.packet() for _ in range(10)]
        rels = [one for one in got if one[0] == 0x62]
        pubs = [one for one in got if one[0] != 0x62]
        expect_equal(rels, [b"\x62\x02" + id_of(one) for one in released], "PUBREL again")
        expect_equal(pubs, [bytes([one[0] | 8]) + one[1:] for one in still], "PUBLISH again")


@states("MQTT-4.1.0-1", "MQTT-4.1.0-2", "MQTT-3.1.2-4")
def what_is_open_outlives_the_gateway_when_it_has_a_store(t):
    upstream = t.UPSTREAM.format(port=t.far.getsockname()[1], more="")
    gateway = t.start_with(upstream, store=t.dir / "sedge.db")
    peer = t.online()
    t.client(b"pub").publish(b"up/a", b"1", 1).publish(b"up/a", b"2", 2).close()
    one, two = peer.packet(), peer.packet()
    peer.send(publish(b"down/a", b"x", 2, packet_id=9)).get("50 02 00 09")
    t.stopping(gateway).kill()
    t.start_with(upstream, store=t.dir / "sedge.db")
    peer, _ = t.accept_connect()
    peer.send("20 02 01 00")
    got = [one for one in (peer.packet() for _ in range(3)) if one[0] != 0x82]
    expect_equal(got, [b"\x3a" + one[1:], b"\x3c" + two[1:]], "sent again")


@states("MQTT-3.1.2-6", "MQTT-4.1.0-2")
def a_clean_session_asks_for_no_old_one_and_subscribes_anew(t):
    t.start_upstream("clean_session = yes")
    for _ in range(3):
        peer, connect = t.accept_connect()
        expect_equal(connect[9], 2, "connect flags")
        peer.send("20 02 00 00")
        request = peer.packet()
        expect_equal((request[0], request[4:]), (0x82, text(b"down/#") + b"\2"), "SUBSCRIBE")
        peer.close()


@states("MQTT-3.1.2-6", "MQTT-4.1.0-2")
def in_a_clean_session_nothing_refers_to_the_one_before(t):
    t.start_upstream("clean_session = yes")
    peer = t.online()
    t.client().publish(b"up/a", b"1", 1).publish(b"up/a", b"2", 2).publish(b"up/a", b"3", 2)
    one, two, three = peer.packet(), peer.packet(), peer.packet()
    peer.send("50 02", id_of(three)).get("62 02", id_of(three)).close()
    peer = t.online()
    got = [peer.packet(), peer.packet()]
    shown = [(one[0], one[10:]) for one in got]
    expect_equal(shown, [(0x32, b"1"), (0x34, b"2")], "as new, and no PUBREL")
    t.fence(peer)


@states("MQTT-3.3.4-1", "MQTT-4.3.2-2", "MQTT-2.3.1-6")
def a_qos_1_message_from_above_is_acknowledged_each_time(t):
    peer = t.online()
    sub = t.client().subscribe((b"down/#", 0))
    peer.send("30 09 00 06", b"down/ax")
    sub.get("30 09 00 06", b"down/ax")
    for dup in (False, False, True):
        peer.ask(publish(b"down/a", b"y", 1, packet_id=0xFFFF, dup=dup), "40 02 ff ff")
        sub.get("30 09 00 06", b"down/ay")


@states("MQTT-3.3.4-1", "MQTT-4.3.3-2", "MQTT-2.3.1-6")
def a_qos_2_message_from_above_is_taken_once_until_pubrel(t):
    peer = t.online()
    sub = t.client().subscribe((b"down/#", 0))
    peer.ask(publish(b"down/a", b"1", 2, packet_id=5), "50 02 00 05")
    peer.ask(publish(b"down/a", b"1", 2, packet_id=5, dup=True), "50 02 00 05").close()
    peer = t.online(present=True)
    peer.ask(publish(b"down/a", b"1", 2, packet_id=5, dup=True), "50 02 00 05")
    peer.ask("62 02 00 05", "70 02 00 05").ask("62 02 00 05", "70 02 00 05")
    peer.ask(publish(b"down/a", b"2", 2, packet_id=5), "50 02 00 05")
    sub.get("30 09 00 06", b"down/a1", "30 09 00 06", b"down/a2").nothing()


@states("MQTT-4.5.0-2")
def what_no_rule_wants_is_acknowledged_too(t):
    peer = t.online()
    peer.ask(publish(b"elsewhere", b"", 1, packet_id=5), "40 02 00 05")
    peer.ask(publish(b"elsewhere", b"", 2, packet_id=6), "50 02 00 06")
    peer.ask("62 02 00 06", "70 02 00 06")


@states("MQTT-4.6.0-2", "MQTT-4.6.0-3", "MQTT-4.6.0-4")
def acknowledgements_keep_the_order_of_what_they_answer(t):
    peer = t.online()
    ids = (9, 3, 700, 1, 65535, 2)
    for i in ids:
        peer.send(publish(b"down/a", b"", 1, packet_id=i))
        peer.send(publish(b"down/a", b"", 2, packet_id=i ^ 0x0F00))
    got = [peer.packet() for _ in range(12)]
    wanted = [i.to_bytes(2, "big") for i in ids]
    expect_equal([one[2:] for one in got if one[0] == 0x40], wanted, "PUBACK")
    wanted = [(i ^ 0x0F00).to_bytes(2, "big") for i in ids]
    expect_equal([one[2:] for one in got if one[0] == 0x50], wanted, "PUBREC")
    pub = t.client()
    for _ in range(6):
        pub.publish(b"up/a", b"", 2)
    sent = [id_of(peer.packet()) for _ in range(6)]
    order = [sent[i] for i in (4, 0, 5, 1, 3, 2)]
    peer.send(*(b"\x50\2" + one for one in order))
    peer.get(*(b"\x62\2" + one for one in order))


@states("MQTT-3.8.1-1", "MQTT-3.8.3-1", "MQTT-3.8.3-3", "MQTT-2.3.1-1", "MQTT-4.7.1-2", "MQTT-4.7.1-3")
def subscribe_has_its_flags_an_id_and_each_filter_with_its_qos(t):
    t.start_upstream("receive = \u00fc/+/x qos 0\nreceive = # qos 1")
    peer, _ = t.accept_connect()
    got = peer.send("20 02 00 00").packet()
    filters = text(b"down/#") + b"\2" + text("\u00fc/+/x".encode()) + b"\0" + text(b"#") + b"\1"
    expect_equal((got[0], got[4:]), (0x82, filters), "SUBSCRIBE")
    expect(got[2:4] != b"\0\0", "id 0")


@states("MQTT-3.8.3-3")
def without_a_filter_no_subscribe_is_sent(t):
    t.UPSTREAM = t.UPSTREAM.replace("receive = down/# qos 2", "")
    t.start_upstream()
    peer, _ = t.accept_connect()
    t.fence(peer.send("20 02 00 00"))


@states("MQTT-4.7.1-1", "MQTT-4.7.1-2", "MQTT-4.7.1-3", "MQTT-4.7.3-1", "MQTT-3.3.2-2")
def ill_formed_filters_and_names_with_wildcards_cannot_be_configured(t):
    for line, wrong in (
        ("receive = a/#/b", "has a # that is not the last level"),
        ("receive = a+", "has a wildcard that is not a level of its own"),
        ("receive = ", "is empty"),
        ("send = a to b/#", "is a topic name and holds a wildcard"),
        ("send = a to b/+", "is a topic name and holds a wildcard"),
        ("will_topic = w/#", "is a topic name and holds a wildcard"),
    ):
        path = t.configure(t.UPSTREAM.format(port=1, more=line))
        t.run(sedge.ROOT / "build/sedge", "check", "-c", path, code=1).wait_line(wrong)


@states("MQTT-4.7.3-3", "MQTT-1.5.3-3")
def names_of_65535_octets_and_of_u_feff_go_both_ways(t):
    peer = t.online()
    here = t.client(b"here").subscribe((b"down/#", 0))
    for level in (b"\xef\xbb\xbf", b"n" * 65530):
        name = (b"down/" + level)[:65535]
        peer.send(publish(name, b"x", 1, packet_id=1)).get("40 02 00 01")
        here.get(publish(name, b"x"))
        name = (b"up/" + level + b"nn")[:65535]
        t.client(b"pub").publish(name, b"x")
        peer.get(publish(name, b"x"))


@states("MQTT-7.1.2-1")
def tcp_carries_packets_however_they_are_cut(t):
    peer, _ = t.accept_connect()
    whole = b"\x20\2\0\0" + publish(b"down/a", b"x" * 200, 1, packet_id=7)
    for i in range(len(whole)):
        peer.send(whole[i : i + 1])
    expect_equal(sorted((peer.packet()[0], peer.packet()[0])), [0x40, 0x82], "answers")
    peer.send(*(publish(b"down/a", b"x" * i, 1, packet_id=i + 1) for i in range(300)))
    peer.get(*(puback(i + 1) for i in range(300)))
