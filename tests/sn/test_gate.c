/* Connections: CONNECT, will prompt, keep alive, DISCONNECT, strangers, take-over, forwarder. */
#include "tests/sn/field.h"

/* SN-029 SN-031: CONNACK comes when the hub admits, not before */
static void a_node_is_connected_when_the_hub_admits_it(void **state)
{
    struct field *f = field_new();
    struct sn_news *news = NULL;

    (void)state;
    SAYS(f, 1, "\x08\x04\x04\x01\x00\x3Cn1");
    HEARS_NOTHING(f, 1);
    news = tells(f, SN_NEWS_CONNECT);
    assert_true(news->clean);
    assert_false(news->will);
    assert_false(news->no_will);
    assert_span_equal(sn_node_id(news->node), WIRE_SPAN("n1"));
    assert_int_equal(sn_node_peer(news->node).addr[3], 1);
    admits(f, news->node, false, NULL);
    HEARS(f, 1, "\x03\x05\x00");
    SAYS(f, 1, "\x02\x16"); /* SN-156 */
    HEARS(f, 1, "\x02\x17");
    SAYS(f, 1, "\x04\x16n1"); /* SN-158 */
    HEARS(f, 1, "\x02\x17");
    field_free(f);
}

/* SN-032 SN-052: refused is as good as never come */
static void a_refused_node_is_a_stranger(void **state)
{
    struct field *f = field_new();
    struct sn_admission no = {.code = SN_RC_CONGESTION};
    struct sn_node *node = NULL;

    (void)state;
    SAYS(f, 1, "\x08\x04\x04\x01\x00\x3Cn1");
    node = tells(f, SN_NEWS_CONNECT)->node;
    sn_gate_admit(f->gate, node, &no, f->now_ms);
    HEARS(f, 1, "\x03\x05\x01");
    SAYS(f, 1, "\x02\x16");
    HEARS(f, 1, "\x02\x18");
    tells_nothing(f);
    field_free(f);
}

/* SN-030 SN-041 */
static void a_will_is_prompted_for_in_order(void **state)
{
    struct field *f = field_new();
    struct sn_news *news = NULL;

    (void)state;
    SAYS(f, 1, "\x08\x04\x0C\x01\x00\x3Cn1");
    HEARS(f, 1, "\x02\x06");
    SAYS(f, 1, "\x06\x09gone"); /* out of order: nothing */
    SAYS(f, 1, "\x02\x16");     /* SN-044 */
    HEARS_NOTHING(f, 1);
    SAYS(f, 1, "\x04\x07\x30w");
    HEARS(f, 1, "\x02\x08");
    tells_nothing(f);
    SAYS(f, 1, "\x06\x09gone");
    news = tells(f, SN_NEWS_CONNECT);
    assert_true(news->will && news->retain && news->clean);
    assert_int_equal(news->qos, 1);
    assert_span_equal(news->topic, WIRE_SPAN("w"));
    assert_span_equal(news->data, WIRE_SPAN("gone"));
    admits(f, news->node, false, NULL);
    HEARS(f, 1, "\x03\x05\x00");
    field_free(f);
}

/* SN-042 */
static void a_will_message_may_be_empty(void **state)
{
    struct field *f = field_new();
    struct sn_news *news = NULL;

    (void)state;
    SAYS(f, 1, "\x08\x04\x08\x01\x00\x3Cn1");
    SAYS(f, 1, "\x04\x07\x00w");
    SAYS(f, 1, "\x02\x09");
    news = tells(f, SN_NEWS_CONNECT);
    assert_true(news->will);
    assert_int_equal(news->data.len, 0);
    field_free(f);
}

/* SN-040 */
static void an_empty_will_topic_deletes_the_will_without_asking_on(void **state)
{
    struct field *f = field_new();
    struct sn_news *news = NULL;

    (void)state;
    SAYS(f, 1, "\x08\x04\x08\x01\x00\x3Cn1");
    HEARS(f, 1, "\x02\x06");
    SAYS(f, 1, "\x02\x07");
    HEARS_NOTHING(f, 1);
    news = tells(f, SN_NEWS_CONNECT);
    assert_true(news->no_will);
    assert_false(news->will);
    field_free(f);
}

