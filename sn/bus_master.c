/* sn/bus_master.c - what the master says, and when. */
#include "sn/bus_parts.h"

#include <string.h>

/* --- time ------------------------------------------------------------------------------------ */

static uint64_t line_us(const struct sn_bus_master *bus, size_t octets)
{
    return octets * bus->config.bits * UINT64_C(1000000) / bus->config.baud + 1;
}

static uint64_t ticks_us(uint64_t ticks)
{
    return ticks * SN_BUS_TICK_US;
}

static uint64_t host_us(const struct sn_bus_master *bus)
{
    uint64_t us = bus->host_us8 / 8 + bus->host_var4 + 100;

    return us < SN_BUS_HOST_MOST_US ? us : SN_BUS_HOST_MOST_US;
}

uint64_t sn_bus_deadline(const struct sn_bus_master *bus)
{
    return bus->until_us;
}

uint64_t sn_bus_worst_us(const struct sn_bus_master *bus, size_t len)
{
    uint64_t nodes = bus->given == 0 ? 1 : bus->given;
    uint64_t groups = (nodes + SN_BUS_GROUP - 1) / SN_BUS_GROUP;
    uint64_t grants = (nodes + SN_BUS_GRANT_MOST - 1) / SN_BUS_GRANT_MOST;
    uint64_t turn =
        line_us(bus, 2 * SN_FRAME_ENCODED(len)) + ticks_us(bus->config.timing.turnaround);
    uint64_t call = line_us(bus, SN_FRAME_ENCODED(SN_BUS_ROLLCALL_LEN)) + host_us(bus);

    return groups * call +
           grants * (line_us(bus, SN_FRAME_ENCODED(SN_BUS_GRANT_MOST)) + host_us(bus)) +
           nodes * (turn + ticks_us(bus->config.timing.slot));
}

/* --- saying ---------------------------------------------------------------------------------- */

static void say(struct writer *w, const struct sn_frame *frame)
{
    size_t len = sn_frame_encode(frame, w->at, write_left(w));

    w->bad |= len == 0;
    if (len > 0) {
        (void)write_room(w, len);
    }
}

bool sn_bus_owes(const struct sn_bus_master *bus, const struct sn_bus_place *place)
{
    return place->first != NULL && (place->misses < SN_BUS_MISSES || bus->count.cycles % 8 == 0);
}

static void say_letter(struct sn_bus_master *bus, struct writer *w, uint8_t address,
                       uint64_t now_us)
{
    struct sn_bus_place *place = &bus->places[address];
    struct sn_bus_letter *letter = place->first;
    struct sn_frame frame = {.addr = address};

    if (letter == NULL) {
        return;
    }
    letter->until_us = letter->until_us == 0 ? now_us + bus->config.effort_us : letter->until_us;
    if (!place->known) {
        return; /* its next frame tells where it stands */
    }
    place->tried = true;
    frame.payload = span_of(letter->octets, letter->len);
    frame.ctrl = (uint8_t)((place->ns ? SN_CTRL_NS : 0) | (place->nr ? SN_CTRL_NR : 0) |
                           (place->starts ? SN_CTRL_START : 0));
    say(w, &frame);
}

static void begin_turns(struct sn_bus_master *bus, const uint8_t *who, size_t count,
                        struct writer *w, uint64_t now_us)
{
    struct sn_frame grant = {.addr = SN_ADDR_BROADCAST, .ctrl = sn_ctrl_of(SN_FRAME_GRANT)};

    for (size_t i = 0; i < count; i++) {
        say_letter(bus, w, who[i], now_us);
        bus->want[(who[i] - 1u) / SN_BUS_GROUP] &= ~(UINT32_C(1) << (who[i] - 1u) % SN_BUS_GROUP);
    }
    if (count == 1) {
        const struct sn_bus_place *place = &bus->places[who[0]];

        grant.addr = who[0];
        grant.ctrl |= (uint8_t)((place->nr ? SN_CTRL_NR : 0) | (place->based ? 0 : SN_CTRL_START));
    } else {
        grant.payload = span_of(who, count);
    }
    say(w, &grant);
    memmove(bus->turns, who, count);
    bus->turn_count = (uint8_t)count;
    bus->turn = 0;
    bus->noise = false;
    bus->phase = SN_BUS_TURNS;
}

static uint8_t groups_in_use(const struct sn_bus_master *bus)
{
    uint8_t groups = 0;

    for (unsigned i = SN_ADDR_FIRST; i <= SN_ADDR_LAST; i++) {
        groups |= (uint8_t)(bus->places[i].given << (i - 1u) / SN_BUS_GROUP);
    }
    return groups;
}

