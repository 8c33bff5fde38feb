#include "tests/support.h"

#include <stdlib.h>
#include <string.h>

#include "tools/sim/profile.h"

/* What reading `text` says, one line an error; "" when it is good. */
static size_t read_profile(struct sim_group *groups, const char *text, char *said, size_t size)
{
    char *copy = strdup(text);
    FILE *errors = fmemopen(said, size, "w");
    size_t count = sim_profile_read(groups, "a.sim", copy, errors);

    fclose(errors);
    free(copy);
    return count;
}

static void a_file_gives_its_groups(void **state)
{
    static struct sim_group groups[SIM_GROUPS];
    char said[400] = "";
    char *text = strdup("# roofs\n[nodes roof]\n count = 100 ; many\nqos=2\nevery = 500ms\n"
                        "topic = farm/%n/t\ntopic = ab\nloss = 2.5%\nretain = yes\n\n"
                        "[nodes hall]\nsubscribe = farm/# qos 2\nsubscribe = a\nsleep = 1m\r\n");
    FILE *errors = fmemopen(said, sizeof said, "w");

    (void)state;
    assert_int_equal(sim_profile_read(groups, "a.sim", text, errors), 2);
    fclose(errors);
    assert_string_equal(said, "");
    assert_string_equal(groups[0].name, "roof");
    assert_int_equal(groups[0].count, 100);
    assert_int_equal(groups[0].qos, 2);
    assert_int_equal(groups[0].every_ms, 500);
    assert_int_equal(groups[0].loss_ppm, 25000);
    assert_int_equal(groups[0].retain, 1);
    assert_int_equal(groups[0].clean, 1);
    assert_int_equal(groups[0].topic_count, 2);
    assert_string_equal(groups[0].topics[0].name, "farm/%n/t");
    assert_int_equal(groups[1].filter_count, 2);
    assert_int_equal(groups[1].filters[0].len, strlen("farm/#"));
    assert_int_equal(groups[1].filters[0].qos, 2);
    assert_int_equal(groups[1].filters[1].qos, 1);
    assert_int_equal(groups[1].sleep_ms, 60000);
    assert_int_equal(groups[1].clean, 0);
    free(text);
}

static void each_error_is_told_with_its_line(void **state)
{
    static const struct {
        const char *text;
        const char *said;
    } cases[] = {
        {"", "a.sim:1: the file: has no [nodes NAME]\n"},
        {"qos = 1\n", "a.sim:1: qos = 1: stands before the first [nodes NAME]\n"},
        {"[nodes a]\n\nqos = 3\nevery = soon\n",
         "a.sim:3: qos: is outside what is allowed\n"
         "a.sim:4: every: is no time such as 500ms, 10s, 15m, 1h\n"},
        {"[nodes a]\nloss = 101%", "a.sim:2: loss: is outside what is allowed\n"},
        {"[nodes a]\nloss = all", "a.sim:2: loss: is no percentage such as 2%\n"},
        {"[nodes a]\nclean = 1", "a.sim:2: clean: is neither yes nor no\n"},
        {"[nodes a]\ncount = 1 2", "a.sim:2: count: is no whole number\n"},
        {"[nodes a]\ncolour = red", "a.sim:2: colour: no such key; sn-sim --help lists them\n"},
        {"[nodes a]\nqos", "a.sim:2: qos: is neither [nodes NAME], key = value nor a comment\n"},
        {"[nodes a]\nqos = 0\nqos = 1", "a.sim:3: qos: stands twice\n"},
        {"[nodes a]\n[nodes a]", "a.sim:2: a: stands twice\n"},
        {"[nodes a b]", "a.sim:1: a b: a name has 1 to 16 letters, digits, - and _\n"},
        {"[node a]\n", "a.sim:1: [node a]: the only sections are [nodes NAME]\n"},
        {"[nodes a]\ntopic = a/#", "a.sim:2: topic: a topic to publish on is not empty and has no "
                                   "+ or #\n"},
        {"[nodes a]\nsubscribe = a qos 3", "a.sim:2: subscribe: qos is 0, 1 or 2\n"},
        {"[nodes a]\ntopic_id = 65535", "a.sim:2: topic_id: is no predefined id, 1 to 65534\n"},
        {"[nodes a]\nqos = -1\ntopic = long",
         "a.sim:3: a: qos -1 needs topic_id, or a topic of two octets\n"},
        {"[nodes a]\nqos = -1\ntopic = ab\nsleep = 5s",
         "a.sim:4: a: nodes of qos -1 do not connect, so they neither subscribe nor sleep\n"},
        {"[nodes a]\ncount = 2\nid = same", "a.sim:3: a: id needs %i, for each node has its own\n"},
    };
    static struct sim_group groups[SIM_GROUPS];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char said[400] = "";

        assert_int_equal(read_profile(groups, cases[i].text, said, sizeof said), 0);
        assert_string_equal(said, cases[i].said);
    }
}

static void a_ninth_topic_is_refused(void **state)
{
    struct sim_group group;
    size_t row = 0;

    (void)state;
    sim_group_init(&group, "a");
    while (strcmp(sim_profile_key(row).name, "topic") != 0) {
        row++;
    }
    for (int i = 0; i < SIM_TOPICS; i++) {
        assert_null(sim_group_set(&group, row, "t"));
    }
    assert_non_null(sim_group_set(&group, row, "t"));
    assert_int_equal(group.topic_count, SIM_TOPICS);
}

static void times_have_units(void **state)
{
    (void)state;
    assert_int_equal(sim_time("250ms"), 250);
    assert_int_equal(sim_time("10"), 10000);
    assert_int_equal(sim_time("0.5s"), 500);
    assert_int_equal(sim_time("2m"), 120000);
    assert_int_equal(sim_time("1h"), 3600000);
    assert_int_equal(sim_time("1d"), 86400000);
    assert_int_equal(sim_time(""), -1);
    assert_int_equal(sim_time("s"), -1);
    assert_int_equal(sim_time("-1s"), -1);
    assert_int_equal(sim_time("1w"), -1);
    assert_int_equal(sim_time("nan"), -1);
    assert_int_equal(sim_time("31d"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_gives_its_groups),
        cmocka_unit_test(each_error_is_told_with_its_line),
        cmocka_unit_test(a_ninth_topic_is_refused),
        cmocka_unit_test(times_have_units),
    };

    return cmocka_run_group_tests_name("tools/sim/profile.c", tests, NULL, NULL);
}
