#include "tests/support.h"

#include "config/address.h"
#include "config/conf.h"
#include "config/diff.h"

#define GATEWAY "[gateway]\nname = gw\n"

static const char *const environment[] = {"HALF=x", "SITE=north", "LINE=a\nb", NULL};
static const struct conf_machine machine = {"rig-4", "0815", "/store.db", environment, NULL};

static struct conf *read_text(const char *text, struct conf_report *report)
{
    struct conf_source source = {"test", span_of_text(text)};

    *report = (struct conf_report){0};
    return conf_read(&source, 1, &machine, report);
}

/* A configuration that must be good. */
static struct conf *good(const char *text)
{
    struct conf_report report;
    struct conf *conf = read_text(text, &report);

    for (size_t i = 0; conf == NULL && i < report.count; i++) {
        print_error("%s: %s\n", report.items[i].key, report.items[i].text);
    }
    assert_non_null(conf);
    conf_report_fini(&report);
    return conf;
}

/* The first error of a configuration that must be bad. */
static void bad(const char *text, const char *key, const char *what)
{
    struct conf_report report;

    assert_null(read_text(text, &report));
    assert_true(report.errors != 0);
    assert_string_equal(report.items[0].key, key);
    assert_string_equal(report.items[0].text, what);
    conf_report_fini(&report);
}

static void no_file_at_all_is_a_working_gateway(void **state)
{
    struct conf_report report = {0};
    struct conf *conf = conf_read(NULL, 0, NULL, &report);

    (void)state;
    assert_non_null(conf);
    assert_int_equal(report.count, 0);
    assert_string_equal(conf->gateway.name, "sedge");
    assert_int_equal(conf->listener_count, 1);
    assert_int_equal(conf->listener[0].type, CONF_UDP);
    assert_int_equal(conf->listener[0].bind.at[0].port, 1884);
    assert_int_equal(conf->broker_count, 1);
    assert_int_equal(conf->broker[0].bind.port, 1883);
    assert_true(conf->broker[0].anonymous);
    assert_string_equal(conf->store.path, "/var/lib/sedge/sedge.db");
    assert_int_equal(conf->limits.subscriptions.first, 10000);
    assert_int_equal(conf->limits.subscriptions.second, 100);
    conf_free(conf);
}

static void an_empty_file_has_the_host_s_name_and_no_ports(void **state)
{
    struct conf *conf = good("");

    (void)state;
    assert_string_equal(conf->gateway.name, "rig-4");
    assert_int_equal(conf->listener_count, 0);
    assert_int_equal(conf->broker_count, 0);
    assert_string_equal(conf->store.path, "/store.db");
    conf_free(conf);
}

static const char *control_of(const char *text, char room[64])
{
    struct conf *conf = good(text);

    (void)memset(room, 0, 64);
    (void)memcpy(room, conf->gateway.control, strnlen(conf->gateway.control, 63));
    conf_free(conf);
    return room;
}

#define LONG "0123456789012345678901234567890123456789"

static void the_control_socket_lies_beside_the_store(void **state)
{
    char room[64];

    (void)state;
    assert_string_equal(control_of("", room), "/sedge.sock");
    assert_string_equal(control_of("[store]\npath = /data/%g.db\n", room), "/data/sedge.sock");
    assert_string_equal(control_of("[store]\npath = a.db\n", room), "sedge.sock");
    assert_string_equal(control_of("[store]\npath = none\n", room), "off");
    assert_string_equal(control_of("[store]\npath = /" LONG LONG LONG "/a.db\n", room), "off");
    assert_string_equal(control_of("[gateway]\ncontrol = /x/%g.sock\nname = g\n", room),
                        "/x/g.sock");
}

