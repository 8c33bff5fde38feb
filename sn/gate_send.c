#include "sn/gate_parts.h"

#include "sn/forward.h"

/* A message to many nodes differs by MsgId alone as long as they call its topic by the same id: its
 * head is encoded once, and MsgId, its last two octets, put into each copy. */
static size_t encode_publish(struct sn_gate *gate, const struct sn_packet *pkt, uint8_t *out,
                             size_t size)
{
    struct sn_stencil *stencil = &gate->stencil;
    struct writer w = writer_of(out, size);

    if (stencil->len == 0 || stencil->flags != pkt->flags || stencil->topic_id != pkt->topic_id ||
        stencil->data_len != pkt->data.len) {
        *stencil = (struct sn_stencil){pkt->data.len, pkt->topic_id, pkt->flags, .len = 0};
        stencil->len =
            (uint8_t)sn_packet_encode_head(pkt, pkt->data.len, stencil->head, sizeof stencil->head);
    }
    if (stencil->len == 0) {
        return 0;
    }
    write_span(&w, span_of(stencil->head, stencil->len - sizeof pkt->msg_id));
    write_u16(&w, pkt->msg_id);
    write_span(&w, pkt->data);
    return w.bad ? 0 : written(&w);
}

static size_t encode(struct sn_gate *gate, const struct sn_peer *to, const struct sn_packet *pkt,
                     uint8_t *out, size_t size)
{
    size_t head = 0;
    size_t len = 0;

    if (to->wireless.len != 0) {
        head = sn_forward_wrap(to, pkt->radius & 3u, out, size);
        if (head == 0) {
            return 0;
        }
    }
    len = pkt->type == SN_PUBLISH ? encode_publish(gate, pkt, out + head, size - head)
                                  : sn_packet_encode(pkt, out + head, size - head);
    return len == 0 ? 0 : head + len;
}

static bool push(struct sn_gate *gate, const struct sn_peer *to, const struct sn_packet *pkt,
                 struct sn_letter *letter)
{
    const struct sn_listener *listener = sn_gate_listener(gate, to);
    struct sn_forwarder *paced = NULL;
    struct sn_outbox *box = sn_gate_box(gate, to, &paced);
    size_t room = sn_outbox_room(box);
    size_t most = room < listener->limits.max_message ? room : listener->limits.max_message;
    uint8_t *place = sn_outbox_place(box, most);

    letter->peer = *to;
    letter->len = (uint32_t)encode(gate, to, pkt, place, most);
    if (letter->len == 0) {
        gate->count.overflow++;
        return false;
    }
    sn_outbox_push(box, letter);
    if (paced != NULL) {
        sn_gate_forwarder_due(gate, paced);
    }
    return true;
}

bool sn_gate_send(struct sn_gate *gate, const struct sn_peer *to, const struct sn_packet *pkt)
{
    struct sn_letter letter = {.node = NULL};

    return push(gate, to, pkt, &letter);
}

bool sn_node_send(struct sn_gate *gate, const struct sn_node *node, const struct sn_packet *pkt)
{
    struct sn_peer to = sn_node_peer(node);

    return sn_gate_send(gate, &to, pkt);
}

static void start_retry(struct sn_gate *gate, struct sn_pending *pending)
{
    sn_gate_timer(gate, SN_TIMER_RETRY, &pending->retry,
                  gate->now_ms + sn_gate_limits(gate, pending->node)->retry_ms);
}

void sn_gate_send_exchange(struct sn_gate *gate, struct sn_node *node)
{
    struct sn_peer to = sn_node_peer(node);
    struct sn_pending *pending = node->pending;
    struct sn_packet pkt = sn_exchange_packet(&pending->exchange);
    struct sn_letter letter = {.node = node, .turn = pending->exchange.turn};

    sn_gate_timer(gate, SN_TIMER_RETRY, &pending->retry, HEAP_NEVER);
    if (push(gate, &to, &pkt, &letter)) {
        node->queued++;
    } else {
        start_retry(gate, pending);
    }
}

void sn_gate_send_stranger(struct sn_gate *gate, const struct sn_packet *pkt)
{
    struct sn_strangers *strangers = &gate->ports[gate->from.listener].strangers;
    const struct sn_listener *listener = sn_gate_listener(gate, &gate->from);
    struct sn_stranger_rates rates = {{listener->stranger_rate, listener->stranger_per_ms == 0
                                                                    ? 1000
                                                                    : listener->stranger_per_ms},
                                      {SN_STRANGERS_LISTENER, 1000}};
    uint8_t key[SN_PEER_KEY];
    uint64_t hash = map_hash(gate->seed, sn_peer_key(&gate->from, key));

    if (sn_strangers_admit(strangers, hash, rates, gate->now_ms)) {
        gate->count.strangers++;
        (void)sn_gate_send(gate, &gate->from, pkt);
    } else {
        gate->count.muted++;
    }
}

/* --- what the edge asks ---------------------------------------------------------------------- */

size_t sn_gate_room(const struct sn_gate *gate, uint16_t listener)
{
    return sn_outbox_room(&gate->ports[listener].box);
}

bool sn_gate_output(const struct sn_gate *gate, uint16_t listener, size_t *at, struct sn_out *out)
{
    const struct sn_outbox *box = &gate->ports[listener].box;
    struct sn_letter letter;
    size_t first = 0;

    if (!sn_outbox_next(box, at == NULL ? &first : at, &letter, &out->wire)) {
        return false;
    }
    out->peer = letter.peer;
    return true;
}

/* A repeat or the first sending has left: its retry timer starts. */
static void note_sent(struct sn_gate *gate, struct sn_node *node, uint32_t turn)
{
    node->queued--;
    if (node->pending != NULL && node->pending->exchange.turn == turn) {
        start_retry(gate, node->pending);
    }
}

void sn_gate_sent(struct sn_gate *gate, uint16_t listener, size_t count, uint64_t now_ms)
{
    struct sn_outbox *box = &gate->ports[listener].box;
    struct sn_letter letter;
    struct span wire;
    size_t at = 0;

    gate->now_ms = now_ms;
    while (count > 0 && sn_outbox_next(box, &at, &letter, &wire)) {
        if (letter.node != NULL) {
            note_sent(gate, letter.node, letter.turn);
        }
        gate->count.sent++;
        count--;
    }
    sn_outbox_drop(box, at);
}
