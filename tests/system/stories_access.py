"""Who may connect: hashes of passwords, users, logins."""

import fcntl
import os
import pty
import re
import select
import socket
import stat
import subprocess
import termios
import time

from sedge import ROOT, WAIT_S, expect, expect_equal, free_port

SEDGE = ROOT / "build/sedge"
HASH = r"^\$argon2id\$v=19\$m=4096,t=3,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$"


def _user(box, password):
    return box.configure(f"[user panel]\npassword = {password}\n")


def passwd_prints_a_hash_that_check_accepts(box):
    line = box.run(SEDGE, "passwd", text_in="correct horse\n").lines[0]
    expect(re.match(HASH, line), f"a hash: {line}")
    box.run(SEDGE, "check", "-c", _user(box, line))
    box.run(SEDGE, "passwd", text_in="\n", code=1).wait_line("the password is empty")
    box.run(SEDGE, "passwd", text_in="x" * 4097, code=1).wait_line("at most 4096 octets")


def passwd_writes_a_file_for_its_owner_alone(box):
    path = box.dir / "panel.pw"
    before = ""
    for _ in range(2):
        expect_equal(box.run(SEDGE, "passwd", path, text_in="s\n").lines, [], "output")
        expect_equal(stat.S_IMODE(path.stat().st_mode), 0o600, "mode")
        expect(re.match(HASH, path.read_text()), f"a hash: {path.read_text()}")
        expect(path.read_text() != before, "a new one")
        before = path.read_text()
    box.run(SEDGE, "check", "-c", _user(box, f"file:{path}"))
    box.run(SEDGE, "passwd", box.dir / "none" / "x", text_in="s\n", code=1).wait_line("No such file")
    expect_equal([p.name for p in box.dir.iterdir() if "panel" in p.name], ["panel.pw"], "left behind")


def passwd_asks_a_terminal_twice_without_echo(box):
    code, said = _at_terminal(b"secret\n", b"secret\n")
    expect_equal(code, 0, "exit code")
    expect(re.search(HASH.strip("^$"), said), f"a hash: {said}")
    code, said = _at_terminal(b"secret\n", b"sceret\n")
    expect_equal(code, 1, "exit code")
    expect("the two are not the same" in said, said)
    expect_equal(_at_terminal(b"secret\n", b"\x03")[0], 1, "exit code after Ctrl-C")


