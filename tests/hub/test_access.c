/* tests/hub/test_access.c - who may, through the whole hub: CONNECTs by octets, passwords judged by
 * the test. */
#include "gateway/hub/access.h"
#include "mqtt/conn.h"
#include "tests/hub/fixture.h"

/* One MQTT client by octets. */
struct client {
    struct mqtt_conn *conn;
    uint8_t out[256];
    size_t len;
};

static void turn(struct site *site)
{
    uint8_t scratch[MQTT_SCRATCH];
    struct mqtt_out out;

    hub_pump(site->hub, site->now_ms);
    while (mqtt_broker_output(hub_broker(site->hub), &out, scratch, site->now_ms)) {
        struct client *client = out.socket;

        assert_true(client->len + out.head.len <= sizeof client->out);
        if (out.head.len > 0) {
            memcpy(client->out + client->len, out.head.at, out.head.len);
        }
        client->len += out.head.len;
        block_drop(out.block);
        if (out.close) {
            mqtt_broker_gone(hub_broker(site->hub), client->conn, site->now_ms);
            client->conn = NULL;
        }
    }
}

static void say(struct site *site, struct client *client, struct span octets)
{
    mqtt_broker_input(hub_broker(site->hub), client->conn, octets, site->now_ms);
    turn(site);
}

static void come(struct site *site, struct client *client, const struct mqtt_entrance *entrance,
                 struct span octets)
{
    *client = (struct client){.len = 0};
    client->conn = mqtt_broker_accept(hub_broker(site->hub), entrance, client, site->now_ms);
    assert_non_null(client->conn);
    say(site, client, octets);
}

#define EXPECT(client, text)                                                       \
    do {                                                                           \
        assert_span_equal(span_of((client)->out, (client)->len), WIRE_SPAN(text)); \
        (client)->len = 0;                                                         \
    } while (0)

static const char conf[] =
    "[listener lan]\ntype = udp\nbind = 127.0.0.1:1884\nacl = field\n"
    "publish_without_connect = yes\n"
    "[broker open]\nbind = 127.0.0.1:1\nanonymous = yes\nacl = guest\n"
    "[broker shut]\nbind = 127.0.0.1:2\nanonymous = no\n"
    "[user ann]\npassword = $7$101$c2FsdHNhbHRzYWx0$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n"
    "acl = own\n"
    "[acl guest]\nsubscribe = public/#\n"
    "[acl own]\npublish = by/%u/#\npublish = at/%c/#\nsubscribe = #\n"
    "[acl field]\npublish = farm/%n/#\nsubscribe = set/%n/#\n"
    "[store]\npath = none\n";

static const struct mqtt_entrance open_port = {.place = 0};
static const struct mqtt_entrance shut_port = {.address = {WIRE("1.2.3.4:5")}, .place = 1};

#define CONNECT_ID(id) "\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01" id
#define CONNECT_ANN(pw)                    \
    "\x10\x15\0\x04MQTT\x04\xc2\0\0\0\x01" \
    "a\0\x03"                              \
    "ann\0\x01" pw
#define CONNECT_BOB(pw)                    \
    "\x10\x15\0\x04MQTT\x04\xc2\0\0\0\x01" \
    "b\0\x03"                              \
    "bob\0\x01" pw

/* The question for the edge, or NULL. */
static const struct hub_login *question(struct site *site, struct hub_news *news)
{
    while (hub_event(site->hub, news)) {
        if (news->kind == HUB_LOGIN) {
            return &news->login;
        }
    }
    return NULL;
}

static void nobody_comes_in_where_the_port_says_so(void **state)
{
    struct site *site = site_new(conf, false);
    struct client client;

    (void)state;
    come(site, &client, &open_port, WIRE_SPAN(CONNECT_ID("x")));
    EXPECT(&client, "\x20\x02\0\0");
    come(site, &client, &shut_port, WIRE_SPAN(CONNECT_ID("y")));
    EXPECT(&client, "\x20\x02\0\x05");
    assert_null(client.conn);
    hub_pump(site->hub, site->now_ms);
    assert_string_equal(site_log(site), "connected x");
    assert_string_equal(site_log(site), "refused 1.2.3.4:5: comes without a user name");
    site_free(site);
}

