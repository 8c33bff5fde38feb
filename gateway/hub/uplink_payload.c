#include "gateway/hub/uplink_payload.h"

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "gateway/hub/seen.h"

#define KEYS_MOST 128u /* octets of the keys, the time and all between */

/* A message before it is shaped. */
struct shaping {
    uint64_t ts_ms;
    struct span topic;
    struct span node; /* empty: none sent it */
    struct span gateway;
    struct span payload;
};

static struct shaping shaping_of(struct hub *hub, const struct mqtt_message *m)
{
    const struct hub_seen *seen = hub_seen_numbered(hub, m->origin);
    int64_t ts_ms = (int64_t)m->arrived_ms + hub->sessions.wall_ms;

    return (struct shaping){.ts_ms = ts_ms < 0 ? 0 : (uint64_t)ts_ms,
                            .topic = mqtt_message_topic(m),
                            .node = seen == NULL ? (struct span){NULL, 0} : hub_seen_name(seen),
                            .gateway = span_of_text(hub->conf->gateway.name),
                            .payload = mqtt_message_payload(m)};
}

/* No more octets than this: each of a text may be written as \u00NN. */
static size_t most_of(const struct shaping *s)
{
    return KEYS_MOST + 6 * (s->topic.len + s->node.len + s->gateway.len + s->payload.len);
}

static void write_value(struct writer *w, struct span payload)
{
    if (!utf8_is_text(payload)) {
        write_text(w, "\"base64\":\"");
        write_base64(w, payload);
        write_text(w, "\"");
        return;
    }
    write_text(w, "\"value\":");
    if (json_is_value(payload)) {
        write_span(w, payload);
    } else {
        write_json_text(w, payload);
    }
}

/* --- json ------------------------------------------------------------------------------------ */

static void write_json(struct writer *w, const struct shaping *s)
{
    write_text(w, "{\"ts\":");
    write_decimal(w, s->ts_ms);
    write_text(w, ",\"topic\":");
    write_json_text(w, s->topic);
    write_text(w, ",\"node\":");
    if (s->node.len == 0) {
        write_text(w, "null");
    } else {
        write_json_text(w, s->node);
    }
    write_text(w, ",");
    write_value(w, s->payload);
    write_text(w, "}");
}

/* --- thingsboard ----------------------------------------------------------------------------- */

/* The topics of ThingsBoard that have a form of their own. */
#define TELEMETRY  "v1/gateway/telemetry"
#define ATTRIBUTES "v1/gateway/attributes"
#define OWN        "v1/devices/me/telemetry"
#define OWN_ABOUT  "v1/devices/me/attributes"
#define PRESENT    "v1/gateway/connect"
#define ABSENT     "v1/gateway/disconnect"

/* The last level of `*topic`, which is cut off with the '/' before it. */
static struct span take_level(struct span *topic)
{
    size_t from = topic->len;
    struct span level;

    while (from > 0 && topic->at[from - 1] != '/') {
        from--;
    }
    level = span_from(*topic, from);
    *topic = span_of(topic->at, from == 0 ? 0 : from - 1);
    return level;
}

static bool is_object(struct span payload)
{
    size_t i = 0;

    while (i < payload.len && payload.at[i] <= ' ') { /* of these JSON has blanks alone */
        i++;
    }
    return i < payload.len && payload.at[i] == '{' && json_is_value(payload);
}

/* As ThingsBoard takes a value: it has no null, and no octets. */
static void write_own_value(struct writer *w, struct span payload)
{
    if (!utf8_is_text(payload)) {
        write_text(w, "\"");
        write_base64(w, payload);
        write_text(w, "\"");
    } else if (json_is_value(payload) && !span_equal(payload, span_of_text("null"))) {
        write_span(w, payload);
    } else {
        write_json_text(w, payload);
    }
}

