/* tests/sn/test_gate_hostile.c - strangers, thieves, floods, and what other gateways died of. */
#include "tests/sn/field.h"

/* What was said and told until now. */
static void forget_all(struct field *f)
{
    memset(f->wires, 0, sizeof f->wires);
    f->wire_count = 0;
    f->news_at = f->news_count;
}

/* --- one datagram from a stranger ------------------------------------------------------------- */

/* Each of these ended a gateway that is in use somewhere. */
static const struct span deadly[] = {
    {WIRE("\x02\x04")}, /* CONNECT cut short ... */
    {WIRE("\x03\x04\x04")},
    {WIRE("\x04\x04\x04\x01")},
    {WIRE("\x05\x04\x04\x01\x00")},
    {WIRE("\x02\x07")}, /* types without what they carry */
    {WIRE("\x02\x0A")},
    {WIRE("\x02\x0C")},
    {WIRE("\x02\x12")},
    {WIRE("\x02\x14")},
    {WIRE("\x08\x0C\x62\x00\x01\x00\x00x")}, /* QoS -1 to an id nobody has */
    {WIRE("\x08\x0C\x20\x00\x01\x00\x01x")},
    {WIRE("\x05\xFE\x00\x0A\x0B")},
    {WIRE("\x03\xFE\x00\x02\x16")},
    {WIRE("\x01\x00\x00")},
    {WIRE("\x00")},
    {WIRE("")},
};

static void no_single_datagram_of_a_stranger_does_harm(void **state)
{
    struct field *f = field_new();

    (void)state;
    (void)connects(f, 1);
    for (size_t i = 0; i < COUNT(deadly); i++) {
        says(f, 2, deadly[i]);
        says(f, 1, deadly[i]);
        while (hears(f, 1).len != 0 || hears(f, 2).len != 0) {
        }
        f->news_at = f->news_count;
        SAYS(f, 1, "\x02\x16");
        HEARS(f, 1, "\x02\x17");
    }
    field_free(f);
}

/* A client id of 1,000 octets. SN-035 */
static void a_client_id_of_a_thousand_octets_is_refused(void **state)
{
    struct field *f = field_new();
    uint8_t wire[1008] = {1, 0x03, 0xF0, 4, 4, 1, 0, 60};

    (void)state;
    memset(wire + 8, 'x', sizeof wire - 8);
    says(f, 2, span_of(wire, sizeof wire));
    HEARS(f, 2, "\x03\x05\x03");
    field_free(f);
}

/* Whatever two octets mean, and three, and all types with some octets behind. */
static void every_short_datagram_is_survived(void **state)
{
    struct field *f = field_new();

    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        for (uint8_t len = 2; len < 12; len++) {
            uint8_t wire[12] = {len, (uint8_t)type, 0xFF, 1, 0xFF, 0xFF, 0xFF, 0xFF, 'x'};

            says(f, 2, span_of(wire, len));
            f->news_at = f->news_count;
            while (hears(f, 2).len != 0) {
            }
        }
        f->now_ms += 1000;
    }
    (void)connects(f, 1);
    field_free(f);
}

/* --- what a stranger can make us send --------------------------------------------------------- */

static size_t octets_to(struct field *f, uint8_t node)
{
    size_t octets = 0;
    size_t len = 0;

    while ((len = hears(f, node).len) != 0) {
        octets += len;
    }
    return octets;
}

