"""What the broker adds to the standard, and who may do what, by mosquitto's clients."""

from sedge import ROOT, expect, expect_equal

ACLS = """
[user ann]
password = $7$101$c2FsdHNhbHRzYWx0$%s==
acl = own

[acl guest]
publish = in/%%c/#
subscribe = public/#

[acl own]
publish = #
subscribe = #
""" % ("A" * 86)


def shared_subscribers_divide_what_they_read(box):
    box.gateway()
    workers = [
        box.subscriber("-q", 1, "-i", f"w{i}", topics=("$share/workers/jobs/#",)) for i in range(2)
    ]
    everyone = box.subscriber("-q", 1)
    for i in range(10):
        box.mqtt_pub("-t", f"jobs/{i}", "-m", f"job {i}", "-q", 1)
    everyone.messages(10)
    got = [worker.messages(5) for worker in workers]
    topics = sorted(topic for messages in got for topic, *_ in messages)
    expect_equal(topics, [f"jobs/{i}" for i in range(10)], "what both together got")


def dashboards_find_what_mosquitto_would_tell(box):
    box.gateway()
    box.subscriber("-i", "reader", topics=("farm/#",))
    box.mqtt_pub("-t", "farm/x", "-m", "hello")
    board = box.subscriber(topics=("$SYS/broker/#",))
    board.wait_line(r"^= 0 1 \$SYS/broker/version sedge version \d+\.\d+\.\d+$")
    board.wait_line(r"^= 0 [01] \$SYS/broker/uptime \d+ seconds$")
    board.wait_line(r"^= 0 [01] \$SYS/broker/load/messages/received/15min \d+\.\d\d$")
    all_topics = box.subscriber(topics=("#",))
    box.mqtt_pub("-t", "farm/y", "-m", "last")
    got = [topic for topic, *_ in all_topics.messages(1)]
    expect_equal(got, ["farm/y"], "what # matches")


def an_acl_decides_what_a_guest_may(box):
    box.gateway(ACLS, broker_more="acl = guest")
    guest = box.subscriber("-i", "g", topics=("public/#", "#", "secret"))
    guest.wait_line(r"^Subscribed \(mid: 1\): 0, 128, 128$")
    # acknowledged as ever [MQTT-3.3.5-2], and delivered only where it is allowed
    box.mqtt_pub("-i", "g2", "-t", "public/news", "-m", "no", "-q", 1)
    box.sn_pub("-t", "public/news", "-m", "by a node", "-q", 1)
    expect_equal(guest.messages(1), [("public/news", 0, 0, "by a node")], "what the guest read")


def check_knows_what_an_access_list_says(box):
    path = box.configure("[acl a]\npublish = a/#/b\n[user u]\nacl = none\n")
    wrong = box.run(ROOT / "build/sedge", "check", "-c", path, code=1)
    expect(any("publish" in line and "#" in line for line in wrong.lines), wrong.said())
    expect(any("acl" in line and "none" in line for line in wrong.lines), wrong.said())
