/* sn/gate_forward.c - the forwarders that were heard: what is announced to them, and what waits
 * because one of them had as much as CONFIG rate allows. */
#include "sn/gate_parts.h"

static bool is_at(const struct sn_forwarder *f, const struct sn_peer *peer)
{
    return f->peer.listener == peer->listener && f->peer.addr_len == peer->addr_len &&
           memcmp(f->peer.addr, peer->addr, peer->addr_len) == 0;
}

static struct sn_forwarder *find(const struct sn_gate *gate, const struct sn_peer *peer)
{
    for (size_t i = 0; i < gate->forwarder_count; i++) {
        if (is_at(&gate->forwarders[i], peer)) {
            return &gate->forwarders[i];
        }
    }
    return NULL;
}

static bool waits(const struct sn_forwarder *f)
{
    return f->box.head != f->box.tail;
}

/* Of those that nothing waits for, the one heard longest ago gives way. NULL: none */
static struct sn_forwarder *find_place(struct sn_gate *gate)
{
    struct sn_forwarder *oldest = NULL;

    if (gate->forwarder_count < SN_FORWARDERS) {
        oldest = &gate->forwarders[gate->forwarder_count++];
        heap_item_init(&oldest->timer);
        return oldest;
    }
    for (size_t i = 0; i < SN_FORWARDERS; i++) {
        struct sn_forwarder *f = &gate->forwarders[i];

        if (!waits(f) && (oldest == NULL || f->heard_ms < oldest->heard_ms)) {
            oldest = f;
        }
    }
    return oldest;
}

static struct sn_forwarder *find_or_make(struct sn_gate *gate, const struct sn_peer *peer)
{
    struct sn_forwarder *f = find(gate, peer);

    if (f != NULL) {
        return f;
    }
    f = find_place(gate);
    if (f != NULL) {
        f->peer = *peer;
        f->peer.wireless = (struct span){NULL, 0};
        f->full_us = 0;
        sn_outbox_fini(&f->box); /* its size is the listener's */
    }
    return f;
}

void sn_gate_heard_forwarder(struct sn_gate *gate)
{
    struct sn_forwarder *f = find_or_make(gate, &gate->from);

    if (f != NULL) {
        f->heard_ms = gate->now_ms;
    }
}

/* Its radio broadcasts what no node id is known for. (Protocol page, 7.26) */
void sn_gate_send_forwarders(struct sn_gate *gate, uint16_t listener, const struct sn_packet *pkt)
{
    static const uint8_t nobody[1] = {0};

    for (size_t i = 0; i < gate->forwarder_count; i++) {
        struct sn_peer to = gate->forwarders[i].peer;

        to.wireless = span_of(nobody, sizeof nobody);
        if (to.listener == listener) {
            (void)sn_gate_send(gate, &to, pkt);
        }
    }
}

/* --- rate ------------------------------------------------------------------------------------ */

static bool is_paced(const struct sn_gate *gate, const struct sn_peer *to)
{
    return to->wireless.len != 0 && sn_gate_listener(gate, to)->forwarder_rate.count != 0;
}

/* Room for one of the longest, and for some that are not. */
static size_t room_of(const struct sn_listener *listener)
{
    return SN_FORWARDER_ROOM + sizeof(struct sn_letter) + listener->limits.max_message;
}

struct sn_outbox *sn_gate_box(struct sn_gate *gate, const struct sn_peer *to,
                              struct sn_forwarder **paced)
{
    struct sn_forwarder *f = is_paced(gate, to) ? find_or_make(gate, to) : NULL;

    *paced = f;
    if (f == NULL) { /* among more than SN_FORWARDERS busy ones it goes unpaced */
        return &gate->ports[to->listener].box;
    }
    if (f->box.octets == NULL && !sn_outbox_init(&f->box, room_of(sn_gate_listener(gate, to)))) {
        *paced = NULL;
        return &gate->ports[to->listener].box;
    }
    return &f->box;
}

bool sn_gate_forwarder_has_room(const struct sn_gate *gate, const struct sn_node *node)
{
    const struct sn_listener *listener = sn_node_listener(gate, node);
    const struct sn_forwarder *f = NULL;
    struct sn_peer to;

    if (listener->forwarder_rate.count == 0) {
        return true;
    }
    to = sn_node_peer(node);
    f = is_paced(gate, &to) ? find(gate, &to) : NULL;
    return f == NULL || f->box.octets == NULL ||
           sn_outbox_room(&f->box) >= listener->limits.max_message;
}

/* One letter moves to the listener's queue. False: there is no room, or none waits. */
static bool move_on(struct sn_gate *gate, struct sn_forwarder *f)
{
    struct sn_outbox *box = &gate->ports[f->peer.listener].box;
    struct sn_letter letter;
    struct span wire;
    uint8_t *place = NULL;
    size_t at = 0;

    if (!waits(f) || !sn_outbox_next(&f->box, &at, &letter, &wire)) {
        return false;
    }
    place = sn_outbox_place(box, wire.len);
    if (place == NULL) {
        return false;
    }
    memcpy(place, wire.at, wire.len);
    sn_outbox_push(box, &letter);
    sn_outbox_drop(&f->box, at);
    return true;
}

/* Evenly: one at a time, each when its time has come. */
void sn_gate_forwarder_due(struct sn_gate *gate, struct sn_forwarder *f)
{
    struct sn_rate rate = gate->config.listeners[f->peer.listener].forwarder_rate;
    uint64_t each_us = rate.count == 0 ? 0 : sn_rate_each_us(rate);
    uint64_t now_us = 1000u * gate->now_ms;

    while (f->full_us < now_us + 1000u && move_on(gate, f)) {
        f->full_us = (f->full_us > now_us ? f->full_us : now_us) + each_us;
    }
    sn_gate_timer(gate, SN_TIMER_FORWARDER, &f->timer,
                  !waits(f)                          ? HEAP_NEVER
                  : f->full_us / 1000 > gate->now_ms ? f->full_us / 1000
                                                     : gate->now_ms + 1);
}
