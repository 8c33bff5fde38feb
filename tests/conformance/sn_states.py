"""Every state of a client with every event. [MQTT-SN 1.2, 6.14]

The table is the one that the gateway is built by. A cell says what comes, in order, and the state
that the client is in then: a type is a message of it (with return code 0, if it has one), `waits` what
was kept for the client, `forward` its own message at an MQTT client, `-` nothing.

D disconnected, C connecting (asked for its will topic), A active, S asleep with a message that
waits, W awake with one message sent, not acknowledged, and another that waits, L lost.
"""

import sn_packets as sn
from sedge import expect, expect_equal
from sn_packets import message
from statements import states

CONF = {"udp_more": "publish_without_connect = yes\ntakeover = at-once"}

TABLE = """
                     | D              | C              | A              | S                | W                    | L
CONNECT              | CONNACK A      | CONNACK A      | CONNACK A      | CONNACK waits A  | CONNACK waits waits A | CONNACK waits A
CONNECT with will    | WILLTOPICREQ C | WILLTOPICREQ C | WILLTOPICREQ C | WILLTOPICREQ C   | WILLTOPICREQ C       | WILLTOPICREQ C
WILLTOPIC            | - D            | WILLMSGREQ C   | - A            | - S              | - W                  | - L
WILLTOPIC empty      | - D            | CONNACK A      | - A            | - S              | - W                  | - L
WILLMSG              | - D            | - C            | - A            | - S              | - W                  | - L
REGISTER             | DISCONNECT D   | - C            | REGACK A       | REGACK S         | REGACK W             | DISCONNECT L
SUBSCRIBE            | DISCONNECT D   | - C            | SUBACK A       | SUBACK S         | SUBACK W             | DISCONNECT L
UNSUBSCRIBE          | DISCONNECT D   | - C            | UNSUBACK A     | UNSUBACK S       | UNSUBACK W           | DISCONNECT L
WILLTOPICUPD         | DISCONNECT D   | - C            | WILLTOPICRESP A | WILLTOPICRESP S | WILLTOPICRESP W      | DISCONNECT L
WILLTOPICUPD empty   | DISCONNECT D   | - C            | WILLTOPICRESP A | WILLTOPICRESP S | WILLTOPICRESP W      | DISCONNECT L
WILLMSGUPD           | DISCONNECT D   | - C            | WILLMSGRESP A  | WILLMSGRESP S    | WILLMSGRESP W        | DISCONNECT L
PUBLISH qos 0        | DISCONNECT D   | - C            | forward A      | forward S        | forward W            | DISCONNECT L
PUBLISH qos 1        | DISCONNECT D   | - C            | PUBACK forward A | PUBACK forward S | PUBACK forward W   | DISCONNECT L
PUBLISH qos 2        | DISCONNECT D   | - C            | PUBREC forward A | PUBREC forward S | PUBREC forward W   | DISCONNECT L
PUBLISH qos -1       | forward D      | forward C      | forward A      | forward S        | forward W            | forward L
PUBREL               | DISCONNECT D   | - C            | PUBCOMP A      | PUBCOMP S        | PUBCOMP W            | DISCONNECT L
PUBACK not expected  | - D            | - C            | - A            | - S              | - W                  | - L
PUBREC not expected  | - D            | - C            | - A            | - S              | - W                  | - L
PUBCOMP not expected | - D            | - C            | - A            | - S              | - W                  | - L
REGACK not expected  | - D            | - C            | - A            | - S              | - W                  | - L
PINGREQ              | DISCONNECT D   | - C            | PINGRESP A     | waits PINGRESP S | - W                  | DISCONNECT L
PINGREQ with its id  | DISCONNECT D   | - C            | PINGRESP A     | waits PINGRESP S | - W                  | DISCONNECT L
PINGREQ with another | DISCONNECT D   | DISCONNECT C   | DISCONNECT A   | DISCONNECT S     | DISCONNECT W         | DISCONNECT L
PINGRESP             | - D            | - C            | - A            | - S              | - W                  | - L
DISCONNECT           | DISCONNECT D   | DISCONNECT D   | DISCONNECT D   | DISCONNECT D     | DISCONNECT D         | DISCONNECT L
DISCONNECT to sleep  | DISCONNECT D   | - C            | DISCONNECT S   | DISCONNECT S     | DISCONNECT S         | DISCONNECT L
DISCONNECT for 0 s   | DISCONNECT D   | DISCONNECT D   | DISCONNECT D   | DISCONNECT D     | DISCONNECT D         | DISCONNECT L
a message for it     | - D            | - C            | waits A        | - S              | - W                  | - L
SEARCHGW             | GWINFO D       | GWINFO C       | GWINFO A       | GWINFO S         | GWINFO W             | GWINFO L
ADVERTISE            | - D            | - C            | - A            | - S              | - W                  | - L
GWINFO               | - D            | - C            | - A            | - S              | - W                  | - L
what gateways send   | - D            | - C            | - A            | - S              | - W                  | - L
a reserved type      | - D            | - C            | - A            | - S              | - W                  | - L
"""


