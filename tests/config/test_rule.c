#include "tests/support.h"

#include "config/conf.h"
#include "config/rule.h"

/* One row of CONFIG's table: the gateway is gh-7. */
static const struct row {
    const char *line;
    const char *topic;
    const char *becomes; /* NULL: the rule does not match */
} rows[] = {
    {"send = farm/# to dt/%g/%t qos 1", "farm/bed-1/temp", "dt/gh-7/bed-1/temp"},
    {"send = farm/# to dt/%g/%t qos 1", "farm", "dt/gh-7"},
    {"send = farm/+/temp to dt/%g/%t", "farm/bed-1/temp", "dt/gh-7/bed-1/temp"},
    {"send = +/+/temp to t/%2/%1", "farm/bed-1/temp", "t/bed-1/farm"},
    {"send = farm/door to %g/%t", "farm/door", "gh-7/farm/door"},
    {"send = up/# qos 1", "up/0", "up/0"},
    {"send = \"Halle 1/#\" to h1/%t", "Halle 1/x", "h1/x"},
    {"send = $SYS/gateway/nodes/+/state to dt/%g/%1/state", "$SYS/gateway/nodes/bed-1/state",
     "dt/gh-7/bed-1/state"},
    {"send = cmd/%g/# to farm/set/%t ttl 10m", "cmd/gh-7/bed-1/valve", "farm/set/bed-1/valve"},
    /* beyond the table */
    {"send = a/+/# to x/%1/%2/%t", "a/b", "x/b/b"},
    {"send = a/# to x/%1", "a", "x"},
    {"send = a/# to x/%1/y", "a", "x/y"},
    {"send = a/# to %t/x", "a/b/c", "b/c/x"},
    {"send = a/# to %t", "a", NULL},
    {"send = # to x/%t", "a/b", "x/a/b"},
    {"send = # to x/%t", "$SYS/a", NULL},
    {"send = +/a to x/%1", "$SYS/a", NULL},
    {"send = +/a to x/%1", "/a", "x/"},
    {"send = a/+ to x/%1", "a", NULL},
    {"send = a/+ to x/%1", "a/", "x/"},
    {"send = a/b to x", "a/b/c", NULL},
    {"send = a/# to 100%%/%t", "a/b", "100%/b"},
    {"send = 5%%/# to x/%t", "5%/b", "x/b"},
    {"send = +/+/+/+/+/+/+/+/+/# to %9/%t", "1/2/3/4/5/6/7/8/9/10", "9/1/2/3/4/5/6/7/8/9/10"},
};

static struct conf *read_rule(const char *line)
{
    char text[256];
    struct conf_source source = {"test", {(const uint8_t *)text, 0}};
    struct conf_report report = {0};
    struct conf *conf = NULL;

    source.text.len = (size_t)snprintf(
        text, sizeof text,
        "[gateway]\nname = gh-7\n[upstream u]\nurl = mqtt://h\n%s\nqos_max = 2\n", line);
    conf = conf_read(&source, 1, NULL, &report);
    assert_int_equal(report.errors, 0);
    conf_report_fini(&report);
    return conf;
}

static void try_row(const struct row *row)
{
    struct conf *conf = read_rule(row->line);
    const struct conf_rule *rule = &conf->upstream[0].send.at[0];
    struct span topic = span_of_text(row->topic);
    uint8_t out[64];
    struct writer w = writer_of(out, sizeof out);
    bool good = conf_rule_apply(rule, at_edge(topic, topic.len), &w);

    assert_int_equal(good, row->becomes != NULL);
    if (good) {
        assert_true(conf_rule_matches(rule, topic));
        assert_span_equal(span_of(out, written(&w)), span_of_text(row->becomes));
    }
    conf_free(conf);
}

static void each_rule_makes_of_a_topic_what_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        try_row(&rows[i]);
    }
}

static void a_result_that_does_not_fit_leaves_the_writer_as_it_was(void **state)
{
    struct conf *conf = read_rule("send = a/# to long/%t");
    uint8_t out[8] = {'x'};
    struct writer w = writer_of(out, sizeof out);

    (void)state;
    write_u8(&w, 'y');
    assert_false(conf_rule_apply(&conf->upstream[0].send.at[0], WIRE_SPAN("a/bcde"), &w));
    assert_false(w.bad);
    assert_int_equal(written(&w), 1);
    conf_free(conf);
}

static void options_become_values(void **state)
{
    struct conf *conf = read_rule("send = a qos 2 retain strip ttl 10m");
    const struct conf_rule *rule = &conf->upstream[0].send.at[0];

    (void)state;
    assert_int_equal(rule->qos, 2);
    assert_int_equal(rule->retain, CONF_RETAIN_STRIP);
    assert_int_equal(rule->ttl_ms, 600000);
    assert_int_equal(rule->line, 5);
    assert_null(rule->template);
    conf_free(conf);
}

static void what_is_not_written_is_unset(void **state)
{
    struct conf *conf = read_rule("send = a");
    const struct conf_rule *rule = &conf->upstream[0].send.at[0];

    (void)state;
    assert_int_equal(rule->qos, CONF_QOS_UNSET);
    assert_int_equal(rule->retain, CONF_RETAIN_UNSET);
    assert_true(rule->ttl_ms == CONF_NONE);
    conf_free(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_makes_of_a_topic_what_the_table_says),
        cmocka_unit_test(a_result_that_does_not_fit_leaves_the_writer_as_it_was),
        cmocka_unit_test(options_become_values),
        cmocka_unit_test(what_is_not_written_is_unset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
