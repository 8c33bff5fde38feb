"""Who a node is, what it is called, and what its ids mean, as a user meets it."""

from sedge import expect, expect_equal, stop

MAP = "[topics default]\n1 = farm/%n/temp\n\n"
PLACES = MAP + "[node bed-1]\n\n[node roof]\nclient_id = wx-9\n\n"
REFUSED = b"\x03\x05\x03"


def _connect(node, client_id, answer):
    """CONNECT, CleanSession, answered so."""
    name = client_id.encode()
    got = node.ask(bytes([6 + len(name), 4, 4, 1, 0, 60]) + name, b"\x05")
    expect_equal(got, answer, f"CONNACK of {client_id}")


def _topic_of(box, reader, client_id, count):
    """Where the `count`-th message goes, which the node publishes by predefined id 1."""
    box.sn_pub("-i", client_id, "-q", "1", "-T", "1", "-m", "x")
    return reader.messages(count)[count - 1][0]


def a_group_names_its_nodes_and_a_section_its_own(box):
    box.gateway(MAP + "[group beds]\nmatch = bed*\nname = %l.%c\n\n[node roof]\nclient_id = wx-9\n")
    reader = box.subscriber("-q", "1")
    expect_equal(_topic_of(box, reader, "bed7", 1), "farm/udp.bed7/temp", "by its group")
    expect_equal(_topic_of(box, reader, "wx-9", 2), "farm/roof/temp", "by its section")
    expect_equal(_topic_of(box, reader, "n1", 3), "farm/n1/temp", "by its client id")


def a_client_id_with_a_slash_is_named_in_hex_and_has_no_topic_by_name(box):
    gateway = box.gateway(MAP)
    node = box.node().connect("a/b")
    got = node.ask(b"\x08\x0c\x21\0\x01\0\x05x", b"\x0d")
    expect_equal(got, b"\x07\x0d\0\x01\0\x05\x02", "PUBACK")
    gateway.wait_line(r"KEYs without a topic.*a%2Fb")
    expect_equal(box.ask("nodes")[0]["name"], "a%2Fb", "its name")


def a_connect_that_would_get_anothers_name_is_refused(box):
    gateway = box.gateway(PLACES)
    _connect(box.node(), "roof", REFUSED)
    gateway.wait_line(r"refused a node that would get another node's name: roof")
    _connect(box.node(), "wx-9", b"\x03\x05\0")


def each_tenant_stays_below_its_mount(box):
    box.gateway("[group all]\nmatch = *\nmount = tenants/%c/\n")
    everything = box.subscriber("-q", "1")
    own = box.sn_sub("-i", "ada", "-q", "1", "-t", "#")
    box.sn_pub("-i", "bob", "-q", "1", "-t", "door/open", "-m", "b")
    expect_equal(everything.messages(1)[0][0], "tenants/bob/door/open", "as others see it")
    box.mqtt_pub("-t", "tenants/ada/lamp/on", "-m", "1", "-q", "1")
    own.wait_line(r"^lamp/on 1$")
    expect(not any("door/open" in line for line in own.lines), "ada reads nothing of bob")
    box.sn_pub("-i", "eve", "-q", "1", "-t", "x", "-m", "last", "--will-topic", "gone")
    expect_equal(everything.messages(3)[2][0], "tenants/eve/x", "with a will")


def a_reader_by_id_is_sent_that_id_and_one_by_wildcard_a_name(box):
    box.gateway("[topics default]\n1 = farm/temp\n")
    by_id = box.sn_sub("-i", "by-id", "-T", "1")
    by_name = box.sn_sub("-i", "by-name", "-t", "farm/#")
    box.mqtt_pub("-t", "farm/temp", "-m", "21")
    by_id.wait_line(r"^#1 21$")
    by_name.wait_line(r"^farm/temp 21$")


