"""Who may connect: hashes of passwords, users, logins."""

import os
import pty
import re
import stat
import subprocess
import termios

from sedge import ROOT, expect, expect_equal

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
    expect_equal(_at_terminal(box, b"secret\n", b"secret\n")[0], 0, "exit code")
    code, said = _at_terminal(box, b"secret\n", b"sceret\n")
    expect_equal(code, 1, "exit code")
    expect("the two are not the same" in said, said)
    code, said = _at_terminal(box, b"secret\n", b"\x03")
    expect_equal(code, 1, "exit code after Ctrl-C")
    expect("interrupted" in said, said)


def _at_terminal(box, *answers):
    """Answers each prompt; returns (exit code, all that the terminal showed)."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(SEDGE, [SEDGE, "passwd"])
    said = b""
    for prompt, answer in zip((b"Password: ", b"Again: "), answers):
        while not said.endswith(prompt):
            said += os.read(terminal, 1024)
        expect(not termios.tcgetattr(terminal)[3] & termios.ECHO, "no echo while it is typed")
        os.write(terminal, answer)
    try:
        while more := os.read(terminal, 1024):
            said += more
    except OSError:
        pass  # the terminal's other end is closed
    os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    said = said.decode()
    expect("secret" not in said and "sceret" not in said, f"the password is not shown: {said}")
    expect(code != 0 or re.search(HASH.strip("^$"), said), f"a hash: {said}")
    return code, said


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
