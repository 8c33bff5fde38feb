/* gateway/hub/border_ids.c - a node's topic ids: given, kept with its session, unknown. */
#include "gateway/hub/border.h"
#include "gateway/hub/seen.h"

/* A topic id is part of a kept session: it means the same after a restart, and what the session is
 * answered from now on waits for its row. False: no memory for the row. */
static bool keep_topic(struct hub *hub, struct hub_node *hn, const struct sn_news *news,
                       uint64_t now_ms)
{
    struct mqtt_session *s = hn->session;
    struct record put = {
        .key = {TABLE_TOPIC, s->number, news->topic_id}, .fields = {news->ours}, .fresh = true};

    if (s->clean || hub->journal.off) {
        return true;
    }
    put.block =
        journal_has_cells(&hub->journal, 1) ? block_copy(&hub->sessions.budget, news->topic) : NULL;
    if (put.block == NULL) {
        return false;
    }
    put.text = block_span(put.block);
    s->ticket = journal_put(&hub->journal, &put, now_ms);
    return true;
}

bool hub_border_give_id(struct hub *hub, struct sn_news *granted, uint64_t now_ms)
{
    return sn_gate_give_id(hub->gate, granted) &&
           (!granted->fresh || keep_topic(hub, sn_node_user(granted->node), granted, now_ms));
}

void hub_border_named(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    (void)keep_topic(hub, sn_node_user(news->node), news, now_ms);
}

void hub_border_unknown(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    const struct hub_node *hn = sn_node_user(news->node);

    hub_seen_unknown(hub, hn == NULL ? NULL : hn->seen, sn_node_peer(news->node).listener,
                     news->topic_id, now_ms);
}
