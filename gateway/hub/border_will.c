/* gateway/hub/border_will.c - a node's will: at CONNECT, and in parts afterwards. [6.3, 6.4] */
#include "gateway/hub/border.h"
#include "gateway/hub/maps.h"
#include "gateway/hub/naming.h"
#include "gateway/hub/seen.h"
#include "mqtt/topic.h"

bool hub_border_is_too_deep(const struct hub *hub, struct span topic)
{
    return topic.len == 0 || mqtt_topic_levels(topic) > hub->conf->limits.topic_levels;
}

uint8_t hub_border_take_will(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    struct hub_node *hn = sn_node_user(news->node);
    struct span topic = hub_mounted(hub, hn, news->topic, news->mapped);
    struct mqtt_message *will = NULL;

    if (news->will && hub_border_is_too_deep(hub, topic)) {
        hub_say_node(hub, CONF_NOTICE, "refused a will topic of too many levels, of", news->node,
                     NULL);
        return SN_RC_NOT_SUPPORTED;
    }
    if (news->will) {
        will = mqtt_message_new(&hub->sessions.budget, topic, news->data);
        if (will == NULL) {
            hub->sessions.count.refused++;
            return SN_RC_CONGESTION;
        }
        will->qos = news->qos;
        will->retain = news->retain;
        will->origin = hub_seen_number(hn->seen);
    }
    if (news->will || news->no_will) {
        mqtt_session_set_will(&hub->sessions, hn->session, will, now_ms);
    }
    return SN_RC_ACCEPTED;
}

uint8_t hub_border_update_will(struct hub *hub, const struct sn_news *news, uint64_t now_ms)
{
    const struct hub_node *hn = sn_node_user(news->node);
    const struct mqtt_message *old = hn->session->will;
    struct sn_news merged = *news;

    if (news->kind == SN_NEWS_WILL_TOPIC) {
        merged.no_will = !news->will;
        merged.data = old == NULL ? (struct span){NULL, 0} : mqtt_message_payload(old);
    } else if (old == NULL) { /* SN-062 */
        return SN_RC_NOT_SUPPORTED;
    } else {
        merged.will = true;
        merged.topic = mqtt_message_topic(old);
        merged.mapped = true; /* it is whole */
        merged.qos = old->qos;
        merged.retain = old->retain;
    }
    return hub_border_take_will(hub, &merged, now_ms);
}
