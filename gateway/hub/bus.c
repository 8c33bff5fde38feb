#include "gateway/hub/bus.h"

#include "base/pool.h"
#include "base/text.h"
#include "config/address.h"
#include "gateway/hub/border.h"
#include "gateway/hub/say.h"
#include "gateway/hub/who.h"
#include "sn/packet.h"

#define LETTERS     1024u
#define CHAR_BITS   9u /* start and eight, without stop and parity */
#define UID_TEXT    (2u * SN_BUS_UID + 1u)
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

/* --- kept ------------------------------------------------------------------------------------ */

static struct hub_bus *bus_of(const struct hub *hub, struct span listener)
{
    for (size_t i = 0; i < hub->conf->listener_count; i++) {
        if (hub->buses[i] != NULL &&
            span_equal(listener, span_of_text(hub->conf->listener[i].at.name))) {
            return hub->buses[i];
        }
    }
    return NULL;
}

void hub_lease_restore(struct hub *hub, const struct record *record)
{
    struct hub_bus *bus = bus_of(hub, record->text);

    if (bus == NULL) {
        return;
    }
    if (record->fields[0] == 0) {
        bus->row = record->key[2];
        bus->master.config.table = (uint8_t)(record->fields[1] & 0x0F);
        bus->master.config.run = (uint8_t)((record->fields[2] + 1) & 0x0F);
    } else if (record->body.len == SN_BUS_UID && record->fields[0] > 0 &&
               record->fields[0] <= SN_ADDR_LAST) {
        (void)sn_bus_give(&bus->master, record->body.at, (uint8_t)record->fields[0]);
    }
}

/* Without memory it is not kept: the device asks again after the next start. */
static void keep(struct hub *hub, size_t listener, struct record *put, struct span uid,
                 uint64_t now_ms)
{
    struct span name = span_of_text(hub->conf->listener[listener].at.name);
    struct writer w = writer_of(hub->topic, sizeof hub->topic);

    write_span(&w, name);
    write_span(&w, uid);
    put->block = block_copy(&hub->sessions.budget, span_of(hub->topic, written(&w)));
    if (put->block != NULL) {
        put->text = span_of(put->block->octets, name.len);
        put->body = span_from(block_span(put->block), name.len);
        (void)journal_put(&hub->journal, put, now_ms);
    }
}

void hub_buses_restored(struct hub *hub, uint64_t now_ms)
{
    for (size_t i = 0; i < hub->conf->listener_count; i++) {
        struct hub_bus *bus = hub->buses[i];
        struct record put = {.fresh = bus != NULL && bus->row == 0};

        if (bus == NULL) {
            continue;
        }
        bus->row = bus->row != 0 ? bus->row : ++hub->sessions.last_number;
        put.key[0] = TABLE_LEASE;
        put.key[2] = bus->row;
        put.fields[1] = bus->master.config.table;
        put.fields[2] = bus->master.config.run;
        keep(hub, i, &put, (struct span){NULL, 0}, now_ms);
    }
}

/* --- who may come ---------------------------------------------------------------------------- */

static void write_uid(char out[UID_TEXT], struct span uid)
{
    struct writer w = writer_of((uint8_t *)out, UID_TEXT);

    write_hex(&w, uid);
    write_end(&w);
}

static void say_uid(struct hub *hub, const char *what, struct span uid, const char *more)
{
    char text[UID_TEXT];

    write_uid(text, uid);
    hub_say(hub, &(struct hub_line_of_log){CONF_INFO, "node", what, span_of_text(text), more});
}

static bool waits(const struct hub_waiting *waiting, uint64_t now_ms)
{
    return waiting->asked_ms != 0 && now_ms - waiting->asked_ms < HUB_BUS_ASKED_MS;
}

/* Its place, or that of who asked longest ago. */
static struct hub_waiting *place_of(struct hub_bus *bus, struct span uid)
{
    struct hub_waiting *oldest = &bus->waiting[0];

    for (unsigned i = 0; i < HUB_BUS_WAITING; i++) {
        struct hub_waiting *one = &bus->waiting[i];

        if (one->asked_ms != 0 && memcmp(one->uid, uid.at, SN_BUS_UID) == 0) {
            return one;
        }
        oldest = one->asked_ms < oldest->asked_ms ? one : oldest;
    }
    oldest->asked_ms = 0;
    return oldest;
}

