/* tests/hub/test_apply.c - a new configuration on the running hub; the old one is freed at once. */
#include "gateway/hub/apply.h"
#include "gateway/hub/seen.h"
#include "tests/hub/fixture.h"

#define SITE                                                                                   \
    "[gateway]\nname = gh\n[store]\npath = none\n"                                             \
    "[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\ntopics = climate\n"                      \
    "[broker local]\nbind = 127.0.0.1:1883\nanonymous = yes\n"                                 \
    "[upstream cloud]\nurl = mqtt://far.example\nclient_id = gh\nusername = u\npassword = p\n" \
    "send = farm/# to dt/%t qos 1\n"

static const struct span connack = {WIRE("\x03\x05\0")};

static void apply(struct site *site, const char *text)
{
    struct conf_source source = {"new.conf", span_of_text(text)};
    struct conf_report report = {0};
    struct conf *old = site->conf;

    site->conf = conf_read(&source, 1, NULL, &report);
    for (size_t i = 0; site->conf == NULL && i < report.count; i++) {
        print_error("%s: %s\n", report.items[i].key, report.items[i].text);
    }
    conf_report_fini(&report);
    assert_non_null(site->conf);
    hub_apply(site->hub, site->conf, site->now_ms);
    conf_free(old);
    hub_pump(site->hub, site->now_ms);
}

static void connect_node(struct site *site, uint8_t node, bool clean)
{
    uint8_t wire[] = {8, 4, clean ? 4 : 0, 1, 0, 60, 'n', (uint8_t)('0' + node)};

    site_says(site, node, span_of(wire, sizeof wire));
    assert_span_equal(site_hears(site, node), connack);
}

/* From behind a forwarder at 10.0.0.7, as its node 0a. */
static void says_by_radio(struct site *site, struct span wire)
{
    static const uint8_t octets[] = {10, 0, 0, 7, 7, 0x5c};
    uint8_t room[64] = {4, 0xfe, 0, 0x0a};
    struct sn_peer peer = {.addr_len = sizeof octets, .forwarder = true};

    memcpy(peer.addr, octets, sizeof octets);
    memcpy(room + 4, wire.at, wire.len);
    hub_datagram(site->hub, &peer, span_of(room, 4 + wire.len), site->now_ms);
    hub_pump(site->hub, site->now_ms);
}

/* --- MQTT clients ---------------------------------------------------------------------------- */

static struct mqtt_conn *join(struct site *site, struct span connect)
{
    struct mqtt_entrance entrance = {.address = {WIRE("t")}};
    struct mqtt_conn *conn =
        mqtt_broker_accept(hub_broker(site->hub), &entrance, site, site->now_ms);

    assert_non_null(conn);
    mqtt_broker_input(hub_broker(site->hub), conn, connect, site->now_ms);
    hub_pump(site->hub, site->now_ms);
    return conn;
}

static void say(struct site *site, struct mqtt_conn *conn, struct span octets)
{
    mqtt_broker_input(hub_broker(site->hub), conn, octets, site->now_ms);
    hub_pump(site->hub, site->now_ms);
}

/* All that the broker has to say, to whom ever. */
static struct span hears(struct site *site)
{
    struct mqtt_out out;

    if (!mqtt_broker_output(hub_broker(site->hub), &out, site->out, site->now_ms)) {
        return (struct span){NULL, 0};
    }
    assert_false(out.close);
    return out.head;
}

/* Client "a", or user "u", its session clean. */
static const struct span connect_a = {WIRE("\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01"
                                           "a")};
static const struct span connect_u = {WIRE("\x10\x13\0\x04MQTT\x04\xc2\0\0\0\x01"
                                           "a\0\x01u\0\x01p")};

static uint64_t denied(const struct site *site)
{
    return site->hub->sessions.count.denied;
}

#define WITH_ACL                                                          \
    "[gateway]\nname = gh\n[store]\npath = none\n"                        \
    "[broker local]\nbind = 127.0.0.1:1883\nanonymous = yes\nacl = few\n" \
    "[acl few]\n"

