/* What the gateway sends by itself: deliveries, REGISTER, retries; sleep and waking. */
#include "tests/sn/field.h"

static struct sn_delivery message(const char *topic, uint8_t qos, uint16_t msg_id)
{
    return (struct sn_delivery){
        .topic = span_of_text(topic), .data = WIRE_SPAN("x"), .qos = qos, .msg_id = msg_id};
}

/* Node 1 knows id 1 for "a/b". */
static struct sn_node *knows(struct field *f)
{
    struct sn_node *node = connects(f, 1);

    SAYS(f, 1,
         "\x09\x0A\x00\x00\x00\x01"
         "a/b");
    (void)tells(f, SN_NEWS_REGISTER);
    answers(f, node, (struct sn_answer){.type = SN_REGACK, .topic_id = 1, .msg_id = 1});
    HEARS(f, 1, "\x07\x0B\x00\x01\x00\x01\x00");
    return node;
}

/* SN-139 */
static void qos_0_goes_once_with_msg_id_0_and_the_next_may_follow(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = knows(f);
    struct sn_delivery retained = message("a/b", 0, 77);

    (void)state;
    retained.retain = true; /* SN-124 SN-153 */
    assert_int_equal(delivers(f, node, message("a/b", 0, 0)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x00\x00\x01\x00\x00x");
    assert_int_equal(delivers(f, node, retained), SN_OK);
    HEARS(f, 1, "\x08\x0C\x10\x00\x01\x00\x00x");
    waits(f, 50000);
    HEARS_NOTHING(f, 1);
    tells_nothing(f);
    field_free(f);
}

/* SN-140 SN-152 SN-154 */
static void qos_1_is_repeated_with_dup_until_it_is_acknowledged(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = knows(f);

    (void)state;
    assert_int_equal(delivers(f, node, message("a/b", 1, 9)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x20\x00\x01\x00\x09x");
    assert_false(sn_gate_is_ready(f->gate, node));
    waits(f, 9999);
    HEARS_NOTHING(f, 1);
    waits(f, 1);
    HEARS(f, 1, "\x08\x0C\xA0\x00\x01\x00\x09x");
    SAYS(f, 1, "\x07\x0D\x00\x01\x00\x08\x00"); /* another MsgId */
    tells_nothing(f);
    SAYS(f, 1, "\x07\x0D\x00\x01\x00\x09\x00");
    assert_int_equal(tells(f, SN_NEWS_PUBACK)->msg_id, 9);
    assert_ptr_equal(tells(f, SN_NEWS_READY)->node, node);
    assert_true(sn_gate_is_ready(f->gate, node));
    SAYS(f, 1, "\x07\x0D\x00\x01\x00\x09\x00"); /* again: over already */
    waits(f, 50000);
    HEARS_NOTHING(f, 1);
    tells_nothing(f);
    assert_int_equal(sn_gate_counts(f->gate)->resent, 1);
    field_free(f);
}

/* SN-141 */
static void qos_2_goes_by_pubrec_pubrel_pubcomp(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = knows(f);

    (void)state;
    assert_int_equal(delivers(f, node, message("a/b", 2, 9)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x40\x00\x01\x00\x09x");
    SAYS(f, 1, "\x04\x0F\x00\x09");
    assert_int_equal(tells(f, SN_NEWS_PUBREC)->msg_id, 9);
    tells_nothing(f);
    waits(f, 15000); /* the hub takes its time: nothing is repeated */
    HEARS_NOTHING(f, 1);
    assert_false(sn_gate_is_ready(f->gate, node));
    answers(f, node, (struct sn_answer){.type = SN_PUBREL, .msg_id = 9});
    HEARS(f, 1, "\x04\x10\x00\x09");
    waits(f, 10000);
    HEARS(f, 1, "\x04\x10\x00\x09");
    SAYS(f, 1, "\x04\x0E\x00\x09");
    assert_int_equal(tells(f, SN_NEWS_PUBCOMP)->msg_id, 9);
    (void)tells(f, SN_NEWS_READY);
    tells_nothing(f);
    field_free(f);
}

/* SN-148 */
static void a_node_that_never_answers_is_lost_after_the_last_repeat(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = NULL;

    (void)state;
    f->listener.limits.keepalive_percent = 1000;
    node = knows(f);
    assert_int_equal(delivers(f, node, message("a/b", 1, 9)), SN_OK);
    waits(f, 49999);
    HEARS(f, 1, "\x08\x0C\x20\x00\x01\x00\x09x");
    for (int i = 0; i < 4; i++) {
        HEARS(f, 1, "\x08\x0C\xA0\x00\x01\x00\x09x");
    }
    HEARS_NOTHING(f, 1);
    tells_nothing(f);
    waits(f, 1);
    assert_string_equal(tells(f, SN_NEWS_LOST)->cause, "no answer");
    HEARS_NOTHING(f, 1);
    field_free(f);
}

/* A retry waits until the datagram has left: nothing is repeated that is still in the queue. */
static void the_retry_timer_starts_when_the_datagram_has_left(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = knows(f);
    struct sn_delivery d = message("a/b", 1, 9);
    struct sn_out out;
    size_t at = 0;

    (void)state;
    assert_int_equal(sn_gate_deliver(f->gate, node, &d, f->now_ms), SN_OK);
    f->now_ms += 60000;
    sn_gate_tick(f->gate, f->now_ms);
    assert_true(sn_gate_output(f->gate, 0, &at, &out));
    assert_false(sn_gate_output(f->gate, 0, &at, &out));
    sn_gate_sent(f->gate, 0, 1, f->now_ms);
    f->now_ms += 9999;
    sn_gate_tick(f->gate, f->now_ms);
    assert_false(sn_gate_output(f->gate, 0, NULL, &out));
    f->now_ms += 1;
    sn_gate_tick(f->gate, f->now_ms);
    assert_true(sn_gate_output(f->gate, 0, NULL, &out));
    field_free(f);
}

/* SN-143 SN-144 SN-078 */
static void a_new_name_is_registered_before_its_first_message(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);
    struct sn_news *news = NULL;

    (void)state;
    assert_int_equal(delivers(f, node, message("c/d", 1, 9)), SN_OK);
    HEARS(f, 1,
          "\x09\x0A\x00\x01\x00\x01"
          "c/d");
    news = tells(f, SN_NEWS_NAMED);
    assert_int_equal(news->topic_id, 1);
    assert_span_equal(news->topic, WIRE_SPAN("c/d"));
    waits(f, 10000); /* SN-079 */
    HEARS(f, 1,
          "\x09\x0A\x00\x01\x00\x01"
          "c/d");
    SAYS(f, 1, "\x07\x0B\x00\x01\x00\x01\x00");
    HEARS(f, 1, "\x08\x0C\x20\x00\x01\x00\x09x");
    SAYS(f, 1, "\x07\x0D\x00\x01\x00\x09\x00");
    (void)tells(f, SN_NEWS_PUBACK);
    (void)tells(f, SN_NEWS_READY);
    assert_int_equal(delivers(f, node, message("c/d", 0, 0)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x00\x00\x01\x00\x00x");
    assert_int_equal(delivers(f, node, message("e/f", 0, 0)), SN_OK); /* QoS 0 as well */
    HEARS(f, 1,
          "\x09\x0A\x00\x02\x00\x02"
          "e/f");
    SAYS(f, 1, "\x07\x0B\x00\x02\x00\x02\x00");
    HEARS(f, 1, "\x08\x0C\x00\x00\x02\x00\x00x");
    (void)tells(f, SN_NEWS_NAMED);
    (void)tells(f, SN_NEWS_READY);
    assert_int_equal(delivers(f, node, message("g/h", 0, 0)), SN_ERR_FULL); /* two wildcard names */
    tells_nothing(f);
    field_free(f);
}

/* SN-080 */
static void a_rejected_name_is_not_asked_again_until_the_node_asks(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);

    (void)state;
    assert_int_equal(delivers(f, node, message("c/d", 1, 9)), SN_OK);
    (void)tells(f, SN_NEWS_NAMED);
    SAYS(f, 1, "\x07\x0B\x00\x01\x00\x01\x03");
    assert_int_equal(tells(f, SN_NEWS_DROPPED)->msg_id, 9);
    (void)tells(f, SN_NEWS_READY);
    assert_int_equal(delivers(f, node, message("c/d", 1, 10)), SN_ERR_REFUSED);
    SAYS(f, 1,
         "\x08\x12\x20\x00\x03"
         "c/#");
    (void)tells(f, SN_NEWS_SUBSCRIBE);
    waits(f, 1);
    hears(f, 1);
    f->now_ms += 300000;
    assert_int_equal(delivers(f, node, message("c/d", 1, 10)), SN_OK);
    HEARS(f, 1,
          "\x09\x0A\x00\x01\x00\x02"
          "c/d");
    field_free(f);
}

/* At QoS 0 too. */
static void what_is_dropped_with_a_refused_name_is_told(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);

    (void)state;
    assert_int_equal(delivers(f, node, message("c/d", 0, 0)), SN_OK);
    (void)tells(f, SN_NEWS_NAMED);
    SAYS(f, 1, "\x07\x0B\x00\x01\x00\x01\x03");
    assert_int_equal(tells(f, SN_NEWS_DROPPED)->msg_id, 0);
    (void)tells(f, SN_NEWS_READY);
    field_free(f);
}

/* SN-081 */
static void a_name_refused_for_congestion_waits_while_others_flow(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = NULL;

    (void)state;
    f->listener.limits.keepalive_percent = 1000;
    node = knows(f);
    assert_int_equal(delivers(f, node, message("c/d", 1, 9)), SN_OK);
    (void)tells(f, SN_NEWS_NAMED);
    HEARS(f, 1,
          "\x09\x0A\x00\x02\x00\x01"
          "c/d");
    SAYS(f, 1, "\x07\x0B\x00\x02\x00\x01\x01");
    assert_int_equal(tells(f, SN_NEWS_LATER)->msg_id, 9);
    (void)tells(f, SN_NEWS_READY);
    assert_int_equal(delivers(f, node, message("c/d", 1, 9)), SN_ERR_LATER);
    assert_int_equal(delivers(f, node, message("a/b", 0, 0)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x00\x00\x01\x00\x00x");
    waits(f, 299999);
    tells_nothing(f);
    assert_int_equal(delivers(f, node, message("c/d", 1, 9)), SN_ERR_LATER);
    waits(f, 1);
    (void)tells(f, SN_NEWS_READY);
    assert_int_equal(delivers(f, node, message("c/d", 1, 9)), SN_OK);
    HEARS(f, 1,
          "\x09\x0A\x00\x02\x00\x02"
          "c/d");
    SAYS(f, 1, "\x07\x0B\x00\x02\x00\x02\x00");
    HEARS(f, 1, "\x08\x0C\x20\x00\x02\x00\x09x");
    SAYS(f, 1, "\x07\x0D\x00\x02\x00\x09\x00");
    (void)tells(f, SN_NEWS_PUBACK);
    (void)tells(f, SN_NEWS_READY);
    waits(f, 600000 - 1); /* its keep alive goes on as it was */
    tells_nothing(f);
    waits(f, 1);
    (void)tells(f, SN_NEWS_LOST);
    field_free(f);
}

/* It registers the name itself: there is no more to wait for. */
static void a_name_that_the_node_has_by_now_does_not_wait(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);

    (void)state;
    assert_int_equal(delivers(f, node, message("a/b", 0, 0)), SN_OK);
    (void)tells(f, SN_NEWS_NAMED);
    (void)hears(f, 1);
    SAYS(f, 1, "\x07\x0B\x00\x01\x00\x01\x01");
    assert_int_equal(tells(f, SN_NEWS_DROPPED)->msg_id, 0); /* QoS 0 does not wait */
    (void)tells(f, SN_NEWS_READY);
    SAYS(f, 1,
         "\x09\x0A\x00\x00\x00\x01"
         "a/b");
    (void)tells(f, SN_NEWS_REGISTER);
    answers(f, node, (struct sn_answer){.type = SN_REGACK, .topic_id = 1, .msg_id = 1});
    (void)hears(f, 1);
    assert_int_equal(delivers(f, node, message("a/b", 1, 9)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x20\x00\x01\x00\x09x");
    field_free(f);
}

/* SN-146 SN-147 */
static void an_id_the_node_forgot_is_told_again_once(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = knows(f);

    (void)state;
    assert_int_equal(delivers(f, node, message("a/b", 1, 9)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x20\x00\x01\x00\x09x");
    SAYS(f, 1, "\x07\x0D\x00\x01\x00\x09\x02");
    HEARS(f, 1,
          "\x09\x0A\x00\x01\x00\x01"
          "a/b");
    SAYS(f, 1, "\x07\x0B\x00\x01\x00\x01\x00");
    HEARS(f, 1, "\x08\x0C\x20\x00\x01\x00\x09x");
    SAYS(f, 1, "\x07\x0D\x00\x01\x00\x09\x02");
    assert_int_equal(tells(f, SN_NEWS_DROPPED)->msg_id, 9);
    (void)tells(f, SN_NEWS_READY);
    assert_int_equal(delivers(f, node, message("a/b", 0, 0)), SN_OK);
    HEARS(f, 1,
          "\x09\x0A\x00\x01\x00\x02"
          "a/b");
    tells_nothing(f);
    field_free(f);
}

static void at_qos_0_too_a_forgotten_id_is_told_again(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = knows(f);

    (void)state;
    assert_int_equal(delivers(f, node, message("a/b", 0, 0)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x00\x00\x01\x00\x00x");
    SAYS(f, 1, "\x07\x0D\x00\x01\x00\x00\x02");
    assert_int_equal(delivers(f, node, message("a/b", 0, 0)), SN_OK);
    HEARS(f, 1,
          "\x09\x0A\x00\x01\x00\x01"
          "a/b");
    field_free(f);
}

/* SN-084, protocol page 7.3: the same id, told again in each connection */
static void after_a_reconnect_the_same_id_is_registered_again(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = knows(f);

    (void)state;
    SAYS(f, 1, "\x08\x04\x00\x01\x00\x3Cn1");
    (void)tells(f, SN_NEWS_CONNECT);
    admits(f, node, true, NULL);
    HEARS(f, 1, "\x03\x05\x00");
    assert_int_equal(delivers(f, node, message("a/b", 0, 0)), SN_OK);
    HEARS(f, 1,
          "\x09\x0A\x00\x01\x00\x01"
          "a/b");
    field_free(f);
}

/* SN-013 SN-149 */
static void what_does_not_fit_the_link_is_refused_and_the_next_goes(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = knows(f);
    uint8_t data[300] = {0};
    struct sn_delivery d = message("a/b", 1, 9);

    (void)state;
    d.data = span_of(data, 300 - 9 + 1); /* 9 octets stand before it */
    assert_int_equal(delivers(f, node, d), SN_ERR_SIZE);
    d.data.len--;
    assert_int_equal(delivers(f, node, d), SN_OK);
    assert_int_equal(hears(f, 1).len, 300);
    assert_int_equal(sn_gate_counts(f->gate)->too_long, 1);
    tells_nothing(f);
    field_free(f);
}

static void no_delivery_is_ready_without_room_in_the_queue(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = knows(f);
    struct sn_delivery d = message("a/b", 0, 0);
    unsigned sent = 0;

    (void)state;
    while (sn_gate_is_ready(f->gate, node)) {
        assert_int_equal(sn_gate_deliver(f->gate, node, &d, f->now_ms), SN_OK);
        sent++;
    }
    assert_false(sn_gate_has_room(f->gate, node));
    assert_int_equal(sn_gate_counts(f->gate)->overflow, 0);
    while (sent > 0) {
        struct sn_out out;

        assert_true(sn_gate_output(f->gate, 0, NULL, &out));
        assert_span_equal(out.wire, WIRE_SPAN("\x08\x0C\x00\x00\x01\x00\x00x"));
        sn_gate_sent(f->gate, 0, 1, f->now_ms);
        sent--;
    }
    assert_true(sn_gate_is_ready(f->gate, node));
    field_free(f);
}

/* --- sleep ------------------------------------------------------------------------------------ */

/* SN-166 SN-167 SN-169 SN-170 SN-172 SN-173 SN-174 */
static void a_sleeper_is_served_when_it_wakes_and_pingresp_ends_the_waking(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = falls_asleep(f, 1, 600);

    (void)state;
    assert_true(sn_node_is_asleep(node));
    assert_false(sn_gate_is_ready(f->gate, node));
    waits(f, 600000);
    HEARS_NOTHING(f, 1);
    SAYS(f, 1, "\x04\x16n1");
    (void)tells(f, SN_NEWS_AWAKE);
    HEARS_NOTHING(f, 1);
    assert_true(sn_node_is_awake(node));
    assert_int_equal(delivers(f, node, message("xy", 1, 9)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x22xy\x00\x09x");
    SAYS(f, 1, "\x04\x16n1"); /* SN-182 */
    HEARS_NOTHING(f, 1);
    tells_nothing(f);
    SAYS(f, 1, "\x07\x0Dxy\x00\x09\x00");
    (void)tells(f, SN_NEWS_PUBACK);
    (void)tells(f, SN_NEWS_READY);
    drained(f, node);
    HEARS(f, 1, "\x02\x17");
    assert_true(sn_node_is_asleep(node));
    waits(f, 659999);
    tells_nothing(f);
    waits(f, 1);
    assert_ptr_equal(tells(f, SN_NEWS_LOST)->node, node);
    field_free(f);
}

/* SN-175 */
static void keep_alive_does_not_run_while_asleep(void **state)
{
    struct field *f = field_new();

    (void)state;
    (void)falls_asleep(f, 1, 65535);
    waits(f, 65535000);
    tells_nothing(f);
    field_free(f);
}

/* SN-171 SN-183 */
static void a_silent_waking_ends_asleep_and_the_message_is_kept(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = falls_asleep(f, 1, 600);

    (void)state;
    SAYS(f, 1, "\x04\x16n1");
    (void)tells(f, SN_NEWS_AWAKE);
    assert_int_equal(delivers(f, node, message("c/d", 1, 9)), SN_OK);
    (void)tells(f, SN_NEWS_NAMED);
    waits(f, 50000);
    for (int i = 0; i < 5; i++) {
        HEARS(f, 1,
              "\x09\x0A\x00\x01\x00\x01"
              "c/d");
    }
    HEARS_NOTHING(f, 1);
    assert_int_equal(tells(f, SN_NEWS_GAVE_UP)->msg_id, 9);
    assert_true(sn_node_is_asleep(node));
    tells_nothing(f);
    waits(f, 660000);
    (void)tells(f, SN_NEWS_LOST);
    field_free(f);
}

/* SN-167 SN-168 SN-171: the hub has a message of QoS 0 no more once it was delivered. */
static void a_qos_0_message_that_waits_for_its_name_waits_over_sleep(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);

    (void)state;
    assert_int_equal(delivers(f, node, message("c/d", 0, 0)), SN_OK);
    (void)tells(f, SN_NEWS_NAMED);
    (void)hears(f, 1);
    SAYS(f, 1, "\x04\x18\x02\x58"); /* asleep before the REGACK */
    assert_int_equal(tells(f, SN_NEWS_SLEEP)->duration_s, 600);
    answers(f, node, (struct sn_answer){.type = SN_DISCONNECT});
    HEARS(f, 1, "\x02\x18");
    waits(f, 100000);
    HEARS_NOTHING(f, 1);
    SAYS(f, 1, "\x04\x16n1");
    (void)tells(f, SN_NEWS_AWAKE);
    assert_false(sn_gate_is_ready(f->gate, node));
    HEARS(f, 1,
          "\x09\x0A\x00\x01\x00\x02"
          "c/d");
    SAYS(f, 1, "\x07\x0B\x00\x01\x00\x02\x00");
    assert_int_equal(hears(f, 1).at[1], SN_PUBLISH);
    (void)tells(f, SN_NEWS_READY);
    drained(f, node);
    HEARS(f, 1, "\x02\x17");
    field_free(f);
}

static void sleeps(struct field *f, struct sn_node *node)
{
    SAYS(f, 1, "\x04\x18\x02\x58");
    (void)tells(f, SN_NEWS_SLEEP);
    answers(f, node, (struct sn_answer){.type = SN_DISCONNECT});
    HEARS(f, 1, "\x02\x18");
}

/* Nothing is under way, so that what the hub still has can go. */
static void wakes(struct field *f, struct sn_node *node)
{
    HEARS_NOTHING(f, 1);
    SAYS(f, 1, "\x04\x16n1");
    (void)tells(f, SN_NEWS_AWAKE);
    HEARS_NOTHING(f, 1);
    assert_true(sn_gate_is_ready(f->gate, node));
}

/* SN-167, protocol page 7.9: it ends the exchange, and what follows it waits for the waking. */
static void an_acknowledgement_that_crosses_the_way_to_sleep_is_taken(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = knows(f);

    (void)state;
    assert_int_equal(delivers(f, node, message("a/b", 1, 9)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x20\x00\x01\x00\x09x");
    sleeps(f, node);
    SAYS(f, 1, "\x07\x0D\x00\x01\x00\x08\x00"); /* of no exchange */
    tells_nothing(f);
    SAYS(f, 1, "\x07\x0D\x00\x01\x00\x09\x00");
    assert_int_equal(tells(f, SN_NEWS_PUBACK)->msg_id, 9);
    (void)tells(f, SN_NEWS_READY);
    wakes(f, node);
    assert_int_equal(delivers(f, node, message("a/b", 2, 10)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x40\x00\x01\x00\x0Ax");
    sleeps(f, node);
    SAYS(f, 1, "\x04\x0F\x00\x0A");
    assert_int_equal(tells(f, SN_NEWS_PUBREC)->msg_id, 10);
    answers(f, node, (struct sn_answer){.type = SN_PUBREL, .msg_id = 10});
    wakes(f, node);
    answers(f, node, (struct sn_answer){.type = SN_PUBREL, .msg_id = 10});
    HEARS(f, 1, "\x04\x10\x00\x0A");
    sleeps(f, node);
    SAYS(f, 1, "\x04\x0E\x00\x0A");
    assert_int_equal(tells(f, SN_NEWS_PUBCOMP)->msg_id, 10);
    (void)tells(f, SN_NEWS_READY);
    wakes(f, node);
    tells_nothing(f);
    field_free(f);
}

/* What is known of its ids by then is not asked again. SN-144 SN-146 */
static void an_answer_about_an_id_that_crosses_the_way_to_sleep_is_taken(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = connects(f, 1);

    (void)state;
    assert_int_equal(delivers(f, node, message("c/d", 1, 9)), SN_OK);
    (void)tells(f, SN_NEWS_NAMED);
    HEARS(f, 1,
          "\x09\x0A\x00\x01\x00\x01"
          "c/d");
    sleeps(f, node);
    SAYS(f, 1, "\x07\x0B\x00\x01\x00\x01\x00");
    tells_nothing(f);
    wakes(f, node);
    assert_int_equal(delivers(f, node, message("c/d", 1, 9)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x20\x00\x01\x00\x09x");
    sleeps(f, node);
    SAYS(f, 1, "\x07\x0D\x00\x01\x00\x09\x02"); /* it does not know the id */
    tells_nothing(f);
    wakes(f, node);
    assert_int_equal(delivers(f, node, message("c/d", 1, 9)), SN_OK);
    HEARS(f, 1,
          "\x09\x0A\x00\x01\x00\x03"
          "c/d");
    sleeps(f, node);
    SAYS(f, 1, "\x07\x0B\x00\x01\x00\x03\x03"); /* SN-080 */
    assert_int_equal(tells(f, SN_NEWS_DROPPED)->msg_id, 9);
    (void)tells(f, SN_NEWS_READY);
    wakes(f, node);
    tells_nothing(f);
    field_free(f);
}

/* SN-178 SN-179, protocol page 7.8 */
static void a_sleeper_may_speak_sleep_on_or_leave(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = falls_asleep(f, 1, 60);

    (void)state;
    waits(f, 80000);
    SAYS(f, 1, "\x08\x0C\x02xy\x00\x00x"); /* served, and a sign of life */
    (void)tells(f, SN_NEWS_PUBLISH);
    waits(f, 80000);
    tells_nothing(f);
    SAYS(f, 1, "\x04\x18\x02\x58");
    assert_int_equal(tells(f, SN_NEWS_SLEEP)->duration_s, 600);
    answers(f, node, (struct sn_answer){.type = SN_DISCONNECT});
    HEARS(f, 1, "\x02\x18");
    waits(f, 600000);
    tells_nothing(f);
    SAYS(f, 1, "\x02\x18");
    HEARS(f, 1, "\x02\x18");
    (void)tells(f, SN_NEWS_BYE);
    field_free(f);
}

/* SN-181 SN-185 */
static void a_sleepers_ping_from_elsewhere_is_a_strangers(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = falls_asleep(f, 1, 600);

    (void)state;
    SAYS(f, 2, "\x04\x16n1");
    HEARS(f, 2, "\x02\x18");
    SAYS(f, 1, "\x04\x16n2"); /* another's id */
    HEARS(f, 1, "\x02\x18");
    tells_nothing(f);
    assert_true(sn_node_is_asleep(node));
    SAYS(f, 1, "\x02\x16"); /* without id, from the known address */
    (void)tells(f, SN_NEWS_AWAKE);
    field_free(f);
}

/* SN-176 SN-082: ids told stay told over sleep */
static void ids_stay_told_over_sleep(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = knows(f);

    (void)state;
    SAYS(f, 1, "\x04\x18\x02\x58");
    (void)tells(f, SN_NEWS_SLEEP);
    SAYS(f, 1, "\x04\x16n1");
    (void)tells(f, SN_NEWS_AWAKE);
    assert_int_equal(delivers(f, node, message("a/b", 0, 0)), SN_OK);
    HEARS(f, 1, "\x08\x0C\x00\x00\x01\x00\x00x");
    field_free(f);
}

/* SN-191 */
static void deliveries_to_a_node_behind_a_forwarder_are_encapsulated(void **state)
{
    struct field *f = field_new();
    struct sn_node *node = NULL;

    (void)state;
    SAYS(f, 1, "\x05\xFE\x00\x0A\x0B\x08\x04\x04\x01\x00\x3Cn1");
    node = tells(f, SN_NEWS_CONNECT)->node;
    admits(f, node, false, NULL);
    HEARS(f, 1, "\x05\xFE\x00\x0A\x0B\x03\x05\x00");
    assert_int_equal(delivers(f, node, message("c/d", 1, 9)), SN_OK);
    HEARS(f, 1,
          "\x05\xFE\x00\x0A\x0B\x09\x0A\x00\x01\x00\x01"
          "c/d");
    SAYS(f, 1, "\x05\xFE\x00\x0A\x0B\x07\x0B\x00\x01\x00\x01\x00");
    HEARS(f, 1, "\x05\xFE\x00\x0A\x0B\x08\x0C\x20\x00\x01\x00\x09x");
    sn_gate_dismiss(f->gate, node, f->now_ms);
    HEARS(f, 1, "\x05\xFE\x00\x0A\x0B\x02\x18");
    field_free(f);
}

/* SN-199: many timers of one tick do not crowd out each other's news */
static void more_nodes_lost_at_once_than_news_fit_are_all_told(void **state)
{
    struct field *f = field_new();

    (void)state;
    for (uint8_t node = 1; node <= 8; node++) {
        struct sn_node *made = connects(f, node);

        assert_int_equal(delivers(f, made, message("c/d", 1, 9)), SN_OK);
        (void)tells(f, SN_NEWS_NAMED);
    }
    f->now_ms += 10000000;
    sn_gate_tick(f->gate, f->now_ms);
    for (int i = 0; i < 8; i++) {
        (void)tells(f, SN_NEWS_LOST);
    }
    tells_nothing(f);
    field_free(f);
}

/* The head of one is not taken for another's. */
static void messages_alike_differ_by_msg_id_and_others_by_all_they_have(void **state)
{
    struct field *f = field_new();
    struct sn_node *first = knows(f);
    struct sn_node *second = connects(f, 2);
    struct sn_delivery other = message("ab", 0, 0);
    static const uint8_t zeros[280];

    (void)state;
    assert_int_equal(delivers(f, first, message("ab", 1, 9)), SN_OK);
    assert_int_equal(delivers(f, second, message("ab", 1, 10)), SN_OK);
    HEARS(f, 1,
          "\x08\x0C\x22"
          "ab\x00\x09x");
    HEARS(f, 2,
          "\x08\x0C\x22"
          "ab\x00\x0Ax");
    SAYS(f, 1,
         "\x07\x0D"
         "ab\x00\x09\x00");
    assert_int_equal(delivers(f, first, other), SN_OK);
    HEARS(f, 1,
          "\x08\x0C\x02"
          "ab\x00\x00x");
    other.data = WIRE_SPAN("yz");
    assert_int_equal(delivers(f, first, other), SN_OK);
    HEARS(f, 1,
          "\x09\x0C\x02"
          "ab\x00\x00yz");
    other.topic = WIRE_SPAN("ac");
    assert_int_equal(delivers(f, first, other), SN_OK);
    HEARS(f, 1,
          "\x09\x0C\x02"
          "ac\x00\x00yz");
    other.data = span_of(zeros, sizeof zeros);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(delivers(f, first, other), SN_OK);
        assert_memory_equal(hears(f, 1).at,
                            "\x01\x01\x21\x0C\x02"
                            "ac\x00\x00\x00",
                            10);
    }
    field_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(qos_0_goes_once_with_msg_id_0_and_the_next_may_follow),
        cmocka_unit_test(qos_1_is_repeated_with_dup_until_it_is_acknowledged),
        cmocka_unit_test(qos_2_goes_by_pubrec_pubrel_pubcomp),
        cmocka_unit_test(a_node_that_never_answers_is_lost_after_the_last_repeat),
        cmocka_unit_test(the_retry_timer_starts_when_the_datagram_has_left),
        cmocka_unit_test(a_new_name_is_registered_before_its_first_message),
        cmocka_unit_test(a_rejected_name_is_not_asked_again_until_the_node_asks),
        cmocka_unit_test(what_is_dropped_with_a_refused_name_is_told),
        cmocka_unit_test(a_name_refused_for_congestion_waits_while_others_flow),
        cmocka_unit_test(a_name_that_the_node_has_by_now_does_not_wait),
        cmocka_unit_test(an_id_the_node_forgot_is_told_again_once),
        cmocka_unit_test(at_qos_0_too_a_forgotten_id_is_told_again),
        cmocka_unit_test(after_a_reconnect_the_same_id_is_registered_again),
        cmocka_unit_test(what_does_not_fit_the_link_is_refused_and_the_next_goes),
        cmocka_unit_test(no_delivery_is_ready_without_room_in_the_queue),
        cmocka_unit_test(a_sleeper_is_served_when_it_wakes_and_pingresp_ends_the_waking),
        cmocka_unit_test(keep_alive_does_not_run_while_asleep),
        cmocka_unit_test(a_silent_waking_ends_asleep_and_the_message_is_kept),
        cmocka_unit_test(a_qos_0_message_that_waits_for_its_name_waits_over_sleep),
        cmocka_unit_test(an_acknowledgement_that_crosses_the_way_to_sleep_is_taken),
        cmocka_unit_test(an_answer_about_an_id_that_crosses_the_way_to_sleep_is_taken),
        cmocka_unit_test(a_sleeper_may_speak_sleep_on_or_leave),
        cmocka_unit_test(a_sleepers_ping_from_elsewhere_is_a_strangers),
        cmocka_unit_test(ids_stay_told_over_sleep),
        cmocka_unit_test(deliveries_to_a_node_behind_a_forwarder_are_encapsulated),
        cmocka_unit_test(more_nodes_lost_at_once_than_news_fit_are_all_told),
        cmocka_unit_test(messages_alike_differ_by_msg_id_and_others_by_all_they_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