/* SN-043 SN-044 */
static void a_prompt_begins_anew_with_connect_and_ends_with_time(void **state)
{
    struct field *f = field_new();

    (void)state;
    SAYS(f, 1, "\x08\x04\x08\x01\x00\x3Cn1");
    HEARS(f, 1, "\x02\x06");
    SAYS(f, 1, "\x04\x07\x00w");
    HEARS(f, 1, "\x02\x08");
    SAYS(f, 1, "\x08\x04\x08\x01\x00\x3Cn1");
    HEARS(f, 1, "\x02\x06");
    waits(f, 49999);
    SAYS(f, 1, "\x02\x16");
    HEARS_NOTHING(f, 1);
    waits(f, 2);
    SAYS(f, 1, "\x02\x16");
    HEARS(f, 1, "\x02\x18"); /* forgotten */
    tells_nothing(f);
    field_free(f);
}

static void a_will_that_cannot_be_kept_ends_the_attempt(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = NULL;

    (void)state;
    SAYS(f, 1, "\x08\x04\x08\x01\x00\x3Cn1");
    HEARS(f, 1, "\x02\x06");
    SAYS(f, 1, "\x05\x07\x00w#");
    HEARS(f, 1, "\x03\x05\x03");
    tells_nothing(f); /* the hub never heard of it */
    node = connects(f, 1);
    SAYS(f, 1, "\x08\x04\x08\x01\x00\x3Cn1");
    HEARS(f, 1, "\x02\x06");
    SAYS(f, 1, "\x04\x07\x00w");
    HEARS(f, 1, "\x02\x08");
    f->budget.limit = f->budget.used;
    SAYS(f, 1, "\x06\x09gone");
    HEARS(f, 1, "\x03\x05\x01");
    assert_ptr_equal(tells(f, SN_NEWS_BYE)->node, node); /* its session before is over */
    f->budget.limit = 1000000;
    SAYS(f, 1, "\x08\x04\x08\x01\x00\x3Cn1");
    HEARS(f, 1, "\x02\x06");
    f->budget.limit = f->budget.used + BLOCK_OVERHEAD;
    SAYS(f, 1, "\x04\x07\x00w"); /* not the topic either */
    HEARS(f, 1, "\x03\x05\x01");
    f->budget.limit++;
    SAYS(f, 1, "\x08\x04\x08\x01\x00\x3Cn1");
    HEARS(f, 1, "\x02\x06");
    SAYS(f, 1, "\x04\x07\x00w");
    HEARS(f, 1, "\x02\x08");
    f->budget.limit += 4;
    SAYS(f, 1, "\x06\x09gone"); /* there is just room */
    assert_span_equal(tells(f, SN_NEWS_CONNECT)->data, WIRE_SPAN("gone"));
    field_free(f);
}

/* Protocol page 7.2: no will is published for the session that a CONNECT replaces. */
static void an_attempt_that_comes_to_nothing_loses_nobody(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);

    (void)state;
    SAYS(f, 1, "\x08\x04\x0C\x01\x00\x3Cn1");
    HEARS(f, 1, "\x02\x06");
    SAYS(f, 1, "\x05\x07\x00w#");
    HEARS(f, 1, "\x03\x05\x03");
    assert_ptr_equal(tells(f, SN_NEWS_BYE)->node, node);
    (void)connects(f, 1);
    SAYS(f, 1, "\x08\x04\x0C\x01\x00\x3Cn1");
    HEARS(f, 1, "\x02\x06");
    waits(f, 50000);
    HEARS_NOTHING(f, 1);
    assert_ptr_equal(tells(f, SN_NEWS_BYE)->node, node);
    (void)connects(f, 1);
    f->listener.takeover_wait_ms = 0;
    f->now_ms += 5000;
    f->budget.limit = f->budget.used;
    says(f, 200, WIRE_SPAN("\x08\x04\x04\x01\x00\x3Cn1"));
    HEARS(f, 1, "\x02\x18");
    HEARS(f, 200, "\x03\x05\x01");
    (void)tells(f, SN_NEWS_MOVED);
    assert_ptr_equal(tells(f, SN_NEWS_BYE)->node, node);
    f->budget.limit = 1000000;
    field_free(f);
}