static void defaults_follow_the_type_of_a_listener(void **state)
{
    struct conf *conf = good(GATEWAY "[listener u]\ntype = udp\nbind = 0.0.0.0:1\n"
                                     "[listener d]\ntype = dtls\nbind = 0.0.0.0:2\n"
                                     "[listener s]\ntype = serial\ndevice = /dev/x\n");
    const struct conf_listener *at = conf->listener;

    (void)state;
    assert_int_equal(at[0].retry_ms, 10000);
    assert_int_equal(at[0].max_message, 1400);
    assert_int_equal(at[0].auth, CONF_OPEN);
    assert_false(at[0].rebind);
    assert_int_equal(at[1].auth, CONF_PSK);
    assert_int_equal(at[1].takeover, CONF_TAKEOVER_AT_ONCE);
    assert_true(at[1].rebind);
    assert_int_equal(at[2].retry_ms, 1000);
    assert_int_equal(at[2].max_message, 512);
    assert_int_equal(at[2].takeover, CONF_TAKEOVER_ASK);
    assert_int_equal(at[2].publish_without_connect, CONF_PUBLISH_BY_SENDER);
    conf_free(conf);
}

static void strangers_are_let_in_on_loopback_only(void **state)
{
    struct conf *conf = good(GATEWAY "[broker a]\nbind = [::1]:1883\n"
                                     "[broker b]\nbind = 0.0.0.0:1883\n"
                                     "[broker c]\nbind = 0.0.0.0:1884\nanonymous = yes\n");

    (void)state;
    assert_true(conf->broker[0].anonymous);
    assert_false(conf->broker[1].anonymous);
    assert_true(conf->broker[2].anonymous);
    conf_free(conf);
}

static void fixed_placeholders_are_replaced_and_others_stay(void **state)
{
    struct conf *conf =
        good("[gateway]\nname = %h-%s-${SITE}\nstate = state/%g/100%%\n"
             "[listener u]\ntype = dtls\nbind = 0.0.0.0:1\ncert = /tls/%g/%l.crt\nmount = %l/%n/\n"
             "[upstream u]\nurl = mqtt://h\nwill_payload = ${SITE}:%g\nexclude = a/%g/#\n"
             "[group g]\nname = %l-%a-%c\n");

    (void)state;
    assert_string_equal(conf->gateway.name, "rig-4-0815-north");
    assert_string_equal(conf->gateway.state, "state/rig-4-0815-north/100%");
    assert_string_equal(conf->listener[0].cert, "/tls/rig-4-0815-north/u.crt");
    assert_string_equal(conf->listener[0].mount, "%l/%n/");
    assert_string_equal(conf->upstream[0].client_id, "rig-4-0815-north");
    assert_string_equal(conf->upstream[0].will_payload, "north:rig-4-0815-north");
    assert_string_equal(conf->upstream[0].exclude.at[0], "a/rig-4-0815-north/#");
    assert_string_equal(conf->group[0].name, "%l-%a-%c");
    conf_free(conf);
}

static void placeholders_are_refused_where_they_mean_nothing(void **state)
{
    (void)state;
    bad("[gateway]\nname = %g\n", "name",
        "'%g' has a placeholder that cannot stand here (a percent sign is %%)");
    bad(GATEWAY "state = %l/x\n", "state",
        "'%l/x' has a placeholder that cannot stand here (a percent sign is %%)");
    bad(GATEWAY "[upstream u]\nurl = mqtt://h\nwill_payload = 50%\n", "will_payload",
        "'50%' has a % that begins no placeholder (a percent sign is %%)");
    bad(GATEWAY "[upstream u]\nurl = mqtt://h\nclient_id = %n\n", "client_id",
        "%n and %c stand here with mode = transparent alone");
}

static void variables_must_be_set_and_be_one_line(void **state)
{
    (void)state;
    bad("[gateway]\nname = ${HAL}\n", "name", "names an environment variable that is not set");
    bad("[gateway]\nname = ${HALF\n", "name", "has ${ without }");
    bad("[gateway]\nname = ${LINE}\n", "name", "holds a control character, or is not UTF-8");
    bad("[gateway]\nname = ${}\n", "name", "names an environment variable that is not set");
}

