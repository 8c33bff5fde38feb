"""Presets: with them the gateway breaks no rule of a cloud, and each rule would be enforced."""

import base64
import hashlib
import json
import re
import ssl

from authority import Authority
from cloud import (
    CLOUDS,
    KEY,
    PASSWORD,
    TOKEN,
    USER,
    Cloud,
    Offender,
    aliyun_content,
    hmac_of,
)
from sedge import ROOT, expect_equal

LOGIN = f"username = {USER}\npassword = {PASSWORD}\n"
KIB = 1024


# --- with the preset --------------------------------------------------------------------------


def _upstream(box, preset, cloud, authority, more):
    tls = cloud.context is not None
    ca = f"ca = {authority.crt}\n" if tls else ""
    scheme = "mqtts" if tls else "mqtt"
    return (
        f"[limits]\nmax_packet = 2MiB\n\n[upstream cloud]\npreset = {preset}\n"
        f"url = {scheme}://localhost:{box.cloud}\nclient_id = gh-7\n{ca}{more}\n"
    )


def _certificate(authority):
    crt, key = authority.issue("gw", common="gw-7")
    return f"cert = {crt}\nkey = {key}\n"


def _tempt(box, largest):
    """What the gateway must not hand on as it is: QoS 2, RETAIN, deep topics, large payloads."""
    box.mqtt_pub("-t", "farm/tempt", "-m", "tempting", "-q", "2", "-r")
    box.mqtt_pub("-t", "farm/1/2/3/4/5/6/7/8/9/10", "-m", "deep", "-q", "1")
    if largest:
        box.mqtt_pub("-t", "farm/big", "-q", "1", "-s", text_in="x" * (largest + 1))


def _talks(box, preset, more, down, *, authority=None, largest=None, alpn=None):
    """Sends and receives by `preset`; returns what the cloud has got."""
    authority = authority or Authority(box)
    cloud = Cloud(box, preset, authority, alpn=alpn)
    box.gateway(_upstream(box, preset, cloud, authority, more))
    cloud.wait_subscribed()
    here = box.subscriber("-q", "1", topics=("farm/set/#",))
    _tempt(box, largest)
    box.sn_pub("-i", "bed-1", "-t", "farm/t", "-m", "21", "-q", "1")
    cloud.wait("message 21", lambda: any(b"21" in m.payload for m in cloud.messages))
    cloud.send(down, "open")
    here.wait_line(r"^= .* farm/set.* open$")
    expect_equal(cloud.violations, [], "rules broken")
    expect_equal(len(cloud.connects), 1, "connections")
    return cloud


def _expect_up(cloud, *wanted):
    got = [(m.topic, m.qos, m.retain, m.payload.decode()) for m in cloud.messages]
    expect_equal(got, list(wanted), "messages at the cloud")


def the_preset_aws_keeps_the_rules_of_aws(box):
    authority = Authority(box)
    more = (
        "alpn = x-amzn-mqtt-ca\nwill_topic = dt/%g/state\n"
        "send = farm/# to dt/%g/%t qos 1\nreceive = cmd/%g/# to farm/set/%t\n"
    )
    more += "".join(f"receive = more/{i}\n" for i in range(10)) + _certificate(authority)
    cloud = _talks(
        box, "aws", more, "cmd/gw-7/valve", authority=authority, largest=128 * KIB,
        alpn="x-amzn-mqtt-ca",
    )  # fmt: skip
    cloud.wait_subscribed(11)
    _expect_up(
        cloud,
        ("dt/gw-7/state", 0, False, "online"),
        ("dt/gw-7/tempt", 1, False, "tempting"),
        ("dt/gw-7/t", 1, False, "21"),
    )


def the_preset_azure_eventgrid_keeps_the_rules_of_event_grid(box):
    authority = Authority(box)
    more = (
        "username = gh-7\nwill_topic = farm/state\n"
        "send = farm/# to up/%t qos 1\nreceive = cmd/# to farm/set/%t\n"
    )
    more += _certificate(authority)
    _talks(box, "azure-eventgrid", more, "cmd/x", authority=authority, largest=512 * KIB)


def the_preset_hivemq_keeps_the_rules_of_hivemq(box):
    more = LOGIN + "qos_max = 2\nsend = farm/# to up/%t\nreceive = cmd/# to farm/set/%t\n"
    cloud = _talks(box, "hivemq", more, "cmd/x")
    expect_equal(("up/tempt", 2, True) in [m[:3] for m in cloud.messages], True, "QoS 2, retained")


