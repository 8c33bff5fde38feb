/* tests/hub/test_told.c - what the gateway says of itself and of its nodes under STATE. */
#include "gateway/hub/given.h"
#include "gateway/hub/seen.h"
#include "tests/hub/fixture.h"

static const char conf[] =
    "[gateway]\nname = gh\n[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\nretry = 1s\n"
    "[node bed-1]\nclient_id = n1\n[store]\npath = none\n";

static const struct span connect_1 = {WIRE("\x08\x04\x04\x01\0\x3cn1")};
static const struct span connect_2 = {WIRE("\x08\x04\x04\x01\0\x3cn2")};
static const struct span bye = {WIRE("\x02\x18")};

/* A session that reads `filter`, as an MQTT client's would. */
static struct mqtt_session *reader(struct site *site, const char *filter)
{
    struct mqtt_sessions *ss = &site->hub->sessions;
    struct mqtt_opening opening = {.door = MQTT_DOOR_CONN,
                                   .name = span_of_text(filter),
                                   .clean = true,
                                   .door_item = site,
                                   .quota = {.queued = 100, .inflight = 100}};
    struct mqtt_subscribing sub = {.filter = span_of_text(filter), .qos = 1};
    struct mqtt_session *s = mqtt_session_open(ss, &opening, site->now_ms);
    struct mqtt_op op;
    uint64_t ticket = 0;

    assert_non_null(s);
    assert_true(mqtt_session_next(ss, s, &op, site->now_ms));
    assert_int_equal(op.kind, MQTT_OP_OPENED);
    assert_int_equal(mqtt_session_subscribe(ss, s, &sub, &ticket, site->now_ms), 1);
    hub_pump(site->hub, site->now_ms);
    return s;
}

/* The next message is this one. */
static void reads(struct site *site, struct mqtt_session *s, const char *topic, const char *value,
                  bool retained)
{
    struct mqtt_op op;

    if (!mqtt_session_next(&site->hub->sessions, s, &op, site->now_ms)) {
        fail_msg("nothing, not %s", topic);
    }
    assert_int_equal(op.kind, MQTT_OP_DELIVER);
    assert_span_equal(mqtt_message_topic(op.message), span_of_text(topic));
    assert_span_equal(mqtt_message_payload(op.message), span_of_text(value));
    assert_int_equal(op.retain, retained);
    mqtt_message_drop(op.message);
    mqtt_session_ack(&site->hub->sessions, s, MQTT_OP_PUBACK, op.packet_id, site->now_ms);
}

static void reads_nothing(struct site *site, struct mqtt_session *s)
{
    struct mqtt_op op;

    assert_false(mqtt_session_next(&site->hub->sessions, s, &op, site->now_ms));
}

#define STATE_1 "$SYS/gateway/nodes/bed-1/state"
#define INFO_1  "$SYS/gateway/nodes/bed-1/info"

static void states_are_told_as_they_change(void **state)
{
    struct site *site = site_new(conf, false);
    struct mqtt_session *s = reader(site, "$SYS/gateway/nodes/+/state");

    (void)state;
    reads_nothing(site, s);
    site_says(site, 1, connect_1);
    reads(site, s, STATE_1, "active", false);
    site_says(site, 1, WIRE_SPAN("\x02\x16")); /* nothing changes */
    reads_nothing(site, s);
    site_says(site, 1, WIRE_SPAN("\x04\x18\0\x0a"));
    reads(site, s, STATE_1, "asleep", false);
    site_says(site, 1, WIRE_SPAN("\x04\x16n1"));
    reads_nothing(site, s);
    site_wait(site, 15000);
    reads(site, s, STATE_1, "lost", false);
    site_says(site, 1, connect_1);
    reads(site, s, STATE_1, "active", false);
    site_says(site, 1, bye);
    reads(site, s, STATE_1, "disconnected", false);
    reads_nothing(site, s);
    site_free(site);
}

static void who_comes_late_finds_them_retained_and_until_then_none_is_kept(void **state)
{
    struct site *site = site_new(conf, false);
    struct mqtt_session *first = NULL;
    struct mqtt_session *second = NULL;

    (void)state;
    site_says(site, 1, connect_1);
    site_says(site, 2, connect_2);
    site_says(site, 2, bye);
    assert_null(mqtt_retain_find(&site->hub->sessions.retain, span_of_text(STATE_1)));
    first = reader(site, "$SYS/gateway/nodes/+/state");
    reads(site, first, STATE_1, "active", true);
    reads(site, first, "$SYS/gateway/nodes/n2/state", "disconnected", true);
    reads_nothing(site, first);
    second = reader(site, "$SYS/gateway/nodes/bed-1/state");
    reads(site, second, STATE_1, "active", true);
    reads_nothing(site, second);
    reads_nothing(site, first);
    site_free(site);
}