static void a_secret_is_taken_as_it_is_and_never_shown(void **state)
{
    struct conf *conf =
        good(GATEWAY "[upstream u]\nurl = mqtt://h\nusername = u\npassword = ${HALF}%g%\n"
                     "[upstream f]\nurl = mqtt://h\nusername = u\npassword = file:/x\n");
    struct conf_report report;

    (void)state;
    assert_string_equal(conf->upstream[0].password.text, "${HALF}%g%");
    assert_null(conf->upstream[1].password.text);
    assert_string_equal(conf->upstream[1].password.source, "file:/x");
    conf_free(conf);
    assert_null(read_text(GATEWAY "[user u]\npassword = hunter2\n", &report));
    assert_null(strstr(report.items[0].text, "hunter2"));
    conf_report_fini(&report);
}

static void a_section_stands_once_in_all_files(void **state)
{
    const struct conf_source sources[] = {
        {"one", WIRE_SPAN(GATEWAY "[topics t]\n1 = a\n")},
        {"two", WIRE_SPAN("[topics u]\n1 = b\n[topics t]\n2 = c\nnot looked at = d\n")},
    };
    struct conf_report report = {0};

    (void)state;
    assert_null(conf_read(sources, 2, NULL, &report));
    assert_int_equal(report.count, 1);
    assert_string_equal(report.items[0].file, "two");
    assert_int_equal(report.items[0].line, 3);
    assert_string_equal(report.items[0].text,
                        "section t stands a second time; the first is at one:3");
    conf_report_fini(&report);
}

static void a_report_keeps_a_thousand_items_and_counts_the_rest(void **state)
{
    static char text[16384];
    static uint8_t out[1 << 17];
    struct writer w = writer_of(out, sizeof out);
    struct conf_report report;

    (void)state;
    for (size_t i = 0; i < 1100; i++) {
        memcpy(text + 4 * i, (const char[]){'x', '=', 'y', '\n'}, 4);
    }
    assert_null(read_text(text, &report));
    assert_int_equal(report.count, CONF_REPORT_MAX);
    assert_int_equal(report.errors, 1100);
    conf_report_print(&report, &w);
    assert_memory_equal(w.at - 14, "\nand 100 more\n", 14);
    conf_report_fini(&report);
}

static void differences_name_the_row_and_when_it_acts(void **state)
{
    struct conf *old = good(GATEWAY "[broker b]\nbind = 127.0.0.1:1\n[topics t]\n1 = a\n"
                                    "[user u]\n[log]\nlevel = info\n");
    struct conf *fresh = good(GATEWAY "[topics t]\n1 = b\n[topics v]\n"
                                      "[broker b]\nbind = 127.0.0.1:2\n[log]\n");
    struct conf_change out[8];

    (void)state;
    assert_int_equal(conf_diff(old, old, out, 8), 0);
    assert_int_equal(conf_diff(old, fresh, out, 8), 4);
    assert_string_equal(out[0].option->key, "bind");
    assert_int_equal(out[0].option->reload, CONF_RESTART);
    assert_string_equal(out[1].option->key, "*");
    assert_int_equal(out[1].option->reload, CONF_LIVE);
    assert_int_equal(out[2].kind, CONF_ADDED);
    assert_string_equal(out[2].name, "v");
    assert_int_equal(out[3].kind, CONF_REMOVED);
    assert_string_equal(out[3].section->name, "user");
    assert_int_equal(conf_diff(old, fresh, out, 1), 4);
    conf_free(old);
    conf_free(fresh);
}

static void sections_in_another_order_are_the_same_sections(void **state)
{
    struct conf *old = good(GATEWAY "[node a]\n[node b]\n[node c]\n[node d]\nclient_id = x\n");
    struct conf *fresh = good(GATEWAY "[node d]\nclient_id = y\n[node e]\n[node b]\n[node a]\n");
    struct conf_change out[4];

    (void)state;
    assert_int_equal(conf_diff(old, fresh, out, 4), 3);
    assert_string_equal(out[0].name, "c");
    assert_int_equal(out[0].kind, CONF_REMOVED);
    assert_string_equal(out[1].name, "d");
    assert_string_equal(out[1].option->key, "client_id");
    assert_string_equal(out[2].name, "e");
    assert_int_equal(out[2].kind, CONF_ADDED);
    conf_free(old);
    conf_free(fresh);
}