def the_preset_hivemq_has_no_more_under_way_than_hivemq_takes(box):
    authority = Authority(box)
    cloud = Cloud(box, "hivemq", authority)
    cloud.hold_acks = True
    more = LOGIN + "send = farm/# qos 1\nreceive = cmd/#\n"
    box.gateway(_upstream(box, "hivemq", cloud, authority, more))
    cloud.wait_subscribed()
    lines = "".join(f"{i}\n" for i in range(30))
    box.mqtt_pub("-t", "farm/n", "-q", "1", "-l", text_in=lines)
    cloud.wait_message("9")
    cloud.hold_acks = False
    cloud.release()
    cloud.wait_message("29")
    expect_equal(cloud.violations, [], "rules broken")


def the_preset_emqx_keeps_the_rules_of_emqx(box):
    more = LOGIN + "send = farm/# to up/%t qos 1\nreceive = cmd/# to farm/set/%t\n"
    _talks(box, "emqx", more, "cmd/x", largest=1024 * KIB)


def the_preset_thingsboard_keeps_the_rules_of_thingsboard(box):
    more = (
        f"username = {TOKEN}\nsend = $SYS/gateway/nodes/+/state to v1/gateway/connect qos 1\n"
        "send = farm/+ to v1/gateway/telemetry qos 1\n"
        "send = farm/# to v1/devices/me/telemetry qos 1\n"
        "receive = v1/gateway/rpc to farm/set/rpc\n"
    )
    cloud = _talks(box, "thingsboard", more, "v1/gateway/rpc", largest=100)
    cloud.wait("disconnect", lambda: any("/disconnect" in m.topic for m in cloud.messages))
    expect_equal(cloud.violations, [], "rules broken")
    told = [(m.topic, json.loads(m.payload)) for m in cloud.messages]
    telemetry = next(value for _, value in told if "bed-1" in value)
    expect_equal(telemetry["bed-1"][0]["values"], {"t": 21}, "telemetry of the node")
    for topic in ("v1/gateway/connect", "v1/gateway/disconnect"):
        expect_equal(dict(told)[topic], {"device": "bed-1"}, topic)


def the_preset_adafruit_keeps_the_rules_of_adafruit(box):
    more = LOGIN + (
        f"send = farm/# to {USER}/feeds/all qos 1\nreceive = {USER}/feeds/valve to farm/set/valve\n"
    )
    _talks(box, "adafruit", more, f"{USER}/feeds/valve")


def the_preset_losant_keeps_the_rules_of_losant(box):
    more = LOGIN + (
        "send = farm/# to losant/gh-7/state qos 1\nreceive = losant/gh-7/command to farm/set/all\n"
    )
    _talks(box, "losant", more, "losant/gh-7/command", largest=256 * KIB)


def the_preset_cumulocity_keeps_the_rules_of_cumulocity(box):
    more = f"username = t1/{USER}\npassword = {PASSWORD}\n"
    more += "send = farm/# to s/us qos 1\nreceive = s/ds to farm/set/all\n"
    _talks(box, "cumulocity", more, "s/ds", largest=16 * KIB)


def the_preset_azure_iothub_keeps_the_rules_of_iot_hub(box):
    more = (
        f"password = {KEY}\nwill_topic = devices/gh-7/messages/events/\n"
        "send = farm/# to devices/gh-7/messages/events/ qos 1\n"
        "receive = devices/gh-7/messages/devicebound/# to farm/set/%1\n"
    )
    _talks(
        box, "azure-iothub", more, "devices/gh-7/messages/devicebound/x", largest=256 * KIB
    )


def a_command_may_print_the_key_that_a_preset_makes_the_password_from(box):
    more = (
        f"password = command:echo {KEY}\n"
        "send = farm/# to devices/gh-7/messages/events/ qos 1\n"
        "receive = devices/gh-7/messages/devicebound/# to farm/set/%1\n"
    )
    _talks(box, "azure-iothub", more, "devices/gh-7/messages/devicebound/x")


def the_preset_tencent_keeps_the_rules_of_tencent(box):
    more = f"password = {KEY}\nsend = farm/# to A1/gh-7/event qos 1\n"
    more += "receive = A1/gh-7/control to farm/set\n"
    _talks(box, "tencent", more, "A1/gh-7/control")


def the_preset_tencent_waits_before_it_connects_again(box):
    cloud = Cloud(box, "tencent")
    more = f"password = {KEY}\nsend = farm/#\n"
    box.gateway(_upstream(box, "tencent", cloud, None, more))
    cloud.wait("CONNECT", lambda: len(cloud.connects) == 1)
    cloud.talks[0].close()
    cloud.wait("second CONNECT", lambda: len(cloud.connects) == 2)
    expect_equal(cloud.violations, [], "rules broken")


def the_preset_aliyun_keeps_the_rules_of_aliyun(box):
    more = f"username = gh-7&a1B2\npassword = {KEY}\n"
    more += "send = farm/# to /a1B2/gh-7/user/update qos 1\n"
    more += "receive = /a1B2/gh-7/user/get to farm/set\n"
    _talks(box, "aliyun", more, "/a1B2/gh-7/user/get")