def rows():
    """(event, {state: (what comes, the state then)})"""
    head, *lines = [line.split("|") for line in TABLE.strip("\n").splitlines()]
    letters = [cell.strip() for cell in head[1:]]
    for event, *cells in lines:
        words = [cell.split() for cell in cells]
        yield event.strip(), {s: (w[:-1], w[-1]) for s, w in zip(letters, words, strict=True)}


OCTETS = {
    "WILLTOPIC": message("WILLTOPIC", flags=0, topic=b"will"),
    "WILLTOPIC empty": message("WILLTOPIC"),
    "WILLMSG": message("WILLMSG", data=b"gone"),
    "REGISTER": sn.register(b"a/b", 0x77),
    "SUBSCRIBE": sn.subscribe(b"c/d", 1, 0x77),
    "UNSUBSCRIBE": sn.unsubscribe(b"e/f", 0x77),
    "WILLTOPICUPD": message("WILLTOPICUPD", flags=0, topic=b"will"),
    "WILLTOPICUPD empty": message("WILLTOPICUPD"),
    "WILLMSGUPD": message("WILLMSGUPD", data=b"gone"),
    "PUBLISH qos 0": sn.publish(b"up", b"x"),
    "PUBLISH qos 1": sn.publish(b"up", b"x", 1, 0x77),
    "PUBLISH qos 2": sn.publish(b"up", b"x", 2, 0x77),
    "PUBLISH qos -1": sn.publish(b"up", b"x", 3),
    "PUBREL": sn.answer("PUBREL", 0x77),
    "PUBACK not expected": sn.ack("PUBACK", 0x77, 0x7777),
    "PUBREC not expected": sn.answer("PUBREC", 0x7777),
    "PUBCOMP not expected": sn.answer("PUBCOMP", 0x7777),
    "REGACK not expected": sn.ack("REGACK", 0x77, 0x7777),
    "PINGREQ": sn.PINGREQ,
    "PINGREQ with another": message("PINGREQ", client_id=b"another"),
    "PINGRESP": sn.PINGRESP,
    "DISCONNECT": sn.DISCONNECT,
    "DISCONNECT to sleep": message("DISCONNECT", duration=60),
    "DISCONNECT for 0 s": message("DISCONNECT", duration=0),
    "SEARCHGW": sn.SEARCHGW,
    "ADVERTISE": message("ADVERTISE", gw_id=9, duration=900),
    "GWINFO": message("GWINFO", gw_id=9),
    "what gateways send": sn.CONNACK,
    "a reserved type": sn.framed(0x11),
}


class Client:
    """A node with its subscription, driven into a state."""

    def __init__(self, t, number, **more):
        self.t, self.id = t, b"n%d" % number
        will = (b"will/" + self.id, b"gone")
        self.node = t.connected(self.id, will=will, clean=False, **more)
        self.topic = b"down/" + self.id
        self.node.subscribe(self.topic, 1)

    def for_it(self, data):
        self.t.publish(self.topic, data)

    # Into a state.

    def to_D(self):
        self.node.bye()

    def to_C(self):
        self.node.bye().ask(sn.connect(self.id, clean=False, will=True), sn.WILLTOPICREQ)

    def to_A(self):
        self.node.nothing()

    def to_S(self):
        self.node.sleep()
        self.for_it(b"waits")

    def to_W(self):
        self.to_S()
        self.for_it(b"waits, too")
        self.node.send(message("PINGREQ", client_id=self.id))
        self.sent = self.node.packet("PUBLISH")

    # What is seen of the state that it is in; nothing came before.

    def is_D(self):
        self.node.gone()

    def is_C(self):
        self.node.ask(OCTETS["WILLTOPIC"], sn.WILLMSGREQ)

    def is_A(self):
        self.node.nothing()
        self.for_it(b"now")
        expect_equal(self.node.deliver().data, b"now", "what an active client is sent")

    def is_S(self):
        self.for_it(b"last")
        self.node.silent()
        expect_equal(self.node.wake()[-1].data, b"last", "last of what waited for a sleeper")

    def is_W(self):
        self.node.silent().send(sn.ack("PUBACK", self.sent.topic_id, self.sent.msg_id))
        rest = iter(lambda: self.node.deliver(end=sn.PINGRESP), None)
        expect_equal(next(rest).data, b"waits, too", "what is sent after the acknowledgement")
        list(rest)

    is_L = is_D

    # Events and their answers.

    def event(self, name):
        if name == "a message for it":
            self.for_it(b"new")
        else:
            own = {
                "CONNECT": sn.connect(self.id, clean=False, duration=60),
                "CONNECT with will": sn.connect(self.id, clean=False, will=True, duration=60),
                "PINGREQ with its id": message("PINGREQ", client_id=self.id),
            }
            self.node.send(own[name] if name in own else OCTETS[name])

    def comes(self, word, hearer):
        if word == "forward":
            expect_equal(hearer.message()[:2], (b"up", b"x"), "what is forwarded")
        elif word == "waits":
            expect(self.node.deliver().data.startswith((b"waits", b"new")), "what was kept comes")
        elif word != "-":
            expect_equal(getattr(self.node.packet(word), "code", 0), 0, f"return code of {word}")


