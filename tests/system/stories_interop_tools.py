"""mosquitto_pub, mosquitto_sub and mosquitto_rr against our broker: what people type every day.

Other stories lean on the first two everywhere; here stand the options that none of those uses.
"""

from sedge import expect, expect_equal


def mosquitto_rr_asks_and_is_answered(box):
    box.gateway()
    worker = box.subscriber("-q", "1", topics=("ask",))
    asking = box.start(
        "mosquitto_rr", "-V", "mqttv311", "-h", "127.0.0.1", "-p", box.tcp,
        "-t", "ask", "-e", "answer", "-m", "how warm?", "-q", "1",
    )  # fmt: skip
    expect_equal(worker.messages(1), [("ask", 1, 0, "how warm?")], "the question")
    box.mqtt_pub("-t", "answer", "-m", "21", "-q", "1")
    asking.wait_line(r"^21$")
    expect_equal(asking.wait_exit(), 0, "exit code of mosquitto_rr")


def mosquitto_rr_of_mqtt_5_is_told_that_we_speak_3(box):
    box.gateway()
    asking = box.start(
        "mosquitto_rr", "-h", "127.0.0.1", "-p", box.tcp, "-t", "a", "-e", "b", "-m", "c"
    )
    asking.wait_line(r"(?i)protocol")
    expect(asking.wait_exit() != 0, "mosquitto_rr failed")


def mosquitto_pub_sends_lines_files_and_nothing(box):
    box.gateway()
    watcher = box.subscriber("-q", "2")
    (box.dir / "file").write_text("of a file")
    box.mqtt_pub("-t", "p/l", "-q", "2", "-l", text_in="one\ntwo\n")
    box.mqtt_pub("-t", "p/f", "-q", "1", "-f", box.dir / "file")
    box.mqtt_pub("-t", "p/s", "-q", "1", "-s", text_in="of all input")
    box.mqtt_pub("-t", "p/n", "-q", "0", "-n")
    box.mqtt_pub("-t", "p/r", "-q", "1", "-m", "again", "--repeat", "3")
    wanted = [
        ("p/l", 2, 0, "one"), ("p/l", 2, 0, "two"), ("p/f", 1, 0, "of a file"),
        ("p/s", 1, 0, "of all input"), ("p/n", 0, 0, ""), *[("p/r", 1, 0, "again")] * 3,
    ]  # fmt: skip
    expect_equal(watcher.messages(8), wanted, "messages")


def mosquitto_sub_reads_and_removes_retained_messages(box):
    box.gateway()
    for name in ("a", "b"):
        box.mqtt_pub("-t", f"r/{name}", "-q", "1", "-m", name, "-r")
    box.mqtt_pub("-t", "s/c", "-q", "1", "-m", "c", "-r")
    args = ("mosquitto_sub", "-h", "127.0.0.1", "-p", box.tcp, "-v", "-q", "1")
    seen = box.run(*args, "-t", "#", "--retained-only", "-C", "3")
    expect_equal(sorted(seen.lines), ["r/a a", "r/b b", "s/c c"], "retained messages")
    watcher = box.subscriber("-q", "1", "-R", topics=("r/#",))
    box.start(*args, "-t", "r/#", "--remove-retained")
    expect_equal(sorted(watcher.messages(2)), [("r/a", 1, 0, ""), ("r/b", 1, 0, "")], "removals")
    left = box.run(*args, "-t", "#", "--retained-only", "-C", "1")
    expect_equal(left.lines, ["s/c c"], "what is left")


def mosquitto_sub_filters_unsubscribes_and_ends_by_count(box):
    box.gateway()
    args = ("mosquitto_sub", "-h", "127.0.0.1", "-p", box.tcp, "-i", "counter", "-c", "-q", "2")
    box.run(*args, "-t", "keep/#", "-t", "drop/#", "-E")
    box.run(*args, "-U", "drop/#", "-E", "-t", "more")
    for topic in ("drop/x", "keep/x", "keep/not", "more"):
        box.mqtt_pub("-t", topic, "-m", topic, "-q", "2")
    got = box.run(*args, "-t", "keep/#", "-T", "keep/not", "-C", "2")
    expect_equal(got.lines, ["keep/x", "more"], "messages that waited")


def mosquitto_clients_say_why_they_were_refused(box):
    box.gateway(broker_more="anonymous = no")
    refused = box.run(
        "mosquitto_sub", "-h", "127.0.0.1", "-p", box.tcp, "-t", "#", "-E", code=None
    )
    refused.wait_line(r"(?i)not authori[sz]ed")
    expect_equal(refused.process.returncode, 5, "exit code of mosquitto_sub")