static void an_acl_that_changes_holds_at_the_next_publish_and_delivery(void **state)
{
    struct site *site = site_new(WITH_ACL "publish = t\npublish = q\nsubscribe = #\n", false);
    struct mqtt_conn *a = join(site, connect_a);

    (void)state;
    (void)hears(site);
    say(site, a, WIRE_SPAN("\x82\x06\0\x01\0\x01#\0"));
    (void)hears(site);
    say(site, a, WIRE_SPAN("\x30\x04\0\x01tx"));
    assert_span_equal(hears(site), WIRE_SPAN("\x30\x04\0\x01tx"));
    apply(site, WITH_ACL "publish = %c\npublish = q\nsubscribe = a\n");
    say(site, a, WIRE_SPAN("\x30\x04\0\x01tx"));
    assert_int_equal(denied(site), 1);
    say(site, a, WIRE_SPAN("\x30\x04\0\x01qx")); /* may be written, not read */
    assert_int_equal(denied(site), 1);
    assert_int_equal(hears(site).len, 0);
    say(site, a,
        WIRE_SPAN("\x30\x04\0\x01"
                  "ax"));
    assert_span_equal(hears(site), WIRE_SPAN("\x30\x04\0\x01"
                                             "ax"));
    apply(site, WITH_ACL "publish = t\nsubscribe = t\n");
    say(site, a, WIRE_SPAN("\x30\x04\0\x01tx"));
    assert_span_equal(hears(site), WIRE_SPAN("\x30\x04\0\x01tx"));
    site_free(site);
}

#define WITH_USER                                                                         \
    "[gateway]\nname = gh\n[store]\npath = none\n[broker local]\nbind = 127.0.0.1:1883\n" \
    "[acl few]\npublish = t\nsubscribe = #\n[acl more]\npublish = #\nsubscribe = #\n"     \
    "[user other]\npassword = $7$1000$c2FsdHNhbHQ=$" HASH "\n"
#define HASH \
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="
#define USER_U "[user u]\npassword = $7$1000$c2FsdHNhbHQ=$" HASH "\n"

static uint64_t ticket_of(struct site *site)
{
    struct hub_news news;

    while (hub_event(site->hub, &news)) {
        if (news.kind == HUB_LOGIN) {
            return news.login.ticket;
        }
    }
    fail_msg("no login");
    return 0;
}

static void a_users_rights_follow_his_section_and_end_with_it(void **state)
{
    struct site *site = site_new(WITH_USER USER_U "acl = few\n", false);
    struct mqtt_conn *a = join(site, connect_u);

    (void)state;
    hub_login(site->hub, ticket_of(site), HUB_LOGIN_GOOD, site->now_ms);
    assert_span_equal(hears(site), WIRE_SPAN("\x20\x02\0\0"));
    say(site, a, WIRE_SPAN("\x30\x04\0\x01wx"));
    assert_int_equal(denied(site), 1);
    apply(site, WITH_USER USER_U "acl = more\n");
    say(site, a, WIRE_SPAN("\x30\x04\0\x01wx"));
    assert_int_equal(denied(site), 1);
    apply(site, WITH_USER);
    say(site, a, WIRE_SPAN("\x30\x04\0\x01tx"));
    assert_int_equal(denied(site), 2);
    say(site, a, WIRE_SPAN("\xc0\0")); /* connected all the same */
    assert_span_equal(hears(site), WIRE_SPAN("\xd0\0"));
    apply(site, WITH_USER USER_U "acl = few\n");
    say(site, a, WIRE_SPAN("\x30\x04\0\x01tx"));
    assert_int_equal(denied(site), 2);
    site_free(site);
}

