"""The running gateway, asked and changed: its control socket, sedge watch, reload."""

import json
import os
import signal
import socket
import stat
import time

from sedge import ROOT, WAIT_S, expect, expect_equal, stop

MAP = "[topics default]\n7 = farm/%n/temp\n\n"


class _Asker:
    """The socket by hand: lines out, lines in."""

    def __init__(self, box):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(WAIT_S)
        self.socket.connect(str(box.control))
        self.lines = self.socket.makefile("rb")
        box.own(self)

    def send(self, text):
        self.socket.sendall(text.encode())

    def line(self):
        return json.loads(self.lines.readline())

    def ask(self, text):
        """The last line of the answer."""
        self.send(text + "\n")
        while True:
            line = self.line()
            if "end" in line or "error" in line:
                return line

    def close(self):
        self.lines.close()
        self.socket.close()


def _status_of(box):
    """The end of the answer to one more asker, who may be told that there are too many."""
    asker = _Asker(box)
    try:
        return asker.ask('{"do":"status"}')
    except BrokenPipeError:
        return asker.line()


# The socket.


def the_control_socket_is_there_while_the_gateway_runs(box):
    gateway = box.gateway()
    expect_equal(stat.S_IMODE(os.stat(box.control).st_mode), 0o660, "mode of the socket")
    status = box.ask("status")[0]
    expect_equal(status["gateway"], "gw-7", "name of the gateway")
    expect_equal(status["pid"], gateway.process.pid, "process")
    box.sedge("status").wait_line(r"^sedge \S+, gateway gw-7, process \d+, up ")
    stop(gateway)
    expect(not box.control.exists(), "the socket is gone after a clean stop")
    box.sedge("status", code=1).wait_line(r"no gateway runs at ")


def a_socket_left_behind_is_replaced_and_one_in_use_is_not(box):
    gateway = box.gateway()
    gateway.kill()
    expect(box.control.exists(), "a killed gateway leaves its socket")
    box.gateway()
    path = box.dir / "second.conf"
    path.write_text(f"[gateway]\ncontrol = {box.control}\n[store]\npath = none\n")
    second = box.run(ROOT / "build/sedge", "run", "-c", path, code=1)
    second.wait_line(rf"{box.control} is in use by another gateway")
    box.ask("status")


def a_request_that_is_none_is_told_so(box):
    box.gateway()
    asker = _Asker(box)
    for request in ("nonsense", "{}", '{"do":7}', '{"do":"dance"}', '{"do":"node"}', ""):
        expect("error" in asker.ask(request), f"an error for {request!r}")
    expect("end" in asker.ask('{"do":"status"}'), "a good request after bad ones")
    asker.send("x" * 5000)
    expect("octets" in asker.line()["error"], "an overlong line")
    try:
        expect_equal(asker.lines.read(), b"", "the end of the conversation")
    except ConnectionResetError:
        pass


def a_request_may_come_in_pieces_and_its_asker_may_have_said_all(box):
    box.gateway()
    asker = _Asker(box)
    for piece in ('{"do":', '"status"', '}\n{"do":"nodes"}', "\n"):
        asker.send(piece)
    asker.socket.shutdown(socket.SHUT_WR)
    lines = [json.loads(line) for line in asker.lines]
    expect_equal(lines[0]["gateway"], "gw-7", "first answer")
    expect_equal(lines[1:], [{"end": True}, {"end": True}], "the rest of both answers")


def an_answer_longer_than_its_room_comes_whole(box):
    count = 2000
    box.gateway("".join(f"[node bed-{i}]\nclient_id = n{i}\n" for i in range(count)))
    names = {node["name"] for node in box.ask("nodes")}
    expect_equal(names, {f"bed-{i}" for i in range(count)}, "names")


def a_ninth_asker_is_told_and_those_before_go_on(box):
    box.gateway()
    askers = [_Asker(box) for _ in range(8)]
    for asker in askers:
        asker.send('{"do":"watch"}\n')
        expect_equal(asker.line(), {"watching": True}, "the answer to a watch")
    expect("8 others" in _Asker(box).line()["error"], "the ninth is told")
    box.sedge("status", code=1).wait_line(r"^sedge: the gateway answers 8 others already")
    box.sn_pub("-i", "roof", "-t", "fence", "-m", "x")
    for asker in askers:
        expect_equal(asker.line()["text"], "x", "what those before hear")