static void without_memory_for_a_node_it_is_told_congestion(void **state)
{
    struct field *f = field_new();
    size_t limit = f->budget.limit;

    (void)state;
    for (f->budget.limit = 0; f->budget.limit < 80; f->budget.limit++) {
        SAYS(f, 1, "\x08\x04\x04\x01\x00\x3Cn1");
        if (f->news_count > 0) {
            break;
        }
        HEARS(f, 1, "\x03\x05\x01");
        HEARS_NOTHING(f, 1);
        f->now_ms += 1000;
    }
    assert_in_range(f->budget.limit, BLOCK_OVERHEAD + 3, 79); /* id and address */
    f->budget.limit = limit;
    field_free(f);
}

/* The hub forgets a node while news of it wait: they are taken back. */
static void news_of_a_forgotten_node_are_never_told(void **state)
{
    struct field *f = field_new();
    struct sn_peer peer = {.addr_len = 6, .addr = {10, 0, 0, 1, 7, 92}};
    struct sn_node *node = connects(f, 1);
    struct sn_news news;

    (void)state;
    assert_ptr_equal(sn_node_user(node), f);
    sn_gate_input(f->gate, &peer, WIRE_SPAN("\x08\x04\x04\x01\x00\x3Cn2"), f->now_ms);
    sn_gate_forget(f->gate, node);
    assert_true(sn_gate_event(f->gate, &news)); /* not LOST of n1 */
    assert_int_equal(news.kind, SN_NEWS_CONNECT);
    assert_int_equal(sn_node_peer(news.node).addr[3], 1);
    assert_false(sn_gate_event(f->gate, &news));
    field_free(f);
}

/* SN-033 SN-035 SN-036 */
static void a_connect_that_cannot_be_served_is_answered_3(void **state)
{
    struct field *f = field_new();

    (void)state;
    SAYS(f, 1, "\x08\x04\x04\x02\x00\x3Cn1"); /* ProtocolId 2 */
    HEARS(f, 1, "\x03\x05\x03");
    SAYS(f, 1, "\x06\x04\x04\x01\x00\x3C"); /* no id */
    HEARS(f, 1, "\x03\x05\x03");
    SAYS(f, 1,
         "\x1E\x04\x04\x01\x00\x3C"
         "abcdefghijklmnopqrstuvwx"); /* 24 octets */
    HEARS(f, 1, "\x03\x05\x03");
    tells_nothing(f);
    SAYS(f, 1,
         "\x1D\x04\x04\x01\x00\x3C"
         "abcdefghijklmnopqrstuvw"); /* SN-034 */
    assert_int_equal(sn_node_id(tells(f, SN_NEWS_CONNECT)->node).len, 23);
    field_free(f);
}

/* SN-032 */
static void one_node_too_many_is_told_congestion(void **state)
{
    struct field *f = field_new();

    (void)state;
    for (uint8_t node = 1; node <= 8; node++) {
        (void)connects(f, node);
        SAYS(f, node, "\x06\x12\x00\x00\x01#"); /* who asked for something stays */
        (void)tells(f, SN_NEWS_SUBSCRIBE);
    }
    SAYS(f, 9, "\x08\x04\x04\x01\x00\x3Cn9");
    HEARS(f, 9, "\x03\x05\x01");
    tells_nothing(f);
    field_free(f);
}

/* SN-047 */
static void the_same_connect_again_is_answered_again_without_news(void **state)
{
    struct field *f = field_new();

    (void)state;
    (void)connects(f, 1);
    SAYS(f, 1, "\x08\x04\x04\x01\x00\x3Cn1");
    HEARS(f, 1, "\x03\x05\x00");
    tells_nothing(f);
    waits(f, 41000);
    SAYS(f, 1, "\x08\x04\x04\x01\x00\x3Cn1"); /* no repeat any more: a reboot */
    (void)tells(f, SN_NEWS_CONNECT);
    tells_nothing(f);
    field_free(f);
}

/* SN-050: a node that hears no CONNACK speaks all the same; keep alive 10 s. */
static void a_repeated_connect_too_keeps_the_node(void **state)
{
    struct field *f = field_new();
    const struct sn_news *news = NULL;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        SAYS(f, 1, "\x08\x04\x04\x01\x00\x0An1");
        if (i == 0) {
            news = tells(f, SN_NEWS_CONNECT);
            admits(f, news->node, false, NULL);
        }
        HEARS(f, 1, "\x03\x05\x00");
        waits(f, 10000);
        tells_nothing(f);
    }
    waits(f, 5000);
    (void)tells(f, SN_NEWS_LOST);
    field_free(f);
}