static void say_param(const struct sn_bus_master *bus, struct writer *w)
{
    const struct sn_bus_timing *timing = &bus->config.timing;
    uint8_t payload[SN_BUS_PARAM_LEN];
    struct writer p = writer_of(payload, sizeof payload);

    write_u16(&p, timing->turnaround);
    write_u16(&p, timing->response);
    write_u16(&p, timing->slot);
    write_u16(&p, timing->join_slot);
    write_u8(&p, groups_in_use(bus));
    say(w, &(struct sn_frame){SN_ADDR_BROADCAST, sn_ctrl_of(SN_FRAME_PARAM),
                              span_of(payload, sizeof payload)});
}

static void say_assign(struct sn_bus_master *bus, struct writer *w)
{
    const struct sn_bus_assign *assign = &bus->assign[--bus->assigns];
    uint8_t payload[SN_BUS_ASSIGN_LEN];

    if (assign->gone) {
        say(w, &(struct sn_frame){.addr = assign->address, .ctrl = sn_ctrl_of(SN_FRAME_ASSIGN)});
        return;
    }
    memcpy(payload, assign->uid, SN_BUS_UID);
    payload[SN_BUS_UID] = assign->address;
    if (assign->address != SN_ADDR_UNASSIGNED) {
        sn_bus_want(bus, assign->address); /* it has something to say, and how late the host is */
    }
    payload[SN_BUS_UID + 1] = assign->more;
    say(w, &(struct sn_frame){SN_ADDR_UNASSIGNED, sn_ctrl_of(SN_FRAME_ASSIGN),
                              span_of(payload, sizeof payload)});
}

static void say_joinreq(struct sn_bus_master *bus, struct writer *w)
{
    uint8_t slots = bus->join_slots;

    say(w, &(struct sn_frame){SN_ADDR_BROADCAST, sn_ctrl_of(SN_FRAME_JOINREQ), span_of(&slots, 1)});
    bus->phase = SN_BUS_JOINS;
    bus->joined = 0;
    bus->crashed = 0;
    bus->debris = 0;
    bus->joined_us = bus->free_us;
}

/* Who is called: heard lately, owed something, or all for once. */
static uint32_t members_of(struct sn_bus_master *bus, unsigned group, uint64_t now_us)
{
    bool all = (bus->all >> group & 1) != 0 || bus->count.cycles % SN_BUS_ALL_CYCLES == 0;
    uint32_t members = 0;

    for (unsigned i = 0; i < SN_BUS_GROUP; i++) {
        unsigned address = group * SN_BUS_GROUP + i + 1;
        const struct sn_bus_place *place = &bus->places[address <= SN_ADDR_LAST ? address : 0];
        bool is_lively = place->heard_us != 0 && now_us - place->heard_us < SN_BUS_ACTIVE_US;

        if (place->given && (all || is_lively || sn_bus_owes(bus, place))) {
            members |= UINT32_C(1) << i;
        }
    }
    bus->all &= (uint8_t) ~(1u << group);
    return members;
}

static void say_rollcall(struct sn_bus_master *bus, struct writer *w, uint64_t now_us)
{
    uint8_t payload[SN_BUS_ROLLCALL_LEN];
    struct writer p = writer_of(payload, sizeof payload);
    uint32_t expected = 0;

    for (unsigned i = 0; i < SN_BUS_GROUP; i++) {
        unsigned address = bus->group * SN_BUS_GROUP + i + 1;

        expected |= (uint32_t)(address <= SN_ADDR_LAST && bus->places[address].nr) << i;
    }
    write_u8(&p, bus->group);
    write_u8(&p, (uint8_t)(bus->config.run << 4 | (bus->config.table & 0x0F)));
    write_u32(&p, bus->members);
    write_u32(&p, expected);
    say(w, &(struct sn_frame){SN_ADDR_BROADCAST, sn_ctrl_of(SN_FRAME_ROLLCALL),
                              span_of(payload, sizeof payload)});
    bus->phase = SN_BUS_SLOTS;
    bus->raw_len = 0;
    bus->late_us = now_us;
}

/* --- whose turn ------------------------------------------------------------------------------ */

/* Up to twelve of those to be granted, of one group: this one first. */
static size_t take_wanted(const struct sn_bus_master *bus, uint8_t *who)
{
    unsigned group = bus->group;
    size_t count = 0;

    for (unsigned g = 1; g < SN_BUS_GROUPS && bus->want[group] == 0; g++) {
        group = (bus->group + g) % SN_BUS_GROUPS;
    }
    for (unsigned i = 0; i < SN_BUS_GROUP && count < SN_BUS_GRANT_MOST; i++) {
        if ((bus->want[group] >> i & 1) != 0) {
            who[count++] = (uint8_t)(group * SN_BUS_GROUP + i + 1);
        }
    }
    return count;
}

