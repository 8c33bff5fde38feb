/* sn/bus_master_in.c - what the master hears. */
#include <string.h>

#include "base/crc32c.h"
#include "sn/bus_parts.h"

static void tell_later(struct sn_bus_master *bus, const struct sn_bus_news *news)
{
    if (bus->late_count < sizeof bus->late / sizeof bus->late[0]) {
        bus->late[bus->late_count++] = *news;
    }
}

void sn_bus_want(struct sn_bus_master *bus, uint8_t address)
{
    bus->want[(address - 1u) / SN_BUS_GROUP] |= UINT32_C(1) << (address - 1u) % SN_BUS_GROUP;
}

/* --- a node's letters ------------------------------------------------------------------------ */

static void end_letter(struct sn_bus_master *bus, uint8_t address, enum sn_bus_news_kind how)
{
    struct sn_bus_place *place = &bus->places[address];
    struct sn_bus_letter *letter = place->first;

    place->first = letter->next;
    place->last = place->first == NULL ? NULL : place->last;
    place->tried = false;
    tell_later(bus, &(struct sn_bus_news){.kind = how, .address = address, .tag = letter->tag});
    pool_give(&bus->letters, letter);
}

/* What the node takes next of ours. */
static void expects(struct sn_bus_master *bus, uint8_t address, bool nr)
{
    struct sn_bus_place *place = &bus->places[address];

    if (!place->known) {
        place->known = true;
        place->starts = true;
        place->tried = false;
        place->ns = nr;
    } else if (place->tried && nr != place->ns) {
        place->ns = nr;
        place->starts = false;
        end_letter(bus, address, SN_BUS_TAKEN);
    }
}

static void look_at_letter(struct sn_bus_master *bus, uint8_t address, uint64_t now_us)
{
    struct sn_bus_place *place = &bus->places[address];

    if (place->first != NULL && place->first->until_us != 0 && now_us >= place->first->until_us) {
        bus->count.given_up++;
        place->known = false; /* it may have been taken or not */
        end_letter(bus, address, SN_BUS_GIVEN_UP);
    }
}

/* --- frames ---------------------------------------------------------------------------------- */

/* True: it is news, and not a repeat. */
static bool is_new(struct sn_bus_place *place, const struct sn_frame *frame, uint64_t now_us)
{
    bool ns = (frame->ctrl & SN_CTRL_NS) != 0;
    bool news = place->based && ns == place->nr;

    if ((frame->ctrl & SN_CTRL_START) != 0) {
        uint32_t crc = crc32c_of(frame->payload);

        news = !place->based || crc != place->start_crc || ns == place->nr ||
               now_us - place->start_us >= SN_BUS_REPEAT_US;
        place->start_crc = crc;
        place->start_us = now_us;
        place->based = true;
    } else if (!place->based) {
        return false; /* it learns of us by the next roll call */
    }
    if (news) {
        place->nr = !ns;
    }
    return news;
}

static void measure(struct sn_bus_master *bus, uint64_t now_us)
{
    uint64_t octets = (uint64_t)bus->decoder.told + 2;
    uint64_t due_us = bus->free_us + (uint64_t)bus->config.timing.turnaround * SN_BUS_TICK_US +
                      octets * bus->config.bits * UINT64_C(1000000) / bus->config.baud;
    uint64_t took_us = now_us > due_us ? now_us - due_us : 0;
    uint64_t mean_us = bus->host_us8 / 8;
    uint64_t apart_us = took_us > mean_us ? took_us - mean_us : mean_us - took_us;

    took_us = took_us < SN_BUS_HOST_MOST_US ? took_us : SN_BUS_HOST_MOST_US;
    if (!bus->host_known) {
        bus->host_known = true;
        bus->host_us8 = took_us * 8;
        bus->host_var4 = took_us * 2;
        return;
    }
    bus->host_us8 = bus->host_us8 - mean_us + took_us;
    bus->host_var4 = bus->host_var4 - bus->host_var4 / 4 + apart_us;
}

/* The turn of the first that was not heard is over: was there something that nobody can read? */
static void blame(struct sn_bus_master *bus)
{
    uint8_t address = bus->turn < bus->turn_count ? bus->turns[bus->turn] : 0;
    struct sn_bus_place *place = &bus->places[address];

    if (address != 0 && bus->noise && ++place->garbled == SN_BUS_GARBLED) {
        tell_later(bus, &(struct sn_bus_news){.kind = SN_BUS_CLASHES, .address = address});
        sn_bus_tell_gone(bus, address);
        place->garbled = 0;
    }
    bus->noise = false;
}

