/* gateway/hub/border_room.c - whether there is room for what a node asks. */
#include "gateway/hub/border.h"

/* clang-format off */
/* How each kind of request is refused. */
static const uint8_t refusals[] = {
    [SN_NEWS_REGISTERED]  = SN_REGACK,
    [SN_NEWS_PUBLISH]     = SN_PUBACK,
    [SN_NEWS_SUBSCRIBE]   = SN_SUBACK,
    [SN_NEWS_UNSUBSCRIBE] = SN_UNSUBACK,
    [SN_NEWS_WILL_TOPIC]  = SN_WILLTOPICRESP,
    [SN_NEWS_WILL_MSG]    = SN_WILLMSGRESP,
};
/* clang-format on */

static uint8_t refusal_of(enum sn_news_kind kind)
{
    return kind < sizeof refusals ? refusals[kind] : 0;
}

/* Whoever was on trial has asked for something that is to be kept. */
static void end_trial(struct hub *hub, struct hub_node *hn, const struct sn_news *news,
                      uint64_t now_ms)
{
    if (hn->on_trial && (refusal_of(news->kind) != 0 || news->kind == SN_NEWS_NAMED ||
                         news->kind == SN_NEWS_SLEEP)) {
        hn->on_trial = !mqtt_session_keep(&hub->sessions, hn->session, now_ms);
    }
}

bool hub_border_turns_down(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    struct hub_node *hn = news->node == NULL ? NULL : sn_node_user(news->node);
    struct sn_answer answer = {.type = refusal_of(news->kind),
                               .code = SN_RC_CONGESTION,
                               .topic_id = news->topic_id,
                               .msg_id = news->msg_id};

    if (hn == NULL || hn->session == NULL) {
        return false;
    }
    end_trial(hub, hn, news, now_ms);
    if (answer.type == 0 || (!hn->on_trial && mqtt_session_owed(hn->session) < HUB_NODE_ANSWERS)) {
        return false;
    }
    hub->sessions.count.refused++;
    if (news->kind != SN_NEWS_PUBLISH || news->qos > 0) {
        sn_gate_answer(hub->gate, news->node, &answer, now_ms);
    }
    return true;
}
