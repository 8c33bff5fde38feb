"""PUBLISH and its acknowledgements at the broker. [MQTT 3.1.1, 3.3 to 3.7]"""

from packets import id_of, publish
from sedge import expect_equal
from statements import states


@states("MQTT-3.3.1-1", "MQTT-4.4.0-1", "MQTT-4.1.0-1")
def what_was_not_acknowledged_is_sent_again_with_dup_and_its_id(t):
    c = t.client(b"c", clean=False).subscribe((b"a", 2))
    t.client(b"pub").publish(b"a", b"1", 1).publish(b"a", b"2", 2)
    one, two = c.packet(), c.packet()
    expect_equal((one[0], two[0]), (0x32, 0x34), "first octets, sent once")
    c.close()
    for _ in range(2):
        c = t.client(b"c", clean=False, present=True)
        c.get("3a", one[1:], "3c", two[1:]).close()


@states("MQTT-4.4.0-1", "MQTT-4.3.3-1")
def after_pubrec_pubrel_is_sent_again_and_no_publish(t):
    c = t.client(b"c", clean=False).subscribe((b"a", 2))
    t.client(b"pub").publish(b"a", b"x", 2)
    number = id_of(c.packet())
    c.send("50 02", number).get("62 02", number).close()
    c = t.client(b"c", clean=False, present=True)
    c.get("62 02", number).send("50 02", number).get("62 02", number)
    c.send("70 02", number).nothing().bye()
    t.client(b"c", clean=False, present=True).nothing()


@states("MQTT-3.3.1-2")
def qos_0_with_dup_closes(t):
    t.client().send("38 04 00 01 61 78").closed()


@states("MQTT-3.3.1-3")
def dup_is_not_passed_on(t):
    sub = t.client(b"sub").subscribe((b"a", 2))
    pub = t.client(b"pub")
    pub.ask("3a 06 00 01 61 00 07 78", "40 02 00 07")
    expect_equal(sub.packet()[0], 0x32, "QoS 1")
    pub.ask("3c 06 00 01 61 00 07 78", "50 02 00 07")
    expect_equal(sub.packet()[0], 0x34, "QoS 2")


@states("MQTT-3.3.1-4")
def qos_bits_11_close(t):
    for first in ("36", "3e"):
        t.client().send(first, "05 00 01 61 00 01").closed()


@states("MQTT-3.3.1-5", "MQTT-3.3.1-6", "MQTT-3.3.1-8")
def a_retained_message_waits_for_later_subscribers_with_its_qos(t):
    pub = t.client(b"pub")
    for topic, qos in ((b"a/0", 0), (b"a/1", 1), (b"a/2", 2)):
        pub.publish(topic, b"old", qos, retain=True).publish(topic, b"x", qos, retain=True)
    sub = t.client(b"sub").subscribe((b"a/+", 2))
    got = sorted((one[4:7], one[0], one[-1:]) for one in [sub.packet() for _ in range(3)])
    wanted = [(b"a/0", 0x31, b"x"), (b"a/1", 0x33, b"x"), (b"a/2", 0x35, b"x")]
    expect_equal(got, wanted, "retained messages, RETAIN set")
    t.client(b"low").subscribe((b"a/2", 0)).get("31 06 00 03", b"a/2x")


@states("MQTT-3.3.1-7")
def qos_0_with_retain_replaces_what_was_retained(t):
    t.client(b"pub").publish(b"a", b"1", 1, retain=True).publish(b"a", b"2", 0, retain=True)
    t.client(b"sub").subscribe((b"a", 2)).get("31 04 00 01 61 32").nothing()


@states("MQTT-3.3.1-9")
def retain_is_0_towards_an_existing_subscription(t):
    sub = t.client(b"sub").subscribe((b"a", 0))
    t.client(b"pub").publish(b"a", b"x", retain=True)
    sub.get("30 04 00 01 61 78").nothing()


@states("MQTT-3.3.1-10", "MQTT-3.3.1-11")
def an_empty_retained_message_is_delivered_and_removes(t):
    sub = t.client(b"sub").subscribe((b"a", 0))
    pub = t.client(b"pub").publish(b"a", b"x", retain=True).publish(b"a", b"", 1, retain=True)
    sub.get("30 04 00 01 61 78 30 03 00 01 61").nothing()
    t.client(b"later").subscribe((b"a", 0)).nothing()
    pub.publish(b"b", b"", retain=True)
    t.client(b"latest").subscribe((b"#", 0)).nothing()