/* SN-049 SN-050: 60 s and half as much again */
static void a_silent_node_is_lost_once_and_any_message_keeps_it(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);

    (void)state;
    waits(f, 89000);
    SAYS(f, 1, "\x02\x17"); /* SN-159 */
    waits(f, 89999);
    tells_nothing(f);
    waits(f, 1);
    assert_ptr_equal(tells(f, SN_NEWS_LOST)->node, node);
    waits(f, 1000000);
    tells_nothing(f);
    SAYS(f, 1, "\x02\x16");
    HEARS(f, 1, "\x02\x18");
    field_free(f);
}

static void keepalive_of(struct field *f, const char *connect, uint64_t patience_ms)
{
    SAYS(f, 1, "\x02\x18");
    while (hears(f, 1).len != 0) {
    }
    says(f, 1, span_of(connect, 8));
    while (f->news[f->news_at % FIELD_NEWS].is.kind != SN_NEWS_CONNECT) {
        f->news_at++;
    }
    admits(f, tells(f, SN_NEWS_CONNECT)->node, false, NULL);
    waits(f, patience_ms - 1);
    tells_nothing(f);
    waits(f, 1);
    (void)tells(f, SN_NEWS_LOST);
}

/* 7.2, CONFIG keepalive_grace */
static void the_tolerance_is_a_half_up_to_a_minute_a_tenth_above_or_a_factor(void **state)
{
    struct field *f = field_new();

    (void)state;
    keepalive_of(f, "\x08\x04\x04\x01\x00\x3Cn1", 90000);
    keepalive_of(f, "\x08\x04\x04\x01\x00\x64n1", 110000);
    f->listener.limits.keepalive_percent = 250;
    keepalive_of(f, "\x08\x04\x04\x01\x00\x3Cn1", 150000);
    field_free(f);
}

/* SN-048 */
static void duration_0_is_never_over(void **state)
{
    struct field *f = field_new();

    (void)state;
    SAYS(f, 1, "\x08\x04\x04\x01\x00\x00n1");
    admits(f, tells(f, SN_NEWS_CONNECT)->node, false, NULL);
    waits(f, 100000000);
    tells_nothing(f);
    field_free(f);
}

/* SN-161 SN-162 SN-164 SN-165 */
static void a_bye_is_answered_in_two_octets_and_ends_it(void **state)
{
    struct field *f = field_new();

    (void)state;
    (void)connects(f, 1);
    SAYS(f, 1, "\x02\x18");
    HEARS(f, 1, "\x02\x18");
    (void)tells(f, SN_NEWS_BYE);
    SAYS(f, 1, "\x02\x18");
    HEARS(f, 1, "\x02\x18");
    SAYS(f, 1, "\x08\x0C\x22zz\x00\x01x");
    HEARS(f, 1, "\x02\x18");
    tells_nothing(f);
    (void)connects(f, 1);
    SAYS(f, 1, "\x04\x18\x00\x00");
    HEARS(f, 1, "\x02\x18");
    (void)tells(f, SN_NEWS_BYE);
    field_free(f);
}

/* SN-053 SN-163 */
static void a_dismissed_node_is_told_disconnect(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);

    (void)state;
    sn_gate_dismiss(f->gate, node, f->now_ms);
    HEARS(f, 1, "\x02\x18");
    waits(f, 1000000);
    tells_nothing(f);
    field_free(f);
}

/* SN-052 SN-063 SN-071 SN-110 SN-130 SN-157 SN-185 */
static void strangers_are_answered_disconnect_so_often_a_second(void **state)
{
    static const struct span wires[] = {{WIRE("\x09\x0A\0\0\0\x01"
                                              "a/b")},
                                        {WIRE("\x08\x0C\0\0\x01\0\0x")},
                                        {WIRE("\x08\x0C\x20\0\x01\0\x02x")},
                                        {WIRE("\x08\x12\x20\0\x03"
                                              "a/#")},
                                        {WIRE("\x08\x14\0\0\x03"
                                              "a/#")},
                                        {WIRE("\x04\x1A\0w")},
                                        {WIRE("\x02\x1A")},
                                        {WIRE("\x03\x1Cw")},
                                        {WIRE("\x04\x10\0\x01")},
                                        {WIRE("\x02\x16")},
                                        {WIRE("\x04\x16n1")},
                                        {WIRE("\x04\x18\0\x3C")},
                                        {WIRE("\x02\x18")}};
    struct field *f = field_new();

    (void)state;
    for (size_t i = 0; i < COUNT(wires); i++) {
        says(f, 1, wires[i]);
        HEARS(f, 1, "\x02\x18");
        HEARS_NOTHING(f, 1);
    }
    for (size_t i = 0; i < 30; i++) {
        SAYS(f, 2, "\x02\x16");
    }
    for (size_t i = 0; i < 20; i++) {
        HEARS(f, 2, "\x02\x18");
    }
    HEARS_NOTHING(f, 2);
    assert_int_equal(sn_gate_counts(f->gate)->muted, 10);
    tells_nothing(f);
    field_free(f);
}