def a_key_that_is_none_is_named_and_never_sent(box):
    cloud = Cloud(box, "tencent")
    more = "password = no-key!\nsend = farm/#\n"
    gateway = box.gateway(_upstream(box, "tencent", cloud, None, more))
    gateway.wait_line(r"cannot reach.*its password is no key in base64")
    expect_equal(cloud.talks, [], "connections")


def signatures_are_made_as_the_clouds_own_examples_are(_box):
    """Azure's SDK for Node.js (shared_access_signature test); Alibaba's page of MQTT over TCP."""
    got = base64.b64encode(hmac_of(b"password", "uri\n12345").digest()).decode()
    expect_equal(got, "kcWxXAK2OAaAoq2oCkaGzX2NMqDB8nCyNuq2fPYCDhk=", "signature of Azure")
    content = aliyun_content("12345", "device", "pk", "789")
    got = hmac_of(b"secret", content, hashlib.sha1).hexdigest().upper()
    expect_equal(got, "FAFD82A3D602B37FB0FA8B7892F24A477F851A14", "signature of Alibaba")


def the_preset_rabbitmq_keeps_the_rules_of_rabbitmq(box):
    more = LOGIN + "send = farm/# to up/%t\nreceive = cmd/# to farm/set/%t\n"
    _talks(box, "rabbitmq", more, "cmd/x")


# --- the broker is as strict as it says -------------------------------------------------------

CONTROLS = {}  # rule: the story that shows it


def _control(rule):
    def note(function):
        CONTROLS[rule] = function
        return function

    return note


def _offender(box, cloud_name, **more):
    """A client of a cloud without TLS, unless that is asked for."""
    cloud = Cloud(box, cloud_name, **{"tls": False, "sni": False, "login": bool, **more})
    return cloud, Offender(box)


@_control("tls")
def a_client_without_tls_is_cut_by_the_strict_broker(box):
    cloud = Cloud(box, "azure-iothub", Authority(box))
    Offender(box).connect()
    cloud.wait_violation("tls")


def _greet(box, cloud_name, name, **more):
    authority = Authority(box)
    cloud = Cloud(box, cloud_name, authority, **more)
    context = ssl.create_default_context(cafile=authority.crt)
    context.check_hostname = False
    try:
        Offender(box, context, name)
    except ssl.SSLError:
        pass
    return cloud


@_control("sni")
def a_client_that_names_no_server_is_cut_by_the_strict_broker(box):
    _greet(box, "aws", None).wait_violation("sni")


@_control("alpn")
def a_client_without_alpn_is_cut_by_the_strict_broker(box):
    _greet(box, "aws", "localhost", alpn="x-amzn-mqtt-ca").wait_violation("alpn")


@_control("keepalive")
def a_keepalive_out_of_range_is_refused_by_the_strict_broker(box):
    for name, rules in CLOUDS.items():
        low, high = rules.get("keepalive", (0, 65535))
        for seconds in {low - 1, high + 1} - {-1, 65536}:
            cloud, offender = _offender(box, name)
            offender.connect(keepalive=seconds)
            cloud.wait_violation("keepalive")
            cloud.close()


@_control("clean")
def a_kept_session_is_refused_by_the_strict_broker(box):
    cloud, offender = _offender(box, "losant")
    offender.connect(clean=False)
    cloud.wait_violation("clean")


@_control("client_id")
def a_long_client_id_is_refused_by_the_strict_broker(box):
    cloud, offender = _offender(box, "aliyun")
    offender.connect(client_id="x" * 65)
    cloud.wait_violation("client_id")


@_control("will")
def a_will_is_refused_by_the_strict_broker(box):
    cloud, offender = _offender(box, "tencent")
    offender.connect(will="state")
    cloud.wait_violation("will")


@_control("login")
def a_wrong_login_is_refused_by_the_strict_broker(box):
    for name, rules in CLOUDS.items():
        cloud, offender = _offender(box, name, login=rules["login"])
        offender.connect(login=("gh-7", "guess"))
        cloud.wait_violation("login")
        cloud.close()


@_control("bridge_bit")
def the_bridge_bit_is_refused_by_the_strict_broker(box):
    cloud, offender = _offender(box, "rabbitmq")
    offender.connect(level=0x84)
    cloud.wait_violation("bridge_bit")


@_control("pause")
def two_connects_at_once_are_refused_by_the_strict_broker(box):
    cloud, offender = _offender(box, "tencent", login=lambda connect: True)
    offender.connected()
    Offender(box).connect()
    cloud.wait_violation("pause")


