"""sn-sim and sn-dump against the real gateway."""

import json
import os
import shutil
import signal
import socket

from sedge import ROOT, Skipped, expect, expect_equal, free_port

SIM = ROOT / "build/sn-sim"
DUMP = ROOT / "build/sn-dump"


def _sim(box, *options, code=0, wait_s=60):
    """sn-sim to its end: its report."""
    program = box.run(SIM, "-p", box.udp, "--json", *options, code=code, wait_s=wait_s)
    return json.loads(program.lines[-1])


def all_that_simulated_nodes_had_acknowledged_arrives_in_spite_of_loss(box):
    box.gateway()
    subscriber = box.subscriber("-q", "1", topics=("farm/#",))
    report = _sim(
        box, "--count", "200", "--topic", "farm/%n/value", "--every", "50ms", "--messages", "5",
        "--loss", "5%", "--duplicate", "2%", "--retry", "100ms", "--retries", "10", "--seed", "7",
    )  # fmt: skip
    expect_equal(report["connected"], 200, "nodes connected")
    expect_equal(report["acknowledged"], 1000, "messages acknowledged")
    expect(report["lost_sent"] > 0 and report["lost_received"] > 0, "packets were lost")
    expect(report["retried"] > 0, "packets were sent again")
    subscriber.wait_lines(r"^= ", 1000, 30)
    box.mqtt_pub("-t", "farm/end", "-m", "end", "-q", "1")
    subscriber.wait_line(r"^= .* farm/end end$")
    got = {(topic, text[9:16]) for topic, _, _, text in subscriber.now()} - {("farm/end", "")}
    wanted = {(f"farm/sim-{i}/value", f"{n:07x}") for i in range(1, 201) for n in range(5)}
    expect(got == wanted, f"missing: {sorted(wanted - got)[:5]}, unknown: {sorted(got - wanted)[:5]}")


def simulated_sleepers_get_all_that_was_published_while_they_slept(box):
    box.gateway()
    (box.dir / "night.sim").write_text(
        "[nodes gauge]\ncount = 5\ntopic = night/%n\nevery = 100ms\nmessages = 10\nstart = 0\n"
        "[nodes sleeper]\ncount = 10\nsubscribe = night/# qos 1\nsubscribe = own/%n qos 2\n"
        "topic = own/%n\nqos = 2\nevery = 1s\nmessages = 2\nsleep = 2s\nstart = 0\n"
    )
    report = _sim(box, "night.sim", "--drain", "30s")
    expect_equal(report["connected"], 15, "nodes connected")
    expect_equal(report["acknowledged"], 70, "messages acknowledged")
    expect_equal(report["owed"], 10 * 50 + 20, "messages owed to sleepers")
    expect_equal(report["missing"], 0, "messages missing")
    expect(report["wakes"] >= 10, "sleepers woke up")


def each_message_of_qos_minus_1_needs_no_connection(box):
    box.gateway(
        "[topics default]\n7 = farm/gate\n", udp_more="publish_without_connect = yes\n"
    )
    subscriber = box.subscriber("-q", "1")
    report = _sim(
        box, "--count", "3", "--qos", "-1", "--topic_id", "7", "--topic", "ab", "--every", "10ms",
        "--messages", "4", "--payload", "30",
    )  # fmt: skip
    expect_equal(report["published"], 12, "messages published")
    expect_equal(report["connects"], 0, "connections")
    topics = sorted(topic for topic, _, _, _ in subscriber.messages(12))
    expect_equal(topics, ["ab"] * 6 + ["farm/gate"] * 6, "topics")


def simulated_nodes_share_a_socket_behind_a_forwarder(box):
    box.gateway(udp_more="forwarders = 127.0.0.0/8\n")
    subscriber = box.subscriber("-q", "1")
    report = _sim(
        box, "--count", "50", "--sockets", "2", "--every", "0", "--messages", "2", "--start", "0",
        "--subscribe", "sim/sim-7", "--topic", "sim/%n",
    )  # fmt: skip
    expect_equal(report["connected"], 50, "nodes connected")
    expect_equal(report["acknowledged"], 100, "messages acknowledged")
    expect_equal(report["owed"], 100, "messages owed to nodes")
    expect_equal(report["missing"], 0, "messages missing")
    topics = sorted(topic for topic, _, _, _ in subscriber.messages(100))
    expect_equal(topics, sorted(f"sim/sim-{i}" for i in range(1, 51) for _ in (1, 2)), "topics")


