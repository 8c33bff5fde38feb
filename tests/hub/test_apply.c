/* tests/hub/test_apply.c - a new configuration on the running hub; the old one is freed at once. */
#include "gateway/hub/apply.h"
#include "gateway/hub/seen.h"
#include "tests/hub/fixture.h"

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

static void publish(struct site *site, const char *topic)
{
    struct mqtt_publication p = {
        .topic = span_of_text(topic), .payload = span_of_text("x"), .qos = 1};

    assert_int_equal(mqtt_sessions_publish(&site->hub->sessions, &p, site->now_ms), MQTT_OK);
    hub_pump(site->hub, site->now_ms);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_acl_that_changes_holds_at_the_next_publish_and_delivery),
        cmocka_unit_test(a_users_rights_follow_his_section_and_end_with_it),
        cmocka_unit_test(a_password_found_right_for_a_user_who_went_lets_nobody_in),
        cmocka_unit_test(a_listeners_patience_is_the_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