def _connected(box, cloud_name, **more):
    cloud, offender = _offender(box, cloud_name, login=lambda connect: True, **more)
    return cloud, offender.connected()


@_control("qos")
def qos_2_is_cut_by_the_strict_broker(box):
    cloud, offender = _connected(box, "azure-iothub")
    offender.publish(qos=2)
    cloud.wait_violation("qos")


@_control("qos_2_acked")
def qos_2_is_answered_with_puback_by_the_strict_broker(box):
    cloud, offender = _connected(box, "rabbitmq")
    offender.publish(qos=2)
    cloud.wait_violation("qos_2_acked")


@_control("retain")
def a_retained_message_is_cut_by_the_strict_broker(box):
    cloud, offender = _connected(box, "aliyun")
    offender.publish(retain=True)
    cloud.wait_violation("retain")


@_control("levels")
def eight_slashes_are_cut_by_the_strict_broker(box):
    cloud, offender = _connected(box, "aws")
    offender.publish("1/2/3/4/5/6/7/8")
    cloud.wait_message("x")
    offender.publish("1/2/3/4/5/6/7/8/9")
    cloud.wait_violation("levels")


@_control("topics")
def a_topic_of_ones_own_is_cut_by_the_strict_broker(box):
    cloud, offender = _connected(box, "azure-iothub")
    offender.publish("farm/t")
    cloud.wait_violation("topics")


@_control("form")
def a_payload_without_its_form_is_cut_by_the_strict_broker(box):
    for topic, payload in (
        ("v1/gateway/telemetry", b"21"),
        ("v1/gateway/telemetry", b'{"bed-1":[{"t":21}]}'),
        ("v1/gateway/connect", b"active"),
        ("farm/t", b"{}"),
    ):
        cloud, offender = _connected(box, "thingsboard")
        offender.publish(topic, payload)
        cloud.wait_violation("form")
        cloud.close()


@_control("payload")
def a_large_payload_is_cut_by_the_strict_broker(box):
    cloud, offender = _connected(box, "aws")
    offender.publish(payload=b"x" * (128 * KIB + 1))
    cloud.wait_violation("payload")


@_control("packet")
def a_large_packet_is_cut_by_the_strict_broker(box):
    cloud, offender = _connected(box, "cumulocity")
    offender.publish(payload=b"x" * 16184)
    cloud.wait_violation("packet")


@_control("rate")
def one_publish_too_many_is_cut_by_the_strict_broker(box):
    cloud, offender = _connected(box, "losant")
    for _ in range(31):
        offender.publish(qos=0)
    cloud.wait_violation("rate")


@_control("inflight")
def one_unacknowledged_too_many_is_cut_by_the_strict_broker(box):
    cloud, offender = _connected(box, "hivemq")
    cloud.hold_acks = True
    for packet_id in range(1, 12):
        offender.publish(packet_id=packet_id)
    cloud.wait_violation("inflight")


@_control("filters")
def nine_filters_at_once_are_cut_by_the_strict_broker(box):
    cloud, offender = _connected(box, "aws")
    offender.subscribe(*"123456789")
    cloud.wait_violation("filters")


@_control("subscriptions")
def a_subscription_too_many_is_cut_by_the_strict_broker(box):
    cloud, offender = _connected(box, "azure-iothub")
    offender.subscribe(*"12345")
    cloud.wait_subscribed(5)
    offender.subscribe("6")
    cloud.wait_violation("subscriptions")


@_control("subscribe_qos")
def a_subscription_above_qos_0_is_cut_by_the_strict_broker(box):
    cloud, offender = _connected(box, "losant")
    offender.subscribe("a", qos=1)
    cloud.wait_violation("subscribe_qos")


def each_rule_of_a_cloud_has_its_control_and_its_row_in_the_page(_box):
    page = (ROOT / "docs/clouds.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", page, re.M))
    wanted = {}
    for name, rules in CLOUDS.items():
        for rule in rules:
            wanted.setdefault(rule, []).append(name)
    wanted["alpn"] = ["aws"]
    expect_equal(sorted(CONTROLS), sorted(wanted), "rules with a control")
    got = {rule: clouds.split(", ") for rule, clouds in rows.items()}
    expect_equal(got, wanted, "rules in docs/clouds.md")


def a_gateway_without_the_preset_is_cut(box):
    cloud = Cloud(box, "aws", tls=False, sni=False, login=lambda connect: True)
    more = f"[upstream cloud]\nurl = mqtt://localhost:{box.cloud}\nqos_max = 2\nsend = farm/#\n"
    box.gateway(more + "reconnect = 100ms..500ms\n")
    cloud.wait("CONNECT", lambda: cloud.connects)
    box.mqtt_pub("-t", "farm/tempt", "-m", "tempting", "-q", "2")
    cloud.wait_violation("qos")