def an_asker_that_asks_nothing_gives_way(box):
    box.gateway()
    askers = [_Asker(box) for _ in range(8)]
    askers[0].send('{"do":"watch"}\n')
    expect_equal(askers[0].line(), {"watching": True}, "the answer to a watch")
    end = time.monotonic() + WAIT_S
    while "end" not in _status_of(box):
        expect(time.monotonic() < end, "an idle asker gives way")
        time.sleep(0.1)
    expect_equal(askers[1].lines.read(), b"", "the one that was idle for longest")
    expect("end" in askers[2].ask('{"do":"nodes"}'), "the next is there still")


def a_watcher_that_goes_on_talking_is_dropped(box):
    box.gateway()
    watcher = _Asker(box)
    watcher.send('{"do":"watch"}\n')
    expect_equal(watcher.line(), {"watching": True}, "the answer to a watch")
    try:
        watcher.send("x" * 8192)
        expect_equal(watcher.lines.read(), b"", "the end of the conversation")
    except (BrokenPipeError, ConnectionResetError):
        pass


# Nodes.


def nodes_are_listed_with_their_state_and_what_waits(box):
    box.gateway("[node cellar]\n\n[node roof]\nclient_id = wx-4\n")
    box.sn_pub("-i", "wx-4", "-t", "a", "-m", "x", "-q", "1")
    sleeper = box.node().connect("sleeper", clean=False)
    sleeper.ask(b"\x09\x12\x20\0\1se/#", b"\x13")
    sleeper.ask(b"\x04\x18\0\x3c", b"\x18")  # asleep for a minute
    box.mqtt_pub("-t", "se/t", "-m", "x", "-q", "1")
    nodes = {node["name"]: node for node in box.ask("nodes")}
    expect_equal(sorted(nodes), ["cellar", "roof", "sleeper"], "names")
    states = [nodes[name]["state"] for name in sorted(nodes)]
    expect_equal(states, ["never", "disconnected", "asleep"], "states")
    expect_equal(nodes["roof"]["client_id"], "wx-4", "client id of the roof")
    expect_equal(nodes["sleeper"]["queued"], 1, "messages that wait for the sleeper")
    table = box.sedge("nodes")
    table.wait_line(r"^cellar +never seen +0$")
    table.wait_line(r"^sleeper +asleep, due in \d+ s +.* 1 +udp 127\.0\.0\.1:\d+$")
    table.wait_line(r"^3 nodes: 1 asleep, 1 disconnected, 1 never seen$")
    box.sedge("node", "sleeper").wait_line(r"queue +1 of 1000 messages")
    box.sedge("node", "nobody", code=1).wait_line(r"there is no node nobody$")
    box.sedge("node", "wx-4", code=1).wait_line(r"that is the client id of node roof$")
    box.run(
        ROOT / "build/sedge", "node", "--socket", box.control, "--", "-x", code=1
    ).wait_line(r"there is no node -x")
    box.run(ROOT / "build/sedge", "nodes", "--help").wait_line(r"^usage: sedge COMMAND")
    box.start(
        ROOT / "build/sedge", "watch", "--socket", box.control, "--node", "nobody"
    ).wait_line(r"^watching; Ctrl-C ends it; no node of that name is known yet$")


def topics_says_which_key_means_what(box):
    box.gateway(MAP + "[node roof]\nclient_id = wx-4\n")
    node = box.node().connect("wx-4", keepalive_s=600)
    node.ask(b"\x09\x0a\0\0\0\1a/b", b"\x0b")
    topics = box.sedge("topics", "roof")
    topics.wait_line(r"^roof +7 +predefined +farm/roof/temp +farm/%n/temp$")
    topics.wait_line(r"^roof +\d+ +registered +a/b$")


# Watching.


def _watch(box, *options):
    program = box.start(ROOT / "build/sedge", "watch", "--socket", box.control, *options)
    program.wait_line(r"^watching")
    return program