/* SN-009 SN-011 SN-014 SN-021 */
static void what_no_client_may_send_does_nothing(void **state)
{
    static const struct span wires[] = {{WIRE("\x03\x05\0")},
                                        {WIRE("\x02\x06")},
                                        {WIRE("\x02\x08")},
                                        {WIRE("\x08\x13\0\0\0\0\x01\0")},
                                        {WIRE("\x04\x15\0\x01")},
                                        {WIRE("\x03\x1B\0")},
                                        {WIRE("\x03\x1D\0")},
                                        {WIRE("\x05\0\x01\0\x0A")},
                                        {WIRE("\x03\x02\x01")},
                                        {WIRE("\x02\x03")},
                                        {WIRE("\x02\xFF")},
                                        {WIRE("")},
                                        {WIRE("\0")},
                                        {WIRE("\x03\x16")},
                                        {WIRE("\x07\x0D\0\x01\0\x01\0")},
                                        {WIRE("\x02\x17")}};
    struct field *f = field_new();

    (void)state;
    for (uint8_t node = 1; node <= 2; node++) {
        for (size_t i = 0; i < COUNT(wires); i++) {
            says(f, node, wires[i]);
            HEARS_NOTHING(f, node);
        }
        tells_nothing(f);
        if (node == 1) {
            (void)connects(f, 2);
        }
    }
    SAYS(f, 2, "\x02\x16");
    HEARS(f, 2, "\x02\x17");
    field_free(f);
}

/* SN-018 SN-020 */
static void searchgw_is_answered_in_every_state_and_opens_nothing(void **state)
{
    struct field *f = field_new();

    (void)state;
    SAYS(f, 1, "\x03\x01\x01");
    HEARS(f, 1, "\x03\x02\x07");
    (void)falls_asleep(f, 1, 60);
    SAYS(f, 1, "\x03\x01\x01");
    HEARS(f, 1, "\x03\x02\x07");
    tells_nothing(f);
    field_free(f);
}

/* SN-015 */
static void advertise_is_sent_to_all_every_tadv(void **state)
{
    struct field *f = field_new();
    struct sn_gate_config config = {.gw_id = 9,
                                    .nodes = 1,
                                    .listeners = &f->listener,
                                    .listener_count = 1,
                                    .budget = &f->budget};

    (void)state;
    sn_gate_free(f->gate);
    f->listener.advertise_s = 900;
    f->listener.groups = 1;
    f->gate = sn_gate_new(&config, f->now_ms);
    waits(f, 899999);
    HEARS(f, 0, "\x05\x00\x09\x03\x84");
    HEARS_NOTHING(f, 0);
    waits(f, 1);
    HEARS(f, 0, "\x05\x00\x09\x03\x84");
    field_free(f);
}

/* SN-045: asked four times in two seconds, silent: moved */
static void a_session_moves_when_the_old_address_is_silent(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);

    (void)state;
    SAYS(f, 2, "\x08\x04\x00\x01\x00\x3Cn1");
    HEARS(f, 1, "\x02\x16");
    waits(f, 1000);
    SAYS(f, 2, "\x08\x04\x00\x01\x00\x3Cn1"); /* its repeat starts nothing anew */
    waits(f, 999);
    HEARS(f, 1, "\x02\x16");
    HEARS(f, 1, "\x02\x16");
    HEARS(f, 1, "\x02\x16");
    HEARS_NOTHING(f, 1);
    HEARS_NOTHING(f, 2);
    tells_nothing(f);
    waits(f, 1);
    HEARS(f, 1, "\x02\x18");
    assert_int_equal(tells(f, SN_NEWS_MOVED)->rival.addr[3], 1);
    assert_ptr_equal(tells(f, SN_NEWS_CONNECT)->node, node);
    admits(f, node, true, NULL);
    HEARS(f, 2, "\x03\x05\x00");
    SAYS(f, 1, "\x02\x16");
    HEARS(f, 1, "\x02\x18");
    SAYS(f, 2, "\x02\x16");
    HEARS(f, 2, "\x02\x17");
    field_free(f);
}

