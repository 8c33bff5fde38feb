"""Which broker an upstream uses, whether it uses one at all, and sedge upstream."""

from sedge import expect_equal

CLOUD = """
[upstream cloud]
url = mqtt://127.0.0.1:{port}
send = farm/# to dt/%t qos 1
reconnect = 100ms..500ms
"""


def upstreams_are_shown_with_what_waits_for_them(box):
    cloud = box.mosquitto()
    box.gateway(CLOUD.format(port=box.cloud) + "queue_messages = 2\nmax_inflight = 1\n")
    cloud.wait_line(r"Sending CONNACK to gw-7")
    box.sedge("upstream", "status").wait_line(
        rf"^cloud +online +0 +0 octets +0 +mqtt://127\.0\.0\.1:{box.cloud}$"
    )
    cloud.process.terminate()
    cloud.wait_exit()
    box.mqtt_pub("-t", "farm/x", "-q", "1", "-l", text_in="1\n2\n3\n4\n")
    line = box.ask("upstream", "status", "cloud")[0]
    expect_equal((line["state"], line["queued"]), ("offline", 2), "state and queue")
    expect_equal(line["dropped"], {"full": 2, "old": 0, "unfit": 0}, "what was dropped")


def an_upstream_that_is_not_there_is_told_with_what_was_meant(box):
    box.gateway(CLOUD.format(port=box.cloud))
    wrong = box.sedge("upstream", "status", "cluod", code=1)
    wrong.wait_line(r"there is no upstream cluod \(did you mean 'cloud'\?\)")
    wrong = box.sedge("upstream", "stats", code=2)
    wrong.wait_line(r"there is no sedge upstream stats; it is one of status")
