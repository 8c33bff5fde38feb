#include "gateway/hub/bus_parts.h"

#include "base/pool.h"
#include "base/text.h"
#include "config/address.h"
#include "gateway/hub/border.h"
#include "gateway/hub/say.h"
#include "gateway/hub/who.h"
#include "sn/packet.h"

#define LETTERS     1024u
#define CHAR_BITS   9u /* start and eight, without stop and parity */
#define EFFORT_PART 2u /* the link repeats for half of what the node's retry is */

/* --- made and freed -------------------------------------------------------------------------- */

static uint8_t bits_of(const struct conf_listener *conf)
{
    return (uint8_t)(CHAR_BITS + conf->stop_bits + (conf->parity != CONF_PARITY_NONE));
}

static uint16_t ticks_of(uint64_t us, uint16_t usual)
{
    uint64_t ticks = (us + SN_BUS_TICK_US - 1) / SN_BUS_TICK_US;

    return us == CONF_NONE ? usual : ticks < UINT16_MAX ? (uint16_t)ticks : UINT16_MAX;
}

/* Longer slots are for nodes that are late: they may be so in a turn too. */
static struct sn_bus_timing timing_of(const struct conf_listener *conf)
{
    struct sn_bus_timing usual = sn_bus_timing_at((uint32_t)conf->baud, bits_of(conf));
    struct sn_bus_timing timing = usual;

    timing.turnaround = ticks_of(conf->turnaround_us, usual.turnaround);
    timing.slot = ticks_of(conf->slot_us, usual.slot);
    if (timing.slot > usual.slot) {
        timing.response = (uint16_t)(usual.response + (timing.slot - usual.slot));
        timing.join_slot = (uint16_t)(usual.join_slot + (timing.slot - usual.slot));
    }
    return timing;
}

static bool begin(struct hub *hub, size_t i, struct rng *rng, uint64_t now_ms)
{
    const struct conf_listener *conf = &hub->conf->listener[i];
    struct sn_bus_config config = {
        .baud = (uint32_t)conf->baud,
        .bits = bits_of(conf),
        .first = (uint8_t)conf->addresses.low,
        .last = (uint8_t)conf->addresses.high,
        .run = (uint8_t)(rng_next(rng) & 0x0F),
        .table = (uint8_t)(rng_next(rng) & 0x0F),
        .closed = conf->enrol == CONF_ENROL_CLOSED,
        .mtu = (uint16_t)conf->max_message,
        .queue = LETTERS,
        .effort_us = (uint32_t)(conf->retry_ms * 1000 / EFFORT_PART),
        .timing = timing_of(conf),
    };

    hub->buses[i] = reserve(sizeof *hub->buses[i]);
    return hub->buses[i] != NULL && sn_bus_init(&hub->buses[i]->master, &config, now_ms * 1000);
}

bool hub_buses_init(struct hub *hub, uint64_t seed, uint64_t now_ms)
{
    struct rng rng = {seed};

    hub->buses = reserve((hub->conf->listener_count + 1) * sizeof(struct hub_bus *));
    for (size_t i = 0; hub->buses != NULL && i < hub->conf->listener_count; i++) {
        if (hub->conf->listener[i].type == CONF_RS485 && !begin(hub, i, &rng, now_ms)) {
            return false;
        }
    }
    return hub->buses != NULL;
}

void hub_buses_fini(struct hub *hub)
{
    for (size_t i = 0; hub->buses != NULL && i < hub->conf->listener_count; i++) {
        if (hub->buses[i] != NULL) {
            sn_bus_fini(&hub->buses[i]->master);
            release(hub->buses[i]);
        }
    }
    release(hub->buses);
    hub->buses = NULL;
}

struct span hub_bus_uid(const struct hub *hub, const struct sn_peer *peer)
{
    const struct hub_bus *bus =
        peer->listener < hub->conf->listener_count ? hub->buses[peer->listener] : NULL;
    const struct sn_bus_place *place = NULL;

    if (bus == NULL || peer->addr_len == 0 || peer->addr[0] > SN_ADDR_LAST) {
        return (struct span){NULL, 0};
    }
    place = &bus->master.places[peer->addr[0]];
    return place->given ? span_of(place->uid, SN_BUS_UID) : (struct span){NULL, 0};
}

static void say_fault(struct hub *hub, const struct hub_bus *bus, const struct sn_bus_news *news,
                      const char *what)
{
    char uid[HUB_UID_TEXT];

    hub_write_uid(uid, span_of(bus->master.places[news->address].uid, SN_BUS_UID));
    hub_say(hub, &(struct hub_line_of_log){CONF_WARNING, "node", what, span_of_text(uid), NULL});
}

/* --- octets ---------------------------------------------------------------------------------- */

void hub_bus_input(struct hub *hub, uint16_t listener, struct span octets, uint64_t now_us)
{
    struct hub_bus *bus = hub->buses[listener];
    struct sn_bus_news news;

    while (sn_bus_input(&bus->master, &octets, now_us, &news)) {
        struct sn_peer peer = {
            .listener = listener, .near = true, .addr_len = 1, .addr = {news.address}};

        switch (news.kind) {
        case SN_BUS_CAME:
            peer.forwarder = conf_prefixes_hold(&hub->conf->listener[listener].forwarders,
                                                (struct span){NULL, 0}, true);
            hub_border_input(hub, &peer, news.packet, now_us / 1000);
            break;
        case SN_BUS_ASKS: hub_bus_asks(hub, listener, &news, now_us / 1000); break;
        case SN_BUS_CLASHES:
            say_fault(hub, bus, &news,
                      "two devices of the bus have one address, and are to ask anew:");
            break;
        case SN_BUS_BABBLES:
            say_fault(hub, bus, &news, "a device of the bus speaks out of turn, and is muted:");
            break;
        default: break;
        }
    }
}

/* Answers go before what is said anew. */
static bool is_answer(struct span wire)
{
    struct sn_packet packet;

    return sn_packet_decode(&packet, wire) != SN_OK || packet.type != SN_PUBLISH;
}

/* What the gate has, to the queues of nodes. One for all is not sent: nodes on a bus need none. */
static void take_letters(struct hub *hub, uint16_t listener, uint64_t now_ms)
{
    struct sn_bus_master *master = &hub->buses[listener]->master;
    struct sn_out next;

    while (sn_bus_has_room(master) && sn_gate_output(hub->gate, listener, NULL, &next)) {
        if (next.peer.addr_len == 1) {
            (void)sn_bus_send(master, next.peer.addr[0], next.wire, is_answer(next.wire), 0);
        }
        sn_gate_sent(hub->gate, listener, 1, now_ms);
    }
}

size_t hub_bus_output(struct hub *hub, uint16_t listener, uint8_t *out, size_t size,
                      uint64_t now_us)
{
    take_letters(hub, listener, now_us / 1000);
    return sn_bus_output(&hub->buses[listener]->master, out, size, now_us);
}

uint64_t hub_bus_deadline(const struct hub *hub, uint16_t listener)
{
    return sn_bus_deadline(&hub->buses[listener]->master);
}