static void write_values(struct writer *w, struct span key, struct span payload)
{
    if (is_object(payload)) {
        write_span(w, payload);
        return;
    }
    write_text(w, "{");
    write_json_text(w, key.len == 0 ? span_of_text("value") : key);
    write_text(w, ":");
    write_own_value(w, payload);
    write_text(w, "}");
}

static void write_timed(struct writer *w, const struct shaping *s, struct span key)
{
    write_text(w, "{\"ts\":");
    write_decimal(w, s->ts_ms);
    write_text(w, ",\"values\":");
    write_values(w, key, s->payload);
    write_text(w, "}");
}

static void write_device(struct writer *w, const char *before, struct span device)
{
    write_text(w, before);
    write_json_text(w, device);
}

/* Writes what stands for the payload, and gives the topic where that is not the rule's. False: it
 * goes up as it is. */
static bool write_thingsboard(struct writer *w, const struct shaping *s, const char *to,
                              const char **topic)
{
    struct span rest = s->topic;
    struct span key = take_level(&rest);
    struct span level = take_level(&rest);
    struct span device = s->node.len > 0 ? s->node : level.len > 0 ? level : s->gateway;

    if (strcmp(to, TELEMETRY) == 0) {
        write_device(w, "{", device);
        write_text(w, ":[");
        write_timed(w, s, key);
        write_text(w, "]}");
    } else if (strcmp(to, OWN) == 0) {
        write_timed(w, s, key);
    } else if (strcmp(to, OWN_ABOUT) == 0) {
        write_values(w, key, s->payload);
    } else if (strcmp(to, ATTRIBUTES) == 0) {
        write_device(w, "{", device);
        write_text(w, ":");
        write_values(w, key, s->payload);
        write_text(w, "}");
    } else if (strcmp(to, PRESENT) == 0) {
        bool here = span_equal(s->payload, span_of_text("active")) ||
                    span_equal(s->payload, span_of_text("asleep"));

        write_device(w, "{\"device\":", level.len > 0 ? level : device);
        write_text(w, "}");
        *topic = here ? NULL : ABSENT;
    } else {
        return false;
    }
    return true;
}

/* --- all ------------------------------------------------------------------------------------- */

/* The text after `to` of the rule that the message goes up by. */
static const char *template_of(const struct conf_upstream *conf, const struct mqtt_op *op)
{
    const char *template =
        op->rule > 0 && op->rule <= conf->send.count ? conf->send.at[op->rule - 1].template : NULL;

    return template == NULL ? "" : template;
}

/* False: the payload goes up as it is. */
static bool write_shaped(struct writer *w, const struct shaping *s,
                         const struct conf_upstream *conf, const char *to, const char **topic)
{
    switch (conf->payload) {
    case CONF_PAYLOAD_JSON: write_json(w, s); return s->payload.len > 0;
    case CONF_PAYLOAD_THINGSBOARD: return write_thingsboard(w, s, to, topic);
    default: return false;
    }
}

bool hub_payload_shape(struct hub *hub, const struct conf_upstream *conf, struct mqtt_op *op)
{
    struct shaping s = shaping_of(hub, op->message);
    const char *topic = NULL;
    struct mqtt_message *shaped = NULL;
    struct block *room = NULL;
    struct writer w;

    if (conf->payload == CONF_PAYLOAD_RAW) {
        return true;
    }
    room = block_new(&hub->sessions.budget, most_of(&s));
    if (room == NULL) {
        return false;
    }
    w = writer_of(room->octets, room->len);
    if (!write_shaped(&w, &s, conf, template_of(conf, op), &topic)) {
        block_drop(room);
        return true;
    }
    shaped = mqtt_message_new(&hub->sessions.budget, topic == NULL ? s.topic : span_of_text(topic),
                              span_of(room->octets, written(&w)));
    block_drop(room);
    if (shaped == NULL) {
        return false;
    }
    mqtt_message_drop(op->message);
    op->message = shaped;
    op->rule = topic == NULL ? op->rule : 0; /* that topic is one up there */
    return true;
}