static void a_password_is_asked_of_the_edge(void **state)
{
    static const struct {
        enum hub_verdict verdict;
        uint8_t code;
    } rows[] = {{HUB_LOGIN_GOOD, 0}, {HUB_LOGIN_BAD, 4}, {HUB_LOGIN_BUSY, 3}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct site *site = site_new(conf, false);
        const struct hub_login *login = NULL;
        struct hub_news news;
        struct client client;
        uint8_t connack[4] = {0x20, 2, 0, rows[i].code};

        come(site, &client, &shut_port, WIRE_SPAN(CONNECT_ANN("s")));
        login = question(site, &news);
        assert_non_null(login);
        assert_span_equal(login->user, WIRE_SPAN("ann"));
        assert_span_equal(login->password, WIRE_SPAN("s"));
        assert_memory_equal(login->hash, "$7$101$", 7);
        EXPECT(&client, "");
        hub_login(site->hub, login->ticket, rows[i].verdict, site->now_ms);
        turn(site);
        assert_span_equal(span_of(client.out, client.len), span_of(connack, 4));
        site_free(site);
    }
}

static void an_unknown_user_is_tried_like_others(void **state)
{
    struct site *site = site_new(conf, false);
    const struct hub_login *login = NULL;
    struct hub_news news;
    struct client client;

    (void)state;
    come(site, &client, &open_port, WIRE_SPAN(CONNECT_BOB("s")));
    login = question(site, &news);
    assert_non_null(login);
    assert_null(login->hash);
    hub_login(site->hub, login->ticket, HUB_LOGIN_BAD, site->now_ms);
    turn(site);
    EXPECT(&client, "\x20\x02\0\x04");
    site_free(site);
}

static void a_user_name_alone_proves_nothing(void **state)
{
    struct site *site = site_new(conf, false);
    struct client client;
    struct hub_news news;

    (void)state;
    come(site, &client, &open_port,
         WIRE_SPAN("\x10\x12\0\x04MQTT\x04\x82\0\0\0\x01"
                   "a\0\x03"
                   "ann"));
    assert_null(question(site, &news));
    EXPECT(&client, "\x20\x02\0\x04");
    site_free(site);
}

static void a_storm_of_logins_is_asked_turn_by_turn(void **state)
{
    static struct client clients[HUB_LOGINS + 10];
    struct site *site = site_new(conf, false);
    struct hub_news news;
    size_t asked = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++) {
        clients[i] = (struct client){.len = 0};
        clients[i].conn = mqtt_broker_accept(hub_broker(site->hub), &shut_port, &clients[i], 0);
        assert_non_null(clients[i].conn);
        mqtt_broker_input(hub_broker(site->hub), clients[i].conn, WIRE_SPAN(CONNECT_ANN("s")), 0);
    }
    while (hub_deadline(site->hub) == 0) {
        hub_pump(site->hub, site->now_ms);
        while (question(site, &news) != NULL) {
            asked++;
        }
    }
    assert_int_equal(asked, COUNT(clients));
    site_free(site);
}

static void user_names_say_nothing_where_no_users_are_known(void **state)
{
    struct site *site = site_new("[broker a]\nbind = 127.0.0.1:1\n[store]\npath = none\n", false);
    struct client client;

    (void)state;
    come(site, &client, &open_port, WIRE_SPAN(CONNECT_BOB("s")));
    EXPECT(&client, "\x20\x02\0\0");
    site_free(site);
}

static void a_proved_identity_is_the_user_and_needs_no_password(void **state)
{
    static const struct mqtt_entrance entrance = {.identity = {WIRE("ann")}, .place = 1};
    struct site *site = site_new(conf, false);
    struct client client;
    struct hub_news news;

    (void)state;
    come(site, &client, &entrance, WIRE_SPAN(CONNECT_BOB("s")));
    assert_null(question(site, &news));
    EXPECT(&client, "\x20\x02\0\0");
    /* QoS 1 to by/ann/x: may; to by/bob/x: may not; both acknowledged */
    say(site, &client,
        WIRE_SPAN("\x33\x0d\0\x08"
                  "by/ann/x\0\x01m\x33\x0d\0\x08"
                  "by/bob/x\0\x02m"));
    EXPECT(&client, "\x40\x02\0\x01\x40\x02\0\x02");
    say(site, &client, WIRE_SPAN("\x82\x06\0\x03\0\x01#\0"));
    EXPECT(&client, "\x90\x03\0\x03\0\x31\x0b\0\x08"
                    "by/ann/xm");
    site_free(site);
}