static void info_is_a_line_of_json_at_each_connect(void **state)
{
    struct site *site = site_new(conf, false);
    struct mqtt_session *s = reader(site, "$SYS/gateway/nodes/#");

    (void)state;
    site_says(site, 1, connect_1);
    reads(site, s, STATE_1, "active", false);
    reads(site, s, INFO_1,
          "{\"name\":\"bed-1\",\"client_id\":\"n1\",\"listener\":\"lan\","
          "\"address\":\"10.0.0.1:1884\",\"configured\":true,\"first_seen\":1700000001,"
          "\"last_seen\":1700000001,\"errors\":0,\"resent\":0}",
          false);
    site_wait(site, 20000);
    site_says(site, 1, WIRE_SPAN("\x02\x0c"));
    reads_nothing(site, s);
    site_says(site, 3,
              WIRE_SPAN("\x08\x04\x04\x01\0\x3d"
                        "n1")); /* asked first */
    site_says(site, 1, bye);
    reads(site, s, STATE_1, "disconnected", false);
    site_says(site, 3,
              WIRE_SPAN("\x08\x04\x04\x01\0\x3d"
                        "n1"));
    reads(site, s, STATE_1, "active", false);
    reads(site, s, INFO_1,
          "{\"name\":\"bed-1\",\"client_id\":\"n1\",\"listener\":\"lan\","
          "\"address\":\"10.0.0.3:1884\",\"configured\":true,\"first_seen\":1700000001,"
          "\"last_seen\":1700000021,\"errors\":1,\"resent\":0}",
          false);
    site_free(site);
}

static void who_gives_way_to_another_is_disconnected(void **state)
{
    struct site *site = site_new("[gateway]\nname = gh\n[store]\npath = none\n[limits]\nnodes = 1\n"
                                 "[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n",
                                 false);
    struct mqtt_session *s = reader(site, "$SYS/gateway/nodes/+/state");

    (void)state;
    site_says(site, 1, connect_1);
    reads(site, s, "$SYS/gateway/nodes/n1/state", "active", false);
    site_says(site, 2, connect_2); /* n1 never asked for anything */
    reads(site, s, "$SYS/gateway/nodes/n1/state", "disconnected", false);
    site_says(site, 2, connect_2);
    reads(site, s, "$SYS/gateway/nodes/n1/state", "", false); /* and so does its entry */
    reads(site, s, "$SYS/gateway/nodes/n2/state", "active", false);
    site_free(site);
}

static void a_replaced_node_is_disconnected_until_the_new_one_comes(void **state)
{
    struct site *site = site_new(conf, false);
    struct mqtt_session *s = reader(site, "$SYS/gateway/nodes/+/state");

    (void)state;
    site_says(site, 2, connect_2);
    reads(site, s, "$SYS/gateway/nodes/n2/state", "active", false);
    assert_int_equal(
        hub_node_replace(site->hub, span_of_text("n2"), span_of_text("new"), site->now_ms).outcome,
        HUB_GAVE);
    reads(site, s, "$SYS/gateway/nodes/n2/state", "disconnected", false);
    site_says(site, 3,
              WIRE_SPAN("\x09\x04\x04\x01\0\x3c"
                        "new"));
    reads(site, s, "$SYS/gateway/nodes/n2/state", "active", false);
    reads_nothing(site, s);
    site_free(site);
}

static void a_forgotten_nodes_topics_are_cleared(void **state)
{
    struct site *site = site_new(conf, false);
    struct mqtt_session *s = reader(site, "$SYS/gateway/nodes/+/state");

    (void)state;
    site_says(site, 2, connect_2);
    reads(site, s, "$SYS/gateway/nodes/n2/state", "active", false);
    assert_true(hub_node_forget_named(site->hub, span_of_text("n2"), site->now_ms));
    reads(site, s, "$SYS/gateway/nodes/n2/state", "disconnected", false);
    reads(site, s, "$SYS/gateway/nodes/n2/state", "", false);
    reads_nothing(site, s);
    assert_null(
        mqtt_retain_find(&site->hub->sessions.retain, span_of_text("$SYS/gateway/nodes/n2/info")));
    site_free(site);
}

