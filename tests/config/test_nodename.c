#include "tests/support.h"

#include "config/nodename.h"

static const char text[] = "[listener bus]\ntype = serial\ndevice = /dev/x\n"
                           "[listener lan]\ntype = udp\nbind = 0.0.0.0:1\n"
                           "[node roof]\nclient_id = wx\n"
                           "[group quiet]\nlistener = bus\nsleep_queue = 1\n"
                           "[group beds]\nlistener = bus\nname = bed-%a\n"
                           "[group late]\nlistener = bus\nname = late-%c\n"
                           "[group tubs]\nmatch = tub*\nname = %l.%c\n";

static struct conf *read_text(const char *from)
{
    struct conf_source source = {"test", span_of_text(from)};
    struct conf_report report = {0};
    struct conf *conf = conf_read(&source, 1, NULL, &report);

    conf_report_fini(&report);
    return conf;
}

static void expect(const struct conf *conf, const struct conf_place *place, const char *name)
{
    uint8_t out[CONF_NAME_MOST];
    struct writer w = writer_of(out, sizeof out);

    assert_int_equal(conf_node_name(conf, place, &w), name != NULL);
    assert_span_equal(span_of(out, written(&w)), span_of_text(name == NULL ? "" : name));
}

static void a_name_is_the_sections_else_the_groups_else_the_client_id(void **state)
{
    struct conf *conf = read_text(text);
    struct conf_place section = {.node = &conf->node[0],
                                 .listener = &conf->listener[0],
                                 .client_id = span_of_text("wx"),
                                 .address = 4};
    struct conf_place bus = {
        .listener = &conf->listener[0], .client_id = span_of_text("n"), .address = 4};
    struct conf_place tub = {.listener = &conf->listener[1], .client_id = span_of_text("tub3")};
    struct conf_place bare = {.listener = &conf->listener[1], .client_id = span_of_text("n")};

    (void)state;
    expect(conf, &section, "roof");
    expect(conf, &bus, "bed-4"); /* the first of its groups that has a template */
    expect(conf, &tub, "lan.tub3");
    expect(conf, &bare, "n");
    conf_free(conf);
}

static void a_sender_without_client_id_is_listener_and_address_or_nobody(void **state)
{
    struct conf *conf = read_text(text);
    struct conf_place radio = {.listener = &conf->listener[1], .wireless = span_of("\x0a\xff", 2)};
    struct conf_place nobody = {.listener = &conf->listener[1]};

    (void)state;
    expect(conf, &radio, "lan-0aff");
    expect(conf, &nobody, NULL);
    conf_free(conf);
}

static void a_template_whose_value_is_missing_gives_way(void **state)
{
    struct conf *conf = read_text(text);
    struct conf_place place = {.listener = &conf->listener[0], .client_id = span_of_text("n")};

    (void)state;
    expect(conf, &place, "n");
    conf_free(conf);
}

static void octets_that_no_section_name_may_hold_are_written_in_hex(void **state)
{
    static const struct {
        struct span id;
        const char *name;
    } cases[] = {
        {{WIRE("a/b")}, "a%2Fb"},
        {{WIRE("+#%")}, "%2B%23%25"},
        {{WIRE("my node\x7f\x01")}, "my%20node%7F%01"},
        {{WIRE("gr\xc3\xbcn")}, "gr\xc3\xbcn"},
        {{WIRE("gr\xfcn\xc3\xbc")}, "gr%FCn%C3%BC"},
    };
    struct conf *conf = read_text(text);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conf_place place = {.listener = &conf->listener[1], .client_id = cases[i].id};
        uint8_t out[64];
        struct writer w = writer_of(out, sizeof out);

        expect(conf, &place, cases[i].name);
        assert_true(conf_name_unescape(span_of_text(cases[i].name), &w));
        assert_span_equal(span_of(out, written(&w)), cases[i].id);
    }
    conf_free(conf);
}

static void what_is_no_such_octet_is_not_read_back(void **state)
{
    static const char *const bad[] = {"a%", "a%2", "a%2g", "a%2f"};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint8_t out[64];
        struct writer w = writer_of(out, sizeof out);

        assert_false(conf_name_unescape(span_of_text(bad[i]), &w));
    }
}

static void the_value_of_n_does_not_exist_where_the_name_is_escaped(void **state)
{
    struct conf *conf = read_text(text);
    struct conf_place place = {.name = span_of_text("a%20b"), .client_id = span_of_text("a b")};
    uint8_t out[64];
    struct writer w = writer_of(out, sizeof out);

    (void)state;
    assert_false(conf_place_expand(conf, &place, "farm/%n", &w));
    assert_true(conf_place_expand(conf, &place, "farm/%c", &w));
    assert_span_equal(span_of(out, written(&w)), span_of_text("farm/a b"));
    conf_free(conf);
}

static void a_group_template_that_gives_no_name_is_an_error(void **state)
{
    (void)state;
    assert_null(read_text("[group g]\nmatch = a*\nname = a/%c\n"));
    assert_null(read_text("[group g]\nmatch = a*\nname = a b%c\n"));
    assert_null(read_text("[group g]\nmatch = a*\nname = %%%c\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_the_sections_else_the_groups_else_the_client_id),
        cmocka_unit_test(a_sender_without_client_id_is_listener_and_address_or_nobody),
        cmocka_unit_test(a_template_whose_value_is_missing_gives_way),
        cmocka_unit_test(octets_that_no_section_name_may_hold_are_written_in_hex),
        cmocka_unit_test(what_is_no_such_octet_is_not_read_back),
        cmocka_unit_test(the_value_of_n_does_not_exist_where_the_name_is_escaped),
        cmocka_unit_test(a_group_template_that_gives_no_name_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
