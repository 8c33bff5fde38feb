"""Between nodes and MQTT programs: both directions, every QoS, names and ids, wills, sleep."""

from sedge import ROOT, expect, expect_equal

TOPIC_MAP = """
[topics default]
1 = farm/%n/temperature
7 = farm/gate
tp = farm/short
"""


def a_node_reaches_an_mqtt_subscriber_at_each_qos(box):
    box.gateway()
    subscriber = box.subscriber("-q", "2")
    for qos in (0, 1, 2):
        box.sn_pub("-i", "roof", "-t", "hello/world", "-m", f"at {qos}", "-q", qos)
        got = subscriber.messages(qos + 1)[qos]
        expect_equal(got, ("hello/world", qos, 0, f"at {qos}"), "message")


def an_mqtt_program_reaches_a_node_at_each_qos(box):
    box.gateway()
    node = box.sn_sub("-i", "valve", "-q", "2", "-t", "set/valve")
    for qos in (0, 1, 2):
        box.mqtt_pub("-t", "set/valve", "-m", f"at {qos}", "-q", qos)
        node.wait_line(rf"^set/valve at {qos}$")


def exactly_once_means_once_through_the_gateway(box):
    box.gateway()
    subscriber = box.subscriber("-q", "2")
    lines = "".join(f"{i}\n" for i in range(100))
    box.sn_pub("-i", "meter", "-t", "count", "-q", "2", "-l", text_in=lines)
    box.mqtt_pub("-t", "count", "-q", "2", "-l", text_in="end\n")
    texts = [text for _, _, _, text in subscriber.messages(101)]
    expect_equal(texts, [str(i) for i in range(100)] + ["end"], "messages")


def a_wildcard_subscriber_learns_the_name_before_the_message(box):
    box.gateway()
    node = box.sn_sub("-i", "display", "-q", "1", "-t", "farm/#")
    for bed in range(5):
        box.mqtt_pub("-t", f"farm/bed-{bed}/temperature", "-m", f"{20 + bed}", "-q", "1")
        node.wait_line(rf"^farm/bed-{bed}/temperature {20 + bed}$")


def a_retained_message_crosses_the_border_both_ways(box):
    box.gateway()
    box.sn_pub("-i", "roof", "-t", "wind", "-m", "12", "-q", "1", "-r")
    expect_equal(box.subscriber("-q", "1").messages(1), [("wind", 1, 1, "12")], "from a node")
    box.mqtt_pub("-t", "farm/set", "-m", "open", "-q", "1", "-r")
    box.sn_sub("-i", "valve", "-q", "1", "-t", "farm/set").wait_line(r"^farm/set open$")
    box.mqtt_pub("-t", "farm/set", "-n", "-q", "1", "-r")
    late = box.subscriber("-q", "1", topics=("farm/#",))
    box.mqtt_pub("-t", "farm/end", "-m", "end", "-q", "1")
    expect_equal(late.messages(1)[0][3], "end", "first message after the retained one was deleted")


def the_will_of_a_lost_node_is_published(box):
    box.gateway()
    subscriber = box.subscriber("-q", "1")
    node = box.start(
        ROOT / "build/sn-pub", "-h", "127.0.0.1", "-p", box.udp, "-i", "frail", "-k", "1",
        "--will-topic", "farm/frail/state", "--will-payload", "lost", "--will-qos", "1",
        "-t", "farm/frail/t", "-q", "1", "-l", text_in=True,
    )  # fmt: skip
    node.write("21\n")
    expect_equal(subscriber.messages(1)[0][3], "21", "message")
    node.kill()
    expect_equal(subscriber.messages(2)[1], ("farm/frail/state", 1, 0, "lost"), "will")


def a_node_that_says_goodbye_leaves_no_will(box):
    box.gateway()
    subscriber = box.subscriber("-q", "1")
    box.sn_pub(
        "-i", "tidy", "-k", "1", "--will-topic", "state", "--will-payload", "lost",
        "-t", "value", "-m", "1", "-q", "1",
    )  # fmt: skip
    other = box.node().connect("watch", keepalive_s=1)
    other.ask(b"\x02\x18", b"\x18")
    box.mqtt_pub("-t", "end", "-m", "end", "-q", "1")
    expect_equal([m[0] for m in subscriber.messages(2)], ["value", "end"], "topics")


def the_will_of_a_lost_mqtt_client_reaches_a_node(box):
    box.gateway()
    node = box.sn_sub("-i", "siren", "-q", "1", "-t", "alarm/#")
    client = box.subscriber("--will-topic", "alarm/panel", "--will-payload", "gone")
    client.kill()
    node.wait_line(r"^alarm/panel gone$")