/* The answer is small, and there is one: nothing is sent again before an address has answered. */
static void a_stranger_is_sent_no_more_than_three_times_what_it_said(void **state)
{
    static const struct span said[] = {
        {WIRE("\x03\x01\x00")},              /* SEARCHGW */
        {WIRE("\x07\x04\x0C\x01\x00\x3Cx")}, /* CONNECT with a will: WILLTOPICREQ */
        {WIRE("\x07\x04\x04\x02\x00\x3Cy")}, /* CONNECT of another protocol */
        {WIRE("\x02\x16")},                  /* PINGREQ, DISCONNECT ... */
        {WIRE("\x02\x18")},
        {WIRE("\x07\x0A\x00\x00\x00\x01"
              "a")},
        {WIRE("\x07\x0C\x20\x00\x01\x00\x01")},
        {WIRE("\x06\x12\x20\x00\x01"
              "a")},
        {WIRE("\x02\x07")},
        {WIRE("\x07\x0D\x00\x01\x00\x01\x02")},
        {WIRE("\x04\x10\x00\x01")},
        {WIRE("\x02\x1A")},
        {WIRE("\x05\xFE\x00\x0A\x0B\x03\x01\x00")},
    };
    struct field *f = field_new();

    (void)state;
    for (size_t i = 0; i < COUNT(said); i++) {
        uint8_t node = (uint8_t)(20 + i);

        says(f, node, said[i]);
        assert_true(octets_to(f, node) <= 3 * said[i].len);
        (void)octets_to(f, 0);
    }
    waits(f, 100000);
    for (size_t i = 0; i < COUNT(said); i++) {
        HEARS_NOTHING(f, (uint8_t)(20 + i));
    }
    tells_nothing(f);
    field_free(f);
}

/* --- someone else's session ------------------------------------------------------------------- */

/* Only what comes from its address is a node's; and what nobody waits for changes nothing. SN-052
 */
static void acknowledgements_and_goodbyes_from_elsewhere_change_nothing(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);
    struct sn_delivery d = {
        .topic = span_of_text("xy"), .data = span_of_text("x"), .msg_id = 9, .qos = 1};

    (void)state;
    assert_int_equal(delivers(f, node, d), SN_OK);
    (void)hears(f, 1);
    SAYS(f, 2, "\x07\x0Dxy\x00\x09\x00"); /* PUBACK, PUBREC, PUBCOMP, REGACK of a stranger */
    SAYS(f, 2, "\x04\x0F\x00\x09");
    SAYS(f, 2, "\x04\x0E\x00\x09");
    SAYS(f, 2, "\x07\x0B\x00\x01\x00\x01\x00");
    HEARS_NOTHING(f, 2);
    SAYS(f, 2, "\x02\x18"); /* DISCONNECT, for good and to sleep */
    HEARS(f, 2, "\x02\x18");
    SAYS(f, 2, "\x04\x18\x00\x3C");
    HEARS(f, 2, "\x02\x18");
    SAYS(f, 1, "\x07\x0Dxy\x00\x0A\x00"); /* its own, of another message */
    SAYS(f, 1, "\x04\x0F\x00\x0A");
    SAYS(f, 1, "\x04\x0E\x00\x09"); /* PUBCOMP of what is at QoS 1 */
    tells_nothing(f);
    assert_false(sn_gate_is_ready(f->gate, node));
    SAYS(f, 1, "\x07\x0Dxy\x00\x09\x00");
    assert_int_equal(tells(f, SN_NEWS_PUBACK)->msg_id, 9);
    (void)tells(f, SN_NEWS_READY);
    field_free(f);
}

/* SN-069: an id is one node's. */
static void an_id_of_one_node_means_nothing_of_another(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);

    (void)state;
    (void)connects(f, 2);
    SAYS(f, 1,
         "\x09\x0A\x00\x00\x00\x01"
         "a/b");
    (void)tells(f, SN_NEWS_REGISTER);
    answers(f, node, (struct sn_answer){.type = SN_REGACK, .topic_id = 1, .msg_id = 1});
    (void)hears(f, 1);
    SAYS(f, 2, "\x08\x0C\x20\x00\x01\x00\x05x");
    HEARS(f, 2, "\x07\x0D\x00\x01\x00\x05\x02");
    tells_nothing(f);
    field_free(f);
}

/* An address that another node had: what is said there is the new one's. SN-046 */
static void an_address_used_again_brings_nothing_of_the_old_session(void **state)
{
    struct field *f = field_new();
    struct sn_node *old = connects(f, 1);
    struct sn_node *next = NULL;

    (void)state;
    SAYS(f, 1, "\x08\x04\x04\x01\x00\x3Cn5");
    assert_ptr_equal(tells(f, SN_NEWS_LOST)->node, old);
    next = tells(f, SN_NEWS_CONNECT)->node;
    assert_ptr_not_equal(next, old);
    admits(f, next, false, NULL);
    HEARS(f, 1, "\x03\x05\x00");
    SAYS(f, 1, "\x08\x0C\x02xy\x00\x00x");
    assert_ptr_equal(tells(f, SN_NEWS_PUBLISH)->node, next);
    SAYS(f, 1, "\x04\x16n1"); /* the old one's id from there */
    HEARS(f, 1, "\x02\x18");
    tells_nothing(f);
    field_free(f);
}

