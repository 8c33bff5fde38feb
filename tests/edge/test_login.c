#include "tests/support.h"

#include <stdlib.h>

#include "gateway/edge/clock.h"
#include "gateway/edge/login.h"

#define PATIENCE_MS 20000u
#define STEP_MS     (1000u / GW_LOGIN_RATE)
#define NONE        99

/* Of "secret" and of "password". */
#define SECRET                                                                               \
    "$7$101$x2jfITBFiHufr19H$AIZwuwbR+3kdSz2S3Hi5UNhhSfEw86mvnMZWION4Zy7G54bOZWyXsSFqEPs4PN" \
    "mZ8gL6R2toQwQybQuMl8xM8g=="
#define PASSWORD \
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"

/* The hub, played by the test: what was answered to which ticket. */
struct hub {
    unsigned verdicts[2 * GW_WORKER_JOBS + 2 * GW_KNOWN];
    size_t answers;
};

void hub_login(struct hub *hub, uint64_t ticket, enum hub_verdict verdict, uint64_t now_ms)
{
    assert_true(now_ms != 0);
    assert_true(ticket < COUNT(hub->verdicts));
    assert_int_equal(hub->verdicts[ticket], NONE); /* once */
    hub->verdicts[ticket] = verdict;
    hub->answers++;
}

struct rig {
    struct gw_loop loop;
    struct gw_log log;
    struct hub hub;
    struct gw_login login;
    uint64_t asked; /* the next ticket */
};

static int set_up(void **state)
{
    static const struct conf_log conf = {.level = CONF_ERROR};
    struct rig *rig = calloc(1, sizeof *rig);
    struct gw_fault fault = {""};

    for (size_t i = 0; i < COUNT(rig->hub.verdicts); i++) {
        rig->hub.verdicts[i] = NONE;
    }
    assert_true(gw_log_init(&rig->log, &conf, &fault));
    assert_true(gw_loop_init(&rig->loop, &rig->log, &fault));
    rig->loop.hub = &rig->hub;
    if (!gw_login_init(&rig->login, &rig->loop, &fault)) {
        fail_msg("%s", fault.text);
    }
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;

    gw_login_fini(&rig->login);
    gw_loop_fini(&rig->loop);
    gw_log_fini(&rig->log);
    free(rig);
    return 0;
}

struct question {
    const char *user;
    const char *hash;
    const char *password;
    const char *address;
};

/* Returns what was answered at once. The texts are gone afterwards. */
static unsigned ask(struct rig *rig, struct question question)
{
    static char user[64];
    static char password[2 * GW_PASSWD_MAX];
    static char hash[256];
    static char address[64];
    struct hub_news news = {.kind = HUB_LOGIN, .login = {.ticket = rig->asked}};

    (void)snprintf(user, sizeof user, "%s", question.user);
    (void)snprintf(password, sizeof password, "%s", question.password);
    (void)snprintf(address, sizeof address, "%s",
                   question.address == NULL ? "127.0.0.1:40000" : question.address);
    news.login.user = span_of_text(user);
    news.login.password = span_of_text(password);
    news.login.address = span_of_text(address);
    if (question.hash != NULL) {
        (void)snprintf(hash, sizeof hash, "%s", question.hash);
        news.login.hash = hash;
    }
    gw_login_ask(&rig->login, &news);
    memset(user, 'x', sizeof user);
    memset(password, 'x', sizeof password);
    memset(hash, 'x', sizeof hash);
    memset(address, 'x', sizeof address);
    return rig->hub.verdicts[rig->asked++];
}

/* Turns until all that was asked is answered. */
static void wait_for_all(struct rig *rig)
{
    uint64_t end_ms = gw_clock_ms() + PATIENCE_MS;

    while (rig->hub.answers < rig->asked && gw_clock_ms() < end_ms) {
        gw_loop_wait(&rig->loop, end_ms);
    }
    assert_int_equal(rig->hub.answers, rig->asked);
}

/* What is answered in the end; asserts that it was not answered at once. */
static unsigned computed(struct rig *rig, struct question question)
{
    assert_int_equal(ask(rig, question), NONE);
    wait_for_all(rig);
    return rig->hub.verdicts[rig->asked - 1];
}

