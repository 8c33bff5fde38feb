"""sedge upstream test: the way to a broker step by step, and what is said where it ends."""

import json
import socket
import ssl
import threading

from authority import Authority
from sedge import ROOT, WAIT_S, Program, expect, expect_equal, free_port, stop, with_sbin

PASSED = ["name", "tcp", "connack", "suback", "puback"]


def _conf(box, url, more="send = farm/# to dt/%g/%t\nreceive = cmd/%g/# to farm/set/%t\n"):
    return box.configure(f"[upstream cloud]\nurl = {url}\nack_timeout = 1s\n{more}")


def _test(box, path, *options, code=0):
    """The lines of the test, as dictionaries."""
    args = ("upstream", "test", "cloud", "-c", path, "--json", *options)
    program = box.run(ROOT / "build/sedge", *args, code=code)
    lines = [json.loads(line) for line in program.lines if line.startswith("{")]
    expect_equal(lines[-1], {"upstream": "cloud", "good": code == 0}, "last line")
    return lines[:-1]


def _wrong(box, path, step, text, advice, *options):
    """It ends at `step`; text and advice hold these words."""
    last = _test(box, path, *options, code=1)[-1]
    expect_equal((last["step"], last["result"]), (step, "wrong"), "where it ends")
    for key, words in (("text", text), ("advice", advice)):
        expect(words in last[key], f"{key} holds {words!r}: {last[key]!r}")
    return last


def _mosquitto(box, *lines):
    """A broker at box.cloud with these lines in its configuration."""
    conf = box.dir / "strict.conf"
    conf.write_text("\n".join((f"listener {box.cloud} 127.0.0.1", "user root", *lines)) + "\n")
    args = ["mosquitto", "-v", "-c", conf]
    broker = box.own(Program(args, box.dir, env=with_sbin()))
    broker.wait_line(r"mosquitto version .* running")
    return broker


def _tls(authority, **issued):
    cert, key = authority.issue("far", **issued)
    return ("allow_anonymous true", f"certfile {cert}", f"keyfile {key}")


class _Server:
    """Takes connections, says an answer to each thing that comes, and then nothing more."""

    def __init__(self, *answers, hangs_up=False, context=None):
        self.answers, self.hangs_up, self.context = answers, hangs_up, context
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.at = self.socket.getsockname()[1]
        self.taken = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                self._take(self.socket.accept()[0])
            except OSError:
                return

    def _take(self, taken):
        taken.settimeout(WAIT_S)
        if self.context:
            taken = self.context.wrap_socket(taken, server_side=True)
        self.taken.append(taken)
        for answer in self.answers:
            taken.recv(1000)
            taken.sendall(answer)
        if self.hangs_up:
            taken.recv(1000)
            taken.close()

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        for taken in (*self.taken, self.socket):
            taken.close()


def a_test_walks_the_whole_way_and_says_so(box):
    broker = _mosquitto(box, "allow_anonymous true")
    watcher = box.subscriber("-q", "1", port=box.cloud)
    path = _conf(box, f"mqtt://localhost:{box.cloud}")
    lines = _test(box, path)
    expect_equal([line["step"] for line in lines], PASSED, "steps")
    expect_equal({line["result"] for line in lines}, {"ok"}, "results")
    got = watcher.messages(1)[0]
    expect_equal(got, ("dt/gw-7/sedge-test", 1, 0, '{"sedge":"test"}'), "the message at the broker")
    broker.wait_line(r"Received DISCONNECT from gw-7-test")
    text = box.run(ROOT / "build/sedge", "upstream", "test", "cloud", "-c", path)
    text.wait_line(r"^  ok +connack +\d+ ms  accepted as \"gw-7-test\"")
    text.wait_line(r"^  ok +puback .* published to dt/gw-7/sedge-test and acknowledged$")


def a_test_beside_the_running_gateway_disturbs_nothing(box):
    broker = _mosquitto(box, "allow_anonymous true")
    more = "send = farm/# to dt/%g/%t\nreceive = cmd/%g/# to farm/set/%t\n"
    more = f"[upstream cloud]\nurl = mqtt://127.0.0.1:{box.cloud}\n{more}"
    gateway = box.gateway(more)
    gateway.wait_line(r"online with cloud")
    path = box.dir / "gateway.conf"
    expect_equal([line["step"] for line in _test(box, path)], PASSED, "steps")
    refused = box.run(
        ROOT / "build/sedge", "upstream", "test", "cloud", "-c", path, "--as-is", code=1
    )
    refused.wait_line(r"online with cloud under the client id \"gw-7\".* pause cloud first")
    box.sedge("upstream", "pause", "cloud")
    broker.wait_line(r"Received DISCONNECT from gw-7$")
    lines = _test(box, path, "--as-is")
    expect("kept its session" in lines[2]["text"], "the gateway's own session is met")
    expect(not any("already connected" in line for line in broker.lines), "nobody is thrown out")
    expect_equal(stop(gateway)[0], 0, "exit code of the gateway")