/* It is the turn of `address`, or of one behind it. */
static bool takes_turn(struct sn_bus_master *bus, uint8_t address, uint64_t now_us)
{
    for (unsigned i = bus->turn; bus->phase == SN_BUS_TURNS && i < bus->turn_count; i++) {
        if (bus->turns[i] != address) {
            continue;
        }
        if (i == 0) {
            measure(bus, now_us);
        }
        if (i > bus->turn) {
            blame(bus);
        }
        bus->noise = false;
        for (unsigned k = bus->turn; k < i; k++) {
            struct sn_bus_place *silent = &bus->places[bus->turns[k]];

            silent->misses = silent->misses < UINT8_MAX ? (uint8_t)(silent->misses + 1) : UINT8_MAX;
            look_at_letter(bus, bus->turns[k], now_us);
        }
        bus->turn = (uint8_t)(i + 1);
        return true;
    }
    return false;
}

static void strayed(struct sn_bus_master *bus, uint8_t address)
{
    struct sn_bus_place *place = &bus->places[address];

    bus->count.strays++;
    place->strays++;
    if (place->strays < SN_BUS_STRAY) {
        return;
    }
    place->strays = 0;
    if (place->given) {
        sn_bus_assign(bus, place->uid, 0, SN_BUS_MUTE_S);
        tell_later(bus, &(struct sn_bus_news){.kind = SN_BUS_BABBLES, .address = address});
    } else {
        sn_bus_tell_gone(bus, address);
    }
}

static bool from_place(struct sn_bus_master *bus, const struct sn_frame *frame, uint64_t now_us,
                       struct sn_bus_news *out)
{
    struct sn_bus_place *place = &bus->places[frame->addr];
    enum sn_frame_type type = sn_frame_type_of(frame->ctrl);

    if (!place->given || !takes_turn(bus, frame->addr, now_us)) {
        strayed(bus, frame->addr);
        return false;
    }
    place->heard_us = now_us;
    place->misses = 0;
    place->garbled = 0;
    place->strays = 0;
    expects(bus, frame->addr, (frame->ctrl & SN_CTRL_NR) != 0);
    look_at_letter(bus, frame->addr, now_us);
    if ((frame->ctrl & SN_CTRL_MORE) != 0) {
        bus->more[(frame->addr - 1u) / SN_BUS_GROUP] |= UINT32_C(1)
                                                        << (frame->addr - 1u) % SN_BUS_GROUP;
    }
    if (type != SN_FRAME_DATA) {
        return false;
    }
    if (!is_new(place, frame, now_us)) {
        bus->count.repeats++;
        return false;
    }
    *out =
        (struct sn_bus_news){.kind = SN_BUS_CAME, .address = frame->addr, .packet = frame->payload};
    return true;
}

static bool from_newcomer(struct sn_bus_master *bus, const struct sn_frame *frame,
                          struct sn_bus_news *out)
{
    struct reader r = reader_of(frame->payload);
    struct span uid = read_span(&r, SN_BUS_UID);
    uint8_t wanted = read_u8(&r);

    if (r.bad || bus->phase != SN_BUS_JOINS || sn_frame_type_of(frame->ctrl) != SN_FRAME_JOINREQ) {
        bus->count.strays++;
        return false;
    }
    bus->joined++;
    *out = (struct sn_bus_news){.kind = SN_BUS_ASKS, .uid = uid, .wanted = wanted};
    return true;
}

static bool on_frame(struct sn_bus_master *bus, const struct sn_frame *frame, uint64_t now_us,
                     struct sn_bus_news *out)
{
    if ((frame->ctrl & SN_CTRL_FROM_NODE) == 0) {
        bus->count.echoes++;
        return false;
    }
    if (frame->addr == SN_ADDR_UNASSIGNED) {
        return from_newcomer(bus, frame, out);
    }
    if (frame->addr < SN_ADDR_FIRST || frame->addr > SN_ADDR_LAST) {
        bus->count.strays++;
        return false;
    }
    return from_place(bus, frame, now_us, out);
}

/* So many octets are no frame. */
static void garbled(struct sn_bus_master *bus, uint32_t octets)
{
    bus->crashed = bus->crashed < UINT8_MAX ? (uint8_t)(bus->crashed + 1) : UINT8_MAX;
    bus->debris += octets;
    bus->noise = true;
}

/* --- bare answers ---------------------------------------------------------------------------- */

static void open_join(struct sn_bus_master *bus)
{
    if (!bus->config.closed && bus->join_slots == 0) {
        bus->join_slots = SN_BUS_JOIN_LEAST;
    }
}

static void on_answer(struct sn_bus_master *bus, uint8_t octet)
{
    unsigned group = (octet - 1u) / SN_BUS_GROUP;

    if (octet == SN_ADDR_UNASSIGNED) {
        open_join(bus);
    } else if (octet >= SN_ADDR_FIRST && octet <= SN_ADDR_LAST && group == bus->group &&
               bus->places[octet].given) {
        sn_bus_want(bus, octet);
    } else if (octet != 0xFF) {
        if (octet >= SN_ADDR_FIRST && octet <= SN_ADDR_LAST && !bus->places[octet].given) {
            sn_bus_tell_gone(bus, octet);
        }
        bus->all |= (uint8_t)(1u << bus->group); /* two at once in the late slot? */
        if (bus->joined_us == 0 || bus->late_us - bus->joined_us >= SN_BUS_JOIN_US) {
            open_join(bus);
        }
    }
}

