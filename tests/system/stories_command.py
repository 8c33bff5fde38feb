"""[upstream] password = command:LINE: run at each connect, beside all else."""

from sedge import ROOT, Program, expect, with_sbin

CLOUD = """
[upstream cloud]
url = mqtt://127.0.0.1:{port}
username = gw
password = "command:{line}"
send = farm/# to dt/%t qos 1
reconnect = {reconnect}
"""


def _script(box, text):
    path = box.dir / "password.sh"
    path.write_text(text)
    return f"sh {path}"


def _sections(box, line, reconnect="100ms..300ms"):
    return CLOUD.format(port=box.cloud, line=line, reconnect=reconnect)


def _guarded(box, password):
    """mosquitto with one user, gw."""
    users = box.dir / "users"
    users.unlink(missing_ok=True)
    box.run("mosquitto_passwd", "-b", "-c", users, "gw", password)
    conf = box.dir / "guarded.conf"
    conf.write_text(
        f"listener {box.cloud} 127.0.0.1\npassword_file {users}\nallow_anonymous false\n"
        "user root\nlog_dest stderr\nlog_type all\n"
    )
    broker = box.own(Program(["mosquitto", "-c", conf], box.dir, env=with_sbin()))
    broker.wait_line(r"mosquitto version .* running")
    return broker


def a_command_gives_the_password_anew_at_each_connect(box):
    """The broker's password changes while it is away, and what the command prints with it."""
    (box.dir / "now").write_text("first-pw\n")
    broker = _guarded(box, "first-pw")
    gateway = box.gateway(_sections(box, _script(box, f"echo run >> {box.dir}/runs; cat {box.dir}/now")))
    gateway.wait_line(r"online with cloud")
    broker.kill()
    gateway.wait_line(r"lost cloud")
    (box.dir / "now").write_text("second-pw\n")
    _guarded(box, "second-pw")
    gateway.wait_lines(r"online with cloud", 2)
    expect((box.dir / "runs").read_text().count("run") >= 2, "it ran at each connect")
    expect(not any("-pw" in line for line in gateway.lines), "no password is logged")


def a_refused_password_is_asked_for_again(box):
    """It prints an old one first, as one that is renewed by another program may."""
    mark = box.dir / "mark"
    script = f"if test -e {mark}; then echo new-pw; else touch {mark}; echo old-pw; fi"
    broker = _guarded(box, "new-pw")
    gateway = box.gateway(_sections(box, _script(box, script)))
    gateway.wait_line(r"cannot reach cloud: .*(password|not authori[sz]ed)")
    gateway.wait_line(r"online with cloud")
    box.mqtt_pub("-t", "farm/t", "-m", "21", "-q", "1")
    broker.wait_line(r"Received PUBLISH from gw-7 \(d0, q1, .*'dt/t'")


def a_command_that_fails_is_told_with_place_and_cause_and_tried_again(box):
    ready = box.dir / "ready"
    script = f"if test -e {ready}; then echo pw; else echo vault is sealed >&2; exit 3; fi"
    _guarded(box, "pw")
    gateway = box.gateway(_sections(box, _script(box, script)))
    where = r"gateway\.conf:\d+: password: the command exits with 3: vault is sealed"
    gateway.wait_lines(rf"cannot reach cloud: \S*{where}", 2)
    ready.touch()
    gateway.wait_line(r"online with cloud")


def a_command_that_hangs_holds_nothing_up(box):
    mark = box.dir / "mark"
    script = f"touch {mark}; read x < {box.dir}/fifo"
    box.run("mkfifo", box.dir / "fifo")
    gateway = box.gateway(_sections(box, _script(box, script)))
    watcher = box.subscriber("-q", "1")
    for i in range(20):
        box.sn_pub("-i", "bed-1", "-t", "farm/x", "-m", str(i), "-q", "1")
    watcher.messages(20)
    expect(not any("cannot reach" in line for line in gateway.lines), "it is still waited for")
    gateway.wait_line(r"cannot reach cloud: .*password: the command does not end within 10 s")


def only_the_password_of_an_upstream_may_be_a_command(box):
    path = box.configure("[web]\nuser = x\npassword = command:echo x\n")
    said = box.run(ROOT / "build/sedge", "check", "-c", path, code=1)
    said.wait_line(r"\[web\] password: is a command, which only \[upstream\] password runs")
