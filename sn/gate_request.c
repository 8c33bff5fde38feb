#include "sn/gate_parts.h"

static void answer(struct sn_gate *gate, const struct sn_node *node, const struct sn_packet *pkt)
{
    (void)sn_node_send(gate, node, pkt);
}

/* SN-074 SN-115 SN-116: a plain name gets an id, with SUBACK too. */
bool sn_gate_give_id(struct sn_gate *gate, struct sn_news *news)
{
    struct sn_topics *topics = &news->node->topics;
    struct sn_topic *topic = NULL;

    if (news->topic_type == SN_TOPIC_NORMAL && sn_topic_is_name(news->topic)) {
        topic = sn_topics_by_name(topics, news->topic);
        if (topic == NULL) {
            topic = sn_topics_add(topics, gate->config.budget, news->topic, false,
                                  gate->config.registrations);
        }
        if (topic == NULL) {
            return false;
        }
        news->topic_id = topic->id;
        news->ours = topic->ours;
        news->fresh = topic->fresh;
        topic->fresh = false;
    }
    sn_topics_pardon(topics);
    return true;
}

/* The hub shows which KEYs are missing in its maps. */
static void tell_unknown(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    sn_node_errs(node);
    if (sn_flags_topic_type(pkt->flags) == SN_TOPIC_PREDEFINED) {
        sn_gate_tell(gate, SN_NEWS_UNKNOWN, node)->topic_id = pkt->topic_id;
    }
}

/* --- REGISTER -------------------------------------------------------------------------------- */

static void on_register(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    struct sn_packet regack = {
        .type = SN_REGACK, .msg_id = pkt->msg_id, .code = SN_RC_NOT_SUPPORTED};
    struct sn_news *news = NULL;

    if (!sn_topic_is_name(pkt->data)) { /* SN-072 SN-073 */
        sn_node_errs(node);
        answer(gate, node, &regack);
        return;
    }
    news = sn_gate_tell(gate, SN_NEWS_REGISTER, node);
    news->msg_id = pkt->msg_id;
    news->topic = pkt->data;
}

/* --- PUBLISH --------------------------------------------------------------------------------- */