static void take_answers(struct sn_bus_master *bus)
{
    for (unsigned i = 0; bus->phase == SN_BUS_SLOTS && i < bus->raw_len; i++) {
        on_answer(bus, bus->raw[i]);
    }
    bus->raw_len = 0;
}

static void note_raw(struct sn_bus_master *bus, struct span taken)
{
    for (size_t i = 0; i < taken.len; i++) {
        if (taken.at[i] != 0 && bus->raw_len < sizeof bus->raw) {
            bus->raw[bus->raw_len++] = taken.at[i];
        }
    }
}

bool sn_bus_input(struct sn_bus_master *bus, struct span *octets, uint64_t now_us,
                  struct sn_bus_news *out)
{
    struct sn_frame frame;
    enum sn_frame_event event = SN_FRAME_NONE;
    bool news = false;
    bool came = false;

    if (bus->late_count > 0) {
        *out = bus->late[--bus->late_count];
        return true;
    }
    bus->count.octets += octets->len;
    came = octets->len > 0;
    while (!news && octets->len > 0) {
        struct span before = *octets;

        event = sn_frame_input_checked(&bus->decoder, octets, &frame);
        note_raw(bus, span_of(before.at, before.len - octets->len));
        if (event == SN_FRAME_NONE) {
            break;
        }
        bus->count.frames[event]++;
        if (event == SN_FRAME_WHOLE) {
            bus->raw_len = 0;
            news = on_frame(bus, &frame, now_us, out);
        } else {
            take_answers(bus);
            garbled(bus, bus->decoder.told);
        }
    }
    bus->count.octets -= octets->len;
    if (came && bus->phase == SN_BUS_TURNS) {
        sn_bus_turn_goes_on(bus, now_us);
    }
    if (!news && bus->late_count > 0) {
        *out = bus->late[--bus->late_count];
        news = true;
    }
    return news;
}

/* --- the end of a phase ---------------------------------------------------------------------- */

static void end_turns(struct sn_bus_master *bus, uint64_t now_us)
{
    if (bus->decoder.octets > 0) { /* it never ended */
        garbled(bus, bus->decoder.octets);
    }
    blame(bus);
    for (unsigned i = bus->turn; i < bus->turn_count; i++) {
        struct sn_bus_place *place = &bus->places[bus->turns[i]];

        place->misses = place->misses < UINT8_MAX ? (uint8_t)(place->misses + 1) : UINT8_MAX;
        look_at_letter(bus, bus->turns[i], now_us);
    }
    bus->turn_count = 0;
}

/* Of slots with so many collisions 2.39 times as many are right for those who are left. */
static void end_joins(struct sn_bus_master *bus)
{
    unsigned slots = (bus->debris + bus->decoder.octets) / SN_FRAME_ENCODED(SN_BUS_JOINREQ_LEN);
    unsigned next = 239u * (slots > bus->crashed ? slots : bus->crashed) / 100u;

    next = next > SN_BUS_JOIN_MOST ? SN_BUS_JOIN_MOST : next;
    next = next < SN_BUS_JOIN_LEAST ? SN_BUS_JOIN_LEAST : next;
    bus->join_slots = bus->joined + bus->crashed + slots == 0 ? 0 : (uint8_t)next;
}

static void owe_all(struct sn_bus_master *bus)
{
    for (unsigned i = 0; i < SN_BUS_GROUP; i++) {
        unsigned address = bus->group * SN_BUS_GROUP + i + 1;

        if ((bus->members >> i & 1) != 0 && address <= SN_ADDR_LAST &&
            sn_bus_owes(bus, &bus->places[address])) {
            sn_bus_want(bus, (uint8_t)address);
        }
    }
}

void sn_bus_phase_end(struct sn_bus_master *bus, uint64_t now_us)
{
    switch (bus->phase) {
    case SN_BUS_SLOTS:
        take_answers(bus);
        bus->want[bus->group] |= bus->more[bus->group];
        bus->more[bus->group] = 0;
        owe_all(bus);
        break;
    case SN_BUS_TURNS: end_turns(bus, now_us); break;
    case SN_BUS_JOINS: end_joins(bus); break;
    default: break;
    }
    if (bus->phase != SN_BUS_READY) { /* what is left of the phase is of no frame */
        sn_frame_init(&bus->decoder, bus->buffer, sn_bus_buffer(&bus->config));
    }
    bus->raw_len = 0;
    bus->phase = SN_BUS_READY;
}