/* The turn's time is the test's until the loop waits. */
static void set_time(struct rig *rig, uint64_t now_ms)
{
    rig->loop.now_ms = now_ms;
    rig->loop.looked = true;
}

static void right_and_wrong_passwords_are_told_apart(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(computed(rig, (struct question){"a", SECRET, "secret", NULL}), HUB_LOGIN_GOOD);
    assert_int_equal(computed(rig, (struct question){"b", PASSWORD, "password", NULL}),
                     HUB_LOGIN_GOOD);
    assert_int_equal(computed(rig, (struct question){"a", SECRET, "password", NULL}),
                     HUB_LOGIN_BAD);
    assert_int_equal(computed(rig, (struct question){"b", PASSWORD, "", NULL}), HUB_LOGIN_BAD);
    assert_int_equal(rig->login.count.good, 2);
    assert_int_equal(rig->login.count.bad, 2);
}

static void a_password_that_was_right_is_answered_at_once(void **state)
{
    struct rig *rig = *state;
    struct question right = {"a", SECRET, "secret", NULL};
    uint64_t now_ms = gw_clock_ms();

    assert_int_equal(computed(rig, right), HUB_LOGIN_GOOD);
    for (int i = 0; i < 200; i++) { /* far beyond the rate */
        assert_int_equal(ask(rig, right), HUB_LOGIN_GOOD);
    }
    assert_int_equal(rig->login.count.good, 1);
    assert_int_equal(rig->login.count.cached, 200);
    assert_true(rig->loop.again);
    /* Of another user, or under a new hash, it is another. */
    assert_int_equal(computed(rig, (struct question){"aa", SECRET, "secret", NULL}),
                     HUB_LOGIN_GOOD);
    assert_int_equal(computed(rig, (struct question){"a", PASSWORD, "secret", NULL}),
                     HUB_LOGIN_BAD);
    assert_int_equal(computed(rig, (struct question){"a", NULL, "secret", NULL}), HUB_LOGIN_BAD);
    set_time(rig, now_ms + GW_KNOWN_MS - 1000);
    assert_int_equal(ask(rig, right), HUB_LOGIN_GOOD);
    set_time(rig, now_ms + GW_KNOWN_MS + PATIENCE_MS);
    assert_int_equal(ask(rig, right), NONE);
    wait_for_all(rig);
}

static void a_wrong_password_is_computed_each_time(void **state)
{
    struct rig *rig = *state;
    struct question wrong = {"a", SECRET, "sceret", NULL};

    for (int i = 0; i < 3; i++) {
        assert_int_equal(computed(rig, wrong), HUB_LOGIN_BAD);
    }
    assert_int_equal(rig->login.count.bad, 3);
    assert_int_equal(rig->login.count.cached, 0);
}

/* The computation is that of the last user who is there; even a password that fits is refused. */
static void for_an_unknown_user_the_same_is_computed(void **state)
{
    struct rig *rig = *state;
    struct question unknown = {"nobody", NULL, "secret", NULL};

    assert_int_equal(computed(rig, unknown), HUB_LOGIN_BAD);
    assert_int_equal(rig->login.like.kind, CONF_HASH_ARGON2ID);
    assert_int_equal(rig->login.like.memory_kib, 4096);
    assert_int_equal(computed(rig, (struct question){"a", SECRET, "secret", NULL}), HUB_LOGIN_GOOD);
    assert_int_equal(rig->login.like.kind, CONF_HASH_PBKDF2);
    assert_int_equal(computed(rig, unknown), HUB_LOGIN_BAD);
    assert_int_equal(computed(rig, unknown), HUB_LOGIN_BAD);
    assert_int_equal(rig->login.count.cached, 0);
}

static void a_password_longer_than_any_is_bad(void **state)
{
    struct rig *rig = *state;
    char password[GW_PASSWD_MAX + 2];

    memset(password, 'p', sizeof password);
    password[GW_PASSWD_MAX + 1] = '\0';
    assert_int_equal(computed(rig, (struct question){"a", SECRET, password, NULL}), HUB_LOGIN_BAD);
}

static void burst(struct rig *rig, const char *address, unsigned more, uint64_t now_ms)
{
    for (unsigned i = 0; i < GW_LOGIN_BURST + more; i++) {
        set_time(rig, now_ms);
        assert_int_equal(ask(rig, (struct question){"a", SECRET, "wrong", address}),
                         i < GW_LOGIN_BURST ? NONE : HUB_LOGIN_BUSY);
    }
}