def watch_shows_messages_by_name_both_ways(box):
    box.gateway(MAP + "[node roof]\nclient_id = wx-4\n", udp_more="publish_without_connect = yes")
    everything = _watch(box)
    valve = _watch(box, "--node", "valve")
    alarms = _watch(box, "alarm/#", "--json", "-n", "2")
    node = box.sn_sub("-i", "valve", "-q", "1", "-t", "set/#")
    box.sn_pub("-i", "wx-4", "-t", "alarm/fire", "-m", "on", "-q", "1", "-r")
    everything.wait_line(r"^\d\d:\d\d:\d\d\.\d{3} roof +-> alarm/fire +q1 retain 2 on$")
    box.mqtt_pub("-t", "set/valve", "-m", "open", "-q", "1")
    node.wait_line(r"^set/valve open$")
    valve.wait_line(r" valve +<- set/valve +q1 4 open$")
    expect(not any("alarm" in line for line in valve.lines), "the valve's watch has no alarm")
    box.node().send(b"\x0b\x0c\x62ab\0\0\x01\xff\x00\x02")
    everything.wait_line(r" udp +-> ab +q-1 4 0x01ff0002$")
    box.sn_pub("-i", "wx-4", "-t", "alarm/fire", "-m", "off")
    expect_equal(alarms.wait_exit(), 0, "exit code after -n 2")
    lines = [json.loads(line) for line in alarms.lines if line.startswith("{")]
    expect_equal([line["text"] for line in lines], ["on", "off"], "alarms")
    expect_equal(lines[0]["node"], "roof", "node of the alarm")


def watch_shows_what_was_not_allowed(box):
    box.gateway("[acl none]\nsubscribe = #\n", udp_more="acl = none")
    watch = _watch(box)
    box.sn_pub("-i", "roof", "-t", "a", "-m", "x", "-q", "1", code=1)
    watch.wait_line(r" roof +-> a +q1 1 \(refused: not allowed\) x$")


def a_watcher_that_does_not_read_loses_lines_and_stops_nobody(box):
    box.gateway()
    slow = _Asker(box)
    slow.send('{"do":"watch"}\n')
    expect_equal(slow.line(), {"watching": True}, "first line")
    node = box.node().connect("roof")
    node.ask(b"\x08\x0a\0\0\0\1ab", b"\x0b")
    told = 0
    payload = b"x" * 200
    for count in range(4000):
        node.send(bytes([7 + len(payload), 12, 0, 0, 1, 0, 0]) + payload)
        if count % 40 == 39:
            node.ask(b"\x02\x16", b"\x17")  # so many were read
    seen = 0
    while seen + told < 4000:
        line = slow.line()
        told += line.get("lost", 0)
        seen += "topic" in line
    expect(told > 0, "lines were lost")
    expect_equal(seen + told, 4000, "shown and lost")


# Reload.


def a_reload_renames_topics_names_nodes_and_ends_no_session(box):
    gateway = box.gateway(MAP)
    everything = box.subscriber("-q", "1")
    node = box.node().connect("wx-4", keepalive_s=600)
    publish = b"\x08\x0c\x21\0\x07\0\x01x"  # QoS 1, predefined id 7
    node.ask(publish, b"\x0d")
    expect_equal(everything.messages(1)[0][0], "farm/wx-4/temp", "topic before")
    box.configure("[topics default]\n7 = site/%n/t\n\n[node roof]\nclient_id = wx-4\n")
    reload = box.sedge("reload")
    reload.wait_line(r"^changed: \[topics default\]$")
    reload.wait_line(r"^changed: \[node roof\] added$")
    reload.wait_line(r"^reloaded: 2 changes")
    node.ask(publish, b"\x0d")
    expect_equal(everything.messages(2)[1][0], "site/roof/t", "topic after")
    expect_equal(sum("disconnected" in line for line in gateway.lines), 0, "sessions that ended")