static void the_gateway_says_when_it_runs_and_when_it_stops(void **state)
{
    struct site *site =
        site_new("[gateway]\nname = gh\nstate = gw/%g\n[store]\npath = none\n", false);
    struct mqtt_session *s = reader(site, "gw/#");

    (void)state;
    reads(site, s, "gw/gh/state", "online", true);
    hub_stop(site->hub, site->now_ms);
    reads(site, s, "gw/gh/state", "offline", false);
    site_free(site);
}

static void an_upstream_is_online_while_it_is(void **state)
{
    struct site *site = site_new("[gateway]\nname = gh\n[store]\npath = none\n"
                                 "[upstream cloud]\nurl = mqtt://far.example\n",
                                 false);
    struct mqtt_session *s = reader(site, "$SYS/gateway/upstream/+/state");
    struct mqtt_out out;

    (void)state;
    reads(site, s, "$SYS/gateway/upstream/cloud/state", "offline", true);
    site_wait(site, 1);
    hub_uplink_up(site->hub, 0, site->now_ms);
    assert_true(hub_uplink_output(site->hub, 0, &out, site->out, site->now_ms));
    reads_nothing(site, s);
    hub_uplink_input(site->hub, 0, WIRE_SPAN("\x20\x02\0\0"), site->now_ms);
    hub_pump(site->hub, site->now_ms);
    reads(site, s, "$SYS/gateway/upstream/cloud/state", "online", false);
    hub_uplink_down(site->hub, 0, "gone", site->now_ms);
    hub_pump(site->hub, site->now_ms);
    reads(site, s, "$SYS/gateway/upstream/cloud/state", "offline", false);
    reads_nothing(site, s);
    site_free(site);
}

static void nothing_of_it_is_stored(void **state)
{
    struct site *site = site_new("[gateway]\nname = gh\nstate = gw\n"
                                 "[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n",
                                 true);
    struct batch batch;

    (void)state;
    (void)reader(site, "gw/#");
    site_says(site, 1, connect_1);
    assert_non_null(
        mqtt_retain_find(&site->hub->sessions.retain, span_of_text("gw/nodes/n1/state")));
    assert_true(hub_records(site->hub, &batch, site->now_ms + 1000));
    LIST_EACH (link, &batch.records) {
        assert_int_equal(LIST_ITEM(link, struct record, in_batch)->key[0], TABLE_NODE);
    }
    hub_kept(site->hub, &batch, site->now_ms);
    site_free(site);
}

static void states_go_up_by_a_send_rule(void **state)
{
    struct site *site = site_new("[gateway]\nname = gh\n[store]\npath = none\n"
                                 "[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n"
                                 "[upstream cloud]\nurl = mqtt://far.example\n"
                                 "send = $SYS/gateway/nodes/+/state to dt/%g/%1/state qos 1\n",
                                 false);
    const struct mqtt_session *up = NULL;

    (void)state;
    site_says(site, 1, connect_1);
    site_says(site, 1, bye);
    up = mqtt_session_find(&site->hub->sessions, MQTT_DOOR_UPSTREAM, span_of_text("cloud"));
    assert_int_equal(up->queue_count + (size_t)up->inflight_count, 2);
    site_free(site);
}

/* The store may be full: then they go without a promise, and readers that are there have them. */
static void a_full_store_does_not_silence_them(void **state)
{
    struct site *site = site_new("[gateway]\nname = gh\n"
                                 "[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n",
                                 true);
    struct mqtt_session *s = reader(site, "$SYS/gateway/nodes/+/state");

    (void)state;
    hub_store_works(site->hub, true, site->now_ms);
    site_says(site, 1, connect_1);
    reads(site, s, "$SYS/gateway/nodes/n1/state", "active", false);
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_are_told_as_they_change),
        cmocka_unit_test(who_comes_late_finds_them_retained_and_until_then_none_is_kept),
        cmocka_unit_test(info_is_a_line_of_json_at_each_connect),
        cmocka_unit_test(who_gives_way_to_another_is_disconnected),
        cmocka_unit_test(a_replaced_node_is_disconnected_until_the_new_one_comes),
        cmocka_unit_test(a_forgotten_nodes_topics_are_cleared),
        cmocka_unit_test(the_gateway_says_when_it_runs_and_when_it_stops),
        cmocka_unit_test(an_upstream_is_online_while_it_is),
        cmocka_unit_test(nothing_of_it_is_stored),
        cmocka_unit_test(states_go_up_by_a_send_rule),
        cmocka_unit_test(a_full_store_does_not_silence_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