static void an_address_is_served_a_burst_and_then_its_rate(void **state)
{
    struct rig *rig = *state;
    struct question wrong = {"a", SECRET, "wrong", "10.0.0.1:1"};
    uint64_t now_ms = gw_clock_ms();

    burst(rig, "10.0.0.1:40000", 3, now_ms);
    assert_int_equal(ask(rig, wrong), HUB_LOGIN_BUSY); /* another port is no other address */
    set_time(rig, now_ms + STEP_MS - 1);
    assert_int_equal(ask(rig, wrong), HUB_LOGIN_BUSY);
    set_time(rig, now_ms + STEP_MS);
    assert_int_equal(ask(rig, wrong), NONE);
    assert_int_equal(ask(rig, wrong), HUB_LOGIN_BUSY);
    burst(rig, "10.0.0.2:40000", 1, now_ms);
    burst(rig, "[2001:db8::1]:40000", 1, now_ms);
    assert_int_equal(ask(rig, (struct question){"a", SECRET, "wrong", "[2001:db8::2:3]:7"}),
                     HUB_LOGIN_BUSY);
    burst(rig, "[2001:db8:0:1::1]:40000", 1, now_ms);
    burst(rig, "[::ffff:10.0.0.3]:40000", 1, now_ms);
    burst(rig, "[::ffff:10.0.0.4]:40000", 1, now_ms);
    burst(rig, "[fe80::1%2]:40000", 1, now_ms);
    assert_int_equal(rig->login.count.busy, 13);
    wait_for_all(rig);
    set_time(rig, now_ms + 2 * GW_LOGIN_BURST * STEP_MS + PATIENCE_MS);
    burst(rig, "10.0.0.1:40000", 1, rig->loop.now_ms);
    wait_for_all(rig);
}

static void address_of(char text[64], unsigned i)
{
    (void)snprintf(text, 64, "10.1.%u.%u:40000", i / 256, i % 256);
}

static void beyond_the_queue_the_answer_is_busy(void **state)
{
    struct rig *rig = *state;
    char address[64];

    for (unsigned i = 0; i < GW_WORKER_JOBS; i++) {
        address_of(address, i);
        assert_int_equal(ask(rig, (struct question){"a", SECRET, "secret", address}), NONE);
    }
    assert_int_equal(ask(rig, (struct question){"a", SECRET, "secret", NULL}), HUB_LOGIN_BUSY);
    assert_int_equal(rig->login.count.busy, 1);
    wait_for_all(rig);
    assert_int_equal(rig->login.count.good, GW_WORKER_JOBS);
}

static void the_oldest_of_too_many_known_passwords_gives_way(void **state)
{
    struct rig *rig = *state;
    char user[16];
    char address[64];

    for (unsigned i = 0; i <= GW_KNOWN; i++) {
        (void)snprintf(user, sizeof user, "u%u", i);
        address_of(address, i);
        assert_int_equal(computed(rig, (struct question){user, SECRET, "secret", address}),
                         HUB_LOGIN_GOOD);
    }
    assert_int_equal(ask(rig, (struct question){"u1", SECRET, "secret", NULL}), HUB_LOGIN_GOOD);
    assert_int_equal(ask(rig, (struct question){"u0", SECRET, "secret", NULL}), NONE);
    wait_for_all(rig);
}

/* The queue is given back at the end; the sanitizer sees that nothing is left. */
static void it_ends_with_questions_that_wait(void **state)
{
    struct rig *rig = *state;
    char address[64];

    for (unsigned i = 0; i < 64; i++) {
        address_of(address, i);
        assert_int_equal(ask(rig, (struct question){"nobody", NULL, "secret", address}), NONE);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(right_and_wrong_passwords_are_told_apart),
        CASE(a_password_that_was_right_is_answered_at_once),
        CASE(a_wrong_password_is_computed_each_time),
        CASE(for_an_unknown_user_the_same_is_computed),
        CASE(a_password_longer_than_any_is_bad),
        CASE(an_address_is_served_a_burst_and_then_its_rate),
        CASE(beyond_the_queue_the_answer_is_busy),
        CASE(the_oldest_of_too_many_known_passwords_gives_way),
        CASE(it_ends_with_questions_that_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
