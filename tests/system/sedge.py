"""Support of the system stories: real programs in a folder of their own, with deadlines.

A Box is one story's world. It starts programs, reads what they say line by line, and ends all of
them when the story is over. Nothing sleeps to synchronise: a story waits for a line, a message,
an exit or a datagram, and a wait that takes too long fails the story with what was said so far.
"""

import json
import os
import pathlib
import pty
import re
import selectors
import signal
import socket
import subprocess
import threading
import time
import tty

ROOT = pathlib.Path(__file__).resolve().parents[2]
WAIT_S = 20  # for anything that must happen; generous, since it is only reached by a failure


class Failed(Exception):
    """What a story expected did not happen."""


class Skipped(Exception):
    """The machine lacks what the story needs; the text says what."""


def expect(true, what):
    if not true:
        raise Failed(what)


def expect_equal(got, wanted, what):
    if got != wanted:
        raise Failed(f"{what}: wanted {wanted!r}, got {got!r}")


class Program:
    """A process whose output, both streams, is kept line by line."""

    def __init__(self, args, cwd, env=None, text_in=False):
        self.name = pathlib.Path(args[0]).name
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [str(arg) for arg in args],
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE if text_in else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.lines = []
        self.changed = threading.Condition()
        self.open = True
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.open = False
            self.changed.notify_all()

    def said(self):
        return f"{self.name} said:\n" + "\n".join("    " + line for line in self.lines[-40:])

    def wait_lines(self, pattern, count=1, wait_s=WAIT_S):
        """The first `count` lines that match, as matches; fails when they do not come."""
        wanted = re.compile(pattern)

        def found():
            return [m for m in map(wanted.search, self.lines) if m]

        with self.changed:
            self.changed.wait_for(lambda: len(found()) >= count or not self.open, wait_s)
            matches = found()
        if len(matches) < count:
            raise Failed(f"{len(matches)} of {count} lines like {pattern!r}; {self.said()}")
        return matches[:count]

    def wait_line(self, pattern, wait_s=WAIT_S):
        return self.wait_lines(pattern, 1, wait_s)[0]

    def wait_exit(self, wait_s=WAIT_S):
        """Exit code, negative for a signal."""
        try:
            code = self.process.wait(wait_s)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} did not end; {self.said()}") from None
        self.reader.join(WAIT_S)
        return code

    def write(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def kill(self):
        self.process.kill()
        self.wait_exit()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(WAIT_S)
        if self.process.stdin:
            self.process.stdin.close()
        self.reader.join(WAIT_S)
        self.process.stdout.close()


class Subscriber(Program):
    """mosquitto_sub, subscribed by the time this returns. Messages are (topic, qos, retain, text)."""

    def __init__(self, box, port, *options, topics=("#",)):
        args = ["stdbuf", "-oL", "mosquitto_sub", "-h", "127.0.0.1", "-p", port, "-d"]
        args += ["-F", "= %q %r %t %p", *options]
        for topic in topics:
            args += ["-t", topic]
        super().__init__(args, box.dir)
        self.name = "mosquitto_sub"
        self.wait_line(r"^Subscribed \(mid")

    def messages(self, count, wait_s=WAIT_S):
        found = self.wait_lines(r"^= (\d) (\d) (\S+) (.*)$", count, wait_s)
        return [(m[3], int(m[1]), int(m[2]), m[4]) for m in found]

    def now(self):
        """Messages that came so far."""
        found = [re.match(r"^= (\d) (\d) (\S+) (.*)$", line) for line in list(self.lines)]
        return [(m[3], int(m[1]), int(m[2]), m[4]) for m in found if m]


class Node:
    """MQTT-SN by hand: datagrams out, datagrams in."""

    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(WAIT_S)

    def send(self, octets):
        self.socket.send(octets)

    def ask(self, octets, answer):
        """Sends, and waits for a datagram that begins with `answer` (after its length octet)."""
        self.send(octets)
        return self.wait(answer)

    def wait(self, answer):
        end = time.monotonic() + WAIT_S
        try:
            while time.monotonic() < end:
                got = self.socket.recv(65536)
                if got[1 : 1 + len(answer)] == answer:
                    return got
        except TimeoutError:
            pass
        raise Failed(f"no answer {answer.hex()}")

    def wait_publish(self, topic):
        """Takes the id that the gateway gives to `topic`, then a PUBLISH: (topic id, payload)."""
        register = self.wait(b"\x0a")
        expect_equal(register[6:], topic.encode(), "name in REGISTER")
        got = self.ask(b"\x07\x0b" + register[2:6] + b"\x00", b"\x0c")
        expect_equal(got[3:5], register[2:4], "topic id of the PUBLISH")
        return got[3:5], got[7:]

    def connect(self, client_id, keepalive_s=60, clean=True):
        name = client_id.encode()
        flags = 0x04 if clean else 0
        octets = bytes([6 + len(name), 4, flags, 1]) + keepalive_s.to_bytes(2, "big") + name
        got = self.ask(octets, b"\x05")
        expect_equal(got, b"\x03\x05\x00", f"CONNACK of {client_id}")
        return self

    def close(self):
        self.socket.close()


class PtyBus:
    """Terminals joined as one line: what one says all others hear, some of it damaged by `noise`, a
    function of octets. Two are a null-modem cable."""

    def __init__(self, count=2, noise=None, others=()):
        """`others`: terminals of programs that made their own."""
        self.masters, self.slaves, self.names = [], [], []
        self.noise = noise
        for _ in range(count):
            self._add()
        for name in others:
            fd = os.open(name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            tty.setraw(fd)
            self.masters.append(fd)
        self.stop_in, self.stop_out = os.pipe()
        self._start()

    def _start(self):
        self.pump = threading.Thread(target=self._pump, daemon=True)
        self.pump.start()

    def _stop(self):
        os.write(self.stop_out, b"x")
        self.pump.join(WAIT_S)
        os.read(self.stop_in, 1)

    def unplug(self, i):
        """The terminal goes, as an adapter does that is pulled out."""
        self._stop()
        os.close(self.slaves.pop(i))
        os.close(self.masters.pop(i))
        self.names.pop(i)
        self._start()

    def plug(self):
        """One more terminal; its name."""
        self._stop()
        self._add()
        self._start()
        return self.names[-1]

    def _add(self):
        master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self.masters.append(master)
        self.slaves.append(slave)  # kept open, so that a closed end is no hang-up
        self.names.append(os.ttyname(slave))

    def _pump(self):
        with selectors.DefaultSelector() as ready:
            ready.register(self.stop_in, selectors.EVENT_READ, None)
            for master in self.masters:
                ready.register(master, selectors.EVENT_READ, master)
            while True:
                for key, _ in ready.select():
                    if key.data is None:
                        return
                    try:
                        octets = os.read(key.fd, 4096)
                    except OSError:  # the other program has ended
                        ready.unregister(key.fd)
                        continue
                    self._tell(key.fd, self.noise(octets) if self.noise else octets)

    def _tell(self, speaker, octets):
        for master in self.masters:
            try:
                if master != speaker:
                    os.write(master, octets)
            except OSError:
                pass  # nobody reads there, or is there: a line does not wait

    def end(self):
        self._stop()
        for fd in [*self.masters, *self.slaves, self.stop_in, self.stop_out]:
            os.close(fd)


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Box:
    """One story's folder, ports and programs."""

    def __init__(self, folder):
        self.dir = pathlib.Path(folder)
        self.udp = free_port(socket.SOCK_DGRAM)
        self.tcp = free_port()
        self.cloud = free_port()
        self.control = self.dir / "sedge.sock"
        self.things = []
        self.notes = []

    def own(self, thing):
        self.things.append(thing)
        return thing

    def note(self, text):
        """Shown beside the story's result."""
        self.notes.append(text)

    def end(self):
        for thing in reversed(self.things):
            (thing.end if hasattr(thing, "end") else thing.close)()

    def failure(self):
        """What the programs said, for a story that failed."""
        return "\n".join(t.said() for t in self.things if isinstance(t, Program))

    # The gateway.

    def configure(
        self, more="", store="none", udp_more="", broker_more="", store_more="", name="gw-7"
    ):
        path = self.dir / "gateway.conf"
        path.write_text(
            f"[gateway]\nname = {name}\ncontrol = {self.control}\n\n"
            f"[listener udp]\ntype = udp\nbind = 127.0.0.1:{self.udp}\n{udp_more}\n"
            f"[broker local]\nbind = 127.0.0.1:{self.tcp}\n{broker_more}\n"
            f"[store]\npath = {store}\n{store_more}\n\n{more}\n"
        )
        return path

    def gateway(self, more="", **settings):
        """The gateway, ready; `more` are further sections of its configuration."""
        path = self.configure(more, **settings)
        gateway = self.own(Program([ROOT / "build/sedge", "run", "-c", path], self.dir))
        gateway.wait_line(r"sedge: ready")
        return gateway

    def node(self):
        return self.own(Node(self.udp))

    # Programs that run to their end: (code, lines).

    def run(self, *args, text_in=None, code=0, wait_s=WAIT_S):
        program = self.own(Program(args, self.dir, text_in=text_in is not None))
        if text_in is not None:
            program.write(text_in)
            program.process.stdin.close()
            program.process.stdin = None
        got = program.wait_exit(wait_s)
        if code is not None and got != code:
            raise Failed(f"exit code {got}, wanted {code}; {program.said()}")
        return program

    def sedge(self, *args, **more):
        """A command that asks the running gateway."""
        return self.run(ROOT / "build/sedge", *args, "--socket", self.control, **more)

    def ask(self, *args):
        """The lines of such an answer, as dictionaries."""
        return [json.loads(line) for line in self.sedge(*args, "--json").lines]

    def sn_pub(self, *options, **more):
        return self.run(ROOT / "build/sn-pub", "-h", "127.0.0.1", "-p", self.udp, *options, **more)

    def mqtt_pub(self, *options, port=None, **more):
        port = port or self.tcp
        return self.run("mosquitto_pub", "-h", "127.0.0.1", "-p", port, *options, **more)

    # Programs that go on.

    def start(self, *args, **more):
        return self.own(Program(args, self.dir, **more))

    def sn_sub(self, *options):
        """sn-sub, subscribed by the time this returns."""
        program = self.start(
            ROOT / "build/sn-sub", "-h", "127.0.0.1", "-p", self.udp, "-d", "-v", *options
        )
        program.wait_line(r"SUBACK")
        return program

    def subscriber(self, *options, port=None, topics=("#",)):
        return self.own(Subscriber(self, port or self.tcp, *options, topics=topics))

    def keep_session(self, client_id, *topics, port=None, qos=1):
        """Leaves a kept, subscribed session of an MQTT client behind."""
        args = [arg for topic in topics for arg in ("-t", topic)]
        self.run(
            "mosquitto_sub", "-h", "127.0.0.1", "-p", port or self.tcp, "-i", client_id,
            "-c", "-q", qos, "-E", *args,
        )  # fmt: skip

    def mosquitto(self, log="all", port=None, host="127.0.0.1"):
        """A broker at self.cloud, or `port`, that keeps its sessions when it is stopped and started
        again; at all addresses of `host`."""
        port = port or self.cloud
        conf = self.dir / f"mosquitto-{port}.conf"
        conf.write_text(
            f"listener {port} {host}\nallow_anonymous true\nuser root\n"
            f"persistence true\npersistence_location {self.dir}/\n"
            f"persistence_file mosquitto-{port}.db\n"
            f"log_dest stderr\nlog_type {log}\nmax_queued_messages 0\nmax_inflight_messages 20\n"
        )
        broker = self.own(Program(["mosquitto", "-c", conf], self.dir, env=with_sbin()))
        broker.wait_line(r"mosquitto version .* running")
        return broker

    def ptys(self, count=2, noise=None, others=()):
        return self.own(PtyBus(count, noise, others))


def with_sbin():
    return {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}


def memory_kib(pid):
    """Resident memory of a process."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])


def stop(program, by=signal.SIGTERM):
    """Sends the signal; returns (exit code, seconds until the end)."""
    start = time.monotonic()
    program.process.send_signal(by)
    return program.wait_exit(), time.monotonic() - start