static void the_nearest_acl_decides_alone(void **state)
{
    struct site *site = site_new(conf, false);
    struct client client;

    (void)state;
    /* nobody, by the port's: public/# may be read, nothing written */
    come(site, &client, &open_port, WIRE_SPAN(CONNECT_ID("x")));
    say(site, &client,
        WIRE_SPAN("\x82\x15\0\x01\0\x08"
                  "public/+\0\0\x01#\x02\0\x01t\x02"));
    EXPECT(&client, "\x20\x02\0\0\x90\x05\0\x01\0\x80\x80");
    site_free(site);
}

static void identities_that_are_no_topic_level_grant_nothing(void **state)
{
    static const struct mqtt_entrance entrance = {.identity = {WIRE("ann")}, .place = 1};
    struct site *site = site_new(conf, false);
    struct client client;

    (void)state;
    come(site, &client, &entrance, WIRE_SPAN(CONNECT_ID("+"))); /* at/%c/# would be at/+/# */
    say(site, &client,
        WIRE_SPAN("\x33\x09\0\x04"
                  "at/z\0\x01m\x33\x09\0\x04"
                  "at/+\0\x01m"));
    assert_null(client.conn); /* the second name is ill-formed */
    assert_string_equal(site_log(site),
                        "acl line grants nothing to who has not its value: at/%c/#: own");
    site_free(site);
}

static void a_node_has_the_acl_of_its_listener(void **state)
{
    struct site *site = site_new(conf, false);
    struct client client;
    static const struct mqtt_entrance entrance = {.identity = {WIRE("ann")}, .place = 1};

    (void)state;
    come(site, &client, &entrance, WIRE_SPAN(CONNECT_ID("r")));
    say(site, &client, WIRE_SPAN("\x82\x06\0\x03\0\x01#\0"));
    EXPECT(&client, "\x20\x02\0\0\x90\x03\0\x03\0");
    site_says(site, 1, WIRE_SPAN("\x08\x04\x04\x01\0\x3cn1"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x03\x05\0"));
    /* SUBSCRIBE set/n1/# and set/n2/# */
    site_says(site, 1, WIRE_SPAN("\x0d\x12\x20\0\x03set/n1/#"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x08\x13\x20\0\0\0\x03\0"));
    site_says(site, 1, WIRE_SPAN("\x0d\x12\x20\0\x04set/n2/#"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x08\x13\0\0\0\0\x04\x03"));
    /* REGISTER farm/n2/t, PUBLISH QoS 1 and 2: dropped, and it is told so */
    site_says(site, 1,
              WIRE_SPAN("\x0f\x0a\0\0\0\x05"
                        "farm/n2/t"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x07\x0b\0\x01\0\x05\0"));
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x20\0\x01\0\x06x"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x07\x0d\0\x01\0\x06\x03"));
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x40\0\x01\0\x07x"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x07\x0d\0\x01\0\x07\x03"));
    site_says(site, 1, WIRE_SPAN("\x08\x0c\x20\0\x01\0\x08x"));
    assert_span_equal(site_hears(site, 1), WIRE_SPAN("\x07\x0d\0\x01\0\x08\x03"));
    /* QoS -1 of somebody else to the short name zz */
    site_says(site, 2, WIRE_SPAN("\x08\x0c\x62zz\0\0x"));
    turn(site);
    EXPECT(&client, "");
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_comes_in_where_the_port_says_so),
        cmocka_unit_test(a_password_is_asked_of_the_edge),
        cmocka_unit_test(an_unknown_user_is_tried_like_others),
        cmocka_unit_test(a_user_name_alone_proves_nothing),
        cmocka_unit_test(a_storm_of_logins_is_asked_turn_by_turn),
        cmocka_unit_test(user_names_say_nothing_where_no_users_are_known),
        cmocka_unit_test(a_proved_identity_is_the_user_and_needs_no_password),
        cmocka_unit_test(the_nearest_acl_decides_alone),
        cmocka_unit_test(identities_that_are_no_topic_level_grant_nothing),
        cmocka_unit_test(a_node_has_the_acl_of_its_listener),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
