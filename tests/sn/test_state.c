#include "tests/support.h"

#include "sn/state.h"

/* The table of the protocol page, part 4, one row for each event as it stands there; a word is
 * the next state and what is done:
 *   c tell connect, t WILLTOPICREQ, k WILLMSGREQ, f forget will,
 *   a CONNACK, s serve, q forward QoS -1, d DISCONNECT, p PINGRESP, w tell awake, b tell bye,
 *   z tell sleep, l tell lost, g keep the message, + start the timer anew, - stop it;
 *   "." discards. */
/* clang-format off */
static const struct {
    enum sn_event event;
    const char *steps[SN_STATES];
} expected[] = {
    /*                      D      C      A      S      W      L  */
    {SN_ON_CONNECT,      {"Cc-",  "Cc-", "Cc-",  "Cc-",  "Cc-", "Cc-"}},
    {SN_ON_CONNECT_WILL, {"Ct+",  "Ct+", "Ct+",  "Ct+",  "Ct+", "Ct+"}},
    {SN_ON_WILLTOPIC,    {".",    "Ck+", ".",    ".",    ".",   "."}},
    {SN_ON_NO_WILLTOPIC, {".",    "Cfc-", ".",   ".",    ".",   "."}},
    {SN_ON_WILLMSG,      {".",    "Cc-", ".",   ".",    ".",   "."}},
    {SN_ON_ADMITTED,     {".",    "Aa+", ".",    ".",    ".",   "."}},
    {SN_ON_REFUSED,      {".",    "Dab-", ".",    ".",    ".",   "."}},
    {SN_ON_REQUEST,      {"Dd",   ".",   "As+",  "Ss+",  "Ws",  "Ld"}},
    {SN_ON_STRAY,        {"Dq",   "Cq",  "Aq+",  "Sq+",  "Wq",  "Lq"}},
    {SN_ON_ACK,          {".",    ".",   "As+",  "Ss+",  "Ws",  "."}},
    {SN_ON_PING,         {"Dd",   ".",   "Ap+",  "Ww-",  ".",   "Ld"}},
    {SN_ON_PONG,         {".",    ".",   "A+",   "S+",   ".",   "."}},
    {SN_ON_BYE,          {"Dd",   "Ddb-", "Ddb-", "Ddb-", "Ddb-", "Ld"}},
    {SN_ON_SLEEP,        {"Dd",   ".",   "Sz+",  "Sz+",  "Sz+", "Ld"}},
    {SN_ON_DRAINED,      {".",    ".",   ".",    ".",    "Sp+", "."}},
    {SN_ON_SILENCE,      {".",    "Db-", "Ll-",  "Ll-",  ".",   "."}},
    {SN_ON_GAVE_UP,      {".",    ".",   "Ll-",  ".",    "Sg+", "."}},
    {SN_ON_TAKEN,        {".",    "Dl-", "Ll-",  "Ll-",  "Ll-", "."}},
    {SN_ON_DISMISS,      {".",    "Dd-", "Dd-",  "Dd-",  "Dd-", "."}},
};
/* clang-format on */

static const char letters[] = "DCASWL";
static const char doings[] = "ctkfasqdpwbzlg+-";
static const uint32_t bits[] = {
    SN_DO_CONNECT,  SN_DO_ASK_TOPIC, SN_DO_ASK_MESSAGE, SN_DO_FORGET_WILL,
    SN_DO_CONNACK,  SN_DO_SERVE,     SN_DO_FORWARD,     SN_DO_DISCONNECT,
    SN_DO_PINGRESP, SN_DO_AWAKE,     SN_DO_BYE,         SN_DO_SLEEP,
    SN_DO_LOST,     SN_DO_KEEP,      SN_DO_WATCH,       SN_DO_UNWATCH};

static struct sn_step step_of(const char *word, enum sn_state state)
{
    struct sn_step step = {state, 0};

    if (word[0] == '.') {
        return step;
    }
    step.next = (enum sn_state)(strchr(letters, word[0]) - letters);
    for (const char *c = word + 1; *c != '\0'; c++) {
        step.actions |= bits[strchr(doings, *c) - doings];
    }
    return step;
}

static void every_state_takes_every_event_as_the_table_says(void **state)
{
    (void)state;
    assert_int_equal(COUNT(expected), SN_EVENTS);
    for (size_t i = 0; i < COUNT(expected); i++) {
        for (unsigned from = 0; from < SN_STATES; from++) {
            enum sn_state before = (enum sn_state)from;
            struct sn_step want = step_of(expected[i].steps[from], before);
            struct sn_step got = sn_state_step(before, expected[i].event);

            if (got.next != want.next || got.actions != want.actions) {
                fail_msg("%s, event %u: to %s with %x", sn_state_name(before),
                         (unsigned)expected[i].event, sn_state_name(got.next), got.actions);
            }
        }
    }
}

static void no_step_starts_and_stops_the_timer(void **state)
{
    (void)state;
    for (unsigned from = 0; from < SN_STATES; from++) {
        for (unsigned event = 0; event < SN_EVENTS; event++) {
            uint32_t actions = sn_state_step((enum sn_state)from, (enum sn_event)event).actions;

            assert_false((actions & SN_DO_WATCH) && (actions & SN_DO_UNWATCH));
        }
    }
}

static void every_state_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(sn_state_name(SN_GONE), "disconnected");
    assert_string_equal(sn_state_name(SN_LOST), "lost");
    assert_string_equal(sn_state_name(SN_STATES), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_takes_every_event_as_the_table_says),
        cmocka_unit_test(no_step_starts_and_stops_the_timer),
        cmocka_unit_test(every_state_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
