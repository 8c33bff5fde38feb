"""Client libraries that people use, against our broker; each goes through the same subjects.

A story is made for every pair of LIBRARIES and _SUBJECTS. The other side is mosquitto_pub or
mosquitto_sub, so that a fault which a library shares with the broker shows.
"""

import socket

import interop
from authority import Authority
from sedge import WAIT_S, Skipped, expect, expect_equal, free_port

LIBRARIES = {
    "libmosquitto": interop.compiled("libmosquitto"),
    "paho_c_sync": interop.compiled("paho_sync"),
    "paho_c_async": interop.compiled("paho_async"),
    "paho_python": interop.python("paho_python.py"),
    "mqtt_js": interop.node("mqttjs.js", "mqtt://127.0.0.1:{}"),
}
TRANSPORTS = {
    "tls": interop.node("mqttjs.js", "mqtts://127.0.0.1:{}"),
    "ws": interop.node("mqttjs.js", "ws://127.0.0.1:{}/mqtt"),
    "wss": interop.node("mqttjs.js", "wss://127.0.0.1:{}/mqtt"),
}
# The synchronous Paho leaves reconnecting to its caller. The asynchronous one frees a message whose
# write fails, and sends what is there then, so that it must not be cut while it writes.
COMES_BACK = LIBRARIES.keys() - {"paho_c_sync", "paho_c_async"}
KEEPALIVE_S = {"libmosquitto": 5}  # it refuses less; 2 for the others
BURST = 300


class _World:
    """A gateway, and one library toward its port `port`, which `settings` may add."""

    def __init__(self, box, command, port, **settings):
        self.box = box
        self.command = command(port)
        self.settings = settings
        self.gateway = box.gateway(**settings)

    def start(self, *options):
        return self.box.own(interop.Library(self.box, self.command, *options))

    def client(self, name, session="clean", *options):
        """A program of the library, connected for the first time."""
        client = self.start(*options)
        client.ask(f"connect 4 {name} {session} 60", "connected 0")
        return client

    def pub(self, topic, text, qos=1, *options):
        self.box.mqtt_pub("-t", topic, "-m", text, "-q", qos, *options)

    def pub_lines(self, topic, qos, count):
        lines = "".join(f"{i}\n" for i in range(count))
        self.box.mqtt_pub("-t", topic, "-q", qos, "-l", text_in=lines)


def _texts(messages):
    return [text for _, _, _, text in messages]


def _numbers(count):
    return [str(i) for i in range(count)]


def _connects_with_clean_and_kept_sessions(world):
    client = world.start()
    client.steps(
        ("connect 4 c1 clean 60", "connected 0"),
        ("disconnect", "disconnected"),
        ("connect 4 c1 kept 60", "connected 0"),  # the clean one left nothing
        ("disconnect", "disconnected"),
        ("connect 4 c1 kept 60", "connected 1"),  # though it subscribed to nothing
        ("subscribe a/# 1", "subscribed 1"),
        ("disconnect", "disconnected"),
        ("connect 4 c1 kept 60", "connected 1"),
        ("disconnect", "disconnected"),
        ("connect 4 c1 clean 60", "connected 0"),
        ("disconnect", "disconnected"),
        ("connect 4 c1 kept 60", "connected 0"),  # the clean one ended it
    )
    world.pub("a/b", "not for the new session")
    client.steps(("subscribe end 0", "subscribed 0"))
    world.pub("end", "end")
    client.expect_messages(("end", 0, 0, "end"))


def _speaks_the_older_protocol(world):
    client = world.start()
    client.steps(
        ("connect 3 old clean 60", "connected 0"),
        ("subscribe old/# 2", "subscribed 2"),
        ("publish old/x 2 0 31", "published"),
    )
    client.expect_messages(("old/x", 2, 0, "31"))


def _carries_every_qos_both_ways(world):
    client = world.client("every")
    for qos in (0, 1, 2):
        client.ask(f"subscribe in/{qos} {qos}", f"subscribed {qos}")
    for qos in (0, 1, 2):
        for granted in (0, 1, 2):
            world.pub(f"in/{granted}", str(qos), qos)
    client.expect_messages(
        *((f"in/{g}", min(g, qos), 0, str(qos)) for qos in (0, 1, 2) for g in (0, 1, 2))
    )
    watcher = world.box.subscriber("-q", "2", topics=("out/#",))
    for qos in (0, 1, 2):
        client.ask(f"publish out/{qos} {qos} 0 octets of {qos}", "published")
    wanted = [(f"out/{qos}", qos, 0, f"octets of {qos}") for qos in (0, 1, 2)]
    expect_equal(watcher.messages(3), wanted, "messages at mosquitto_sub")


