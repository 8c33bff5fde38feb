"""What was acknowledged is there after kill -9."""

import json
import time

import mqtt
from sedge import ROOT, expect, expect_equal, memory_kib, stop

COUNT = 1000
MANY = 100_000


def _numbers(first, count):
    return "".join(f"{i}\n" for i in range(first, first + count))


def _kept(box):
    return {"store": box.dir / "sedge.db"}


def a_thousand_messages_for_an_absent_subscriber_survive_kill_9(box):
    gateway = box.gateway(**_kept(box))
    box.keep_session("absent", "farm/#")
    box.mqtt_pub("-t", "farm/n", "-q", "1", "-l", text_in=_numbers(0, COUNT), wait_s=60)
    gateway.kill()
    start = time.monotonic()
    box.gateway(**_kept(box))
    box.note(f"restart with {COUNT} queued messages: {time.monotonic() - start:.3f} s until ready")
    subscriber = box.subscriber("-i", "absent", "-c", "-q", "1", topics=("farm/#",))
    texts = [text for _, _, _, text in subscriber.messages(COUNT, wait_s=60)]
    expect_equal(texts, [str(i) for i in range(COUNT)], "messages in order")


def messages_acknowledged_to_a_node_survive_kill_9(box):
    gateway = box.gateway(**_kept(box))
    box.keep_session("absent", "farm/#")
    box.sn_pub("-i", "meter", "-t", "farm/n", "-q", "1", "-l", text_in=_numbers(0, 100), wait_s=60)
    gateway.kill()
    box.gateway(**_kept(box))
    subscriber = box.subscriber("-i", "absent", "-c", "-q", "1", topics=("farm/#",))
    texts = [text for _, _, _, text in subscriber.messages(100)]
    expect_equal(texts, [str(i) for i in range(100)], "messages in order")


def what_waits_in_the_store_alone_comes_at_once(box):
    """Nothing else happens that would have the gateway ask for it; $SYS is due every 10 s."""
    gateway = box.gateway(**_kept(box))
    box.keep_session("absent", "farm/#")
    box.mqtt_pub("-t", "farm/n", "-q", "1", "-l", text_in=_numbers(0, 100), wait_s=60)
    gateway.kill()
    box.gateway(**_kept(box))
    subscriber = box.subscriber("-i", "absent", "-c", "-q", "1", topics=("farm/#",))
    texts = [text for _, _, _, text in subscriber.messages(100, wait_s=5)]
    expect_equal(texts, [str(i) for i in range(100)], "messages in order")


def exactly_once_survives_kill_9(box):
    gateway = box.gateway(**_kept(box))
    box.keep_session("absent", "farm/#", qos=2)
    box.mqtt_pub("-t", "farm/n", "-q", "2", "-l", text_in=_numbers(0, 100), wait_s=60)
    gateway.kill()
    box.gateway(**_kept(box))
    subscriber = box.subscriber("-i", "absent", "-c", "-q", "2", topics=("farm/#",))
    box.mqtt_pub("-t", "farm/n", "-m", "end", "-q", "2")
    texts = [text for _, _, _, text in subscriber.messages(101)]
    expect_equal(texts, [str(i) for i in range(100)] + ["end"], "messages in order")


def retained_messages_survive_kill_9(box):
    gateway = box.gateway(**_kept(box))
    for i in range(20):
        box.mqtt_pub("-t", f"state/{i}", "-m", f"{i}", "-q", "1", "-r")
    box.mqtt_pub("-t", "state/0", "-n", "-q", "1", "-r")
    gateway.kill()
    box.gateway(**_kept(box))
    got = box.subscriber("-q", "1", topics=("state/#",)).messages(19)
    expect_equal({text for _, _, _, text in got}, {str(i) for i in range(1, 20)}, "retained")


def subscriptions_and_topic_ids_of_a_node_survive_kill_9(box):
    gateway = box.gateway(**_kept(box))
    node = box.node().connect("bed-1", clean=False)
    name = b"farm/bed-1/t"
    regack = node.ask(bytes([6 + len(name), 0x0A, 0, 0, 0, 1]) + name, b"\x0b")
    topic_id = regack[2:4]
    expect_equal(regack[4:], b"\x00\x01\x00", "REGACK msg id and code")
    suback = node.ask(bytes([5 + 5, 0x12, 0x20, 0, 2]) + b"set/1", b"\x13")
    expect_equal(suback[-1], 0, "SUBACK code")
    set_id = suback[3:5]
    gateway.kill()
    box.gateway(**_kept(box))
    subscriber = box.subscriber("-q", "1", topics=("farm/#",))
    node.connect("bed-1", clean=False)
    publish = b"\x09\x0c\x20" + topic_id + b"\x00\x03" + b"21"
    puback = node.ask(publish, b"\x0d")
    expect_equal(puback, b"\x07\x0d" + topic_id + b"\x00\x03\x00", "PUBACK on the old topic id")
    expect_equal(subscriber.messages(1)[0][:1], ("farm/bed-1/t",), "topic")
    box.mqtt_pub("-t", "set/1", "-m", "on", "-q", "1")
    expect_equal(node.wait_publish("set/1"), (set_id, b"on"), "PUBLISH on the old topic id")