def a_simulated_node_that_falls_silent_has_its_will_published(box):
    box.gateway()
    subscriber = box.subscriber("-q", "1", topics=("will/#",))
    _sim(
        box, "--count", "2", "--will", "will/%n", "--will_message", "lost", "--keepalive", "1s",
        "--every", "0", "--messages", "1", "--disconnect", "no",
    )  # fmt: skip
    got = sorted(subscriber.messages(2))
    expect_equal(got, [(f"will/sim-{i}", 1, 0, "lost") for i in (1, 2)], "wills")


def sn_sim_says_by_its_exit_code_that_nodes_could_not_connect(box):
    report = _sim(
        box, "--for", "100ms", "--retry", "20ms", "--retries", "1", "--count", "3", code=2
    )
    expect_equal(report["connected"], 0, "nodes connected")


def sn_sim_tells_each_error_of_a_profile_and_starts_nothing(box):
    (box.dir / "bad.sim").write_text("[nodes a]\nqos = 3\n\ncolour = red\n")
    program = box.run(SIM, "bad.sim", code=1)
    expect_equal(
        program.lines,
        [
            "bad.sim:2: qos: is outside what is allowed",
            "bad.sim:4: colour: no such key; sn-sim --help lists them",
        ],
        "errors",
    )


def sn_sim_ends_in_order_when_it_is_interrupted(box):
    box.gateway()
    subscriber = box.subscriber("-q", "1", topics=("sim/#",))
    program = box.start(SIM, "-p", box.udp, "--count", "3", "--every", "20ms", "--report", "100ms")
    subscriber.messages(10)
    program.wait_line(r"3 of 3 connected")
    program.process.send_signal(signal.SIGINT)
    expect_equal(program.wait_exit(), 0, "exit code")
    program.wait_line(r"^3 nodes, ")


def _end(program):
    """Interrupts sn-dump and waits for its summary: (packets, lines of packets)."""
    program.process.send_signal(signal.SIGINT)
    expect_equal(program.wait_exit(), 0, "exit code of sn-dump")
    count = int(program.wait_line(r"^(\d+) packets of MQTT-SN")[1])
    lines = [line for line in program.lines if line[2:3] == ":"]
    expect_equal(len(lines), count, "lines of packets")
    return count, lines


def _record_a_run(box):
    """Nodes on a lossy way through sn-dump's proxy, kept in run.pcapng: its lines."""
    port = free_port(socket.SOCK_DGRAM)
    box.gateway(udp_more="retry = 100ms\n")
    dump = box.start(DUMP, "--proxy", port, "-p", box.udp, "-w", "run.pcapng")
    dump.wait_line(r"^sn-dump: nodes on")
    report = json.loads(
        box.run(
            SIM, "-p", port, "--json", "--count", "20", "--topic", "farm/%n/value", "--every",
            "20ms", "--messages", "5", "--subscribe", "farm/sim-1/+ qos 2", "--loss", "5%",
            "--retry", "100ms", "--retries", "10", "--seed", "3",
        ).lines[-1]
    )  # fmt: skip
    count, lines = _end(dump)
    sent = report["packets_sent"] - report["lost_sent"]
    expect_equal(report["missing"], 0, "messages missing")
    expect_equal(count, sent + report["packets_received"], "packets that sn-sim and sn-dump saw")
    return lines