def _knows_retained_messages(world):
    client = world.client("keeper")
    world.pub("r/there", "before", 1, "-r")
    client.ask("subscribe r/# 1", "subscribed 1")
    client.expect_messages(("r/there", 1, 1, "before"))
    world.pub("r/there", "live", 1, "-r")
    client.ask("publish r/mine 1 1 kept", "published")
    client.expect_messages(
        ("r/there", 1, 1, "before"), ("r/there", 1, 0, "live"), ("r/mine", 1, 0, "kept")
    )
    first = world.box.subscriber("-q", "1", topics=("r/mine",))
    expect_equal(first.messages(1), [("r/mine", 1, 1, "kept")], "retained message")
    client.ask("publish r/mine 1 1", "published")  # no text clears it
    client.ask("publish r/end 1 1 end", "published")
    second = world.box.subscriber("-q", "1", topics=("r/mine", "r/end"))
    expect_equal(second.messages(1), [("r/end", 1, 1, "end")], "what is left")


def _leaves_a_will_when_killed(world):
    watcher = world.box.subscriber("-q", "2", topics=("will/#",))
    clients = [world.start() for _ in range(4)]
    for qos, client in enumerate(clients[:3]):
        client.ask(f"connect 4 w{qos} clean 60 will/{qos} {qos} 1 gone at {qos}", "connected 0")
        client.kill()
        watcher.wait_line(rf"^= {qos} 0 will/{qos} gone at {qos}$")
    clients[3].steps(
        ("connect 4 leaver clean 60 will/no 1 0 left", "connected 0"), ("disconnect", "disconnected")
    )
    world.pub("will/end", "end")
    watcher.wait_line(r" will/end end$")
    expect_equal(len(watcher.now()), 4, "wills, and the end")
    late = world.box.subscriber("-q", "2", topics=("will/#",))
    wanted = [(f"will/{qos}", qos, 1, f"gone at {qos}") for qos in (0, 1, 2)]
    expect_equal(sorted(late.messages(3)), wanted, "retained wills")


def _subscribes_by_wildcards_and_unsubscribes(world):
    client = world.client("wild")
    client.steps(
        ("subscribe one/+/x 1", "subscribed 1"),
        ("subscribe all/# 0", "subscribed 0"),
        ("subscribe all/+/# 2", "subscribed 2"),  # overlaps: the greater QoS holds
        ("subscribe + 1", "subscribed 1"),
    )
    for topic in ("one/a/x", "one/a/y", "one/a/b/x", "$top", "top", "all/a", "all"):
        world.pub(topic, "1", 2)
    world.pub("end", "2")
    wanted = {("one/a/x", 1), ("top", 1), ("all/a", 2), ("all", 1), ("end", 1)}
    client.wait_line(r"^message end ")
    came = [(topic, qos) for topic, qos, _, _ in client.messages(1)]
    count = sum(line.startswith("message ") for line in client.lines)
    came = [(topic, qos) for topic, qos, _, _ in client.messages(count)]
    expect_equal({topic for topic, _ in came}, {topic for topic, _ in wanted}, "topics")
    greatest = {(topic, max(q for t, q in came if t == topic)) for topic, _ in came}
    expect_equal(greatest, wanted, "topics and the greatest QoS of each")
    client.steps(
        ("unsubscribe one/+/x", "unsubscribed"),
        ("unsubscribe never/was", "unsubscribed"),
    )
    world.pub("one/a/x", "no more")
    world.pub("top", "last")
    client.wait_line(r"^message top 1 0 last$")
    expect(not any("no more" in line for line in client.lines), "nothing after UNSUBACK")


def _carries_a_large_payload(world):
    text = "0123456789abcdef" * (200 * 64)  # 200 KiB
    client = world.client("large")
    client.ask("subscribe down 2", "subscribed 2")
    (world.box.dir / "large").write_text(text)
    world.box.mqtt_pub("-t", "down", "-q", "2", "-f", world.box.dir / "large")
    expect(client.messages(1) == [("down", 2, 0, text)], "the text came as it was sent")
    watcher = world.box.subscriber("-q", "2", topics=("up",))
    client.ask(f"publish up 2 0 {text}", "published")
    expect(watcher.messages(1) == [("up", 2, 0, text)], "the text went as it was sent")


