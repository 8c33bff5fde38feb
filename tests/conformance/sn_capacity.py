"""Many clients at once, and bad ones among them. [MQTT-SN 1.2, 6]"""

import collections
import random

import sn_packets as sn
from sedge import expect, expect_equal
from statements import states

CONF = {"udp_more": "stranger_rate = 1000/s"}


@states("SN-197")
def two_hundred_clients_connect_and_are_all_served(t):
    nodes = [t.node() for _ in range(200)]
    for i, n in enumerate(nodes):
        n.client_id = b"n%03d" % i
        n.send(sn.connect(n.client_id))
    for n in nodes:
        n.get(sn.CONNACK).send(sn.subscribe(b"ab", 1, 7, sn.SHORT))
    for n in nodes:
        expect_equal(n.packet("SUBACK").code, sn.ACCEPTED, "code of SUBACK")
    t.publish(b"ab", b"to all")
    for n in nodes:
        expect_equal(n.take_publish().data, b"to all", "data")
    for n in nodes:
        n.nothing()


@states("SN-198", "SN-014")
def garbage_in_between_costs_no_session(t):
    rng = random.Random(198)
    nodes = [t.connected(b"n%d" % i) for i in range(10)]
    for n in nodes:
        n.subscribe(b"ab", 1, kind=sn.SHORT)
    stranger = t.link()
    for turn in range(5):
        for _ in range(40):
            stranger.send(rng.randbytes(rng.randrange(0, 40)))
            broken = bytearray(sn.publish(b"ab", b"x", 1, 5))
            broken[0] = 200 + turn  # longer than it is
            rng.choice(nodes).send(bytes(broken))
        t.publish(b"ab", b"%d" % turn)
        for n in nodes:
            expect_equal(n.take_publish().data, b"%d" % turn, "data")
    for n in nodes:
        n.nothing()


@states("SN-199")
def who_never_acknowledges_delays_nobody(t):
    deaf = [t.connected(b"deaf%d" % i) for i in range(5)]
    good = t.connected(b"good")
    for n in (*deaf, good):
        n.subscribe(b"ab", 1, kind=sn.SHORT)
    for i in range(50):
        t.publish(b"ab", b"%d" % i)
        expect_equal(good.take_publish().data, b"%d" % i, "data")
    good.nothing()
    for n in deaf:
        expect_equal(n.packet("PUBLISH").data, b"0", "what a deaf one has got")


def publish_all(nodes, count):
    """Each its own messages, all at once, by turns at QoS 1 and 2; answered whatever the order."""
    left = {n: collections.deque(range(count)) for n in nodes}
    while any(left.values()):
        for n, numbers in left.items():
            n.send(sn.publish(b"ab", n.client_id + b" %d" % numbers[0], 1 + numbers[0] % 2, numbers[0] + 1))
        for n, numbers in left.items():
            number = numbers.popleft()
            if number % 2:
                pubrel, pubcomp = (sn.answer(x, number + 1) for x in ("PUBREL", "PUBCOMP"))
                n.get(sn.answer("PUBREC", number + 1)).ask(pubrel, pubcomp)
            else:
                n.get(sn.ack("PUBACK", 0x6162, number + 1))


@states("SN-200")
def messages_of_many_at_once_arrive_complete(t):
    sub = t.hearer()
    nodes = [t.connected(b"n%d" % i) for i in range(50)]
    publish_all(nodes, 20)
    came = collections.Counter(sub.message().data for _ in range(50 * 20))
    sub.nothing()
    for n in nodes:
        for i in range(20):
            times = came[n.client_id + b" %d" % i]
            expect(times == 1 if i % 2 else times >= 1, f"{n.client_id} {i} came {times} times")