def an_address_names_who_publishes_without_connect(box):
    box.gateway(MAP + "[node meter]\nfrom = 127.0.0.1\n")
    reader = box.subscriber()
    box.sn_pub("-q", "-1", "-T", "1", "-m", "5")
    expect_equal(reader.messages(1)[0][0], "farm/meter/temp", "topic")
    expect_equal(_topic_of(box, reader, "n1", 2), "farm/n1/temp", "of who connects")


def without_a_name_a_message_that_needs_one_is_dropped_and_told(box):
    gateway = box.gateway(MAP)
    reader = box.subscriber("-q", "1")
    box.sn_pub("-q", "-1", "-T", "1", "-m", "5")
    gateway.wait_line(r"QoS -1 dropped: .*; the last came by listener udp from 127\.0\.0\.1:\d+$")
    expect_equal(_topic_of(box, reader, "n1", 1), "farm/n1/temp", "the first that came")


def queue_age_0_keeps_nothing_for_a_sleeper(box):
    box.gateway("[node s]\nclient_id = n1\nqueue_age = 0\n")
    node = box.node().connect("n1")
    node.ask(b"\x06\x12\x20\0\x03+", b"\x13")
    node.ask(b"\x04\x18\x0e\x10", b"\x18")
    box.mqtt_pub("-t", "zz", "-m", "x", "-q", "1")
    expect_equal(node.ask(b"\x04\x16n1", b""), b"\x02\x17", "the first that comes at its waking")
    expect_equal(box.ask("nodes")[0]["dropped"], 1, "dropped")


def a_place_is_filled_and_stays_so_over_a_restart(box):
    gateway = box.gateway(PLACES, store=box.dir / "sedge.db")
    box.sedge("node", "accept", "bed-1", "wx-1")
    stop(gateway)
    box.gateway(PLACES, store=box.dir / "sedge.db")
    reader = box.subscriber("-q", "1")
    expect_equal(_topic_of(box, reader, "wx-1", 1), "farm/bed-1/temp", "topic")


def a_replaced_node_keeps_its_name_and_the_old_device_is_told(box):
    box.gateway(PLACES)
    reader = box.subscriber("-q", "1")
    box.sedge("node", "accept", "bed-1", "wx-1")
    old = box.node().connect("wx-1")
    box.sedge("node", "replace", "bed-1", "--with", "wx-2")
    old.wait(b"\x18")
    expect_equal(_topic_of(box, reader, "wx-2", 1), "farm/bed-1/temp", "of the new device")
    names = {node["name"]: node.get("client_id") for node in box.ask("nodes")}
    expect_equal(names["bed-1"], "wx-2", "who bed-1 is")


def a_name_without_a_section_goes_over_too(box):
    box.gateway(MAP)
    reader = box.subscriber("-q", "1")
    expect_equal(_topic_of(box, reader, "wx-1", 1), "farm/wx-1/temp", "before")
    box.sedge("node", "replace", "wx-1", "--with", "wx-2")
    expect_equal(_topic_of(box, reader, "wx-2", 2), "farm/wx-1/temp", "after")
    _connect(box.node(), "wx-1", REFUSED)


def an_identity_in_the_file_is_changed_there_and_its_line_is_told(box):
    box.gateway(PLACES)
    told = box.sedge("node", "replace", "roof", "--with", "wx-2", code=1)
    told.wait_line(r"gateway\.conf:\d+")
    line = int(told.said().split("gateway.conf:")[1].split(":")[0].split()[0].rstrip(".,:"))
    text = (box.dir / "gateway.conf").read_text().splitlines()
    expect_equal(text[line - 1], "client_id = wx-9", "the line that is named")


def a_nodes_own_retry_is_at_work(box):
    box.gateway("[node r]\nclient_id = n1\nretry = 100ms\nretries = 2\n", udp_more="retry = 1m")
    node = box.node().connect("n1")
    node.ask(b"\x06\x12\x20\0\x03+", b"\x13")
    box.mqtt_pub("-t", "zz", "-m", "x", "-q", "1")
    expect_equal(node.wait(b"\x0c")[2], 0x22, "flags of the first")
    expect_equal(node.wait(b"\x0c")[2], 0xA2, "flags of the repeat")