static const struct {
    const char *text;
    const char *normal; /* NULL: refused */
} addresses[] = {
    {"0.0.0.0:1884", "0.0.0.0:1884"},
    {"[::]:1", "[::]:1"},
    {"[0:0:0:0:0:0:0:1]:65535", "[::1]:65535"},
    {"[1:0:0:2:0:0:0:3]:1", "[1:0:0:2::3]:1"},
    {"[1::2:3:4:5:6:7]:1", "[1:0:2:3:4:5:6:7]:1"},
    {"[::ffff:10.0.0.1]:1", "[::ffff:a00:1]:1"},
    {"[ABCD::]:1", "[abcd::]:1"},
    {"::1:1", NULL},
    {"[1.2.3.4]:1", NULL},
    {"1.2.3:1", NULL},
    {"1.2.3.4.5:1", NULL},
    {"1.2.3.256:1", NULL},
    {"1.2.3.4", NULL},
    {":1", NULL},
    {"[]:1", NULL},
    {"[1:2:3:4:5:6:7]:1", NULL},
    {"[1:2:3:4:5:6:7:8:9]:1", NULL},
    {"[1::2::3]:1", NULL},
    {"[12345::]:1", NULL},
    {"[1:]:1", NULL},
    {"1.2.3.4:65536", NULL},
    {"1.2.3.4:", NULL},
};

static void addresses_read_and_print_in_their_short_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(addresses); i++) {
        struct span text = span_of_text(addresses[i].text);
        struct conf_address address = {0};
        uint8_t out[64];
        struct writer w = writer_of(out, sizeof out);
        bool is_good = conf_endpoint_read(at_edge(text, text.len), &address) == NULL;

        if (is_good != (addresses[i].normal != NULL)) {
            print_error("%s\n", addresses[i].text);
        }
        assert_int_equal(is_good, addresses[i].normal != NULL);
        if (is_good) {
            conf_endpoint_write(&address, &w);
            assert_span_equal(span_of(out, written(&w)), span_of_text(addresses[i].normal));
        }
    }
}

static void a_prefix_holds_the_addresses_that_begin_with_it(void **state)
{
    struct conf_address prefix = {0};

    (void)state;
    assert_null(conf_prefix_read(WIRE_SPAN("10.16.0.0/12"), &prefix));
    assert_true(conf_prefix_holds(&prefix, WIRE_SPAN("\x0a\x1f\xff\xff")));
    assert_false(conf_prefix_holds(&prefix, WIRE_SPAN("\x0a\x20\0\0")));
    assert_false(conf_prefix_holds(&prefix, WIRE_SPAN("\x0a\x1f\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0")));
    assert_null(conf_prefix_read(WIRE_SPAN("any"), &prefix));
    assert_true(conf_prefix_holds(&prefix, WIRE_SPAN("\1\2\3\4")));
    assert_non_null(conf_prefix_read(WIRE_SPAN("10.0.0.0/33"), &prefix));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_in_another_order_are_the_same_sections),
        cmocka_unit_test(no_file_at_all_is_a_working_gateway),
        cmocka_unit_test(an_empty_file_has_the_host_s_name_and_no_ports),
        cmocka_unit_test(the_control_socket_lies_beside_the_store),
        cmocka_unit_test(defaults_follow_the_type_of_a_listener),
        cmocka_unit_test(strangers_are_let_in_on_loopback_only),
        cmocka_unit_test(fixed_placeholders_are_replaced_and_others_stay),
        cmocka_unit_test(placeholders_are_refused_where_they_mean_nothing),
        cmocka_unit_test(variables_must_be_set_and_be_one_line),
        cmocka_unit_test(a_secret_is_taken_as_it_is_and_never_shown),
        cmocka_unit_test(a_section_stands_once_in_all_files),
        cmocka_unit_test(a_report_keeps_a_thousand_items_and_counts_the_rest),
        cmocka_unit_test(differences_name_the_row_and_when_it_acts),
        cmocka_unit_test(addresses_read_and_print_in_their_short_form),
        cmocka_unit_test(a_prefix_holds_the_addresses_that_begin_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