static uint64_t stir(uint64_t digest, uint64_t word)
{
    digest = (digest ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return digest ^ digest >> 32;
}

/* Tells payloads of one node apart. No secret: whoever makes two alike loses his own message. */
static uint32_t digest_of(struct span data)
{
    uint64_t digest = data.len;
    uint64_t word = 0;

    for (; data.len >= sizeof word; data = span_from(data, sizeof word)) {
        memcpy(&word, data.at, sizeof word);
        digest = stir(digest, word);
    }
    word = 0;
    for (size_t i = 0; i < data.len; i++) {
        word = word << 8 | data.at[i];
    }
    return (uint32_t)stir(digest, word);
}

/* 7.12: what equals the last one within TRETRY and says so is acknowledged again, not forwarded. */
static bool is_repeated(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    struct sn_last_publish *last = &node->last;
    uint32_t hash = digest_of(pkt->data);
    uint32_t window = sn_gate_limits(gate, node)->retry_ms;
    bool same = last->msg_id != 0 && last->msg_id == pkt->msg_id &&
                last->topic_id == pkt->topic_id && last->hash == hash &&
                gate->now_ms - last->at_ms <= 2 * (uint64_t)window;

    if (same && (pkt->flags & SN_FLAG_DUP)) {
        return true;
    }
    *last = (struct sn_last_publish){
        .hash = hash, .at_ms = gate->now_ms, .topic_id = pkt->topic_id, .msg_id = pkt->msg_id};
    node->last_answered = false;
    return false;
}

static void on_publish(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    enum sn_topic_type type = sn_flags_topic_type(pkt->flags);
    struct sn_meaning topic = sn_gate_meaning(gate, node, type, pkt->topic_id);
    struct sn_packet puback = {.type = SN_PUBACK, .topic_id = pkt->topic_id, .msg_id = pkt->msg_id};
    struct sn_news *news = NULL;

    /* SN-094 to SN-097, SN-104; a registered name was looked at when it was registered */
    if (type == SN_TOPIC_NORMAL ? topic.topic.len == 0 : !sn_topic_is_name(topic.topic)) {
        gate->count.unknown_id++;
        tell_unknown(gate, node, pkt);
        puback.code = SN_RC_INVALID_ID;
        answer(gate, node, &puback);
        return;
    }
    if (sn_flags_qos(pkt->flags) == 1 && is_repeated(gate, node, pkt)) {
        if (node->last_answered) {
            answer(gate, node, &puback); /* SN-093 */
        }
        return;
    }
    sn_gate_use(gate, node, pkt, topic);
    news = sn_gate_tell(gate, SN_NEWS_PUBLISH, node);
    news->msg_id = pkt->msg_id;
    news->topic_id = pkt->topic_id;
    news->topic = topic.topic;
    news->mapped = topic.mapped;
    news->data = pkt->data;
    news->qos = (uint8_t)sn_flags_qos(pkt->flags);
    news->dup = (pkt->flags & SN_FLAG_DUP) != 0;
    news->retain = (pkt->flags & SN_FLAG_RETAIN) != 0;
}

/* CONFIG publish_without_connect; where it goes by the sender, the hub knows who that is. */
static bool stray_is_admitted(const struct sn_gate *gate, const struct sn_packet *pkt)
{
    enum sn_topic_type type = sn_flags_topic_type(pkt->flags);

    switch (sn_gate_listener(gate, &gate->from)->qosm1) {
    case SN_QOSM1_BY_SENDER:
    case SN_QOSM1_PREDEFINED: return type == SN_TOPIC_PREDEFINED;
    case SN_QOSM1_YES: return type == SN_TOPIC_PREDEFINED || type == SN_TOPIC_SHORT;
    default: return false;
    }
}

/* SN-106 to SN-109: no answer whatever it is. */
void sn_gate_stray(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    uint8_t name[] = {(uint8_t)(pkt->topic_id >> 8), (uint8_t)pkt->topic_id};
    bool is_short = sn_flags_topic_type(pkt->flags) == SN_TOPIC_SHORT;
    struct sn_news *news = NULL;

    if (!stray_is_admitted(gate, pkt) ||
        (is_short && !sn_topic_is_name(span_of(name, sizeof name)))) {
        gate->count.refused++;
        return;
    }
    news = sn_gate_tell(gate, SN_NEWS_STRAY, node);
    news->peer = &gate->from;
    news->topic_type = (uint8_t)sn_flags_topic_type(pkt->flags);
    news->topic_id = pkt->topic_id;
    news->data = pkt->data;
    news->retain = (pkt->flags & SN_FLAG_RETAIN) != 0;
}

/* --- SUBSCRIBE, UNSUBSCRIBE ------------------------------------------------------------------ */

/* The filter that is meant, in *filter, and the id for the SUBACK, in *id. A return code. */
static uint8_t filter_of(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt,
                         struct sn_meaning *filter, uint16_t *id)
{
    enum sn_topic_type type = sn_flags_topic_type(pkt->flags);

    *id = type == SN_TOPIC_PREDEFINED ? pkt->topic_id : 0;
    *filter = (struct sn_meaning){pkt->data, false};
    if (type == SN_TOPIC_RESERVED) {
        return SN_RC_NOT_SUPPORTED; /* SN-120 */
    }
    if (type != SN_TOPIC_NORMAL) {
        *filter = sn_gate_meaning(gate, node, type, pkt->topic_id);
        if (filter->topic.len == 0) {
            tell_unknown(gate, node, pkt);
            return SN_RC_INVALID_ID; /* SN-119 */
        }
    }
    return sn_topic_is_filter(filter->topic) ? SN_RC_ACCEPTED : SN_RC_NOT_SUPPORTED; /* SN-128 */
}

static void on_subscribe(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    struct sn_packet suback = {.type = SN_SUBACK, .msg_id = pkt->msg_id};
    int qos = sn_flags_qos(pkt->flags);
    struct sn_meaning filter;
    uint16_t id = 0;
    struct sn_news *news = NULL;

    suback.code = filter_of(gate, node, pkt, &filter, &id);
    if (suback.code == SN_RC_ACCEPTED && qos == SN_QOS_MINUS_1) {
        suback.code = SN_RC_NOT_SUPPORTED; /* SN-121 */
    }
    if (suback.code != SN_RC_ACCEPTED) {
        node->errors += suback.code == SN_RC_NOT_SUPPORTED;
        suback.flags = pkt->flags & SN_FLAG_TOPIC;
        answer(gate, node, &suback);
        return;
    }
    node->subscribe_id = pkt->msg_id;
    node->subscribe_type = pkt->flags & SN_FLAG_TOPIC;
    sn_gate_use(gate, node, pkt, filter);
    news = sn_gate_tell(gate, SN_NEWS_SUBSCRIBE, node);
    news->msg_id = pkt->msg_id;
    news->topic_id = id;
    news->key = pkt->topic_id;
    news->topic_type = (uint8_t)sn_flags_topic_type(pkt->flags);
    news->topic = filter.topic;
    news->mapped = filter.mapped;
    news->qos = (uint8_t)qos;
}

/* SN-132: UNSUBACK has no code; what cannot be subscribed is not. */
static void on_unsubscribe(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    struct sn_packet unsuback = {.type = SN_UNSUBACK, .msg_id = pkt->msg_id};
    struct sn_news *news = NULL;
    struct sn_meaning filter;
    uint16_t id = 0;

    if (filter_of(gate, node, pkt, &filter, &id) != SN_RC_ACCEPTED) {
        answer(gate, node, &unsuback);
        return;
    }
    sn_gate_use(gate, node, pkt, filter);
    news = sn_gate_tell(gate, SN_NEWS_UNSUBSCRIBE, node);
    news->msg_id = pkt->msg_id;
    news->topic = filter.topic;
    news->mapped = filter.mapped;
}

/* --- will update, PUBREL ---------------------------------------------------------------------- */

/* SN-057 SN-060 SN-061 */
static void on_will_topic(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    struct sn_packet refusal = {.type = SN_WILLTOPICRESP, .code = SN_RC_NOT_SUPPORTED};
    int qos = sn_flags_qos(pkt->flags);
    struct sn_news *news = NULL;

    if (pkt->data.len != 0 && (!sn_topic_is_name(pkt->data) || qos == SN_QOS_MINUS_1)) {
        answer(gate, node, &refusal);
        return;
    }
    news = sn_gate_tell(gate, SN_NEWS_WILL_TOPIC, node);
    news->will = pkt->data.len != 0;
    news->topic = pkt->data;
    news->qos = qos < 0 ? 0 : (uint8_t)qos;
    news->retain = (pkt->flags & SN_FLAG_RETAIN) != 0;
}

void sn_gate_serve(struct sn_gate *gate, struct sn_node *node, const struct sn_packet *pkt)
{
    sn_gate_stays(node);
    switch (pkt->type) {
    case SN_REGISTER: on_register(gate, node, pkt); break;
    case SN_PUBLISH: on_publish(gate, node, pkt); break;
    case SN_SUBSCRIBE: on_subscribe(gate, node, pkt); break;
    case SN_UNSUBSCRIBE: on_unsubscribe(gate, node, pkt); break;
    case SN_WILLTOPICUPD: on_will_topic(gate, node, pkt); break;
    case SN_WILLMSGUPD: sn_gate_tell(gate, SN_NEWS_WILL_MSG, node)->data = pkt->data; break;
    case SN_PUBREL: sn_gate_tell(gate, SN_NEWS_PUBREL, node)->msg_id = pkt->msg_id; break;
    default: sn_gate_acknowledged(gate, node, pkt); break;
    }
}