def _comes_back_to_waiting_messages(world):
    client, heir = world.start(), world.start()
    client.steps(
        ("connect 4 sleeper kept 60", "connected 0"),
        ("subscribe wait/# 2", "subscribed 2"),
        ("disconnect", "disconnected"),
    )
    world.pub_lines("wait/1", 1, 100)
    client.ask("connect 4 sleeper kept 60", "connected 1")
    expect_equal(_texts(client.messages(100)), _numbers(100), "QoS 1, in order")
    client.kill()
    world.pub_lines("wait/2", 2, 100)
    heir.ask("connect 4 sleeper kept 60", "connected 1")
    # what the killed program had not acknowledged may come once more at QoS 1
    heir.wait_line(r"^message wait/2 2 0 99$")
    got = [line for line in heir.lines if line.startswith("message wait/2 ")]
    expect_equal(got, [f"message wait/2 2 0 {i}" for i in range(100)], "QoS 2, in order, once")


def _is_taken_over_by_its_own_id(world):
    first, second = world.start(), world.start()
    first.steps(("connect 4 twin kept 60", "connected 0"), ("subscribe twin 1", "subscribed 1"))
    second.ask("connect 4 twin kept 60", "connected 1")
    first.wait_line(r"^lost$")
    world.pub("twin", "to the second")
    second.expect_messages(("twin", 1, 0, "to the second"))
    expect_equal(first.lines.count("message twin 1 0 to the second"), 0, "messages at the first")


def _keeps_the_order_of_many_in_flight(world):
    client = world.client("many")
    client.ask("subscribe down/# 2", "subscribed 2")
    watcher = world.box.subscriber("-q", "2", topics=("up/#",))
    for qos in (1, 2):
        client.ask(f"burst up/{qos} {qos} {BURST}", "published")
        world.pub_lines(f"down/{qos}", qos, BURST)
    wanted = [(f"{{}}/{qos}", qos, 0, text) for qos in (1, 2) for text in _numbers(BURST)]
    for there, way in ((watcher, "up"), (client, "down")):
        want = [(topic.format(way), *rest) for topic, *rest in wanted]
        expect(there.messages(2 * BURST) == want, f"order {way}; {there.said()}")


def _may_have_an_empty_id_when_clean(world):
    clients = [world.start(), world.start()]
    for client in clients:
        client.steps(("connect 4 - clean 60", "connected 0"), ("subscribe both 1", "subscribed 1"))
    world.pub("both", "to two sessions")
    for client in clients:
        client.expect_messages(("both", 1, 0, "to two sessions"))
    clients[0].ask("disconnect", "disconnected")
    clients[0].ask("connect 4 - kept 60", "refused *")


def _is_refused_wrong_use(world):
    watcher = world.box.subscriber("-q", "2", topics=("wrong/#",))
    client, other = world.start(), world.start()
    for step in ("publish wrong/# 1 0 x", "publish wrong/+ 2 0 x"):
        client.ask("connect 4 wrong clean 60", "connected 0")
        client.ask(step, "refused *")
    other.ask("connect 4 other clean 60", "connected 0")
    other.tell("subscribe a/#/b 1")
    other.wait_line(r"^(lost$|refused )")  # the synchronous Paho waits 10 s more for a SUBACK
    client.ask("connect 5 newer clean 60", "refused *")
    client.ask("connect 4 right clean 60", "connected 0")
    client.ask("publish wrong/end 1 0 end", "published")
    expect_equal(_texts(watcher.messages(1)), ["end"], "messages")


def _loses_nothing_when_the_gateway_restarts(world):
    client = _steady(world)
    _tell_bursts(client)
    world.gateway.kill()
    client.wait_line(r"^lost$")
    _expect_bursts(world, client)


def _sends_what_it_got_while_the_gateway_was_away(world):
    client = _steady(world)
    world.gateway.kill()
    client.wait_line(r"^lost$")
    _tell_bursts(client)
    _expect_bursts(world, client)


def _steady(world):
    client = world.client("steady", "kept", "again")
    world.box.keep_session("watcher", "up/#", qos=2)
    return client


def _tell_bursts(client):
    client.tell(f"burst up/1 1 {BURST}")
    client.tell(f"burst up/2 2 {BURST}")


