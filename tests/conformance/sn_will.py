"""WILLTOPICUPD and WILLMSGUPD. [MQTT-SN 1.2, 5.4.22 to 5.4.25, 6.4]"""

import sn_packets as sn
from sn_packets import message
from statements import states

TOPIC_DONE, DATA_DONE = message("WILLTOPICRESP"), message("WILLMSGRESP")


def new_topic(topic, flags=0):
    return message("WILLTOPICUPD", flags=flags, topic=topic)


def new_data(data):
    return message("WILLMSGUPD", data=data)


def with_will(t):
    return t.connected(will=(0x20, b"w", b"old"), clean=False)


def lose(n):
    """Another client takes its address."""
    n.connect(b"other").bye()


@states("SN-057", "SN-059", "SN-065")
def willtopicupd_changes_topic_qos_and_retain_and_not_the_message(t):
    sub, n = t.hearer(), with_will(t)
    n.ask("04 1a 50 76", "03 1b 00").nothing()
    sub.nothing()
    lose(n)
    sub.hears(b"v", b"old", 2).nothing()
    t.hearer(b"v", client_id=b"later").hears(b"v", b"old", 2, retain=True)


@states("SN-058", "SN-059", "SN-065")
def willmsgupd_changes_the_message_and_nothing_else(t):
    sub, n = t.hearer(), with_will(t)
    n.ask("05 1c 6e 65 77", "03 1d 00").nothing()
    sub.nothing()
    lose(n)
    sub.hears(b"w", b"new", 1).nothing()


@states("SN-058")
def the_new_message_may_be_empty_or_long(t):
    sub, n = t.hearer(), with_will(t)
    for data in (b"x" * 1000, b""):
        n.ask(new_data(data), DATA_DONE).connect(b"other").bye()
        sub.hears(b"w", data, 1)
        n.connect(b"n", clean=False)


@states("SN-060")
def an_empty_willtopicupd_deletes_the_will(t):
    sub, n = t.hearer(), with_will(t)
    n.ask("02 1a", "03 1b 00")
    lose(n)
    n.connect(b"n", clean=False).ask(new_topic(b"v"), TOPIC_DONE)
    lose(n)
    sub.hears(b"v", b"").nothing()  # topic and message were gone


@states("SN-061")
def what_cannot_be_a_will_is_refused_and_the_old_one_stays(t):
    sub, n = t.hearer(), with_will(t)
    for topic in (b"a/+", b"#", b"a\0b", b"\xff", b"\xed\xa0\x80", b"x/" * 40):
        n.ask(new_topic(topic), message("WILLTOPICRESP", code=sn.NOT_SUPPORTED))
    n.ask(new_topic(b"v", 0x60), message("WILLTOPICRESP", code=sn.NOT_SUPPORTED))
    lose(n)
    sub.hears(b"w", b"old", 1).nothing()


@states("SN-062")
def a_message_without_a_topic_is_refused(t):
    sub, n = t.hearer(), t.connected(clean=False)
    n.ask(new_data(b"x"), message("WILLMSGRESP", code=sn.NOT_SUPPORTED)).nothing()
    lose(n)
    sub.nothing()


@states("SN-063")
def an_update_without_a_session_changes_no_will(t):
    sub = t.hearer()
    n = with_will(t).bye()
    for octets in (new_topic(b"v"), new_data(b"new"), message("WILLTOPICUPD")):
        n.ask(octets, sn.DISCONNECT).silent()
    n.connect(clean=False)
    lose(n)
    sub.hears(b"w", b"old", 1)


@states("SN-064")
def a_repeated_update_is_answered_again(t):
    sub, n = t.hearer(), with_will(t)
    for _ in range(3):
        n.ask(new_topic(b"v"), TOPIC_DONE).ask(new_data(b"new"), DATA_DONE)
    lose(n)
    sub.hears(b"v", b"new").nothing()
    n.connect(b"n", clean=False)
    for _ in range(3):
        n.ask(message("WILLTOPICUPD"), TOPIC_DONE)
    lose(n)
    sub.nothing()