def every_event(t, state, into):
    """`into`: brings clients, one for each event, into the state."""
    hearer, wills, events = t.hearer(b"up"), t.hearer(b"will/#", client_id=b"w"), list(rows())
    clients = into(len(events), wills)
    for client, (event, cells) in zip(clients, events, strict=True):
        try:
            comes, then = cells[state]
            client.event(event)
            for word in comes:
                client.comes(word, hearer)
            getattr(client, f"is_{then}")()
            hearer.nothing()
            wills.nothing()
        except Exception as error:
            error.add_note(f"state {state}, event: {event}")
            raise


def one_by_one(t, state):
    def into(count, _):
        for number in range(count):
            client = Client(t, number)
            getattr(client, f"to_{state}")()
            yield client

    every_event(t, state, into)


@states("SN-052", "SN-162", "SN-164", "SN-185")
def a_disconnected_client_takes_every_event_as_the_table_says(t):
    one_by_one(t, "D")


@states("SN-040", "SN-043", "SN-044")
def a_connecting_client_takes_every_event_as_the_table_says(t):
    one_by_one(t, "C")


@states("SN-156", "SN-158", "SN-159", "SN-161", "SN-165", "SN-166")
def an_active_client_takes_every_event_as_the_table_says(t):
    one_by_one(t, "A")


@states("SN-167", "SN-169", "SN-176", "SN-177", "SN-178", "SN-179")
def a_sleeping_client_takes_every_event_as_the_table_says(t):
    one_by_one(t, "S")


@states("SN-172", "SN-177", "SN-178", "SN-182")
def an_awake_client_takes_every_event_as_the_table_says(t):
    one_by_one(t, "W")


@states("SN-049", "SN-051", "SN-052")
def a_lost_client_takes_every_event_as_the_table_says(t):
    def into(count, wills):
        clients = [Client(t, number, duration=2) for number in range(count)]
        expect_equal(len({wills.message().topic for _ in clients}), count, "wills")
        for client in clients:
            client.for_it(b"waits")
        return clients

    every_event(t, "L", into)


@states("SN-044", "SN-049", "SN-148", "SN-174", "SN-183")
def time_ends_what_nobody_goes_on_with(t):
    t.start(udp_more="retry = 500ms\nretries = 1")
    wills = t.hearer(b"will/#")
    connecting, active, asleep = (Client(t, i, duration=(0, 2, 60)[i]) for i in range(3))
    connecting.to_C()
    asleep.node.sleep(2)
    unheard, awake = Client(t, 3), Client(t, 4)
    awake.to_W()
    unheard.for_it(b"x")
    first = unheard.node.packet("PUBLISH")
    expect_equal(unheard.node.packet("PUBLISH").msg_id, first.msg_id, "msg id of the repeat")
    expect_equal(awake.node.packet("PUBLISH").msg_id, awake.sent.msg_id, "msg id of the repeat")
    connecting.node.until_gone()  # the attempt is forgotten, its will is no one's
    lost = {active.id, asleep.id, unheard.id}
    expect_equal({wills.message().topic[5:] for _ in lost}, lost, "who is lost")
    for client in (active, asleep, unheard):
        client.is_L()
    expect_equal(len(awake.node.wake()), 2, "what is kept for a sleeper that fell silent")
    wills.nothing()