def a_reload_takes_rights_away_at_once(box):
    box.gateway("[acl open]\npublish = #\nsubscribe = #\n", udp_more="acl = open")
    everything = box.subscriber("-q", "1")
    node = box.node().connect("roof", keepalive_s=600)
    register = node.ask(b"\x09\x0a\0\0\0\1a/b", b"\x0b")
    publish = b"\x08\x0c\x20" + register[2:4] + b"\0\x02x"
    node.ask(publish, b"\x0d")
    everything.messages(1)
    box.configure("[acl open]\nsubscribe = #\n", udp_more="acl = open")
    box.sedge("reload").wait_line(r"changed: \[acl open\] publish")
    node.ask(publish, b"\x0d" + publish[3:7] + b"\x03")
    box.mqtt_pub("-t", "fence", "-m", "x", "-q", "1")
    expect_equal([m[0] for m in everything.messages(2)], ["a/b", "fence"], "what was let through")


def a_file_with_errors_changes_nothing(box):
    gateway = box.gateway(MAP)
    box.configure("[topics default]\n7 = other/%n\n70000 = x\n\n[nod roof]\n")
    reload = box.sedge("reload", code=1)
    reload.wait_line(r"^wrong: .*gateway\.conf:\d+: \[topics default\] ")
    reload.wait_line(r"^wrong: .*gateway\.conf:\d+: there is no section \[nod\]")
    reload.wait_line(r"nothing is changed: the configuration has 2 errors")
    gateway.wait_line(r"reload: wrong: .*gateway\.conf")
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_lines(r"nothing is changed: the configuration has 2 errors", 2)
    box.sn_pub("-i", "roof", "-t", "fence", "-m", "x", "-q", "1")


def a_change_that_needs_a_restart_is_refused_by_name(box):
    box.gateway(MAP)
    port = box.udp
    box.udp = box.cloud
    box.configure("[topics default]\n7 = other/%n\n\n[listener more]\ntype = udp\nbind = 127.0.0.1:1\n")
    reload = box.sedge("reload", code=1)
    reload.wait_line(r"^needs a restart: \[listener udp\] bind$")
    reload.wait_line(r"^needs a restart: \[listener more\] added$")
    reload.wait_line(r"nothing is changed: some of it needs a restart")
    box.udp = port
    watch = _watch(box)
    box.node().connect("roof").ask(b"\x08\x0c\x21\0\x07\0\x01x", b"\x0d")
    watch.wait_line(r" roof +-> farm/roof/temp ")


def reloads_under_load_lose_nothing_and_end_no_session(box):
    gateway = box.gateway(MAP)
    load = box.start(
        ROOT / "build/sn-sim", "-p", box.udp, "--json", "--count", "100", "--topic_id", "7",
        "--qos", "1", "--every", "50ms", "--start", "0", "--id", "n%i",
        "--subscribe", "set/%n qos 1",
    )  # fmt: skip
    gateway.wait_lines(r"connected n\d+", 100)
    watch = _watch(box)
    for turn in range(10):
        nodes = "".join(f"[node x{i}]\nclient_id = n{i}\n" for i in range(turn * 5))
        box.configure(f"[topics default]\n7 = farm/%n/{turn}\n\n" + nodes)
        box.sedge("reload").wait_line(r"^reloaded: \d+ changes?")
        watch.wait_line(rf" farm/[nx]\d+/{turn} ")
    ended = [line for line in gateway.lines if "lost" in line or "disconnected" in line]
    expect_equal(ended, [], "sessions that ended")
    code, _ = stop(load, signal.SIGINT)
    expect_equal(code, 0, "exit code of sn-sim")
    report = json.loads(load.lines[-1])
    expect(report["published"] > 0, "the load published")
    expect_equal(report["acknowledged"], report["published"], "publications acknowledged")