def _at_terminal(*answers):
    """Answers each prompt; returns (exit code, all that the terminal showed)."""
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [SEDGE, "passwd"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    try:
        said = b""
        for prompt, answer in zip((b"Password: ", b"Again: "), answers):
            while not said.endswith(prompt):
                said += _shown(ours)
            expect(not termios.tcgetattr(theirs)[3] & termios.ECHO, "no echo while it is typed")
            os.write(ours, answer)
        code = program.wait(WAIT_S)
        expect(termios.tcgetattr(theirs)[3] & termios.ECHO, "echo when it has ended")
        os.close(theirs)
        theirs = None
        said = (said + _all_shown(ours)).decode()
        expect("secret" not in said and "sceret" not in said, f"the password is not shown: {said}")
        return code, said
    finally:
        program.kill()
        program.wait()
        os.close(ours)
        if theirs is not None:
            os.close(theirs)


def _shown(terminal):
    """What a terminal shows next."""
    expect(select.select([terminal], [], [], WAIT_S)[0], "the terminal shows something")
    return os.read(terminal, 4096)


def _all_shown(terminal):
    """The rest, when nobody has the other end open any more."""
    said = b""
    try:
        while more := _shown(terminal):
            said += more
    except OSError:
        pass
    return said


def hashes_of_mosquitto_passwd_are_accepted_and_broken_ones_named(box):
    path = box.dir / "passwords"
    subprocess.run(["mosquitto_passwd", "-c", "-b", path, "panel", "secret"], check=True)
    line = path.read_text().strip().removeprefix("panel:")
    box.run(SEDGE, "check", "-c", _user(box, line))
    box.run(SEDGE, "check", "-c", _user(box, line[:-1]), code=1).wait_line(
        r"gateway\.conf:\d+: \[user panel\] password: has a hash that is not base64"
    )
    path.chmod(0o600)
    box.run(SEDGE, "check", "-c", _user(box, f"file:{path}"), code=1).wait_line(
        r"gateway\.conf:\d+: \[user panel\] password: names a text that is no hash"
    )


# Logins: a port that wants a password beside the Box's own, which is for anybody without a name.


def _hash(box, password):
    return box.run(SEDGE, "passwd", text_in=password + "\n").lines[0]


def _site(box, users, more=""):
    """The gateway; `users` is (name, hash) of each. Returns the port that wants a password."""
    port = free_port()
    sections = "".join(f"[user {name}]\npassword = {text}\n" for name, text in users)
    ports = f"[broker closed]\nbind = 127.0.0.1:{port}\nanonymous = no\n"
    box.gateway(f"{sections}{ports}{more}")
    return port


def _pub(box, port, *options, text="on", code=0):
    return box.mqtt_pub("-t", "farm/x", "-m", text, "-q", "1", *options, port=port, code=code)


def a_login_needs_the_right_password(box):
    port = _site(box, [("panel", _hash(box, "secret"))])
    subscriber = box.subscriber(topics=("farm/#",))
    _pub(box, port, "-u", "panel", "-P", "secret")
    _pub(box, port, "-u", "panel", "-P", "secret")
    subscriber.messages(2)
    for options in (
        ("-u", "panel", "-P", "sceret"),
        ("-u", "panel", "-P", ""),
        ("-u", "nobody", "-P", "secret"),
        ("-u", "panel"),
    ):
        refused = _pub(box, port, *options, code=None)
        expect(refused.process.returncode != 0, f"{options} is refused")
        refused.wait_line("bad user name or password")
    refused = _pub(box, port, code=None)
    refused.wait_line("not authorised")
    _pub(box, port, "-u", "panel", "-P", "secret", text="end")
    texts = [text for _, _, _, text in subscriber.messages(3)]
    expect_equal(texts, ["on", "on", "end"], "messages")


def an_anonymous_port_serves_without_a_name_and_checks_with_one(box):
    _site(box, [("panel", _hash(box, "secret"))])
    _pub(box, box.tcp)
    _pub(box, box.tcp, "-u", "panel", "-P", "secret")
    _pub(box, box.tcp, "-u", "panel", "-P", "wrong", code=None).wait_line("bad user name")


def a_user_made_by_mosquitto_passwd_logs_in(box):
    path = box.dir / "passwords"
    subprocess.run(["mosquitto_passwd", "-c", "-b", path, "panel", "gr\u00fcn 7"], check=True)
    name, text = path.read_text().strip().split(":", 1)
    one_line = box.dir / "panel.pw"
    one_line.touch(0o600)
    one_line.write_text(text + "\n")
    port = _site(box, [(name, text), ("second", f"file:{one_line}")])
    for user in (name, "second"):
        _pub(box, port, "-u", user, "-P", "gr\u00fcn 7")
        _pub(box, port, "-u", user, "-P", "gr\u00fcn", code=None).wait_line("bad user name")


def _text(octets):
    return len(octets).to_bytes(2, "big") + octets


def _connect(port, client_id, user, password):
    """A connection that has sent CONNECT with a clean session and 60 s."""
    rest = b"\x00\x04MQTT\x04\xc2\x00\x3c" + _text(client_id) + _text(user) + _text(password)
    link = socket.create_connection(("127.0.0.1", port), WAIT_S)
    link.sendall(b"\x10" + bytes([len(rest)]) + rest)
    return link


def _code(link):
    """The return code of the CONNACK."""
    answer = b""
    while len(answer) < 4:
        more = link.recv(4 - len(answer))
        expect(more, f"a CONNACK, not the end after {answer.hex()}")
        answer += more
    return answer[3]


def a_storm_of_reconnects_with_a_known_password_is_served_at_once(box):
    port = _site(box, [("panel", _hash(box, "secret"))])
    _pub(box, port, "-u", "panel", "-P", "secret")
    start = time.monotonic()
    links = [box.own(_connect(port, b"c%d" % i, b"panel", b"secret")) for i in range(200)]
    expect_equal({_code(link) for link in links}, {0}, "return codes")
    box.note(f"200 logins in {1000 * (time.monotonic() - start):.0f} ms")


def a_flood_of_wrong_passwords_is_told_busy_and_delays_nobody(box):
    port = _site(box, [("panel", _hash(box, "secret"))])
    subscriber = box.subscriber(topics=("farm/#",))
    link = box.own(_connect(port, b"known", b"panel", b"secret"))
    expect_equal(_code(link), 0, "return code")
    flood = [box.own(_connect(port, b"w%d" % i, b"panel", b"wrong")) for i in range(200)]
    start = time.monotonic()
    for i in range(100):
        link.sendall(b"\x32\x0c\x00\x06farm/x" + (i + 1).to_bytes(2, "big") + b"on")
        expect_equal(link.recv(4), b"\x40\x02" + (i + 1).to_bytes(2, "big"), "PUBACK")
    milliseconds = 1000 * (time.monotonic() - start)
    box.note(f"100 publications one after the other during the flood: {milliseconds:.0f} ms")
    subscriber.messages(100)
    codes = [_code(wrong) for wrong in flood]
    expect_equal(set(codes), {3, 4}, "return codes: busy, or bad")
    expect(codes.count(4) >= 15, f"a burst is computed: {codes.count(4)}")
    again = box.own(_connect(port, b"again", b"panel", b"secret"))
    expect_equal(_code(again), 0, "a known password needs no computation")
