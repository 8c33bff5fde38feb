"""sn-sim and sn-dump against the real gateway."""

import json
import signal

from sedge import ROOT, expect, expect_equal

SIM = ROOT / "build/sn-sim"


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
