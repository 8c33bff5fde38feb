#include "gateway/hub/tap.h"

#include <assert.h>

#include "gateway/hub/nodes.h"
#include "mqtt/topic.h"

/* Before the octets of each copy. */
struct tap_head {
    struct hub_tapped seen; /* but its spans */
    size_t node_len;
    size_t topic_len;
    size_t payload_len;
};

_Static_assert(sizeof((struct hub_tap){0}.taps) / sizeof((struct hub_tap){0}.taps[0]) == HUB_TAPS,
               "one place for each tap");

/* --- taps ------------------------------------------------------------------------------------ */

static struct block *wish_of(struct hub *hub, struct span filter, struct span node)
{
    struct block *wish = block_new(&hub->sessions.budget, filter.len + node.len);

    if (wish != NULL) {
        struct writer w = writer_of(wish->octets, wish->len);

        write_span(&w, filter);
        write_span(&w, node);
    }
    return wish;
}

static int free_tap(const struct hub *hub)
{
    for (int i = 0; i < HUB_TAPS; i++) {
        if ((hub->tap.open & 1u << i) == 0) {
            return i;
        }
    }
    return -1;
}

static int fail(const char **why, const char *text)
{
    *why = text;
    return -1;
}

int hub_tap_open(struct hub *hub, struct span filter, struct span node, const char **why)
{
    int tap = free_tap(hub);
    struct block *wish = NULL;

    if (filter.len != 0 && !mqtt_topic_is_filter(filter)) {
        return fail(why, "that is no topic filter");
    }
    if (tap < 0 || filter.len + node.len > HUB_TAP_WISH) {
        return fail(why, tap < 0 ? "too many watch already" : "the wish is too long");
    }
    wish = wish_of(hub, filter, node);
    if (hub->tap.room == NULL) {
        hub->tap.room = block_new(&hub->sessions.budget, HUB_TAP_ROOM);
    }
    if (wish == NULL || hub->tap.room == NULL) {
        block_drop(wish);
        return fail(why, "no memory");
    }
    hub->tap.open |= 1u << tap;
    hub->tap.taps[tap].wish = wish;
    hub->tap.taps[tap].filter_len = filter.len;
    hub->tap.taps[tap].lost = 0;
    return tap;
}

void hub_tap_close(struct hub *hub, int tap)
{
    hub->tap.open &= ~(1u << tap);
    block_drop(hub->tap.taps[tap].wish);
    hub->tap.taps[tap].wish = NULL;
    if (hub->tap.open == 0) {
        block_drop(hub->tap.room);
        hub->tap.room = NULL;
        hub->tap.filled = 0;
        hub->tap.taken = 0;
    }
}

void hub_taps_fini(struct hub *hub)
{
    for (int i = 0; i < HUB_TAPS; i++) {
        if ((hub->tap.open & 1u << i) != 0) {
            hub_tap_close(hub, i);
        }
    }
}

uint64_t hub_tap_lost(struct hub *hub, int tap)
{
    uint64_t lost = hub->tap.taps[tap].lost;

    hub->tap.taps[tap].lost = 0;
    return lost;
}

/* --- what is seen ---------------------------------------------------------------------------- */

static bool wants(const struct hub *hub, int tap, const struct hub_tapped *seen)
{
    size_t filter_len = hub->tap.taps[tap].filter_len;
    struct reader r = reader_of(block_span(hub->tap.taps[tap].wish));
    struct span filter = read_span(&r, filter_len);
    struct span node = read_rest(&r);

    return (filter.len == 0 || mqtt_topic_matches(filter, seen->topic)) &&
           (node.len == 0 || span_equal(node, seen->node));
}

static unsigned takers_of(const struct hub *hub, const struct hub_tapped *seen)
{
    unsigned takers = 0;

    for (int i = 0; i < HUB_TAPS; i++) {
        if ((hub->tap.open & 1u << i) != 0 && wants(hub, i, seen)) {
            takers |= 1u << i;
        }
    }
    return takers;
}

/* What is shown of a payload; a character of UTF-8 stays whole. */
static struct span beginning_of(struct span payload)
{
    size_t len = payload.len < HUB_TAP_PAYLOAD ? payload.len : HUB_TAP_PAYLOAD;
    size_t whole = len;

    while (whole < payload.len && whole > len - 3 && (payload.at[whole] & 0xC0) == 0x80) {
        whole--;
    }
    return span_of(payload.at, whole);
}

static void lose(struct hub *hub, unsigned takers)
{
    for (int i = 0; i < HUB_TAPS; i++) {
        hub->tap.taps[i].lost += takers >> i & 1;
    }
}

static void see(struct hub *hub, const struct hub_tapped *seen)
{
    struct hub_tap *tap = &hub->tap;
    struct span payload = beginning_of(seen->payload);
    struct tap_head head = {*seen, seen->node.len, seen->topic.len, payload.len};
    struct writer w = writer_of(tap->room->octets + tap->filled, HUB_TAP_ROOM - tap->filled);

    head.seen.taps = takers_of(hub, seen);
    if (head.seen.taps == 0) {
        return;
    }
    write_span(&w, span_of(&head, sizeof head));
    write_span(&w, seen->node);
    write_span(&w, seen->topic);
    write_span(&w, payload);
    if (w.bad) {
        lose(hub, head.seen.taps);
    } else {
        tap->filled += written(&w);
    }
}

void hub_tap_from(struct hub *hub, const struct sn_news *news, const struct conf_place *place,
                  struct span topic, enum mqtt_err err)
{
    bool stray = news->kind == SN_NEWS_STRAY;
    struct conf_place own = {0};
    struct hub_tapped seen = {.topic = topic,
                              .payload = news->data,
                              .size = news->data.len,
                              .refused = err == MQTT_OK ? NULL : mqtt_err_name(err),
                              .stray = stray,
                              .dup = news->dup,
                              .retain = news->retain,
                              .qos = news->qos};

    if (place == NULL) {
        own = hub_node_place(hub, sn_node_user(news->node));
        place = &own;
    }
    seen.node = place->name;
    seen.listener = stray ? news->peer->listener : sn_node_peer(news->node).listener;
    see(hub, &seen);
}

void hub_tap_to(struct hub *hub, const struct hub_node *hn, const struct sn_delivery *delivery)
{
    struct conf_place place = hub_node_place(hub, hn);

    see(hub, &(struct hub_tapped){.node = place.name,
                                  .topic = delivery->topic,
                                  .payload = delivery->data,
                                  .size = delivery->data.len,
                                  .listener = sn_node_peer(hn->node).listener,
                                  .to_node = true,
                                  .dup = delivery->dup,
                                  .retain = delivery->retain,
                                  .qos = delivery->qos});
}

bool hub_tapped(struct hub *hub, struct hub_tapped *out)
{
    struct hub_tap *tap = &hub->tap;
    struct reader r = {0};
    struct span octets = {NULL, 0};
    struct tap_head head;

    if (tap->taken == tap->filled) {
        tap->taken = 0;
        tap->filled = 0;
        return false;
    }
    r = reader_of(span_of(tap->room->octets + tap->taken, tap->filled - tap->taken));
    octets = read_span(&r, sizeof head);
    assert(octets.at != NULL);
    memcpy(&head, octets.at, sizeof head);
    *out = head.seen;
    out->node = read_span(&r, head.node_len);
    out->topic = read_span(&r, head.topic_len);
    out->payload = read_span(&r, head.payload_len);
    tap->taken = tap->filled - read_left(&r);
    return true;
}