static void a_password_found_right_for_a_user_who_went_lets_nobody_in(void **state)
{
    struct site *site = site_new(WITH_USER USER_U, false);
    uint64_t ticket = 0;
    struct mqtt_out out;

    (void)state;
    (void)join(site, connect_u);
    ticket = ticket_of(site);
    apply(site, WITH_USER);
    hub_login(site->hub, ticket, HUB_LOGIN_GOOD, site->now_ms);
    assert_true(mqtt_broker_output(hub_broker(site->hub), &out, site->out, site->now_ms));
    assert_span_equal(out.head, WIRE_SPAN("\x20\x02\0\x04"));
    assert_true(out.close);
    site_free(site);
}

/* --- nodes ----------------------------------------------------------------------------------- */

static struct mqtt_session *session_of(struct site *site, const char *id)
{
    return mqtt_session_find(&site->hub->sessions, MQTT_DOOR_NODE, span_of_text(id));
}

static const struct span publish_1 = {WIRE("\x08\x0c\x21\0\x01\0\x05x")}; /* by KEY 1, QoS 1 */

static void a_key_means_its_new_topic_at_the_next_publish(void **state)
{
    struct site *site = site_new(SITE "[topics climate]\n1 = a/%n\n", false);
    struct mqtt_conn *a = join(site, connect_a);

    (void)state;
    (void)hears(site);
    say(site, a, WIRE_SPAN("\x82\x06\0\x01\0\x01#\0"));
    (void)hears(site);
    connect_node(site, 1, true);
    site_says(site, 1, publish_1);
    assert_span_equal(hears(site), WIRE_SPAN("\x30\x07\0\x04"
                                             "a/n1x"));
    apply(site, SITE "[topics climate]\n1 = b/%n\n2 = c\n");
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x21\0\x01\0\x06x"));
    assert_span_equal(hears(site), WIRE_SPAN("\x30\x07\0\x04"
                                             "b/n1x"));
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x21\0\x02\0\x07x"));
    assert_span_equal(hears(site), WIRE_SPAN("\x30\x04\0\x01"
                                             "cx"));
    apply(site, SITE "[topics climate]\n2 = c\n");
    (void)site_hears(site, 1);
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x21\0\x01\0\x08x"));
    assert_int_equal(hears(site).len, 0);
    assert_true(session_of(site, "n1")->open);
    site_free(site);
}

static void publish(struct site *site, const char *topic)
{
    struct mqtt_publication p = {
        .topic = span_of_text(topic), .payload = span_of_text("x"), .qos = 1};

    assert_int_equal(mqtt_sessions_publish(&site->hub->sessions, &p, site->now_ms), MQTT_OK);
    hub_pump(site->hub, site->now_ms);
}