def what_sn_dump_recorded_it_reads_again(box):
    lines = _record_a_run(box)
    again = box.run(DUMP, "-r", "run.pcapng", "-p", box.udp, "-w", "again.pcapng")
    expect_equal([line for line in again.lines if line[2:3] == ":"], lines, "lines")
    first = (box.dir / "run.pcapng").read_bytes()
    expect(first == (box.dir / "again.pcapng").read_bytes(), "a copy is the same file")
    both = box.run(DUMP, "-r", "run.pcapng", "-w", "./run.pcapng", code=1)
    both.wait_line(r"^sn-dump: \./run\.pcapng: is what -r reads")
    expect(first == (box.dir / "run.pcapng").read_bytes(), "what is read is not written")
    (box.dir / "cut.pcapng").write_bytes(first[:-10])
    cut = box.run(DUMP, "-r", "cut.pcapng", "-p", box.udp, code=1)
    cut.wait_line(r"^sn-dump: cut.pcapng: truncated")
    cut.wait_line(rf"^{len(lines) - 1} packets of MQTT-SN")
    named = [line for line in lines if " PUBLISH " in line]
    expect(named and all(line.endswith("/value}") for line in named), "each PUBLISH has its name")
    expect(any("sim-1@127.0.0.1:" in line for line in lines), "nodes have their names")


def wireshark_reads_what_sn_dump_writes(box):
    if not shutil.which("tshark"):
        raise Skipped("tshark is not installed")
    lines = _record_a_run(box)
    seen = box.run(
        "tshark", "-r", "run.pcapng", "-d", f"udp.port=={box.udp},mqttsn", "-o",
        "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y",
        "mqttsn && udp.checksum.status == 1 && ip.checksum.status == 1", "-T", "fields", "-e",
        "mqttsn.msg.type",
    )  # fmt: skip
    types = [line for line in seen.lines if line.startswith("0x")]
    expect_equal(len(types), len(lines), "packets with good checksums")
    for name, number in (("CONNECT", "0x04"), ("REGISTER", "0x0a"), ("PUBLISH", "0x0c")):
        ours = sum(f"  {name} " in line for line in lines)
        expect_equal(types.count(number), ours, f"packets {name}")


def sn_dump_shows_frames_of_a_serial_line(box):
    line = box.ptys()
    dump = box.start(DUMP, "--serial", line.names[0], "-w", "line.pcapng")
    dump.wait_line(r"^sn-dump: listening on")
    node = box.start(
        ROOT / "build/sn-pub", "--serial", line.names[1], "-i", "roof", "-t", "a", "-m", "x",
        "--retry", "0.05",
    )  # fmt: skip
    expect_equal(node.wait_exit(), 1, "exit code of sn-pub, which nobody answered")
    dump.wait_lines(r"roof@node 1 > gateway  CONNECT protocol 1 clean", 5)
    count, lines = _end(dump)
    again = box.run(DUMP, "-r", "line.pcapng")
    expect_equal([line for line in again.lines if line[2:3] == ":"], lines, f"{count} lines")


def sn_dump_captures_on_an_interface(box):
    box.gateway()
    dump = box.start(DUMP, "-i", "lo", "-p", box.udp, "-c", "8")
    started = dump.wait_line(r"^sn-dump: (capturing on lo|lo: .*)")
    if started[1] != "capturing on lo":
        raise Skipped(f"no right to capture: {started[1]}")
    box.sn_pub("-i", "roof", "-t", "hello/world", "-m", "hi", "-q", "1")
    expect_equal(dump.wait_exit(), 0, "exit code")
    expect_equal(
        [line.split("  ", 1)[1] for line in dump.lines if line[2:3] == ":"],
        [
            'CONNECT protocol 1 clean duration 60 "roof"',
            "CONNACK accepted",
            'REGISTER topic 0 msg 1 "hello/world"',
            "REGACK topic 1 msg 1 accepted {hello/world}",
            'PUBLISH qos 1 topic 1 msg 2 "hi" {hello/world}',
            "PUBACK topic 1 msg 2 accepted {hello/world}",
            "DISCONNECT",
            "DISCONNECT",
        ],
        "packets",
    )


def sn_dump_says_which_privilege_it_lacks(box):
    args = [DUMP, "-i", "lo"]
    if os.geteuid() == 0:
        program = shutil.copy(DUMP, box.dir)
        box.dir.chmod(0o755)
        args = ["setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=-all",
                "--bounding-set=-all", program, "-i", "lo"]  # fmt: skip
    box.run(*args, code=1).wait_line(r"CAP_NET_RAW .*--proxy needs none")