/* Two nodes of one id, wherever they are: the session moves, but not again within a second. */
static void two_nodes_of_one_id_move_it_once_a_second(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = NULL;
    unsigned moves = 0;

    (void)state;
    f->listener.takeover_wait_ms = 0; /* at-once */
    node = connects(f, 1);
    for (unsigned i = 0; i < 1000; i++) { /* ten seconds */
        for (uint8_t at = 1; at <= 2; at++) {
            struct span heard;

            SAYS(f, at, "\x08\x04\x04\x01\x00\x3Cn1");
            while (f->news_at != f->news_count) {
                const struct sn_news *news = &f->news[f->news_at++ % FIELD_NEWS].is;

                moves += news->kind == SN_NEWS_MOVED;
                if (news->kind == SN_NEWS_CONNECT) {
                    admits(f, node, false, NULL);
                }
            }
            while ((heard = hears(f, at)).len != 0) {
                if (heard.at[1] == SN_PINGREQ) {
                    SAYS(f, at, "\x02\x17");
                }
            }
        }
        waits(f, 10);
        forget_all(f);
    }
    assert_in_range(moves, 1, 11);
    field_free(f);
}

/* The newcomer at a session that just moved waits; when nobody answers for it, it is his. */
static void a_second_move_within_a_second_is_asked_for(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = NULL;

    (void)state;
    f->listener.takeover_wait_ms = 0;
    node = connects(f, 1);
    SAYS(f, 2, "\x08\x04\x04\x01\x00\x3Cn1");
    HEARS(f, 1, "\x02\x18");
    (void)tells(f, SN_NEWS_MOVED);
    (void)tells(f, SN_NEWS_CONNECT);
    admits(f, node, false, NULL);
    HEARS(f, 2, "\x03\x05\x00");
    SAYS(f, 3, "\x08\x04\x04\x01\x00\x3Cn1");
    HEARS_NOTHING(f, 3);
    waits(f, 1000);
    (void)tells(f, SN_NEWS_MOVED);
    (void)tells(f, SN_NEWS_CONNECT);
    admits(f, node, false, NULL);
    HEARS(f, 3, "\x03\x05\x00");
    field_free(f);
}

/* CONFIG rebind, SN-181: PINGREQ at a new address wakes the sleeper there. */
static void with_rebind_a_sleeper_is_served_where_it_wakes(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = falls_asleep(f, 1, 600);

    (void)state;
    f->listener.rebind = true;
    SAYS(f, 2, "\x04\x16n9"); /* nobody's */
    HEARS(f, 2, "\x02\x18");
    SAYS(f, 2, "\x04\x16n1");
    assert_int_equal(tells(f, SN_NEWS_MOVED)->rival.addr[3], 1);
    assert_ptr_equal(tells(f, SN_NEWS_AWAKE)->node, node);
    drained(f, node);
    HEARS(f, 2, "\x02\x17");
    HEARS_NOTHING(f, 1);
    SAYS(f, 1, "\x02\x16"); /* the old address is served no more */
    HEARS(f, 1, "\x02\x18");
    (void)connects(f, 3); /* an active node's PINGREQ from elsewhere is nobody's */
    SAYS(f, 4, "\x04\x16n3");
    HEARS(f, 4, "\x02\x18");
    tells_nothing(f);
    field_free(f);
}

/* In the midst of its waking, too: what is sent again goes to the new address. */
static void with_rebind_a_waking_goes_on_at_the_new_address(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = falls_asleep(f, 1, 600);
    struct sn_delivery d = {
        .topic = span_of_text("xy"), .data = span_of_text("x"), .msg_id = 9, .qos = 1};

    (void)state;
    f->listener.rebind = true;
    SAYS(f, 1, "\x04\x16n1");
    (void)tells(f, SN_NEWS_AWAKE);
    assert_int_equal(delivers(f, node, d), SN_OK);
    (void)hears(f, 1);
    SAYS(f, 2, "\x04\x16n1");
    (void)tells(f, SN_NEWS_MOVED);
    tells_nothing(f);
    waits(f, 10000);
    HEARS(f, 2, "\x08\x0C\xA2xy\x00\x09x");
    HEARS_NOTHING(f, 1);
    SAYS(f, 2, "\x07\x0Dxy\x00\x09\x00");
    (void)tells(f, SN_NEWS_PUBACK);
    field_free(f);
}