def _expect_bursts(world, client):
    world.box.gateway(**world.settings)
    for _ in range(2):
        expect_equal(client.answer(60), "published", "after the restart")
    watcher = world.box.subscriber("-i", "watcher", "-c", "-q", "2", topics=("up/#",))
    watcher.wait_line(rf"^= 2 0 up/2 {BURST - 1}$")
    watcher.wait_line(rf"^= 1 0 up/1 {BURST - 1}$")
    got = watcher.now()
    twice = [text for topic, _, _, text in got if topic == "up/2"]
    expect_equal(twice, _numbers(BURST), "QoS 2: once each, in order")
    once = dict.fromkeys(text for topic, _, _, text in got if topic == "up/1")
    expect_equal(list(once), _numbers(BURST), "QoS 1: first arrivals in order")


_SUBJECTS = (
    _connects_with_clean_and_kept_sessions,
    _speaks_the_older_protocol,
    _carries_every_qos_both_ways,
    _knows_retained_messages,
    _leaves_a_will_when_killed,
    _subscribes_by_wildcards_and_unsubscribes,
    _carries_a_large_payload,
    _comes_back_to_waiting_messages,
    _is_taken_over_by_its_own_id,
    _keeps_the_order_of_many_in_flight,
    _may_have_an_empty_id_when_clean,
    _is_refused_wrong_use,
)


# What another transport could change; wss is both of the others and has more of them.
_SUBJECTS_OVER = {
    "tls": (_carries_every_qos_both_ways, _carries_a_large_payload),
    "ws": (_carries_every_qos_both_ways, _carries_a_large_payload),
    "wss": (
        _carries_every_qos_both_ways,
        _carries_a_large_payload,
        _leaves_a_will_when_killed,
        _keeps_the_order_of_many_in_flight,
    ),
}


def _story(library, subject):
    def story(box):
        store = "none" if subject in _SUBJECTS else box.dir / "sedge.db"
        subject(_World(box, LIBRARIES[library], box.tcp, store=store))

    return {library + subject.__name__: story}


def _story_over(transport, subject):
    def story(box):
        port = free_port()
        section = f"[broker other]\nbind = 127.0.0.1:{port}\ntransport = {transport}\n"
        if transport != "ws":
            section += "cert = {}\nkey = {}\n".format(*Authority(box).issue("server"))
        subject(_World(box, TRANSPORTS[transport], port, more=section))

    return {f"mqtt_js_over_{transport}{subject.__name__}": story}


for _library in LIBRARIES:
    for _subject in _SUBJECTS:
        globals().update(_story(_library, _subject))
    if _library in COMES_BACK:
        globals().update(_story(_library, _loses_nothing_when_the_gateway_restarts))
globals().update(_story("paho_c_async", _sends_what_it_got_while_the_gateway_was_away))
for _transport, _subjects in _SUBJECTS_OVER.items():
    for _subject in _subjects:
        globals().update(_story_over(_transport, _subject))


def every_idle_library_keeps_its_short_keep_alive(box):
    """They idle until silent connections with the same keep alive have been cut, twice."""
    box.gateway()
    clients = []
    for library, command in LIBRARIES.items():
        try:
            client = box.own(interop.Library(box, command(box.tcp)))
        except Skipped as skip:
            box.note(f"without {library}: {skip}")
            continue
        client.tell(f"connect 4 {library} clean {KEEPALIVE_S.get(library, 2)}")
        clients.append(client)
    for client in clients:
        expect_equal(client.answer(), "connected 0", client.name)
        client.ask("subscribe awake 1", "subscribed 1")
    _be_cut_silent(box, 5)
    box.mqtt_pub("-t", "awake", "-m", "all", "-q", "1")
    for client in clients:
        client.expect_messages(("awake", 1, 0, "all"))
        expect_equal(client.lines.count("lost"), 0, f"losses of {client.name}")


def _be_cut_silent(box, keepalive_s):
    """A client that says nothing after CONNECT; returns when the broker has cut it."""
    body = b"\0\x04MQTT\x04\x02" + keepalive_s.to_bytes(2, "big") + b"\0\x06silent"
    with socket.create_connection(("127.0.0.1", box.tcp), WAIT_S) as silent:
        silent.sendall(b"\x10" + bytes([len(body)]) + body)
        expect_equal(silent.recv(4), b"\x20\x02\0\0", "CONNACK")
        expect_equal(silent.recv(1), b"", "end")
