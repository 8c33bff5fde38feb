/* sn/gate_discover.c - ADVERTISE, SEARCHGW and GWINFO; standing in for another gateway. */
#include "sn/discover.h"
#include "sn/gate_parts.h"

/* SN-015, to all groups and to every forwarder that was heard. */
void sn_gate_advertise(struct sn_gate *gate, struct sn_port *port)
{
    const struct sn_listener *listener = &gate->config.listeners[port->listener];
    struct sn_packet pkt = sn_advertise_packet(gate->config.gw_id, listener->advertise_s);
    struct sn_peer all = {.listener = port->listener};

    if (listener->groups != 0) {
        (void)sn_gate_send(gate, &all, &pkt);
    }
    sn_gate_send_forwarders(gate, port->listener, &pkt);
    sn_gate_timer(gate, SN_TIMER_ADVERTISE, &port->advertise,
                  sn_advertise_due(listener->advertise_s, gate->now_ms));
}

static bool may_answer_search(struct sn_gate *gate)
{
    static const struct sn_stranger_rates rates = {{SN_SEARCHES_PEER, 1000},
                                                   {SN_SEARCHES_LISTENER, 1000}};
    uint8_t key[SN_PEER_KEY];
    uint64_t hash = map_hash(gate->seed, sn_peer_key(&gate->from, key));

    return sn_strangers_admit(&gate->ports[gate->from.listener].searches, hash, rates,
                              gate->now_ms);
}

/* SN-018 to SN-020: to the asker, and to the group he asked, or to all groups. The Radius is how
 * far it goes there. Behind a forwarder the asker's radio is the group. SN-195 */
static void answer_search(struct sn_gate *gate, const struct sn_packet *pkt)
{
    struct sn_packet answer = sn_gwinfo_packet(gate->config.gw_id, pkt->radius);
    struct sn_peer all = {
        .listener = gate->from.listener, .group = gate->from.group, .hops = answer.radius};

    if (!may_answer_search(gate)) {
        gate->count.muted++;
        return;
    }
    gate->count.searches++;
    (void)sn_gate_send(gate, &gate->from, &answer);
    if (gate->from.wireless.len == 0 && sn_gate_listener(gate, &gate->from)->groups != 0) {
        (void)sn_gate_send(gate, &all, &answer);
    }
}

/* --- stand-by: SN-022 ------------------------------------------------------------------------- */

static void expect_advertise(struct sn_gate *gate, struct sn_port *port, uint32_t advertise_s)
{
    uint32_t after = gate->config.listeners[port->listener].standby_after;

    sn_gate_timer(gate, SN_TIMER_STANDBY, &port->standby,
                  sn_advertise_missed(advertise_s, after, gate->now_ms));
}

void sn_gate_settle_port(struct sn_gate *gate, struct sn_port *port)
{
    const struct sn_listener *listener = &gate->config.listeners[port->listener];

    if (listener->standby_for == port->standby_for && listener->advertise_s == port->advertise_s) {
        return;
    }
    if (listener->standby_for != port->standby_for) {
        port->silent = listener->standby_for != 0;
        sn_gate_timer(gate, SN_TIMER_STANDBY, &port->standby, HEAP_NEVER);
    }
    if (port->silent) {
        expect_advertise(gate, port, listener->advertise_s);
    }
    port->standby_for = listener->standby_for;
    port->advertise_s = listener->advertise_s;
    sn_gate_timer(gate, SN_TIMER_ADVERTISE, &port->advertise,
                  port->silent || listener->advertise_s == 0 ? HEAP_NEVER : gate->now_ms);
}

void sn_gate_settle(struct sn_gate *gate, uint16_t listener, uint64_t now_ms)
{
    gate->now_ms = now_ms;
    sn_gate_settle_port(gate, &gate->ports[listener]);
}

void sn_gate_standby_due(struct sn_gate *gate, struct sn_port *port)
{
    port->silent = false;
    sn_gate_tell(gate, SN_NEWS_STANDS_IN, NULL)->listener = port->listener;
    if (gate->config.listeners[port->listener].advertise_s != 0) {
        sn_gate_advertise(gate, port);
    }
}

/* SN-021: what others say of themselves matters to a stand-in alone, and by a group alone, for to
 * us it could be anybody's. */
static void hear_advertise(struct sn_gate *gate, const struct sn_packet *pkt)
{
    struct sn_port *port = &gate->ports[gate->from.listener];
    const struct sn_listener *listener = sn_gate_listener(gate, &gate->from);

    if (listener->standby_for == 0 || pkt->gw_id != listener->standby_for ||
        gate->from.group == 0) {
        return;
    }
    expect_advertise(gate, port, pkt->duration_s);
    if (!port->silent) {
        port->silent = true;
        sn_gate_timer(gate, SN_TIMER_ADVERTISE, &port->advertise, HEAP_NEVER);
        sn_gate_tell(gate, SN_NEWS_STANDS_BY, NULL)->listener = port->listener;
    }
}

bool sn_gate_is_silent(const struct sn_gate *gate, uint16_t listener)
{
    return gate->ports[listener].silent;
}

bool sn_gate_sends_away(struct sn_gate *gate, struct sn_node *node, enum sn_event event,
                        const struct sn_packet *pkt)
{
    bool asks = event != SN_EVENTS && event != SN_ON_ACK && event != SN_ON_PONG;

    if (!gate->ports[gate->from.listener].silent) {
        return false;
    }
    if (node == NULL || node->state == SN_GONE || node->state == SN_LOST) {
        return true;
    }
    if (asks || pkt->type == SN_CONNECT) {
        sn_gate_step(gate, node, SN_ON_BYE, pkt);
        return true;
    }
    return false;
}

/* --- a datagram ------------------------------------------------------------------------------ */

bool sn_gate_discovers(struct sn_gate *gate, const struct sn_packet *pkt)
{
    switch (pkt->type) {
    case SN_SEARCHGW:
        if (!gate->ports[gate->from.listener].silent) {
            answer_search(gate, pkt);
        }
        return true;
    case SN_ADVERTISE: hear_advertise(gate, pkt); return true;
    case SN_GWINFO: return true;
    default: gate->count.by_group += gate->from.group != 0; return gate->from.group != 0;
    }
}