/* --- floods ----------------------------------------------------------------------------------- */

/* CONNECT of client id "c" and a number, from an address of its own. */
static void flood(struct field *f, unsigned number, bool will)
{
    char text[16];
    uint8_t wire[32] = {0, 4, will ? 0x0C : 0x04, 1, 0, 60};
    struct sn_peer peer = {.addr_len = 7, .addr = {10, 1, (uint8_t)(number >> 8), (uint8_t)number}};
    struct sn_news news;
    struct sn_out out;

    snprintf(text, sizeof text, "c%u", number);
    memcpy(wire + 6, text, strlen(text));
    wire[0] = (uint8_t)(6 + strlen(text));
    sn_gate_input(f->gate, &peer, span_of(wire, wire[0]), f->now_ms);
    while (sn_gate_event(f->gate, &news)) {
        if (news.kind == SN_NEWS_CONNECT) {
            sn_node_set_user(news.node, f);
            sn_gate_admit(f->gate, news.node, &(struct sn_admission){.code = 0}, f->now_ms);
        } else if (news.kind == SN_NEWS_EVICTED || news.kind == SN_NEWS_LOST) {
            sn_gate_forget(f->gate, news.node);
        }
    }
    while (sn_gate_output(f->gate, 0, 0, &out)) {
        sn_gate_sent(f->gate, 0, 1, f->now_ms);
    }
    f->now_ms++;
}

/* Eight places: who asked for something keeps his, those who did not give way one by one. */
static void a_flood_of_connects_drives_out_only_its_own(void **state)
{
    struct field *f = field_new();

    (void)state;
    (void)connects(f, 1);
    SAYS(f, 1, "\x06\x12\x00\x00\x01#");
    (void)tells(f, SN_NEWS_SUBSCRIBE);
    (void)falls_asleep(f, 2, 600);
    for (unsigned i = 0; i < 1000; i++) {
        flood(f, i, i % 3 == 0);
    }
    SAYS(f, 1, "\x02\x16");
    HEARS(f, 1, "\x02\x17");
    SAYS(f, 2, "\x04\x16n2");
    (void)tells(f, SN_NEWS_AWAKE);
    assert_true(sn_gate_counts(f->gate)->evicted > 900);
    SAYS(f, 9, "\x08\x04\x04\x01\x00\x3Cn9"); /* and a good newcomer finds a place */
    if (f->news[f->news_at % FIELD_NEWS].is.kind == SN_NEWS_EVICTED) {
        sn_gate_forget(f->gate, tells(f, SN_NEWS_EVICTED)->node);
    }
    (void)tells(f, SN_NEWS_CONNECT);
    field_free(f);
}

/* Of those that never asked for anything, the one that was heard least lately goes; it is told. */
static void who_was_heard_least_lately_gives_way_and_is_told(void **state)
{
    struct field *f = field_new();

    (void)state;
    for (uint8_t node = 1; node <= 8; node++) {
        (void)connects(f, node);
    }
    SAYS(f, 1, "\x02\x16");
    HEARS(f, 1, "\x02\x17");
    SAYS(f, 9, "\x08\x04\x04\x01\x00\x3Cn9");
    HEARS(f, 2, "\x02\x18");
    sn_gate_forget(f->gate, tells(f, SN_NEWS_EVICTED)->node);
    (void)tells(f, SN_NEWS_CONNECT);
    SAYS(f, 1, "\x02\x16");
    HEARS(f, 1, "\x02\x17");
    SAYS(f, 2, "\x02\x16");
    HEARS(f, 2, "\x02\x18");
    field_free(f);
}

