"""A store on a disk that is full, or cannot be written, or does not sync; and one that rots."""

import contextlib
import os
import shutil
import sqlite3

from sedge import ROOT, Program, Skipped, expect, expect_equal

ZZ = b"zz"  # a short topic name
FAULTS = ROOT / "build/system/disk_faults.so"


def _publish(number, payload):
    """MQTT-SN PUBLISH at QoS 1 to ZZ; a length above 255 has three octets."""
    rest = b"\x0c\x22" + ZZ + number.to_bytes(2, "big") + payload
    if len(rest) < 255:
        return bytes([len(rest) + 1]) + rest
    return b"\x01" + (len(rest) + 3).to_bytes(2, "big") + rest


def _puback(number, code):
    return b"\x07\x0d" + ZZ + number.to_bytes(2, "big") + bytes([code])


def _flows_at_qos_0(box, subscriber, text):
    box.mqtt_pub("-t", "live", "-m", text)
    expect_equal(subscriber.messages(1)[-1][3], text, "a message at QoS 0")


def _drain(box, client, count):
    """What waits for a client, each acknowledged by it when this returns."""
    return box.run(
        "mosquitto_sub", "-h", "127.0.0.1", "-p", box.tcp, "-i", client, "-c", "-q", "1",
        "-t", "zz", "-C", count,
    ).lines  # fmt: skip


# --- full -----------------------------------------------------------------------------------------


class _Disk:
    """A small file system that programs in its mount namespace see, and this one by `root`."""

    def __init__(self, box, size):
        self.box = box
        self.dir = box.dir / "disk"
        self.dir.mkdir()
        if not shutil.which("unshare") or not shutil.which("nsenter"):
            raise Skipped("unshare and nsenter are not there")
        script = 'mount -t tmpfs -o size="$1" none "$2" && echo mounted && exec sleep infinity'
        self.holder = box.start("unshare", "-rm", "sh", "-c", script, "sh", size, self.dir)
        try:
            self.holder.wait_line("^mounted$")
        except Exception:
            raise Skipped(f"no tmpfs may be mounted here: {self.holder.lines}") from None
        self.root = f"/proc/{self.holder.process.pid}/root{self.dir}"

    def within(self, *args):
        pid = self.holder.process.pid
        return ["nsenter", "--preserve-credentials", "-U", "-m", "-t", pid, *args]

    def gateway(self, **settings):
        path = self.box.configure(store=self.dir / "sedge.db", **settings)
        args = self.within(ROOT / "build/sedge", "run", "-c", path)
        gateway = self.box.own(Program(args, self.box.dir))
        gateway.wait_line(r"sedge: ready")
        return gateway

    def fill(self, left=0):
        """Others take all but `left` octets of the room."""
        disk = os.statvfs(self.root)
        count = disk.f_bavail * disk.f_frsize - left
        with open(f"{self.root}/ballast", "ab", buffering=0) as file:
            try:
                while count > 0:
                    count -= file.write(b"x" * min(count, 65536))
            except OSError:
                expect_equal(left, 0, "octets to be left")

    def ease(self):
        os.unlink(f"{self.root}/ballast")


def a_full_disk_is_answered_with_congestion_drains_and_eases_by_itself(box):
    disk = _Disk(box, "4m")
    settings = {"store_more": "min_free = 1MiB\ncommit_delay = 1ms"}
    gateway = disk.gateway(**settings)
    box.keep_session("absent", "zz")
    subscriber = box.subscriber("-q", "0", topics=("live",))
    disk.fill(left=1024 * 1024)
    node = box.node().connect("meter")
    number, code = 0, 0
    while code == 0:
        number += 1
        code = node.ask(_publish(number, b"%04d" % number + b"x" * 996), b"\x0d")[-1]
    expect_equal(code, 1, "code of the PUBACK on a full disk")
    acknowledged = number - 1
    box.note(f"{acknowledged} messages of 1000 octets acknowledged, then congestion")
    expect(acknowledged > 50, "there was room for some")
    gateway.wait_line(r"store full, by \[store\] max, min_free or the disk")
    expect_equal(box.ask("status")[0]["store_state"], "full", "store_state")
    _flows_at_qos_0(box, subscriber, "while full")
    disk.fill()
    gateway.kill()
    disk.fill()
    gateway = disk.gateway(**settings)
    disk.fill()  # what the reserve left while the store was opened
    got = _drain(box, "absent", acknowledged)
    expect_equal([int(text[:4]) for text in got], list(range(1, number)), "messages acknowledged")
    box.keep_session("marker", "mark")  # answered when all before it is stored, deletions too
    held = os.path.exists(f"{disk.root}/sedge.db-reserve")
    box.note("drained with the reserve " + ("held" if held else "given up"))
    gateway.kill()
    gateway = disk.gateway(**settings)
    disk.fill()
    box.keep_session("marker", "mark", "mark/2")
    gateway.wait_line("store full")
    node.connect("meter")
    expect_equal(node.ask(_publish(1, b"full"), b"\x0d"), _puback(1, 1), "PUBACK while full")
    disk.ease()
    gateway.wait_line("the store has room again")
    expect_equal(node.ask(_publish(2, b"again"), b"\x0d"), _puback(2, 0), "PUBACK after")
    expect_equal(_drain(box, "absent", 1), ["again"], "messages after that")