def a_reload_leaves_programs_and_upstreams_as_they_are(box):
    rules = (
        f"[upstream cloud]\nurl = mqtt://127.0.0.1:{box.cloud}\nsend = farm/# to dt/%g/%t qos 1\n"
        "receive = cmd/%g/# to farm/set/%t qos 1\nreconnect = 100ms..500ms\n\n"
    )
    cloud = box.mosquitto()
    box.keep_session("watcher", "dt/#", port=box.cloud)
    gateway = box.gateway(rules)
    cloud.wait_line(r"Sending SUBACK to gw-7")
    program = box.subscriber("-i", "panel", "-q", "1", topics=("farm/set/#",))
    box.configure(rules + MAP)
    box.sedge("reload").wait_line(r"^changed: \[topics default\] added$")
    node = box.node().connect("roof", keepalive_s=600)
    node.ask(b"\x08\x0c\x21\0\x07\0\x01x", b"\x0d")
    box.mqtt_pub("-t", "cmd/gw-7/valve", "-m", "open", "-q", "1", port=box.cloud)
    expect_equal(program.messages(1)[0][0], "farm/set/valve", "what came down")
    stop(cloud)
    gateway.wait_line(r"uplink: .*cloud")
    box.configure(rules)
    box.sedge("reload").wait_line(r"^changed: \[topics default\] removed$")
    box.mqtt_pub("-t", "farm/late", "-m", "y", "-q", "1")
    again = box.mosquitto()
    again.wait_line(r"Sending CONNACK to gw-7")
    watcher = box.subscriber("-i", "watcher", "-c", "-q", "1", port=box.cloud, topics=("dt/#",))
    got = [(topic, text) for topic, _, _, text in watcher.messages(2)]
    expect_equal(got, [("dt/gw-7/roof/temp", "x"), ("dt/gw-7/late", "y")], "what went up")
    expect_equal(box.ask("status")[0]["clients_connected"], 1, "programs connected")


def a_password_and_a_user_that_change_hold_from_the_next_login(box):
    def users(**passwords):
        return "[acl all]\npublish = #\nsubscribe = #\n" + "".join(
            f"[user {name}]\npassword = {_hash(box, word)}\nacl = all\n"
            for name, word in passwords.items()
        )

    def login(name, word, code):
        box.mqtt_pub("-u", name, "-P", word, "-t", "a", "-m", "x", "-q", "1", code=code)

    box.gateway(users(ann="one"), broker_more="anonymous = no")
    login("ann", "one", 0)
    box.configure(users(ann="two", bob="three"), broker_more="anonymous = no")
    reload = box.sedge("reload")
    reload.wait_line(r"^changed: \[user ann\] password$")
    reload.wait_line(r"^changed: \[user bob\] added$")
    login("ann", "one", 4)
    login("ann", "two", 0)
    login("bob", "three", 0)


def _hash(box, password):
    return box.run(ROOT / "build/sedge", "passwd", text_in=password + "\n").lines[0]


def a_node_is_replaced_and_a_place_is_filled(box):
    store = box.dir / "sedge.db"
    gateway = box.gateway(MAP + "[node cellar]\n", store=store)
    everything = box.subscriber("-q", "1")
    publish = b"\x08\x0c\x21\0\x07\0\x01x"
    box.node().connect("old", keepalive_s=600).ask(publish, b"\x0d")
    box.sedge("node", "accept", "cellar", "wx-9").wait_line(r"^done$")
    box.node().connect("wx-9", keepalive_s=600).ask(publish, b"\x0d")
    box.sedge("node", "replace", "old", "--with", "new").wait_line(r"^done; the name was .* old$")
    box.node().connect("new", keepalive_s=600).ask(publish, b"\x0d")
    topics = [m[0] for m in everything.messages(3)]
    expect_equal(topics, ["farm/old/temp", "farm/cellar/temp", "farm/old/temp"], "topics")
    box.sedge("node", "replace", "nobody", "--with", "x", code=1).wait_line(r"there is no node")
    stop(gateway)
    box.gateway(MAP + "[node cellar]\n", store=store)
    names = {node.get("client_id"): node["name"] for node in box.ask("nodes")}
    expect_equal(names.get("new"), "old", "name of the new one after a restart")
    expect_equal(names.get("wx-9"), "cellar", "name of the accepted one after a restart")
    box.sedge("node", "forget", "old").wait_line(r"^done$")
    expect("old" not in [node["name"] for node in box.ask("nodes")], "the node is forgotten")


def a_reload_changes_what_the_log_says(box):
    gateway = box.gateway()
    box.configure("[log]\nlevel = debug\n")
    box.sedge("reload").wait_line(r"^changed: \[log\] level$")
    node = box.node().connect("roof", clean=False)
    node.ask(b"\x04\x18\0\x3c", b"\x18")  # asleep
    gateway.wait_line(r"debug node: asleep roof")
    box.configure("[log]\nlevel = debug\nformat = json\n")
    box.sedge("reload")
    gateway.wait_line(r'^\{"time":.*"text":"reloaded: 1 change"\}$')