def a_stop_and_a_start_keep_what_a_sleeping_node_waits_for(box):
    gateway = box.gateway(**_kept(box))
    node = box.node().connect("sleeper", clean=False)
    expect_equal(node.ask(b"\x0a\x12\x20\x00\x02set/1", b"\x13")[-1], 0, "SUBACK code")
    node.ask(b"\x04\x18\x00\x3c", b"\x18")
    box.mqtt_pub("-t", "set/1", "-m", "on", "-q", "1")
    stop(gateway)
    box.gateway(**_kept(box))
    node.connect("sleeper", clean=False)
    expect_equal(node.wait_publish("set/1")[1], b"on", "payload")


def a_store_that_cannot_be_written_is_an_error_at_start(box):
    path = box.configure(store="/proc/sedge.db")
    program = box.run(ROOT / "build/sedge", "run", "-c", path, code=1)
    program.wait_line(r"/proc/sedge\.db")


UPSTREAM = """
[limits]
memory = 6MiB

[upstream cloud]
url = mqtt://127.0.0.1:{port}
send = farm/# to dt/%t qos 1
reconnect = 100ms..500ms
"""


def _has_last(got):
    return bool(got) and got[-1][0] == MANY - 1


def a_hundred_thousand_messages_of_a_kept_session_survive_kill_9(box):
    """Killed right after the last PUBACK, and again while they are delivered."""
    limits = f"[limits]\nqueued = {MANY}\n"
    gateway = box.gateway(limits, **_kept(box))
    box.keep_session("absent", "farm/#")
    start = time.monotonic()
    mqtt.flood(box.tcp, "farm/n", MANY)
    gateway.kill()
    box.note(f"{MANY} messages acknowledged in {time.monotonic() - start:.1f} s")
    gateway = box.gateway(limits, **_kept(box))
    some = mqtt.take(box.tcp, "absent", lambda got: len(got) >= MANY // 2)
    gateway.kill()
    box.gateway(limits, **_kept(box))
    rest = mqtt.take(box.tcp, "absent", _has_last)
    again = len({number for number, _ in some} & {number for number, _ in rest})
    box.note(f"killed after {len(some)} deliveries; {again} came again")
    expect_equal(some, [(i, False) for i in range(len(some))], "messages before the second kill")
    wrong = [number for number, dup in rest if number < len(some) and not dup]
    expect_equal(wrong, [], "messages that came twice without DUP")
    first = rest[0][0]
    expect(first <= len(some), f"none is missing between {len(some)} and {first}")
    expect_equal([n for n, _ in rest], list(range(first, MANY)), "messages in order")


def a_hundred_thousand_messages_for_an_upstream_that_is_away_survive_kill_9(box):
    rules = UPSTREAM.format(port=box.cloud).replace("memory = 6MiB", "")
    cloud = box.mosquitto(log="information")
    box.keep_session("watcher", "dt/#", port=box.cloud)
    stop(cloud)
    gateway = box.gateway(rules, **_kept(box))
    mqtt.flood(box.tcp, "farm/n", MANY)
    gateway.kill()
    box.gateway(rules, **_kept(box))
    box.mosquitto(log="information")
    start = time.monotonic()
    got = mqtt.take(box.cloud, "watcher", _has_last)
    box.note(f"{MANY} messages went up in {time.monotonic() - start:.1f} s")
    expect_equal(got, [(i, False) for i in range(MANY)], "messages in order")


def a_queue_larger_than_memory_survives_kill_9_and_goes_up_in_order(box):
    """24 MB wait for a broker that is away, 256 KiB of it in memory."""
    count, fill = 6000, "x" * 4000
    rules = UPSTREAM.format(port=box.cloud)
    cloud = box.mosquitto()
    box.keep_session("watcher", "dt/#", port=box.cloud)
    stop(cloud)
    gateway = box.gateway(rules, **_kept(box))
    before = memory_kib(gateway.process.pid)
    lines = "".join(f"{i:04} {fill}\n" for i in range(count))
    box.mqtt_pub("-t", "farm/n", "-q", "1", "-l", text_in=lines, wait_s=120)
    grown = memory_kib(gateway.process.pid) - before
    box.note(f"{count * len(fill) // 1024} KiB wait, memory grew by {grown} KiB")
    expect(grown < 12 * 1024, "what waits is not in memory")
    gateway.kill()
    start = time.monotonic()
    box.gateway(rules, **_kept(box))
    box.note(f"restart: {time.monotonic() - start:.3f} s until ready")
    box.mosquitto()
    watcher = box.run(
        "mosquitto_sub", "-h", "127.0.0.1", "-p", box.cloud, "-i", "watcher", "-c", "-q", "1",
        "-t", "dt/#", "-C", count, wait_s=120,
    )  # fmt: skip
    numbers = [int(line[:4]) for line in watcher.lines if line.endswith(" " + fill)]
    expect_equal(numbers, list(range(count)), "messages in order")


def _tend(box, *args, code=0):
    """`sedge store`, by the configuration that the story wrote."""
    conf = box.dir / "gateway.conf"
    return box.run(ROOT / "build/sedge", "store", *args, "-c", conf, code=code)


def a_store_is_checked_counted_and_copied_while_the_gateway_runs(box):
    gateway = box.gateway(**_kept(box))
    box.keep_session("absent", "farm/#")
    box.mqtt_pub("-t", "farm/n", "-q", "1", "-l", text_in=_numbers(0, 100), wait_s=60)
    expect_equal(json.loads(_tend(box, "check", "--json").lines[0])["sound"], True, "sound")
    stat = json.loads(_tend(box, "stat", "--json").lines[0])
    expect_equal(stat["rows"]["queue"], 100, "messages that wait")
    _tend(box, "stat").wait_line(r"^  queue +100$")
    _tend(box, "vacuum", code=1).wait_line("in use by another sedge")
    _tend(box, "backup", box.dir / "copy.db")
    _tend(box, "backup", box.dir / "copy.db", code=1).wait_line("File exists")
    expect_equal((box.dir / "copy.db").stat().st_mode & 0o777, 0o600, "mode of the copy")
    box.mqtt_pub("-t", "farm/n", "-q", "1", "-m", "later")
    stop(gateway)
    box.gateway(store=box.dir / "copy.db")
    subscriber = box.subscriber("-i", "absent", "-c", "-q", "1", topics=("farm/#",))
    texts = [text for _, _, _, text in subscriber.messages(100)]
    expect_equal(texts, [str(i) for i in range(100)], "messages of the copy")


def a_vacuum_gives_the_room_of_delivered_messages_back(box):
    gateway = box.gateway(**_kept(box))
    box.keep_session("absent", "farm/#")
    lines = "".join(f"{i} {'x' * 4000}\n" for i in range(500))
    box.mqtt_pub("-t", "farm/n", "-q", "1", "-l", text_in=lines, wait_s=60)
    box.subscriber("-i", "absent", "-c", "-q", "1", topics=("farm/#",)).messages(500)
    stop(gateway)
    before = (box.dir / "sedge.db").stat().st_size
    _tend(box, "vacuum")
    expect((box.dir / "sedge.db").stat().st_size < before / 4, "the file shrank")
    _tend(box, "check").wait_line("sound$")


def a_store_that_is_damaged_foreign_or_not_there_is_said_to_be_so(box):
    path = box.dir / "sedge.db"
    gateway = box.gateway(**_kept(box))
    box.keep_session("absent", "farm/#")
    box.mqtt_pub("-t", "farm/n", "-q", "1", "-l", text_in=_numbers(0, 100), wait_s=60)
    stop(gateway)
    octets = path.read_bytes()
    path.write_bytes(octets[:4096] + b"\xff" * (len(octets) - 4096))
    expect_equal(json.loads(_tend(box, "check", "--json", code=1).lines[0])["sound"], False, "sound")
    path.write_bytes(b"x" * 8192)
    _tend(box, "check", code=1).wait_line("another program")
    path.write_bytes(octets[:60] + b"\0\0\1\0" + octets[64:])
    _tend(box, "backup", box.dir / "copy.db", code=1).wait_line("newer sedge")
    path.unlink()
    _tend(box, "stat", code=1).wait_line("cannot be read")
    expect(not path.exists(), "no command makes a store")
    expect(not (box.dir / "copy.db").exists(), "nothing was copied")
    _tend(box, "vacuum", "--json", code=2)
    _tend(box, "backup", code=2)