static void a_session_stays_when_the_old_address_answers(void **state)
{
    struct field *f = field_new();

    (void)state;
    (void)connects(f, 1);
    SAYS(f, 2, "\x08\x04\x00\x01\x00\x3Cn1");
    HEARS(f, 1, "\x02\x16");
    SAYS(f, 1, "\x02\x17");
    HEARS(f, 2, "\x03\x05\x03");
    assert_int_equal(tells(f, SN_NEWS_RIVAL)->rival.addr[3], 2);
    waits(f, 10000);
    HEARS_NOTHING(f, 1);
    SAYS(f, 1, "\x02\x16");
    HEARS(f, 1, "\x02\x17");
    tells_nothing(f);
    field_free(f);
}

static void a_sleeper_is_not_asked_but_moved(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = falls_asleep(f, 1, 600);

    (void)state;
    SAYS(f, 2, "\x08\x04\x00\x01\x00\x3Cn1");
    HEARS_NOTHING(f, 1); /* SN-167 */
    (void)tells(f, SN_NEWS_MOVED);
    assert_ptr_equal(tells(f, SN_NEWS_CONNECT)->node, node);
    admits(f, node, true, NULL);
    HEARS(f, 2, "\x03\x05\x00");
    field_free(f);
}

/* SN-046 */
static void another_client_at_an_address_ends_the_earlier_one_as_lost(void **state)
{
    struct field *f = field_new();
    struct sn_node *first = connects(f, 1);

    (void)state;
    SAYS(f, 1, "\x08\x04\x04\x01\x00\x3Cn2");
    assert_ptr_equal(tells(f, SN_NEWS_LOST)->node, first);
    admits(f, tells(f, SN_NEWS_CONNECT)->node, false, NULL);
    HEARS(f, 1, "\x03\x05\x00");
    waits(f, 90000);
    assert_ptr_not_equal(tells(f, SN_NEWS_LOST)->node, first);
    tells_nothing(f);
    field_free(f);
}

/* SN-188 to SN-194 */
static void nodes_behind_a_forwarder_are_clients_of_their_own(void **state)
{
    struct field *f = field_new();
    struct sn_node *a = NULL;
    struct sn_node *b = NULL;

    (void)state;
    SAYS(f, 1, "\x05\xFE\xFC\x0A\x0B\x08\x04\x04\x01\x00\x3Cn1"); /* reserved Ctrl bits */
    a = tells(f, SN_NEWS_CONNECT)->node;
    SAYS(f, 1, "\x04\xFE\x00\x0A\x01\x00\x0A\x04\x04\x01\x00\x3Cn2"); /* 3-octet Length inside */
    b = tells(f, SN_NEWS_CONNECT)->node;
    assert_ptr_not_equal(a, b);
    admits(f, a, false, NULL);
    HEARS(f, 1, "\x05\xFE\x00\x0A\x0B\x03\x05\x00");
    admits(f, b, false, NULL);
    HEARS(f, 1, "\x04\xFE\x00\x0A\x03\x05\x00");
    SAYS(f, 1, "\x05\xFE\x00\x0A\x0B\x02\x16");
    HEARS(f, 1, "\x05\xFE\x00\x0A\x0B\x02\x17");
    SAYS(f, 1, "\x02\x16"); /* the forwarder itself is nobody */
    HEARS(f, 1, "\x02\x18");
    SAYS(f, 1, "\x05\xFE\x02\x0A\x0B\x03\x01\x02"); /* SN-195 */
    HEARS(f, 1, "\x05\xFE\x02\x0A\x0B\x03\x02\x07");
    SAYS(f, 1, "\x05\xFE\x00\x0A\x0B");                         /* nothing inside */
    SAYS(f, 1, "\x05\xFE\x00\x0A\x0B\x04\x16");                 /* cut inside */
    SAYS(f, 1, "\x05\xFE\x00\x0A\x0B\x04\xFE\x00\x01\x02\x16"); /* twice */
    SAYS(f, 1, "\x03\xFE\x00\x02\x16");                         /* no node id */
    HEARS_NOTHING(f, 1);
    tells_nothing(f);
    assert_int_equal(sn_gate_counts(f->gate)->malformed, 4);
    field_free(f);
}