def a_cloud_that_knows_the_client_id_is_tried_under_it(box):
    broker = _mosquitto(box, "allow_anonymous true")
    more = "preset = aws\nclient_id = thing-1\nsend = farm/# to dt/%t\n"
    lines = _test(box, _conf(box, f"mqtt://127.0.0.1:{box.cloud}", more))
    expect_equal(lines[3]["result"], "left out", "no receive rule, nothing to subscribe")
    broker.wait_line(r"New client connected from .* as thing-1 ")


def a_test_publishes_where_it_is_told(box):
    _mosquitto(box, "allow_anonymous true")
    watcher = box.subscriber("-q", "1", port=box.cloud)
    path = _conf(box, f"mqtt://127.0.0.1:{box.cloud}", "")
    left_out = [line["step"] for line in _test(box, path) if line["result"] == "left out"]
    expect_equal(left_out, ["suback", "puback"], "without rules")
    _test(box, path, "--topic", "somewhere/else")
    expect_equal(watcher.messages(1)[0][0], "somewhere/else", "topic")


def each_url_is_tried(box):
    _mosquitto(box, "allow_anonymous true")
    path = _conf(box, f"mqtt://127.0.0.1:{free_port()}\nurl = mqtt://127.0.0.1:{box.cloud}")
    lines = _test(box, path, code=1)
    expect_equal([line["step"] for line in lines], ["name", "tcp", *PASSED], "steps of both")


def tls_shows_whom_it_met(box):
    authority = Authority(box)
    _mosquitto(box, *_tls(authority))
    path = _conf(box, f"mqtts://localhost:{box.cloud}", f"ca = {authority.crt}\n")
    tls = _test(box, path)[2]
    expect_equal((tls["step"], tls["result"]), ("tls", "ok"), "step")
    for words in ("TLSv1.", "CN=far", "for localhost", "by CN=authority ca", "good from 20"):
        expect(words in tls["text"], f"{words!r} in {tls['text']!r}")


def another_authority_is_named(box):
    _mosquitto(box, *_tls(Authority(box, "other")))
    path = _conf(box, f"mqtts://localhost:{box.cloud}", f"ca = {Authority(box).crt}\n")
    last = _wrong(box, path, "tls", "not trusted by any authority", "ca = FILE")
    expect("by CN=authority other" in last["text"], "whose it is instead")


def a_file_of_authorities_that_is_not_there_is_named(box):
    path = _conf(box, f"mqtts://localhost:{box.cloud}", "ca = /nowhere.crt\n")
    _wrong(box, path, "tls", "[upstream cloud] ca: /nowhere.crt: No such file", "mend the file")


def an_expired_certificate_is_told_with_its_dates(box):
    authority = Authority(box)
    _mosquitto(box, *_tls(authority, days=-1))
    path = _conf(box, f"mqtts://localhost:{box.cloud}", f"ca = {authority.crt}\n")
    last = _wrong(box, path, "tls", "certificate has expired", "is the clock wrong, which says 20")
    expect(" to 20" in last["text"], "until when it was good")


def a_certificate_for_another_host_says_for_whom_it_is(box):
    authority = Authority(box)
    _mosquitto(box, *_tls(authority, san="DNS:far.example"))
    path = _conf(box, f"mqtts://localhost:{box.cloud}", f"ca = {authority.crt}\n")
    last = _wrong(box, path, "tls", "certificate is not for this host", "`sni = NAME`")
    expect("for far.example" in last["text"], "whom it is for")


def a_refused_alpn_is_a_step_of_its_own(box):
    authority = Authority(box)
    cert, key = authority.issue("far")
    args = ("-accept", box.cloud, "-cert", cert, "-key", key, "-alpn", "other")
    server = box.start("openssl", "s_server", *args, text_in=True)
    server.wait_line(r"^ACCEPT")
    more = f"ca = {authority.crt}\nalpn = x-amzn-mqtt-ca\n"
    path = _conf(box, f"mqtts://localhost:{box.cloud}", more)
    _wrong(box, path, "alpn", "it does not know our alpn", "`alpn` is wrong for this port")


def an_alpn_that_the_broker_takes_is_said(box):
    authority = Authority(box)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("far"))
    context.set_alpn_protocols(["mqtt"])
    server = box.own(_Server(context=context))
    path = _conf(box, f"mqtts://localhost:{server.at}", f"ca = {authority.crt}\nalpn = mqtt\n")
    lines = _test(box, path, code=1)
    steps = [(line["step"], line["result"]) for line in lines]
    expect_equal(steps[3:], [("alpn", "ok"), ("connack", "wrong")], "steps after TLS")