static void a_subscription_made_by_key_moves_with_it(void **state)
{
    struct site *site = site_new(SITE "[topics climate]\n1 = a\n", false);

    (void)state;
    connect_node(site, 1, true);
    site_says(site, 1, WIRE_SPAN("\x07\x12\x21\0\x03\0\x01"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x08\x13\x21\0\x01\0\x03\0"));
    apply(site, SITE "[topics climate]\n1 = b\n");
    publish(site, "a");
    assert_int_equal(site_hears(site, 1).len, 0);
    publish(site, "b");
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x08\x0c\x21\0\x01\0\x01x"));
    assert_int_equal(session_of(site, "n1")->subscription_count, 1);
    site_free(site);
}

static void a_mount_takes_subscriptions_by_name_along(void **state)
{
    struct site *site = site_new(SITE "[topics climate]\n1 = a\n[group g]\nmatch = n*\n"
                                      "mount = old/\n",
                                 false);

    (void)state;
    connect_node(site, 1, true);
    site_says(site, 1, WIRE_SPAN("\x07\x12\0\0\x03xy"));
    assert_int_equal(site_hears(site, 1).len, 8);
    apply(site, SITE "[topics climate]\n1 = a\n[group g]\nmatch = n*\nmount = new/\n");
    publish(site, "old/xy");
    assert_int_equal(site_hears(site, 1).len, 0);
    publish(site, "new/xy");
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x08\x0c\0\0\x01\0\0x"));
    site_free(site);
}

/* a/xy becomes a/b/xy, which was another's until then; and back. */
static void a_mount_may_move_inside_itself(void **state)
{
    static const char *const next[] = {
        SITE "[topics climate]\n1 = a\n[group g]\nmatch = n*\nmount = a/b/\n",
        SITE "[topics climate]\n1 = a\n[group g]\nmatch = n*\nmount = a/\n"};
    struct site *site = site_new(SITE "[topics climate]\n1 = a\n[group g]\nmatch = n*\n"
                                      "mount = a/\n",
                                 false);

    (void)state;
    connect_node(site, 1, true);
    site_says(site, 1, WIRE_SPAN("\x07\x12\0\0\x03xy"));
    assert_int_equal(site_hears(site, 1).len, 8);
    site_says(site, 1,
              WIRE_SPAN("\x09\x12\0\0\x04"
                        "b/xy"));
    assert_int_equal(site_hears(site, 1).len, 8);
    for (size_t i = 0; i < COUNT(next); i++) {
        apply(site, next[i]);
        assert_int_equal(session_of(site, "n1")->subscription_count, 2);
        publish(site, i == 0 ? "a/b/xy" : "a/xy");
        assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x08\x0c\0\0\x01\0\0x"));
        publish(site, i == 0 ? "a/b/b/xy" : "a/b/xy");
        assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x08\x0c\0\0\x02\0\0x"));
    }
    site_free(site);
}

static void keys_that_change_places_take_their_subscriptions_along(void **state)
{
    struct site *site = site_new(SITE "[topics climate]\n1 = a\n2 = b\n3 = c\n", false);

    (void)state;
    connect_node(site, 1, true);
    for (uint8_t key = 1; key <= 3; key++) {
        site_says(site, 1, span_of(((uint8_t[]){7, 0x12, 1, 0, key, 0, key}), 7));
        assert_int_equal(site_hears(site, 1).len, 8);
    }
    apply(site, SITE "[topics climate]\n1 = b\n2 = c\n3 = a\n");
    publish(site, "a");
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x08\x0c\x01\0\x03\0\0x"));
    publish(site, "b");
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x08\x0c\x01\0\x01\0\0x"));
    publish(site, "c");
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x08\x0c\x01\0\x02\0\0x"));
    assert_int_equal(session_of(site, "n1")->subscription_count, 3);
    site_free(site);
}

static void a_node_has_new_rights_and_limits_at_once(void **state)
{
    struct site *site = site_new(SITE "[topics climate]\n1 = a\n[acl one]\npublish = a\n"
                                      "subscribe = a\n[node bed]\nclient_id = n1\nacl = one\n",
                                 false);

    (void)state;
    connect_node(site, 1, false);
    site_says(site, 1, publish_1);
    assert_int_equal(denied(site), 0);
    (void)site_hears(site, 1);
    site_says(site, 1, WIRE_SPAN("\x07\x12\x21\0\x03\0\x01"));
    (void)site_hears(site, 1);
    apply(site, SITE "[topics climate]\n1 = a\n[acl one]\npublish = b\nsubscribe = b\n"
                     "[node bed]\nclient_id = n1\nacl = one\nsleep_queue = 3\n");
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x21\0\x01\0\x06x"));
    assert_int_equal(denied(site), 1);
    (void)site_hears(site, 1);
    publish(site, "a");
    assert_int_equal(site_hears(site, 1).len, 0);
    assert_int_equal(session_of(site, "n1")->quota.queued, 3);
    site_free(site);
}

static void normal_ids_keep_their_names(void **state)
{
    struct site *site = site_new(SITE "[topics climate]\n1 = a\n", false);
    struct mqtt_conn *a = join(site, connect_a);

    (void)state;
    (void)hears(site);
    say(site, a, WIRE_SPAN("\x82\x06\0\x01\0\x01#\0"));
    (void)hears(site);
    connect_node(site, 1, true);
    site_says(site, 1,
              WIRE_SPAN("\x07\x0a\0\0\0\x02"
                        "w"));
    apply(site, SITE "[topics climate]\n1 = w\n");
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x20\0\x01\0\x05x"));
    assert_span_equal(hears(site), WIRE_SPAN("\x30\x04\0\x01wx"));
    site_free(site);
}

static void a_node_that_gets_another_name_keeps_session_and_past(void **state)
{
    struct site *site = site_new(SITE "[topics climate]\n1 = a\n[node bed-1]\nclient_id = n1\n"
                                      "[node bed-2]\nclient_id = n2\n",
                                 false);
    struct mqtt_conn *a = join(site, connect_a);
    struct hub_node_view view;
    uint64_t first_ms = 0;

    (void)state;
    connect_node(site, 1, true);
    site_wait(site, 5000);
    connect_node(site, 2, true);
    assert_true(hub_node_find(site->hub, span_of_text("bed-1"), &view));
    first_ms = view.first_seen_ms;
    (void)hears(site);
    say(site, a, WIRE_SPAN("\x82\x20\0\x01\0\x1b$SYS/gateway/nodes/+/state?\0"));
    apply(site, SITE "[topics climate]\n1 = a\n[node bed-1]\nclient_id = n2\n"
                     "[node bed-2]\nclient_id = n1\n"); /* they change places */
    assert_true(hub_node_find(site->hub, span_of_text("bed-2"), &view));
    assert_span_equal(view.client_id, span_of_text("n1"));
    assert_int_equal(view.first_seen_ms, first_ms);
    assert_int_equal(view.state, HUB_NODE_ACTIVE);
    assert_true(view.has_session && view.is_configured);
    apply(site, SITE "[topics climate]\n1 = a\n");
    assert_true(hub_node_find(site->hub, span_of_text("n1"), &view));
    assert_int_equal(view.first_seen_ms, first_ms);
    assert_false(view.is_configured);
    assert_false(hub_node_find(site->hub, span_of_text("bed-2"), &view));
    site_says(site, 1, publish_1);
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x07\x0d\0\x01\0\x05\0"));
    site_free(site);
}

static void one_that_is_gone_is_called_by_its_client_id_when_its_section_goes(void **state)
{
    struct site *site =
        site_new(SITE "[topics climate]\n1 = a\n[node bed-1]\nclient_id = n1\n", false);
    struct hub_node_view view;

    (void)state;
    connect_node(site, 1, true);
    site_says(site, 1, WIRE_SPAN("\x02\x18"));
    apply(site, SITE "[topics climate]\n1 = a\n");
    assert_false(hub_node_find(site->hub, span_of_text("bed-1"), &view));
    assert_true(hub_node_find(site->hub, span_of_text("n1"), &view));
    assert_int_equal(view.state, HUB_NODE_DISCONNECTED);
    apply(site, SITE "[topics climate]\n1 = a\n[node bed-7]\nclient_id = n1\n");
    assert_true(hub_node_find(site->hub, span_of_text("bed-7"), &view));
    assert_span_equal(view.client_id, span_of_text("n1"));
    assert_true(view.is_configured && view.first_seen_ms != 0);
    assert_false(hub_node_find(site->hub, span_of_text("n1"), &view));
    site_free(site);
}

/* What is retained there; empty: nothing. */
static struct span told(const struct site *site, const char *topic)
{
    const struct mqtt_branch *branch =
        mqtt_retain_find(&site->hub->sessions.retain, span_of_text(topic));

    return branch == NULL ? (struct span){NULL, 0} : mqtt_message_payload(branch->message);
}

static void state_topics_follow_the_name_and_the_prefix(void **state)
{
    struct site *site = site_new(SITE "[topics climate]\n1 = a\n", false);

    (void)state;
    connect_node(site, 1, true);
    site->hub->sessions.own_read = true;
    hub_pump(site->hub, site->now_ms);
    assert_span_equal(told(site, "$SYS/gateway/nodes/n1/state"), span_of_text("active"));
    apply(site, SITE "[topics climate]\n1 = a\n[node bed-1]\nclient_id = n1\n");
    assert_int_equal(told(site, "$SYS/gateway/nodes/n1/state").len, 0);
    assert_int_equal(told(site, "$SYS/gateway/nodes/n1/info").len, 0);
    assert_span_equal(told(site, "$SYS/gateway/nodes/bed-1/state"), span_of_text("active"));
    assert_true(told(site, "$SYS/gateway/nodes/bed-1/info").len > 0);
    apply(site, "[gateway]\nname = gh\nstate = gw/x\n[store]\npath = none\n"
                "[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\n"
                "[broker local]\nbind = 127.0.0.1:1883\n"
                "[upstream cloud]\nurl = mqtt://far.example\n"
                "[node bed-1]\nclient_id = n1\n");
    assert_int_equal(told(site, "$SYS/gateway/nodes/bed-1/state").len, 0);
    assert_int_equal(told(site, "$SYS/gateway/state").len, 0);
    assert_span_equal(told(site, "gw/x/state"), span_of_text("online"));
    assert_span_equal(told(site, "gw/x/nodes/bed-1/state"), span_of_text("active"));
    site_free(site);
}

static void a_listeners_patience_is_the_new_one(void **state)
{
    static const char quick[] = "[gateway]\nname = gh\n[store]\npath = none\n"
                                "[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\nretry = 1s\n";
    static const char slow[] = "[gateway]\nname = gh\n[store]\npath = none\n"
                               "[listener lan]\ntype = udp\nbind = 0.0.0.0:1884\nretry = 5s\n";
    struct site *site = site_new(slow, false);

    (void)state;
    connect_node(site, 1, true);
    site_says(site, 1, WIRE_SPAN("\x07\x12\x22\0\x03zz"));
    (void)site_hears(site, 1);
    apply(site, quick);
    publish(site, "zz");
    assert_true(site_hears(site, 1).len > 0);
    site_wait(site, 999);
    assert_int_equal(site_hears(site, 1).len, 0);
    site_wait(site, 2);
    assert_true(site_hears(site, 1).len > 0); /* again */
    site_free(site);
}

static bool has_session(const struct site *site, const char *client_id)
{
    return mqtt_session_find(&site->hub->sessions, MQTT_DOOR_NODE, span_of_text(client_id)) != NULL;
}

/* The [node] names a device by where it is, and another, which is away, has that name as its client
 * id. */
static void who_is_named_by_a_reload_takes_the_name_and_no_session(void **state)
{
    struct site *site = site_new(SITE "[topics climate]\n1 = x\n", false);

    (void)state;
    says_by_radio(site, WIRE_SPAN("\x07\x04\0\x01\0\x3c"
                                  "b"));
    connect_node(site, 1, false);
    site_says(site, 1, WIRE_SPAN("\x06\x12\0\0\x01t")); /* from here on it is kept */
    site_says(site, 1, WIRE_SPAN("\x02\x18"));
    connect_node(site, 2, false);
    apply(site, SITE "[topics climate]\n1 = x\n[node n1]\nlistener = lan\nwireless_id = 0a\n");
    assert_span_equal(sn_node_id(hub_node_named(site->hub, span_of_text("n1"))->node),
                      span_of_text("b"));
    assert_non_null(hub_node_named(site->hub, span_of_text("n2")));
    assert_true(has_session(site, "n1"));
    site_says(site, 1, WIRE_SPAN("\x08\x04\0\x01\0\x3cn1"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x03\x05\x03"));
    apply(site, SITE "[topics climate]\n1 = x\n");
    connect_node(site, 1, false);
    assert_span_equal(sn_node_id(hub_node_named(site->hub, span_of_text("b"))->node),
                      span_of_text("b"));
    site_free(site);
}

/* Two devices were at one place, one after the other, before a [node] names it. */
static void a_reload_ends_no_session_of_one_that_was_there_before(void **state)
{
    struct site *site = site_new(SITE "[topics climate]\n1 = x\n", false);

    (void)state;
    says_by_radio(site, WIRE_SPAN("\x07\x04\0\x01\0\x3c"
                                  "a"));
    says_by_radio(site, WIRE_SPAN("\x06\x12\0\0\x01t"));
    says_by_radio(site, WIRE_SPAN("\x02\x18"));
    says_by_radio(site, WIRE_SPAN("\x07\x04\0\x01\0\x3c"
                                  "b"));
    apply(site, SITE "[topics climate]\n1 = x\n[node bed]\nlistener = lan\nwireless_id = 0a\n");
    assert_span_equal(sn_node_id(hub_node_named(site->hub, span_of_text("bed"))->node),
                      span_of_text("b"));
    assert_true(has_session(site, "a"));
    assert_true(has_session(site, "b"));
    site_free(site);
}

/* --- the rest -------------------------------------------------------------------------------- */

static void an_upstream_goes_on_by_the_new_file(void **state)
{
    struct site *site = site_new(SITE "[topics climate]\n1 = farm/a\n", false);
    struct hub_news news = {.kind = HUB_LOG};
    struct mqtt_out out;

    (void)state;
    apply(site, SITE "[topics climate]\n1 = farm/b\n");
    site_wait(site, 1);
    hub_pump(site->hub, site->now_ms);
    while (news.kind != HUB_DIAL) {
        assert_true(hub_event(site->hub, &news));
    }
    hub_uplink_up(site->hub, 0, site->now_ms);
    assert_true(hub_uplink_output(site->hub, 0, &out, site->out, site->now_ms));
    assert_span_equal(out.head,
                      WIRE_SPAN("\x10\x14\0\x04MQTT\x04\xc0\0\x3c\0\x02gh\0\x01u\0\x01p"));
    hub_uplink_input(site->hub, 0, WIRE_SPAN("\x20\x02\0\0"), site->now_ms);
    connect_node(site, 1, true);
    apply(site, SITE "[topics climate]\n1 = farm/c\n");
    site_says(site, 1, publish_1);
    hub_pump(site->hub, site->now_ms);
    assert_true(hub_uplink_output(site->hub, 0, &out, site->out, site->now_ms));
    assert_span_equal(span_of(out.head.at, 8), WIRE_SPAN("\x32\x09\0\x04"
                                                         "dt/c"));
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_acl_that_changes_holds_at_the_next_publish_and_delivery),
        cmocka_unit_test(a_users_rights_follow_his_section_and_end_with_it),
        cmocka_unit_test(a_password_found_right_for_a_user_who_went_lets_nobody_in),
        cmocka_unit_test(a_key_means_its_new_topic_at_the_next_publish),
        cmocka_unit_test(a_subscription_made_by_key_moves_with_it),
        cmocka_unit_test(a_mount_takes_subscriptions_by_name_along),
        cmocka_unit_test(a_mount_may_move_inside_itself),
        cmocka_unit_test(keys_that_change_places_take_their_subscriptions_along),
        cmocka_unit_test(a_node_has_new_rights_and_limits_at_once),
        cmocka_unit_test(normal_ids_keep_their_names),
        cmocka_unit_test(a_node_that_gets_another_name_keeps_session_and_past),
        cmocka_unit_test(who_is_named_by_a_reload_takes_the_name_and_no_session),
        cmocka_unit_test(a_reload_ends_no_session_of_one_that_was_there_before),
        cmocka_unit_test(one_that_is_gone_is_called_by_its_client_id_when_its_section_goes),
        cmocka_unit_test(state_topics_follow_the_name_and_the_prefix),
        cmocka_unit_test(a_listeners_patience_is_the_new_one),
        cmocka_unit_test(an_upstream_goes_on_by_the_new_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
