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
    struct span payload;
};

static struct shaping shaping_of(struct hub *hub, const struct mqtt_message *m)
{
    const struct hub_seen *seen = hub_seen_numbered(hub, m->origin);
    int64_t ts_ms = (int64_t)m->arrived_ms + hub->sessions.wall_ms;

    return (struct shaping){.ts_ms = ts_ms < 0 ? 0 : (uint64_t)ts_ms,
                            .topic = mqtt_message_topic(m),
                            .node = seen == NULL ? (struct span){NULL, 0} : hub_seen_name(seen),
                            .payload = mqtt_message_payload(m)};
}

/* No more octets than this: each of a text may be written as \u00NN. */
static size_t most_of(const struct shaping *s)
{
    return KEYS_MOST + 6 * (s->topic.len + s->node.len + s->payload.len);
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

bool hub_payload_shape(struct hub *hub, const struct conf_upstream *conf, struct mqtt_op *op)
{
    struct shaping s = shaping_of(hub, op->message);
    struct mqtt_message *shaped = NULL;
    struct block *room = NULL;
    struct writer w;

    if (conf->payload == CONF_PAYLOAD_RAW || s.payload.len == 0) {
        return true;
    }
    room = block_new(&hub->sessions.budget, most_of(&s));
    if (room == NULL) {
        return false;
    }
    w = writer_of(room->octets, room->len);
    write_json(&w, &s);
    shaped = mqtt_message_new(&hub->sessions.budget, s.topic, span_of(room->octets, written(&w)));
    block_drop(room);
    if (shaped == NULL) {
        return false;
    }
    mqtt_message_drop(op->message);
    op->message = shaped;
    return true;
}