@states("MQTT-3.3.1-12")
def without_retain_nothing_is_stored_or_removed(t):
    pub = t.client(b"pub").publish(b"a", b"x", retain=True).publish(b"a", b"y").publish(b"a", b"")
    pub.publish(b"b", b"x")
    t.client(b"sub").subscribe((b"#", 0)).get("31 04 00 01 61 78").nothing()


@states("MQTT-3.3.2-1")
def the_topic_name_comes_first_both_ways(t):
    sub = t.client(b"sub").subscribe((b"a/\xe2\x82\xac", 0))
    t.client(b"pub").ask("32 0a 00 05 61 2f e2 82 ac 00 01 78", "40 02 00 01")
    sub.get("30 08 00 05 61 2f e2 82 ac 78").nothing()


@states("MQTT-3.3.2-2", "MQTT-4.7.1-1")
def a_wildcard_in_a_topic_name_closes(t):
    for name in (b"#", b"a/#", b"+", b"a/+/b", b"a+", b"a#b"):
        t.client().send(publish(name, b"x")).closed()


@states("MQTT-3.3.2-3")
def the_name_sent_to_a_subscriber_is_the_one_published(t):
    sub = t.client(b"sub").subscribe((b"a/+/#", 0))
    t.client(b"pub").publish(b"a/b/c", b"x").publish(b"b/b/c", b"x").publish(b"a//", b"y")
    sub.get("30 08 00 05", b"a/b/cx", "30 06 00 03", b"a//y").nothing()


@states("MQTT-3.3.4-1")
def the_answer_is_what_the_qos_asks(t):
    c = t.client().send("30 04 00 01 61 78").nothing()
    c.ask("32 06 00 01 61 00 01 78", "40 02 00 01").ask("34 06 00 01 61 00 02 78", "50 02 00 02")


@states("MQTT-3.3.5-1")
def overlapping_subscriptions_deliver_at_the_highest_qos(t):
    sub = t.client(b"sub").subscribe((b"a/#", 2), (b"a/+", 0), (b"a/b", 1))
    t.client(b"pub").publish(b"a/b", b"x", 2)
    expect_equal(sub.packet()[0], 0x34, "QoS 2")
    sub.nothing()


@states("MQTT-3.3.5-2")
def what_may_not_be_published_is_acknowledged_and_dropped(t):
    sub = t.client(b"sub").subscribe((b"$SYS/x", 2))
    t.client(b"pub").publish(b"$SYS/x", b"x", 1).publish(b"$SYS/x", b"x", 2)
    sub.nothing()


@states("MQTT-3.6.1-1")
def pubrel_with_other_low_bits_closes(t):
    for low in (0, 1, 3, 4, 6, 8, 0xA, 0xF):
        c = t.client().ask("34 06 00 01 61 00 01 78", "50 02 00 01")
        c.send(bytes([0x60 | low]), "02 00 01").closed()


@states("MQTT-4.3.1-1")
def qos_0_is_sent_once_and_not_again(t):
    c = t.client(b"c", clean=False).subscribe((b"a", 0))
    t.client(b"pub").publish(b"a", b"x")
    c.get("30 04 00 01 61 78").close()
    t.client(b"c", clean=False, present=True).nothing()


@states("MQTT-4.3.2-1", "MQTT-2.3.1-4")
def a_qos_1_delivery_is_open_until_its_puback(t):
    c = t.client(b"c", clean=False).subscribe((b"a", 1))
    t.client(b"pub").publish(b"a", b"1", 1).publish(b"a", b"2", 1)
    one, two = c.packet(), c.packet()
    c.send("40 02", id_of(one), "40 02 77 77").nothing().close()  # the second is nobody's
    c = t.client(b"c", clean=False, present=True).get("3a", two[1:])
    c.send("40 02", id_of(two)).nothing().close()
    t.client(b"c", clean=False, present=True).nothing()


@states("MQTT-4.3.2-2")
def a_qos_1_id_is_free_after_its_puback(t):
    sub = t.client(b"sub").subscribe((b"a", 0))
    c = t.client().ask("32 06 00 01 61 00 01 31", "40 02 00 01")
    c.ask("32 06 00 01 61 00 01 32", "40 02 00 01").ask("3a 06 00 01 61 00 01 33", "40 02 00 01")
    sub.get("30 04 00 01 61 31 30 04 00 01 61 32 30 04 00 01 61 33").nothing()