def a_wrong_password_says_for_whom(box):
    passwords = box.dir / "passwords"
    box.run("mosquitto_passwd", "-b", "-c", passwords, "roof", "right")
    _mosquitto(box, f"password_file {passwords}")
    more = "username = roof\npassword = file:{}\n"
    for word, code in (("right", 0), ("wrong", 1)):
        secret = box.dir / word
        secret.write_text(word)
        secret.chmod(0o600)
        path = _conf(box, f"mqtt://127.0.0.1:{box.cloud}", more.format(secret))
        last = _test(box, path, code=code)[-1]
    expect("CONNACK 5" in last["text"], last["text"])
    expect('right for "roof"' in last["advice"], last["advice"])


def a_password_is_printed_by_its_command(box):
    _mosquitto(box, "allow_anonymous true")
    url = f"mqtt://127.0.0.1:{box.cloud}"
    lines = _test(box, _conf(box, url, "username = roof\npassword = command:echo secret\n"))
    expect_equal((lines[0]["step"], lines[0]["result"]), ("password", "ok"), "first step")
    path = _conf(box, url, "username = roof\npassword = command:echo sealed >&2; exit 2\n")
    _wrong(box, path, "password", "sealed", "run the command by hand")


def nobody_who_listens_is_told_with_the_port(box):
    path = _conf(box, f"mqtt://127.0.0.1:{box.cloud}")
    _wrong(box, path, "tcp", "Connection refused", f"nothing listens at port {box.cloud} of 127")


def an_unknown_name_is_told(box):
    path = _conf(box, "mqtt://no-such-host.invalid:1883")
    last = _test(box, path, code=1)[-1]
    expect_equal((last["step"], last["result"]), ("name", "wrong"), "where it ends")


def a_server_that_takes_and_says_nothing_is_told(box):
    server = box.own(_Server())
    last = _wrong(box, _conf(box, f"mqtt://127.0.0.1:{server.at}"), "connack", "no CONNACK", "TLS")
    expect(last["ms"] >= 1000, "it waited for ack_timeout")


def a_server_that_hangs_up_at_connect_is_told(box):
    server = box.own(_Server(hangs_up=True))
    path = _conf(box, f"mqtt://127.0.0.1:{server.at}")
    _wrong(box, path, "connack", "closed by the other side", 'another client uses the id "gw-7-test"')


def a_web_server_is_told(box):
    server = box.own(_Server(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    path = _conf(box, f"mqtt://127.0.0.1:{server.at}")
    _wrong(box, path, "connack", "speaks HTTP", "is a web server's")
    path = _conf(box, f"mqtts://127.0.0.1:{server.at}", f"ca = {Authority(box).crt}\n")
    _wrong(box, path, "tls", "speaks no TLS", f"is port {server.at} the one for TLS?")
    path = _conf(box, f"ws://127.0.0.1:{server.at}/mqtt")
    _wrong(box, path, "websocket", "answers 400", "is the path in url right?")


def a_refused_subscription_is_named(box):
    for number, answer in ((1, b"\x90\x03\xff\xff\x80"), (2, b"\x90\x04\xff\xff\x01\x80")):
        server = box.own(_Server(b"\x20\x02\x00\x00", answer))
        more = "".join(f"receive = cmd/{n} to farm/{n}\n" for n in range(number))
        path = _conf(box, f"mqtt://127.0.0.1:{server.at}", more)
        _wrong(box, path, "suback", f"the broker refuses cmd/{number - 1}", "acl, policy")


def a_right_that_is_missing_there_is_named(box):
    box.gateway("[acl guest]\npublish = #\n", broker_more="acl = guest")
    path = _conf(box, f"mqtt://127.0.0.1:{box.tcp}", "receive = cmd/+/x to farm/%1\n")
    _wrong(box, path, "suback", "the broker refuses cmd/+/x", "let a client without user name")


def a_broker_that_says_nothing_to_a_publish_is_told(box):
    server = box.own(_Server(b"\x20\x02\x00\x00"))
    path = _conf(box, f"mqtt://127.0.0.1:{server.at}", "send = farm/# to dt/%t\n")
    _wrong(box, path, "puback", "no acknowledgement in time", "no right allows that topic")


def a_proxy_is_a_step_of_its_own(box):
    proxy = box.own(_Server(b"HTTP/1.1 403 Forbidden\r\n\r\n"))
    url = f"mqtt://127.0.0.1:{box.cloud}"
    path = _conf(box, url, f"proxy = http://127.0.0.1:{proxy.at}\n")
    _wrong(box, path, "proxy", "the proxy says 403", f"let us through to 127.0.0.1, port {box.cloud}")
    path = _conf(box, url, f"proxy = http://127.0.0.1:{free_port()}\n")
    _wrong(box, path, "tcp", "the proxy: Connection refused", "nothing listens at port")


def an_upstream_that_is_not_configured_is_told(box):
    path = _conf(box, "mqtt://127.0.0.1:1883")
    args = ("upstream", "test", "clod", "-c", path)
    box.run(ROOT / "build/sedge", *args, code=1).wait_line(r"has no \[upstream clod\]")
