/* gateway/hub/border_crowd.c - more requests than there is room for, more nodes, two of one id. */
#include "base/text.h"
#include "gateway/hub/border.h"
#include "gateway/hub/naming.h"
#include "gateway/hub/say.h"
#include "gateway/hub/seen.h"

/* clang-format off */
/* How each kind of request is refused. */
static const uint8_t refusals[] = {
    [SN_NEWS_REGISTER]  = SN_REGACK,
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

void hub_border_evicted(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    struct hub_node *hn = sn_node_user(news->node);

    hub_say_node(hub, CONF_NOTICE, "gave way to another:", news->node, news->cause);
    if (hn->session != NULL) {
        mqtt_session_discard(&hub->sessions, hn->session, now_ms);
        hn->session = NULL;
    }
    hub_seen_changed(hub, hn, now_ms);
    hub_node_forget(hub, hn);
}

void hub_border_rival(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    bool moved = news->kind == SN_NEWS_MOVED;
    uint8_t text[2 * HUB_PEER_TEXT + 32];
    struct writer w = writer_of(text, sizeof text);
    struct sn_peer here = sn_node_peer(news->node);

    (void)now_ms;
    write_text(&w, moved ? "from " : "it is at ");
    hub_write_peer(&w, moved ? &news->rival : &here);
    write_text(&w, moved ? " to " : ", asked for from ");
    hub_write_peer(&w, moved ? &here : &news->rival);
    write_end(&w);
    hub_say_node(hub, CONF_NOTICE, moved ? "moved:" : "keeps its client id:", news->node,
                 (const char *)text);
}