/* The next of one or two nodes; 0: a cycle is over. */
static uint8_t next_alone(struct sn_bus_master *bus)
{
    for (unsigned i = bus->alone + 1u; i <= SN_ADDR_LAST; i++) {
        if (bus->places[i].given) {
            bus->alone = (uint8_t)i;
            return bus->alone;
        }
    }
    bus->alone = 0;
    bus->count.cycles++;
    return 0;
}

static void next_group(struct sn_bus_master *bus)
{
    unsigned group = bus->group;
    uint8_t used = groups_in_use(bus);

    do {
        group = (group + 1) % SN_BUS_GROUPS;
        bus->count.cycles += group == 0;
    } while (group != bus->group && (used >> group & 1) == 0);
    bus->group = (uint8_t)group;
}

static void call(struct sn_bus_master *bus, struct writer *w, uint64_t now_us)
{
    next_group(bus);
    bus->members = bus->given > 2 ? members_of(bus, bus->group, now_us) : 0;
    say_rollcall(bus, w, now_us);
}

/* With nobody to call, newcomers are waited for. */
static uint64_t late_every_us(const struct sn_bus_master *bus)
{
    return bus->given == 0 ? SN_BUS_LONELY_US : SN_BUS_LATE_US;
}

/* ... and who has an address of an earlier time is to hear that it is nobody's. */
static uint64_t param_every_us(const struct sn_bus_master *bus)
{
    return bus->given == 0 ? SN_BUS_LONELY_US : SN_BUS_PARAM_US;
}

static void say_next(struct sn_bus_master *bus, struct writer *w, uint64_t now_us)
{
    uint8_t who[SN_BUS_GRANT_MOST];
    size_t count = take_wanted(bus, who);

    if (bus->assigns > 0) {
        say_assign(bus, w);
    } else if (count > 0) {
        begin_turns(bus, who, count, w, now_us);
    } else if (bus->join_slots != 0) {
        say_joinreq(bus, w);
    } else if (bus->param_us == 0 || now_us - bus->param_us >= param_every_us(bus)) {
        bus->param_us = now_us;
        say_param(bus, w);
    } else if (bus->given > 2 || now_us - bus->late_us >= late_every_us(bus)) {
        call(bus, w, now_us);
    } else if (bus->given > 0 && (who[0] = next_alone(bus)) != 0) {
        begin_turns(bus, who, 1, w, now_us);
    }
}

static uint64_t count_of(uint32_t members)
{
    uint64_t count = 0;

    for (; members != 0; members &= members - 1) {
        count++;
    }
    return count;
}

/* How long the other side may take now that all was said. */
static void set_until(struct sn_bus_master *bus)
{
    const struct sn_bus_timing *t = &bus->config.timing;
    uint64_t wait_us = 0;

    switch (bus->phase) {
    case SN_BUS_SLOTS:
        wait_us = ticks_us(t->turnaround + (count_of(bus->members) + 1) * t->slot) + host_us(bus);
        break;
    case SN_BUS_TURNS:
        wait_us = ticks_us(t->turnaround + (uint64_t)bus->turn_count * t->response) + host_us(bus);
        break;
    case SN_BUS_JOINS:
        wait_us = ticks_us(t->turnaround + (uint64_t)bus->join_slots * t->join_slot) + host_us(bus);
        break;
    default: break;
    }
    bus->until_us = bus->free_us + wait_us;
}

void sn_bus_turn_goes_on(struct sn_bus_master *bus, uint64_t now_us)
{
    const struct sn_bus_timing *t = &bus->config.timing;
    uint64_t left = (uint64_t)bus->turn_count - bus->turn;
    uint64_t from_us = now_us > bus->free_us ? now_us : bus->free_us;

    bus->until_us =
        left == 0 ? now_us : from_us + ticks_us(t->turnaround + left * t->response) + host_us(bus);
}

size_t sn_bus_output(struct sn_bus_master *bus, uint8_t *out, size_t size, uint64_t now_us)
{
    struct writer w = writer_of(out, size);

    if (now_us < bus->until_us) {
        return 0;
    }
    sn_bus_phase_end(bus, now_us);
    for (unsigned i = 0; i < 3 && written(&w) == 0; i++) {
        say_next(bus, &w, now_us);
    }
    if (written(&w) == 0) {
        bus->until_us = bus->late_us + late_every_us(bus);
        return 0;
    }
    bus->free_us = (bus->free_us > now_us ? bus->free_us : now_us) + line_us(bus, written(&w));
    bus->count.sent += written(&w);
    set_until(bus);
    return written(&w);
}