def predefined_ids_and_short_names_mean_their_topics(box):
    box.gateway(TOPIC_MAP)
    subscriber = box.subscriber("-q", "1")
    box.sn_pub("-i", "bed-1", "-T", "1", "-m", "21", "-q", "1")
    box.sn_pub("-i", "bed-2", "-T", "7", "-m", "open", "-q", "0")
    box.sn_pub("-i", "bed-3", "-t", "tp", "-m", "mapped", "-q", "1")
    box.sn_pub("-i", "bed-4", "-t", "xy", "-m", "plain", "-q", "1")
    got = [(topic, text) for topic, _, _, text in subscriber.messages(4)]
    wanted = [("farm/bed-1/temperature", "21"), ("farm/gate", "open"), ("farm/short", "mapped")]
    expect_equal(got, [*wanted, ("xy", "plain")], "messages")


def an_unknown_predefined_id_is_refused_and_forwards_nothing(box):
    box.gateway(TOPIC_MAP)
    subscriber = box.subscriber()
    program = box.sn_pub("-i", "bed-1", "-T", "999", "-m", "lost", "-q", "1", code=None)
    expect(program.process.returncode != 0, "sn-pub failed")
    box.sn_pub("-i", "bed-1", "-T", "7", "-m", "kept", "-q", "1")
    expect_equal(subscriber.messages(1)[0][3], "kept", "first message")


def a_message_without_a_connection_needs_no_session(box):
    box.gateway(TOPIC_MAP)
    subscriber = box.subscriber()
    box.sn_pub("-T", "7", "-m", "knock", "-q", "-1")
    expect_equal(subscriber.messages(1), [("farm/gate", 0, 0, "knock")], "message")


def a_sleeping_node_gets_everything_when_it_polls(box):
    box.gateway()
    node = box.sn_sub("-i", "sleeper", "-q", "1", "-t", "set/#", "-e", "1", "-C", "40")
    lines = "".join(f"{i}\n" for i in range(40))
    box.mqtt_pub("-t", "set/valve", "-q", "1", "-l", text_in=lines)
    node.wait_exit(wait_s=60)
    texts = [m[1] for m in node.wait_lines(r"^set/valve (\d+)$", 40)]
    expect_equal(texts, [str(i) for i in range(40)], "messages")


def a_long_message_crosses_in_the_three_octet_length(box):
    box.gateway()
    subscriber = box.subscriber("-q", "1")
    node = box.sn_sub("-i", "display", "-q", "1", "-t", "long/down")
    text = "x" * 1000
    box.sn_pub("-i", "roof", "-t", "long/up", "-m", text, "-q", "1")
    expect_equal(subscriber.messages(1)[0][3], text, "message")
    box.mqtt_pub("-t", "long/down", "-m", text, "-q", "1")
    node.wait_line(rf"^long/down {text}$")


def lines_and_files_are_sent_as_they_are(box):
    box.gateway()
    subscriber = box.subscriber("-q", "1")
    (box.dir / "value").write_text("from a file")
    box.sn_pub("-i", "a", "-t", "in/file", "-f", box.dir / "value", "-q", "1")
    box.sn_pub("-i", "a", "-t", "in/all", "-s", "-q", "1", text_in="whole input")
    box.sn_pub("-i", "a", "-t", "in/line", "-l", "-q", "1", text_in="one\ntwo\n")
    box.sn_pub("-i", "a", "-t", "in/none", "-n", "-q", "1")
    texts = [text for _, _, _, text in subscriber.messages(5)]
    expect_equal(texts, ["from a file", "whole input", "one", "two", ""], "payloads")


def a_silent_gateway_is_explained(box):
    program = box.sn_pub("-i", "a", "-t", "a/b", "-m", "x", code=None)
    expect(program.process.returncode != 0, "sn-pub failed")
    program.wait_line(rf"127\.0\.0\.1:{box.udp}")


def a_counting_subscriber_ends_by_itself(box):
    box.gateway()
    node = box.sn_sub("-i", "two", "-t", "n/#", "-C", "2", "-q", "1")
    box.mqtt_pub("-t", "n/1", "-m", "a", "-q", "1")
    box.mqtt_pub("-t", "n/2", "-m", "b", "-q", "1")
    expect_equal(node.wait_exit(), 0, "exit code")
    timed = box.sn_sub("-i", "timed", "-t", "never", "-W", "1")
    expect_equal(timed.wait_exit(), 27, "exit code, mosquitto_sub's for a time-out")