@states("MQTT-4.3.3-1")
def a_qos_2_delivery_goes_through_its_four_packets(t):
    c = t.client(b"c", clean=False).subscribe((b"a", 2))
    t.client(b"pub").publish(b"a", b"x", 2)
    number = id_of(c.packet())
    c.send("50 02", number).get("62 02", number)
    c.send("50 02", number).get("62 02", number)  # PUBREC again: PUBREL again, no PUBLISH
    c.send("70 02", number).nothing().close()
    t.client(b"c", clean=False, present=True).nothing()


@states("MQTT-4.3.3-2")
def a_qos_2_message_is_taken_once_until_pubrel_and_then_its_id_is_new(t):
    sub = t.client(b"sub").subscribe((b"a", 0))
    c = t.client(b"c", clean=False).ask("34 06 00 01 61 00 01 31", "50 02 00 01")
    c.ask("3c 06 00 01 61 00 01 31", "50 02 00 01").close()
    c = t.client(b"c", clean=False, present=True)
    c.ask("3c 06 00 01 61 00 01 31", "50 02 00 01").ask("62 02 00 01", "70 02 00 01")
    c.ask("34 06 00 01 61 00 01 32", "50 02 00 01").ask("62 02 00 01", "70 02 00 01")
    c.ask("62 02 00 09", "70 02 00 09")  # of an id that it does not know
    sub.get("30 04 00 01 61 31 30 04 00 01 61 32").nothing()


@states("MQTT-4.5.0-1")
def each_matching_session_gets_what_was_taken_over(t):
    t.client(b"away", clean=False).subscribe((b"a", 1)).bye()
    here = [t.client(b"%d" % i).subscribe((b"a", 1)) for i in range(5)]
    t.client(b"pub").publish(b"a", b"x", 1)
    for sub in (*here, t.client(b"away", clean=False, present=True)):
        expect_equal(sub.packet()[4:5], b"a", "topic")


@states("MQTT-4.6.0-5", "MQTT-4.6.0-6")
def order_is_kept_per_topic_and_qos(t):
    sub = t.client(b"sub").subscribe((b"#", 2))
    pub = t.client(b"pub")
    for i in range(16):
        pub.send(publish(b"%d" % (i % 2), bytes([i]), i // 2 % 3, packet_id=i + 1))
    last = {}
    for _ in range(16):
        got = sub.packet()
        qos = got[0] >> 1 & 3
        key, value = (got[4:5], qos), got[-1]
        expect_equal(last.get(key, -1) < value, True, f"{value} after {last.get(key)} of {key}")
        last[key] = value
        answer = {1: "40 02", 2: "50 02"}.get(qos)
        if answer:
            sub.send(answer, id_of(got))


@states("MQTT-4.6.0-6")
def what_is_sent_again_keeps_the_original_order(t):
    c = t.client(b"c", clean=False).subscribe((b"a", 1))
    pub = t.client(b"pub")
    for i in range(10):
        pub.publish(b"a", bytes([i]), 1)
    sent = [c.packet() for _ in range(10)]
    c.send("40 02", id_of(sent[4])).nothing().close()
    c = t.client(b"c", clean=False, present=True)
    for one in sent[:4] + sent[5:]:
        c.get("3a", one[1:])


@states("MQTT-4.6.0-6")
def acknowledgements_leave_in_the_order_of_what_they_answer(t):
    c = t.client()
    c.send(*(publish(b"a", b"", 1 + i % 2, packet_id=i + 1) for i in range(12)))
    c.get(*(f"{'50' if i % 2 else '40'} 02 00 {i + 1:02x}" for i in range(12)))
    c.send(*(f"62 02 00 {i + 1:02x}" for i in range(1, 12, 2)))
    c.get(*(f"70 02 00 {i + 1:02x}" for i in range(1, 12, 2)))


@states("MQTT-4.8.0-1")
def an_acknowledgement_out_of_place_harms_nobody(t):
    c = t.client(b"c").subscribe((b"a", 2))
    c.send("40 02 00 09", "70 02 00 09").nothing()