static void encapsulation_is_refused_where_forwarders_are_not_allowed(void **state)
{
    struct field *f = field_new();

    (void)state;
    f->forwarder = false;
    SAYS(f, 1, "\x05\xFE\x00\x0A\x0B\x08\x04\x04\x01\x00\x3Cn1");
    HEARS_NOTHING(f, 1);
    tells_nothing(f);
    assert_int_equal(sn_gate_counts(f->gate)->no_forwarder, 1);
    assert_int_equal(sn_gate_counts(f->gate)->malformed, 0);
    field_free(f);
}

/* A restart: the node is known, without an address; its old ids work when it comes back. */
static void a_restored_node_comes_back_with_its_ids(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = sn_gate_restore(f->gate, WIRE_SPAN("n1"));
    struct sn_news *news = NULL;

    (void)state;
    assert_true(sn_gate_restore_topic(f->gate, node, 5, WIRE_SPAN("a/b"), false));
    SAYS(f, 1, "\x08\x04\x00\x01\x00\x3Cn1");
    assert_ptr_equal(tells(f, SN_NEWS_CONNECT)->node, node);
    admits(f, node, true, NULL);
    SAYS(f, 1, "\x08\x0C\x00\x00\x05\x00\x00x"); /* SN-084 */
    news = tells(f, SN_NEWS_PUBLISH);
    assert_span_equal(news->topic, WIRE_SPAN("a/b"));
    field_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_is_connected_when_the_hub_admits_it),
        cmocka_unit_test(a_refused_node_is_a_stranger),
        cmocka_unit_test(a_will_is_prompted_for_in_order),
        cmocka_unit_test(a_will_message_may_be_empty),
        cmocka_unit_test(an_empty_will_topic_deletes_the_will_without_asking_on),
        cmocka_unit_test(a_prompt_begins_anew_with_connect_and_ends_with_time),
        cmocka_unit_test(a_will_that_cannot_be_kept_ends_the_attempt),
        cmocka_unit_test(an_attempt_that_comes_to_nothing_loses_nobody),
        cmocka_unit_test(without_memory_for_a_node_it_is_told_congestion),
        cmocka_unit_test(news_of_a_forgotten_node_are_never_told),
        cmocka_unit_test(a_connect_that_cannot_be_served_is_answered_3),
        cmocka_unit_test(one_node_too_many_is_told_congestion),
        cmocka_unit_test(the_same_connect_again_is_answered_again_without_news),
        cmocka_unit_test(a_repeated_connect_too_keeps_the_node),
        cmocka_unit_test(a_silent_node_is_lost_once_and_any_message_keeps_it),
        cmocka_unit_test(the_tolerance_is_a_half_up_to_a_minute_a_tenth_above_or_a_factor),
        cmocka_unit_test(duration_0_is_never_over),
        cmocka_unit_test(a_bye_is_answered_in_two_octets_and_ends_it),
        cmocka_unit_test(a_dismissed_node_is_told_disconnect),
        cmocka_unit_test(strangers_are_answered_disconnect_so_often_a_second),
        cmocka_unit_test(what_no_client_may_send_does_nothing),
        cmocka_unit_test(searchgw_is_answered_in_every_state_and_opens_nothing),
        cmocka_unit_test(advertise_is_sent_to_all_every_tadv),
        cmocka_unit_test(a_session_moves_when_the_old_address_is_silent),
        cmocka_unit_test(a_session_stays_when_the_old_address_answers),
        cmocka_unit_test(a_sleeper_is_not_asked_but_moved),
        cmocka_unit_test(another_client_at_an_address_ends_the_earlier_one_as_lost),
        cmocka_unit_test(nodes_behind_a_forwarder_are_clients_of_their_own),
        cmocka_unit_test(encapsulation_is_refused_where_forwarders_are_not_allowed),
        cmocka_unit_test(a_restored_node_comes_back_with_its_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