/* A configured node stays, whatever it does. */
static void a_known_node_does_not_give_way(void **state)
{
    struct field *f = field_new();

    (void)state;
    for (uint8_t node = 1; node <= 8; node++) {
        uint8_t wire[] = {8, 4, 4, 1, 0, 60, 'n', (uint8_t)('0' + node)};
        struct sn_admission known = {.known = true};

        says(f, node, span_of(wire, sizeof wire));
        sn_gate_admit(f->gate, tells(f, SN_NEWS_CONNECT)->node, &known, f->now_ms);
        HEARS(f, node, "\x03\x05\x00");
    }
    SAYS(f, 9, "\x08\x04\x04\x01\x00\x3Cn9");
    HEARS(f, 9, "\x03\x05\x01");
    field_free(f);
}

/* Half-open: at most 64 strangers are asked for a will at a time, however many places there are. */
static void the_oldest_of_too_many_will_prompts_gives_way(void **state)
{
    struct field *f = field_new_for(200);

    (void)state;
    SAYS(f, 1, "\x08\x04\x0C\x01\x00\x3Cn1");
    HEARS(f, 1, "\x02\x06");
    for (unsigned i = 0; i < 63; i++) {
        flood(f, i, true);
    }
    SAYS(f, 1, "\x03\x07\x00"); /* still there: an empty topic is none, refused */
    assert_int_equal(sn_gate_counts(f->gate)->evicted, 0);
    SAYS(f, 1, "\x08\x04\x0C\x01\x00\x3Cn1");
    for (unsigned i = 0; i < 500; i++) {
        flood(f, 100 + i, true);
    }
    assert_true(sn_gate_counts(f->gate)->evicted >= 500);
    while (hears(f, 1).len != 0) {
    }
    SAYS(f, 1, "\x04\x07\x00w"); /* long forgotten: nobody asked */
    HEARS_NOTHING(f, 1);
    SAYS(f, 1, "\x08\x04\x0C\x01\x00\x3Cn1"); /* but a good one comes through */
    HEARS(f, 1, "\x02\x06");
    SAYS(f, 1, "\x04\x07\x00w");
    HEARS(f, 1, "\x02\x08");
    SAYS(f, 1, "\x03\x09x");
    (void)tells(f, SN_NEWS_CONNECT);
    field_free(f);
}

/* Congestion rather than silence, and no more octets than it said. */
static void an_attempt_that_gives_way_hears_congestion(void **state)
{
    struct field *f = field_new_for(200);

    (void)state;
    for (uint8_t node = 1; node <= 65; node++) {
        uint8_t wire[] = {7, 4, 0x0C, 1, 0, 60, (uint8_t)('0' + node)};

        says(f, node, span_of(wire, sizeof wire));
        HEARS(f, node, "\x02\x06");
        if (node < 65) {
            HEARS_NOTHING(f, 1);
        }
    }
    HEARS(f, 1, "\x03\x05\x01");
    HEARS_NOTHING(f, 2);
    SAYS(f, 1, "\x02\x16"); /* it is nobody again */
    HEARS(f, 1, "\x02\x18");
    tells_nothing(f);
    field_free(f);
    f = field_new(); /* all eight places taken */
    for (uint8_t node = 1; node <= 9; node++) {
        uint8_t wire[] = {7, 4, 0x0C, 1, 0, 60, (uint8_t)('0' + node)};

        says(f, node, span_of(wire, sizeof wire));
        HEARS(f, node, "\x02\x06");
    }
    HEARS(f, 1, "\x03\x05\x01");
    HEARS_NOTHING(f, 2);
    field_free(f);
}

/* Who asks for the session of a node that answers, or goes, meanwhile: each is answered. */
static void whoever_wants_a_session_is_answered(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);

    (void)state;
    SAYS(f, 2, "\x08\x04\x04\x01\x00\x3Cn1");
    HEARS(f, 1, "\x02\x16");
    SAYS(f, 2, "\x08\x04\x04\x01\x00\x3Cn1"); /* its end is waited for */
    HEARS_NOTHING(f, 2);
    SAYS(f, 3, "\x08\x04\x04\x01\x00\x3Cn1");
    HEARS(f, 3, "\x03\x05\x01");
    sn_gate_forget(f->gate, node);
    HEARS(f, 2, "\x03\x05\x01");
    SAYS(f, 2, "\x08\x04\x04\x01\x00\x3Cn1");
    (void)tells(f, SN_NEWS_CONNECT);
    field_free(f);
}