static void let_wait(struct hub *hub, struct hub_bus *bus, struct span uid, uint64_t now_ms)
{
    struct hub_waiting *place = place_of(bus, uid);

    if (place->asked_ms == 0) {
        memcpy(place->uid, uid.at, SN_BUS_UID);
        say_uid(hub, "a device asks for an address on the bus:", uid,
                "let it in by sedge enrol 2m, by a [node] with this uid, or by enrol = open");
    }
    place->asked_ms = now_ms;
}

bool hub_enrol(struct hub *hub, uint64_t ms, uint64_t now_ms)
{
    bool any = false;

    for (size_t i = 0; i < hub->conf->listener_count; i++) {
        if (hub->buses[i] != NULL && hub->conf->listener[i].enrol != CONF_ENROL_CLOSED) {
            hub->buses[i]->open_until_ms = now_ms + ms;
            any = true;
        }
    }
    return any;
}

bool hub_waiting_next(const struct hub *hub, size_t *place, uint64_t now_ms, struct span *listener,
                      struct span *uid)
{
    for (; *place < hub->conf->listener_count * HUB_BUS_WAITING; (*place)++) {
        size_t i = *place / HUB_BUS_WAITING;
        const struct hub_waiting *one =
            hub->buses[i] == NULL ? NULL : &hub->buses[i]->waiting[*place % HUB_BUS_WAITING];

        if (one != NULL && waits(one, now_ms)) {
            *listener = span_of_text(hub->conf->listener[i].at.name);
            *uid = span_of(one->uid, SN_BUS_UID);
            (*place)++;
            return true;
        }
    }
    return false;
}

static uint8_t address_for(struct hub *hub, uint16_t listener, const struct sn_bus_news *news,
                           uint64_t now_ms)
{
    struct hub_bus *bus = hub->buses[listener];
    bool is_open =
        hub->conf->listener[listener].enrol == CONF_ENROL_OPEN || now_ms < bus->open_until_ms;

    const struct conf_node *section = hub_who_is(hub, &(struct hub_sender){.uid = news->uid});
    uint8_t wanted =
        section != NULL && section->address != 0 ? (uint8_t)section->address : news->wanted;
    uint8_t address = sn_bus_address_of(&bus->master, news->uid.at);

    if (address != 0) {
        return address;
    }
    if (!is_open && section == NULL) {
        let_wait(hub, bus, news->uid, now_ms);
        return 0;
    }
    place_of(bus, news->uid)->asked_ms = 0;
    address = sn_bus_free_address(&bus->master, wanted);
    if (address == 0) {
        say_uid(hub, "no address on the bus is free for", news->uid,
                wanted != 0 ? "another device has the one that it wants" : "all are given out");
    }
    return address;
}

static void on_asks(struct hub *hub, uint16_t listener, const struct sn_bus_news *news,
                    uint64_t now_ms)
{
    struct hub_bus *bus = hub->buses[listener];
    uint8_t address = address_for(hub, listener, news, now_ms);

    bool is_new = address != 0 && sn_bus_address_of(&bus->master, news->uid.at) == 0;

    if (address != 0 && !sn_bus_give(&bus->master, news->uid.at, address)) {
        address = 0;
    } else if (is_new) {
        struct record put = {.key = {TABLE_LEASE, 0, ++hub->sessions.last_number},
                             .fields = {address},
                             .fresh = true};

        keep(hub, listener, &put, news->uid, now_ms);
        say_uid(hub, "a device has got an address on the bus:", news->uid, NULL);
    }
    sn_bus_assign(&bus->master, news->uid.at, address, HUB_BUS_REST_S);
}

static void say_fault(struct hub *hub, const struct hub_bus *bus, const struct sn_bus_news *news,
                      const char *what)
{
    char uid[UID_TEXT];

    write_uid(uid, span_of(bus->master.places[news->address].uid, SN_BUS_UID));
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
        case SN_BUS_ASKS: on_asks(hub, listener, &news, now_us / 1000); break;
        case SN_BUS_CLASHES:
            say_fault(hub, bus, &news, "two devices of the bus seem to have one address:");
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
