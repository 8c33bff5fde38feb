"""sedge doctor: what keeps a machine from being a gateway is said, with what to do."""

import json
import os
import shutil
import socket

from authority import Authority
from sedge import ROOT, Skipped, expect, expect_equal


def _doctor(box, more="", code=0, before=(), **settings):
    """Findings as (area, result, text, advice)."""
    path = box.configure(more, **settings)
    ran = box.run(*before, ROOT / "build/sedge", "doctor", "-c", path, "--json", code=code)
    lines = [json.loads(line) for line in ran.lines if line.startswith("{")]
    return [(f["area"], f["result"], f["text"], f.get("advice", "")) for f in lines]


def _one(findings, area, word):
    found = [f for f in findings if f[0] == area and word in f[2]]
    expect_equal(len(found), 1, f"findings of {area} with {word!r} in {findings}")
    return found[0]


def a_fit_machine_has_nothing_wrong(box):
    findings = _doctor(box, store=box.dir / "sedge.db")
    wrong = [f for f in findings if f[1] == "wrong"]
    expect_equal(wrong, [], "what is wrong")
    expect_equal(_one(findings, "port", f"udp 127.0.0.1:{box.udp}")[1], "ok", "port of nodes")
    expect_equal(_one(findings, "port", f"tcp 127.0.0.1:{box.tcp}")[1], "ok", "port of programs")
    said = box.run(ROOT / "build/sedge", "doctor", "-c", box.dir / "gateway.conf")
    said.wait_line(r"^0 wrong, \d doubtful$")


def beside_a_running_gateway_its_ports_are_its_own(box):
    box.gateway(store=box.dir / "sedge.db")
    findings = _doctor(box, store=box.dir / "sedge.db")
    expect_equal(_one(findings, "gateway", "it runs")[1], "ok", "gateway")
    for kind, port in (("udp", box.udp), ("tcp", box.tcp)):
        found = _one(findings, "port", f"{kind} 127.0.0.1:{port}")
        expect("served by the running gateway" in found[2], found[2])
    expect("version" in _one(findings, "disk", "sedge.db")[2], "the store is read")


def who_holds_a_port_is_named(box):
    box.mosquitto(port=box.tcp)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", box.udp))
        findings = _doctor(box, code=1)
    found = _one(findings, "port", f"tcp 127.0.0.1:{box.tcp}")
    expect("is in use by mosquitto (process " in found[2], found[2])
    expect("systemctl disable --now mosquitto" in found[3], found[3])
    expect(f"(process {os.getpid()})" in _one(findings, "port", f":{box.udp}")[2], "its process")


def an_address_of_no_network_here_is_told(box):
    more = "[listener far]\ntype = udp\nbind = 192.0.2.7:1884\nallow_insecure = yes\n"
    found = _one(_doctor(box, more, code=1), "port", "192.0.2.7:1884")
    expect("Cannot assign requested address" in found[2], found[2])
    expect("ip addr" in found[3], found[3])


def a_device_is_missing_or_held_and_it_is_said_by_whom(box):
    pair = box.ptys()
    more = f"[listener a]\ntype = serial\ndevice = {pair.names[0]}\n"
    more += "[listener b]\ntype = serial\ndevice = /dev/serial/by-id/usb-none\n"
    more += "[listener c]\ntype = serial\ndevice = usb:1a86:7523\n"
    findings = _doctor(box, more, code=1)
    held = _one(findings, "device", pair.names[0])
    expect(f"(process {os.getpid()})" in held[2], held[2])
    for name in ("usb-none", "usb:1a86:7523"):
        found = _one(findings, "device", name)
        expect("is not there" in found[2] and "dmesg" in found[3], found)


def _as_nobody(box):
    if os.geteuid() != 0:
        raise Skipped("needs root, to be somebody else")
    box.dir.chmod(0o755)
    program = box.dir / "sedge"
    shutil.copy(ROOT / "build/sedge", program)
    return program


def who_may_not_write_the_store_is_told_how(box):
    program = _as_nobody(box)
    folder = box.dir / "state"
    folder.mkdir(0o700)
    folder.chmod(0o755)
    path = box.configure(store=folder / "sedge.db")
    path.chmod(0o644)
    args = ("setpriv", "--reuid=65534", "--clear-groups", program, "doctor", "-c", path)
    said = box.run(*args, code=1)
    said.wait_line(r"WRONG +disk +the store .*/state/sedge.db cannot be written: Permission denied")
    said.wait_line(rf"run `chown -R nobody {folder}`")


def a_device_without_rights_names_the_group(box):
    program = _as_nobody(box)
    device = box.dir / "ttyX"
    device.write_text("")
    device.chmod(0o600)
    path = box.configure(f"[listener a]\ntype = serial\ndevice = {device}\n")
    path.chmod(0o644)
    args = ("setpriv", "--reuid=65534", "--clear-groups", program, "doctor", "-c", path)
    said = box.run(*args, code=1)
    said.wait_line(r"WRONG +device +.*/ttyX may not be used: Permission denied")
    said.wait_line(r"usermod -aG root nobody")


def a_store_in_memory_and_few_descriptors_are_doubtful(box):
    shm = "/dev/shm/sedge-test.db"
    before = ("sh", "-c", 'ulimit -n 64; exec "$0" "$@"')
    findings = _doctor(box, store=shm, before=before)
    limits = _one(findings, "limits", "open files")
    expect_equal(limits[1], "doubtful", "limits")
    expect("LimitNOFILE=10064" in limits[3], limits[3])
    disk = _one(findings, "disk", "/dev/shm")
    expect("in memory" in disk[3] or "lower [store] max" in disk[3], disk)


def a_certificate_that_has_expired_or_soon_will_is_told(box):
    authority = Authority(box)
    more = ""
    for name, days in (("old", -1), ("soon", 5), ("good", 90)):
        cert, key = authority.issue(name, days=days)
        more += f"[broker {name}]\nbind = 127.0.0.1:0\ntransport = tls\ncert = {cert}\nkey = {key}\n"
    findings = _doctor(box, more, code=1)
    for name, result in (("old", "wrong"), ("soon", "doubtful"), ("good", "ok")):
        expect_equal(_one(findings, "certificate", f"broker {name}")[1], result, name)


def a_file_that_is_not_there_is_named_with_its_line(box):
    more = "[broker s]\nbind = 127.0.0.1:0\ntransport = tls\ncert = /no.crt\nkey = /no.key\n"
    found = _one(_doctor(box, more, code=1), "certificate", "/no.crt")
    expect("gateway.conf:" in found[2] and "No such file" in found[2], found[2])


def a_configuration_with_errors_is_the_first_that_is_wrong(box):
    path = box.configure("[upstream u]\nurl = nonsense\n")
    box.run(ROOT / "build/sedge", "doctor", "-c", path, code=1).wait_line(r"gateway.conf:\d+: .*url")
