/* gateway/edge/ask_nodes.c - what is asked about nodes. */
#include <inttypes.h>
#include <string.h>

#include "gateway/edge/ask.h"
#include "gateway/hub/given.h"

static cJSON *node_line(const struct hub_node_view *view)
{
    cJSON *line = cJSON_CreateObject();

    gw_json_span(line, "name", view->name);
    (void)cJSON_AddStringToObject(line, "state", hub_node_state_name(view->state));
    gw_json_span(line, "client_id", view->client_id);
    gw_json_span(line, "listener", view->listener);
    gw_json_span(line, "address", span_of_text(view->address));
    gw_json_hex(line, "wireless_id", view->wireless);
    (void)cJSON_AddBoolToObject(line, "configured", view->is_configured);
    gw_json_number(line, "first_seen_ms", view->first_seen_ms);
    gw_json_number(line, "last_seen_ms", view->last_seen_ms);
    gw_json_number(line, "asleep_until_ms", view->asleep_until_ms);
    gw_json_number(line, "errors", view->errors);
    gw_json_number(line, "resent", view->resent);
    (void)cJSON_AddBoolToObject(line, "session", view->has_session);
    (void)cJSON_AddBoolToObject(line, "clean", view->is_clean);
    gw_json_number(line, "queued", view->queued);
    gw_json_number(line, "queued_octets", view->queued_octets);
    gw_json_number(line, "queue_most", view->queue_most);
    gw_json_number(line, "dropped", view->dropped);
    gw_json_number(line, "subscriptions", view->subscriptions);
    gw_json_number(line, "topic_ids", view->topic_ids);
    return line;
}

static struct hub *hub_of(const struct gw_asker *asker)
{
    return asker->control->loop->hub;
}

enum gw_answered gw_ask_nodes(struct gw_asker *asker)
{
    struct hub_node_view view;

    if (!hub_nodes_next(hub_of(asker), &asker->at.node, &view)) {
        return GW_ANSWER_OVER;
    }
    (void)gw_asker_say(asker, node_line(&view));
    return GW_ANSWER_MORE;
}

/* Names of nodes are asked for, but a client id is what people may know. */
static void fail_to_find(struct gw_asker *asker, const char *name)
{
    struct hub_nodes_walk walk = {0};
    struct hub_node_view view;

    while (hub_nodes_next(hub_of(asker), &walk, &view)) {
        if (span_equal(view.client_id, span_of_text(name))) {
            gw_asker_fail(asker, "there is no node %s; that is the client id of node %.*s", name,
                          (int)view.name.len, (const char *)view.name.at);
            return;
        }
    }
    gw_asker_fail(asker, "there is no node %s", name);
}

/* The node that the request names under `key`; false: the answer has failed. */
static bool node_asked(struct gw_asker *asker, const char *key, struct hub_node_view *view)
{
    const char *name = gw_asker_text(asker, key);

    if (name == NULL) {
        gw_asker_fail(asker, "the request needs \"%s\"", key);
        return false;
    }
    if (!hub_node_find(hub_of(asker), span_of_text(name), view)) {
        fail_to_find(asker, name);
        return false;
    }
    return true;
}

enum gw_answered gw_ask_node(struct gw_asker *asker)
{
    struct hub_node_view view;

    if (!node_asked(asker, "name", &view)) {
        return GW_ANSWER_FAILED;
    }
    (void)gw_asker_say(asker, node_line(&view));
    return GW_ANSWER_OVER;
}

enum gw_answered gw_ask_forget(struct gw_asker *asker)
{
    struct gw_loop *loop = asker->control->loop;
    struct hub_node_view view;
    cJSON *line = NULL;

    if (!node_asked(asker, "name", &view)) {
        return GW_ANSWER_FAILED;
    }
    (void)hub_node_forget_named(loop->hub, span_of_text(gw_asker_text(asker, "name")),
                                gw_loop_now(loop));
    line = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(line, "outcome", hub_gave_text(HUB_GAVE));
    (void)gw_asker_say(asker, line);
    loop->again = true;
    return GW_ANSWER_OVER;
}

/* --- names given ----------------------------------------------------------------------------- */

/* Octets of a gift's span, as far as they are shown. */
static int len_of(struct span text)
{
    return text.len < 200 ? (int)text.len : 200;
}

/* "that client id is another node's: roof", "its identity ...: gateway.conf:12" */
static void fail_to_give(struct gw_asker *asker, const struct hub_gift *gift)
{
    const char *text = hub_gave_text(gift->outcome);

    if (gift->file != NULL) {
        gw_asker_fail(asker, "%s: %s:%" PRIu64, text, gift->file, gift->line);
    } else if (gift->name.len != 0) {
        gw_asker_fail(asker, "%s: %.*s", text, len_of(gift->name), (const char *)gift->name.at);
    } else {
        gw_asker_fail(asker, "%s", text);
    }
}

enum gw_answered gw_ask_gift(struct gw_asker *asker, const struct hub_gift *gift)
{
    cJSON *line = NULL;

    if (gift->outcome != HUB_GAVE && gift->outcome != HUB_GAVE_AGAIN &&
        gift->outcome != HUB_GAVE_HAS) {
        fail_to_give(asker, gift);
        return GW_ANSWER_FAILED;
    }
    line = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(line, "outcome", hub_gave_text(gift->outcome));
    gw_json_span(line, "was", gift->was);
    (void)gw_asker_say(asker, line);
    asker->control->loop->again = true;
    return GW_ANSWER_OVER;
}