def a_store_on_a_read_only_file_system_is_an_error_at_start(box):
    disk = _Disk(box, "4m")
    path = box.configure(store=disk.dir / "sedge.db")
    box.run(*disk.within("mount", "-o", "remount,ro", disk.dir))
    program = box.run(*disk.within(ROOT / "build/sedge", "run", "-c", path), code=1)
    program.wait_line(r"store .*/sedge\.db cannot be written: Read-only file system")


# --- failing --------------------------------------------------------------------------------------


def _a_fault_stops_acknowledgements(box, fault, cause):
    control = box.dir / "fault"
    path = box.configure(store=box.dir / "sedge.db")
    env = {**os.environ, "LD_PRELOAD": str(FAULTS), "DISK_FAULTS": str(control)}
    args = [ROOT / "build/sedge", "run", "-c", path]
    gateway = box.own(Program(args, box.dir, env=env))
    gateway.wait_line(r"sedge: ready")
    box.keep_session("absent", "zz")
    subscriber = box.subscriber("-q", "0", topics=("live",))
    first, second = box.node().connect("first"), box.node().connect("second")
    expect_equal(first.ask(_publish(1, b"before"), b"\x0d"), _puback(1, 0), "PUBACK before")
    control.write_text(fault)
    first.send(_publish(2, b"under way"))
    gateway.wait_line(f"the store does not keep; acknowledgements wait: {cause}")
    expect_equal(second.ask(_publish(1, b"meanwhile"), b"\x0d"), _puback(1, 1), "PUBACK meanwhile")
    expect_equal(box.ask("status")[0]["store_state"], cause, "store_state")
    box.sedge("status").wait_line(rf"^  store .*sedge\.db: {cause}$")
    _flows_at_qos_0(box, subscriber, "meanwhile")
    control.unlink()
    expect_equal(first.wait(b"\x0d"), _puback(2, 0), "PUBACK of what was under way")
    gateway.wait_line("the store keeps again")
    expect_equal(second.ask(_publish(2, b"after"), b"\x0d"), _puback(2, 0), "PUBACK after")
    gateway.kill()
    box.gateway(store=box.dir / "sedge.db")
    expect_equal(_drain(box, "absent", 3), ["before", "under way", "after"], "messages kept")


def a_disk_that_turns_read_only_stops_acknowledgements_until_it_is_back(box):
    _a_fault_stops_acknowledgements(box, "read-only", "disk I/O error")


def a_disk_that_does_not_sync_stops_acknowledgements_until_it_does(box):
    _a_fault_stops_acknowledgements(box, "sync", "disk I/O error")


# --- rotting --------------------------------------------------------------------------------------


def a_store_that_rots_while_the_gateway_runs_is_replaced_and_told(box):
    path = box.dir / "sedge.db"
    gateway = box.gateway(store=path)
    box.keep_session("absent", "zz")
    node = box.node().connect("meter")
    expect_equal(node.ask(_publish(1, b"before"), b"\x0d"), _puback(1, 0), "PUBACK before")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        with open(path, "r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * (path.stat().st_size - 4096))
        version = other.execute("PRAGMA user_version").fetchone()[0]
        other.execute(f"PRAGMA user_version = {version}")  # so that pages are read anew
    expect_equal(node.ask(_publish(2, b"after"), b"\x0d"), _puback(2, 0), "PUBACK after")
    gateway.wait_line(r"store .*/sedge\.db was corrupt: set aside as .*\.bad-1, 0 rows taken over")
    expect((box.dir / "sedge.db.bad-1").exists(), "the bad file is there")
    conf = box.dir / "gateway.conf"
    box.run(ROOT / "build/sedge", "store", "check", "-c", conf).wait_line("sound$")
    expect_equal(_drain(box, "absent", 2), ["before", "after"], "what was in memory")
