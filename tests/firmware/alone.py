#!/usr/bin/env python3
"""Tries sn-pub, sn-sub and the emulated boards with the gateway of a page: `make node-check`.

What fails here is the node's fault or this gateway's, not Sedge's.
"""
import os
import pathlib
import pty
import random
import socket
import subprocess
import sys
import tempfile
import time
import tty

sys.dont_write_bytecode = True
from fake_gateway import Line, Udp  # noqa: E402

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build"
WAIT_S = 30


def start(program, *args, **options):
    return subprocess.Popen([BUILD / program, *map(str, args)], text=True, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def run(program, *args, code=0, text=None):
    """Runs it to its end; returns stdout, or stderr if it is to fail."""
    process = start(program, *args)
    out, err = process.communicate(text, timeout=WAIT_S)
    assert process.returncode == code, (program, args, process.returncode, out, err)
    return out if code == 0 else err


def until(condition, what):
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def subscribed(gateway, count=1):
    return sum(len(node.subs) for node in gateway.nodes.values()) >= count


def publishes_at_every_qos():
    udp = Udp(predefined={7: "seven"})
    for qos in (0, 1, 2):
        run("sn-pub", "-p", udp.port, "-t", "a/b", "-m", "x", "-q", qos)
    run("sn-pub", "-p", udp.port, "-t", "ab", "-m", "short", "-q", -1)
    run("sn-pub", "-p", udp.port, "-T", 7, "-n", "-r", "-q", 1)
    assert udp.gateway.published == [
        ("a/b", b"x", 0, False), ("a/b", b"x", 1, False), ("a/b", b"x", 2, False),
        ("ab", b"short", 3, False), ("seven", b"", 1, True)]
    assert "invalid topic id" in run("sn-pub", "-p", udp.port, "-T", 8, "-n", "-q", 1, code=1)


def publishes_lines_and_files():
    udp = Udp()
    run("sn-pub", "-p", udp.port, "-t", "l/l", "-l", "-q", 1, text="one\n\nthree")
    run("sn-pub", "-p", udp.port, "-t", "s/s", "-s", text="one\ntwo\n")
    assert [data for _, data, *_ in udp.gateway.published] == [b"one", b"", b"three",
                                                               b"one\ntwo\n"]


def gets_through_loss():
    chance = random.Random(5)
    udp = Udp(lose=lambda count, packet: chance.random() < 0.3)
    run("sn-pub", "-p", udp.port, "-t", "a/b", "-m", "x", "-q", 2, "--retry", 0.05)
    assert udp.gateway.published == [("a/b", b"x", 2, False)]


def subscribes_and_counts():
    udp = Udp(predefined={7: "seven"})
    sub = start("sn-sub", "-p", udp.port, "-t", "c/#", "-T", 7, "-v", "-C", 2, "-q", 1)
    until(lambda: subscribed(udp.gateway, 2), "two subscriptions")
    with udp.lock:
        udp.gateway.publish("c/x", b"1", 1)
    run("sn-pub", "-p", udp.port, "-T", 7, "-m", "2", "-q", 1)
    out, err = sub.communicate(timeout=WAIT_S)
    assert (sub.returncode, out) == (0, "c/x 1\nseven 2\n"), (sub.returncode, out, err)


def fetches_from_sleep():
    udp = Udp()
    sub = start("sn-sub", "-p", udp.port, "-t", "c/#", "-e", 1, "-C", 3, "-q", 1, "-d")
    until(lambda: any(n.state == "asleep" for n in udp.gateway.nodes.values()), "sleep")
    with udp.lock:
        for i in range(3):
            udp.gateway.publish(f"c/{i}", b"%d" % i, 1)
    out, err = sub.communicate(timeout=WAIT_S)
    assert (sub.returncode, out) == (0, "0\n1\n2\n"), (sub.returncode, out, err)
    assert "-> DISCONNECT duration 1" in err and "-> PINGREQ \"sn-sub" in err, err


def says_why_there_is_no_answer():
    closed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    closed.bind(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    args = ("sn-pub", "-p", port, "-t", "a/b", "-m", "x", "--retry", 0.05)
    assert "no answer from 127.0.0.1" in run(*args, code=1)
    closed.close()
    assert "is the gateway running?" in run(*args, code=1)
    assert "timed out" in run("sn-sub", "-p", Udp().port, "-t", "a", "-W", 1, code=27)


def runs_on_a_line():
    master, slave = pty.openpty()
    tty.setraw(slave)
    line = Line(master)
    run("sn-pub", "--serial", os.ttyname(slave), "-t", "a/b", "-m", "x" * 400, "-q", 1)
    assert line.gateway.published == [("a/b", b"x" * 400, 1, False)]


def board(name):
    """The thermometer's whole life."""
    path = os.path.join(tempfile.mkdtemp(), "uart")
    qemu = subprocess.Popen(
        ["qemu-system-arm", "-M", name, "-kernel", BUILD / f"node/{name}/thermometer.elf",
         "-nographic", "-monitor", "none", "-semihosting-config", "enable=on,target=native",
         "-chardev", f"socket,id=uart,path={path},server=on,wait=off", "-serial", "chardev:uart"],
        stdin=subprocess.DEVNULL)
    try:
        until(lambda: os.path.exists(path), "qemu's socket")
        uart = socket.socket(socket.AF_UNIX)
        uart.connect(path)
        line = Line(uart.fileno())
        until(lambda: subscribed(line.gateway), "a subscription")
        with line.lock:
            line.gateway.publish(f"thermo-{name}/command", b"blink", 1)
        assert qemu.wait(WAIT_S) == 0
        assert line.gateway.published[-1] == (f"thermo-{name}/done", b"blink", 1, False)
    finally:
        qemu.kill()
        qemu.wait()


def runs_on_mps2():
    board("mps2-an385")


def runs_on_microbit():
    board("microbit")


if __name__ == "__main__":
    for story in (publishes_at_every_qos, publishes_lines_and_files, gets_through_loss,
                  subscribes_and_counts, fetches_from_sleep, says_why_there_is_no_answer,
                  runs_on_a_line, runs_on_mps2, runs_on_microbit):
        began = time.monotonic()
        story()
        print(f"ok {story.__name__.replace('_', ' ')} ({time.monotonic() - began:.1f} s)")
