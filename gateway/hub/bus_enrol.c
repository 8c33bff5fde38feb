/* gateway/hub/bus_enrol.c - which device has which address, kept in the store, and who may come. */
#include "base/pool.h"
#include "gateway/hub/bus_parts.h"
#include "gateway/hub/nodes.h"
#include "gateway/hub/say.h"
#include "gateway/hub/who.h"

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
        uint8_t address = (uint8_t)record->fields[0];

        if (sn_bus_give(&bus->master, record->body.at, address)) {
            bus->rows[address] = record->key[2];
        }
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

void hub_bus_forget(struct hub *hub, const struct sn_peer *peer, uint64_t now_ms)
{
    struct hub_bus *bus =
        peer->listener < hub->conf->listener_count ? hub->buses[peer->listener] : NULL;

    if (bus != NULL && hub_bus_uid(hub, peer).len != 0) {
        (void)journal_del(&hub->journal, TABLE_LEASE, 0, bus->rows[peer->addr[0]], now_ms);
        sn_bus_take_back(&bus->master, peer->addr[0]);
    }
}

/* --- who may come ---------------------------------------------------------------------------- */

static void say_uid(struct hub *hub, const char *what, struct span uid, const char *more)
{
    char text[HUB_UID_TEXT];

    hub_write_uid(text, uid);
    hub_say(hub, &(struct hub_line_of_log){CONF_INFO, "node", what, span_of_text(text), more});
}

static bool waits(const struct hub_waiting *waiting, uint64_t now_ms)
{
    return waiting->asked_ms != 0 && now_ms - waiting->asked_ms < HUB_BUS_ASKED_MS;
}

static bool is_of(const struct hub_waiting *waiting, struct span uid)
{
    return waiting->asked_ms != 0 && memcmp(waiting->uid, uid.at, SN_BUS_UID) == 0;
}

/* Its place, or that of who asked longest ago. */
static struct hub_waiting *place_of(struct hub_bus *bus, struct span uid)
{
    struct hub_waiting *oldest = &bus->waiting[0];

    for (unsigned i = 0; i < HUB_BUS_WAITING; i++) {
        struct hub_waiting *one = &bus->waiting[i];

        if (is_of(one, uid)) {
            return one;
        }
        oldest = one->asked_ms < oldest->asked_ms ? one : oldest;
    }
    return oldest;
}

static void no_longer_waits(struct hub_bus *bus, struct span uid)
{
    struct hub_waiting *place = place_of(bus, uid);

    place->asked_ms = is_of(place, uid) ? 0 : place->asked_ms;
}

static void let_wait(struct hub *hub, struct hub_bus *bus, struct span uid, uint64_t now_ms)
{
    struct hub_waiting *place = place_of(bus, uid);

    if (!is_of(place, uid)) {
        memcpy(place->uid, uid.at, SN_BUS_UID);
        say_uid(hub, "a device asks for an address on the bus:", uid,
                "let it in by sedge node accept with this uid, by sedge enrol 2m, or by a [node] "
                "with it");
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
    no_longer_waits(bus, news->uid);
    address = sn_bus_free_address(&bus->master, wanted);
    if (address == 0) {
        say_uid(hub, "no address on the bus is free for", news->uid,
                wanted != 0 ? "another device has the one that it wants" : "all are given out");
    }
    return address;
}

static void keep_lease(struct hub *hub, size_t listener, struct span uid, uint8_t address,
                       uint64_t now_ms)
{
    struct record put = {
        .key = {TABLE_LEASE, 0, ++hub->sessions.last_number}, .fields = {address}, .fresh = true};

    hub->buses[listener]->rows[address] = put.key[2];
    keep(hub, listener, &put, uid, now_ms);
    say_uid(hub, "a device has got an address on the bus:", uid, NULL);
}

void hub_bus_asks(struct hub *hub, uint16_t listener, const struct sn_bus_news *news,
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

        bus->rows[address] = put.key[2];

        keep(hub, listener, &put, news->uid, now_ms);
        say_uid(hub, "a device has got an address on the bus:", news->uid, NULL);
    }
    sn_bus_assign(&bus->master, news->uid.at, address, HUB_BUS_REST_S);
}

/* --- one device ------------------------------------------------------------------------------ */

/* Lets in a device that waits on that bus; it hears so when it asks again. */
static enum hub_let let_in(struct hub *hub, size_t listener, struct span uid, uint64_t now_ms)
{
    struct hub_bus *bus = hub->buses[listener];
    struct hub_waiting *waiting = place_of(bus, uid);
    uint8_t address = sn_bus_free_address(&bus->master, 0);

    if (!is_of(waiting, uid) || !waits(waiting, now_ms)) {
        return HUB_LET_NOT_THERE;
    }
    if (address == 0 || !sn_bus_give(&bus->master, uid.at, address)) {
        return HUB_LET_FULL;
    }
    waiting->asked_ms = 0;
    keep_lease(hub, listener, uid, address, now_ms);
    return HUB_LET_IN;
}

enum hub_let hub_bus_let_in(struct hub *hub, struct span uid, uint64_t now_ms)
{
    enum hub_let let = HUB_LET_NOT_THERE;

    for (size_t i = 0; i < hub->conf->listener_count && let == HUB_LET_NOT_THERE; i++) {
        if (hub->buses[i] == NULL) {
            continue;
        }
        let = sn_bus_address_of(&hub->buses[i]->master, uid.at) != 0 ? HUB_LET_HAS
                                                                     : let_in(hub, i, uid, now_ms);
    }
    return let;
}

struct hub_node *hub_bus_node(const struct hub *hub, struct span uid)
{
    struct hub_node *hn = NULL;
    struct sn_peer peer;
    size_t place = 0;

    while ((hn = hub_node_next(hub, &place)) != NULL) {
        if (hub_node_whereabouts(hn, &peer) && span_equal(hub_bus_uid(hub, &peer), uid)) {
            return hn;
        }
    }
    return NULL;
}