/* 256 names in CONFIG, three here; and in octets together. SN-074 */
static void a_flood_of_registers_hears_congestion(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t wire[] = {
            8, 0x0A, 0, 0, (uint8_t)(i >> 8), (uint8_t)i, 'a', (uint8_t)('a' + i % 26)};

        says(f, 1, span_of(wire, sizeof wire));
        if (f->news_at != f->news_count) {
            const struct sn_news *news = tells(f, SN_NEWS_REGISTER);

            answers(f, node,
                    (struct sn_answer){
                        .type = SN_REGACK, .topic_id = news->topic_id, .msg_id = news->msg_id});
        }
        assert_int_equal(hears(f, 1).at[6], i % 26 < 3 ? 0 : 1);
        HEARS_NOTHING(f, 1);
    }
    SAYS(f, 1, "\x02\x16");
    HEARS(f, 1, "\x02\x17");
    field_free(f);
}

/* Reconnecting under one id from everywhere, registering, subscribing, leaving: nothing stays. */
static void take_over_churn_leaves_nothing_behind(void **state)
{
    struct field *f = field_new();
    size_t used = 0;

    (void)state;
    f->listener.takeover_wait_ms = 0;
    for (unsigned i = 0; i < 2000; i++) {
        uint8_t at = (uint8_t)(1 + i % 5);
        uint8_t flags = i % 2 ? 0x04 : 0x00;
        uint8_t wire[] = {8, 4, flags, 1, 0, (uint8_t)i, 'n', '1'};

        says(f, at, span_of(wire, sizeof wire));
        SAYS(f, at,
             "\x09\x0A\x00\x00\x00\x01"
             "a/b");
        SAYS(f, at, "\x06\x12\x20\x00\x02+");
        SAYS(f, at, "\x08\x0C\x40\x00\x01\x00\x03x");
        if (i % 7 == 0) {
            SAYS(f, at, "\x02\x18");
        }
        while (f->news_at != f->news_count) {
            struct sn_news *news = &f->news[f->news_at++ % FIELD_NEWS].is;

            if (news->kind == SN_NEWS_CONNECT) {
                admits(f, news->node, i % 3 == 0, NULL);
            } else if (news->kind == SN_NEWS_BYE || news->kind == SN_NEWS_LOST) {
                sn_gate_forget(f->gate, news->node);
                f->news_at = f->news_count;
            }
        }
        forget_all(f);
        waits(f, 1500);
        forget_all(f);
        used = f->budget.used > used ? f->budget.used : used;
    }
    assert_true(used < 4096);
    field_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_single_datagram_of_a_stranger_does_harm),
        cmocka_unit_test(a_client_id_of_a_thousand_octets_is_refused),
        cmocka_unit_test(every_short_datagram_is_survived),
        cmocka_unit_test(a_stranger_is_sent_no_more_than_three_times_what_it_said),
        cmocka_unit_test(acknowledgements_and_goodbyes_from_elsewhere_change_nothing),
        cmocka_unit_test(an_id_of_one_node_means_nothing_of_another),
        cmocka_unit_test(an_address_used_again_brings_nothing_of_the_old_session),
        cmocka_unit_test(two_nodes_of_one_id_move_it_once_a_second),
        cmocka_unit_test(a_second_move_within_a_second_is_asked_for),
        cmocka_unit_test(with_rebind_a_sleeper_is_served_where_it_wakes),
        cmocka_unit_test(with_rebind_a_waking_goes_on_at_the_new_address),
        cmocka_unit_test(a_flood_of_connects_drives_out_only_its_own),
        cmocka_unit_test(who_was_heard_least_lately_gives_way_and_is_told),
        cmocka_unit_test(a_known_node_does_not_give_way),
        cmocka_unit_test(the_oldest_of_too_many_will_prompts_gives_way),
        cmocka_unit_test(an_attempt_that_gives_way_hears_congestion),
        cmocka_unit_test(whoever_wants_a_session_is_answered),
        cmocka_unit_test(a_flood_of_registers_hears_congestion),
        cmocka_unit_test(take_over_churn_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
