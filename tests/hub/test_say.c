/* tests/hub/test_say.c - lines for the log: made printable, bounded, counted when there is no room.
 */
#include "gateway/hub/say.h"
#include "tests/support.h"

#include <stdlib.h>

static struct hub *hub_of_log(void)
{
    struct hub *hub = calloc(1, sizeof *hub);

    assert_non_null(hub);
    return hub;
}

static void say(struct hub *hub, struct span name)
{
    hub_say(hub, &(struct hub_line_of_log){CONF_INFO, "node", "lost", name, "no answer"});
}

static void what_a_peer_chose_is_made_printable(void **state)
{
    struct hub *hub = hub_of_log();
    struct hub_news news;

    (void)state;
    say(hub, WIRE_SPAN("n\n\x1b[1m"));
    assert_true(hub_said(hub, &news));
    assert_string_equal(news.text, "lost n\\x0a\\x1b[1m: no answer");
    assert_false(hub_said(hub, &news));
    free(hub);
}

static void a_long_line_is_cut_and_ends(void **state)
{
    static uint8_t name[2 * HUB_LOG_TEXT];
    struct hub *hub = hub_of_log();
    struct hub_news news;

    (void)state;
    memset(name, 'x', sizeof name);
    say(hub, span_of(name, sizeof name));
    say(hub, span_of(name, HUB_LOG_TEXT - 6));
    assert_true(hub_said(hub, &news));
    assert_true(strlen(news.text) < HUB_LOG_TEXT);
    assert_true(hub_said(hub, &news));
    assert_true(strlen(news.text) < HUB_LOG_TEXT);
    free(hub);
}

static void lines_without_room_are_counted_and_told(void **state)
{
    struct hub *hub = hub_of_log();
    struct hub_news news;

    (void)state;
    for (size_t i = 0; i < HUB_LOG_LINES + 3; i++) {
        say(hub, WIRE_SPAN("n1"));
    }
    for (size_t i = 0; i < HUB_LOG_LINES; i++) {
        assert_true(hub_said(hub, &news));
        assert_string_equal(news.text, "lost n1: no answer");
    }
    assert_true(hub_said(hub, &news));
    assert_string_equal(news.text, "lines left out: 3");
    assert_false(hub_said(hub, &news));
    free(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_peer_chose_is_made_printable),
        cmocka_unit_test(a_long_line_is_cut_and_ends),
        cmocka_unit_test(lines_without_room_are_counted_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