typedef struct hub_gift giving(struct hub *hub, struct span name, struct span to, uint64_t now_ms);

static enum gw_answered give(struct gw_asker *asker, giving *way, const char *from, const char *to)
{
    struct gw_loop *loop = asker->control->loop;
    const char *name = gw_asker_text(asker, from);
    const char *node = gw_asker_text(asker, to);
    struct hub_gift gift;

    if (name == NULL || node == NULL) {
        gw_asker_fail(asker, "the request needs \"%s\" and \"%s\"", from, to);
        return GW_ANSWER_FAILED;
    }
    gift = way(loop->hub, span_of_text(name), span_of_text(node), gw_loop_now(loop));
    return gw_ask_gift(asker, &gift);
}

enum gw_answered gw_ask_accept(struct gw_asker *asker)
{
    return gw_asker_text(asker, "uid") != NULL ? gw_ask_accept_device(asker)
                                               : give(asker, hub_node_accept, "name", "client_id");
}

enum gw_answered gw_ask_replace(struct gw_asker *asker)
{
    return give(asker, hub_node_replace, "old", "with");
}

/* --- topics ---------------------------------------------------------------------------------- */

static void add_key(cJSON *line, const struct hub_topic_view *view)
{
    static const char *const kinds[] = {[HUB_TOPIC_PREDEFINED] = "predefined",
                                        [HUB_TOPIC_SHORT] = "short",
                                        [HUB_TOPIC_NORMAL] = "normal"};
    uint8_t octets[2] = {(uint8_t)(view->id >> 8), (uint8_t)view->id};

    (void)cJSON_AddStringToObject(line, "kind", kinds[view->kind]);
    if (view->kind == HUB_TOPIC_SHORT) {
        gw_json_span(line, "key", span_of(octets, sizeof octets));
    } else {
        gw_json_number(line, "id", view->id);
    }
}

static void say_topic(struct gw_asker *asker, const struct hub_topic_view *view)
{
    cJSON *line = cJSON_CreateObject();

    gw_json_span(line, "node", span_of(asker->at.name, asker->at.name_len));
    add_key(line, view);
    gw_json_span(line, "topic", view->topic);
    if (view->template != NULL) {
        gw_json_span(line, "template", span_of_text(view->template));
    }
    (void)gw_asker_say(asker, line);
}

/* The names of one node, then that of the next, then what no map has: three steps of an answer. */
enum { TOPICS_NODE, TOPICS_NAMES, TOPICS_UNKNOWN };

static void begin_topics(struct gw_asker *asker, struct span name)
{
    size_t len = name.len < sizeof asker->at.name ? name.len : sizeof asker->at.name;

    memcpy(asker->at.name, name.at, len);
    asker->at.name_len = len;
    asker->at.topic = (struct hub_topics_walk){0};
    asker->at.step = TOPICS_NAMES;
}

static enum gw_answered next_node(struct gw_asker *asker)
{
    struct hub_node_view view;

    if (gw_asker_text(asker, "node") != NULL) {
        if (!node_asked(asker, "node", &view)) {
            return GW_ANSWER_FAILED;
        }
    } else if (!hub_nodes_next(hub_of(asker), &asker->at.node, &view)) {
        asker->at.step = TOPICS_UNKNOWN;
        return GW_ANSWER_MORE;
    }
    begin_topics(asker, view.name);
    return GW_ANSWER_MORE;
}

static enum gw_answered next_name(struct gw_asker *asker)
{
    struct span name = span_of(asker->at.name, asker->at.name_len);
    struct hub_topic_view view;

    if (hub_node_topics_next(hub_of(asker), name, &asker->at.topic, &view)) {
        say_topic(asker, &view);
    } else {
        bool one = gw_asker_text(asker, "node") != NULL;

        asker->at.step = one ? TOPICS_UNKNOWN : TOPICS_NODE;
    }
    return GW_ANSWER_MORE;
}

static enum gw_answered next_unknown(struct gw_asker *asker)
{
    const char *node = gw_asker_text(asker, "node");
    struct hub_unknown_view view;
    cJSON *line = NULL;

    if (!hub_unknown_next(hub_of(asker), &asker->at.unknown, &view)) {
        return GW_ANSWER_OVER;
    }
    if (node != NULL && !span_equal(view.node, span_of_text(node))) {
        return GW_ANSWER_MORE;
    }
    line = cJSON_CreateObject();
    gw_json_span(line, "node", view.node);
    (void)cJSON_AddStringToObject(line, "kind", "unknown");
    gw_json_number(line, "id", view.id);
    gw_json_span(line, "listener", view.listener);
    gw_json_number(line, "count", view.count);
    gw_json_number(line, "last_ms", view.last_ms);
    (void)gw_asker_say(asker, line);
    return GW_ANSWER_MORE;
}

enum gw_answered gw_ask_topics(struct gw_asker *asker)
{
    static enum gw_answered (*const steps[])(struct gw_asker *) = {
        [TOPICS_NODE] = next_node, [TOPICS_NAMES] = next_name, [TOPICS_UNKNOWN] = next_unknown};

    return steps[asker->at.step](asker);
}
