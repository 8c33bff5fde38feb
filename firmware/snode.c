/* The requests, and what is told about them. */
#include "firmware/snode.h"

#include "firmware/snode_parts.h"

void snode_init(struct snode *node, const struct snode_config *config,
                const struct snode_memory *memory, uint32_t seed)
{
    *node = (struct snode){.config = config,
                           .will = config->will,
                           .memory = *memory,
                           .want.type = SNODE_NOTHING,
                           .step.type = SNODE_NOTHING,
                           .seed = seed};
    snode_forget(node);
}

void snode_tell(struct snode *node, enum snode_news news, uint8_t code)
{
    if (node->brief_count < SNODE_BRIEFS) {
        node->briefs[node->brief_count++] =
            (struct snode_brief){(uint8_t)news, code, node->want.qos};
    }
}

void snode_finish(struct snode *node, enum snode_news news, uint8_t code)
{
    snode_tell(node, news, code);
    snode_cancel(node);
}

void snode_stop(struct snode *node, enum snode_state state, enum snode_news news, uint8_t code)
{
    node->state = (uint8_t)state;
    node->step.type = SNODE_NOTHING;
    snode_finish(node, news, code);
}

void snode_cancel(struct snode *node)
{
    if (node->state == SNODE_AWAKE) {
        node->state = SNODE_ASLEEP;
    }
    node->want.type = SNODE_NOTHING;
    if (node->step.type != SN_CONNECT) {
        node->step.type = SNODE_NOTHING;
    }
}

bool snode_reply(struct snode *node, struct snode_answer answer)
{
    if (node->answer_count == SNODE_ANSWERS) {
        return false;
    }
    node->answers[node->answer_count++] = answer;
    return true;
}

bool snode_event(struct snode *node, struct snode_event *out)
{
    struct snode_brief brief = node->briefs[0];

    if (node->brief_count == 0) {
        return false;
    }
    node->brief_count--;
    memmove(node->briefs, node->briefs + 1, sizeof node->briefs - sizeof brief);
    *out = (struct snode_event){.news = (enum snode_news)brief.news, .code = brief.code};
    out->message.qos = brief.qos;
    if (brief.news == SNODE_MESSAGE) {
        out->message = node->message;
        node->has_message = false;
    }
    return true;
}

static enum snode_err ready(const struct snode *node)
{
    if (node->want.type != SNODE_NOTHING) {
        return SNODE_BUSY;
    }
    return node->state == SNODE_OFF ? SNODE_STATE : SNODE_OK;
}

/* A packet with a name, client id or payload of `len` octets after `head` others is sendable. */
static bool fits(const struct snode *node, size_t head, size_t len)
{
    size_t total = head + len;

    return (total > 255 ? total + 2 : total) <= node->config->mtu;
}

static void request(struct snode *node, uint8_t type)
{
    node->want = (struct snode_request){.type = type};
}

enum snode_err snode_connect(struct snode *node, bool clean)
{
    if (!fits(node, 6, strlen(node->config->client_id))) {
        return SNODE_SIZE;
    }
    node->step.type = SNODE_NOTHING;
    snode_cancel(node);
    node->state = SNODE_CONNECTING;
    node->clean = clean;
    node->rejoins = 0;
    return SNODE_OK;
}

static enum snode_err check_index(const struct snode *node, uint16_t index)
{
    if (index >= node->config->topic_count) {
        return SNODE_TOPIC;
    }
    return fits(node, 6, strlen(node->config->topics[index])) ? SNODE_OK : SNODE_SIZE;
}

enum snode_err snode_register(struct snode *node, uint16_t index)
{
    enum snode_err err = ready(node);

    if (err == SNODE_OK) {
        err = check_index(node, index);
    }
    if (err == SNODE_OK) {
        request(node, SN_REGISTER);
        node->want.topic = snode_index(index);
    }
    return err;
}

static enum snode_err check_message(const struct snode *node, const struct snode_message *message)
{
    const struct snode_topic *topic = &message->topic;

    if (message->data.len > node->memory.data_size || !fits(node, 7, message->data.len)) {
        return SNODE_SIZE;
    }
    if (topic->by == SNODE_BY_NAME || message->qos < -1 || message->qos > 2) {
        return SNODE_TOPIC;
    }
    if (topic->by == SNODE_BY_INDEX) {
        return message->qos < 0 ? SNODE_TOPIC : check_index(node, topic->id);
    }
    return SNODE_OK;
}

enum snode_err snode_publish(struct snode *node, const struct snode_message *message)
{
    enum snode_err err = ready(node);

    if (err == SNODE_OK || (err == SNODE_STATE && message->qos < 0)) {
        err = check_message(node, message);
    }
    if (err != SNODE_OK) {
        return err;
    }
    request(node, SN_PUBLISH);
    node->want.topic = message->topic;
    node->want.qos = message->qos;
    node->want.retain = message->retain;
    node->want.data_len = (uint16_t)message->data.len;
    if (message->data.len != 0) {
        memcpy(node->memory.data, message->data.at, message->data.len);
    }
    return SNODE_OK;
}

static enum snode_err request_of(struct snode *node, uint8_t type, const struct snode_topic *topic)
{
    enum snode_err err = ready(node);

    if (err != SNODE_OK) {
        return err;
    }
    if (topic->by == SNODE_BY_INDEX && topic->id >= node->config->topic_count) {
        return SNODE_TOPIC;
    }
    if (!fits(node, 5, snode_name(node, topic).len)) {
        return SNODE_SIZE;
    }
    request(node, type);
    node->want.topic = *topic;
    return SNODE_OK;
}

enum snode_err snode_subscribe(struct snode *node, const struct snode_topic *topic, uint8_t qos)
{
    enum snode_err err = request_of(node, SN_SUBSCRIBE, topic);

    if (err == SNODE_OK) {
        node->want.qos = (int8_t)(qos > 2 ? 2 : qos);
    }
    return err;
}

enum snode_err snode_unsubscribe(struct snode *node, const struct snode_topic *topic)
{
    return request_of(node, SN_UNSUBSCRIBE, topic);
}

enum snode_err snode_set_will(struct snode *node, const struct snode_will *will)
{
    enum snode_err err = ready(node);

    if (err == SNODE_BUSY) {
        return err;
    }
    node->will = will != NULL && will->topic != NULL ? will : NULL;
    if (err == SNODE_OK) {
        request(node, SN_WILLTOPICUPD);
    } else {
        snode_tell(node, SNODE_WILL_SET, SN_RC_ACCEPTED);
    }
    return SNODE_OK;
}

enum snode_err snode_sleep(struct snode *node, uint16_t duration_s)
{
    enum snode_err err = ready(node);

    if (err == SNODE_OK && duration_s == 0) {
        err = SNODE_STATE;
    }
    if (err == SNODE_OK) {
        request(node, SN_DISCONNECT);
        node->want.duration_s = duration_s;
    }
    return err;
}

enum snode_err snode_wake(struct snode *node)
{
    if (node->state != SNODE_ASLEEP) {
        return SNODE_STATE;
    }
    if (node->want.type != SNODE_NOTHING) {
        return SNODE_BUSY;
    }
    node->state = SNODE_AWAKE;
    request(node, SN_PINGREQ);
    return SNODE_OK;
}

enum snode_err snode_disconnect(struct snode *node)
{
    if (node->state == SNODE_OFF) {
        return SNODE_STATE;
    }
    node->step.type = SNODE_NOTHING;
    snode_cancel(node);
    request(node, SN_DISCONNECT);
    return SNODE_OK;
}
