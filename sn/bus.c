#include "sn/bus.h"

#include "base/crc32c.h"

#define LATE_CHANCE 3u /* after two tries in vain: one of four late slots */

static uint32_t us_of(uint32_t ticks)
{
    return ticks * SN_BUS_TICK_US;
}

void sn_bus_node_init(struct sn_bus_node *node, const uint8_t *uid, uint8_t wanted, uint8_t *buffer,
                      size_t size)
{
    *node = (struct sn_bus_node){.uid = uid, .wanted = wanted, .chance = 1};
    for (unsigned i = 0; i < SN_BUS_UID; i++) {
        node->chance = node->chance * 31 + uid[i];
    }
    sn_frame_init(&node->decoder, buffer, size);
}

/* Xorshift; never 0. */
static uint32_t chance(struct sn_bus_node *node)
{
    uint32_t x = node->chance == 0 ? 1 : node->chance;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    node->chance = x;
    return x;
}

/* The master knows nothing of our frames: the next is a START. */
static void start_anew(struct sn_bus_node *node)
{
    node->starts = true;
    node->said = false;
}

void sn_bus_node_send(struct sn_bus_node *node, struct span packet)
{
    if (node->packet.at != NULL && node->said) {
        start_anew(node); /* it may have been taken or not */
    }
    node->packet = packet;
    node->said = false;
}

/* What the master takes next of ours. */
static void expects(struct sn_bus_node *node, bool nr)
{
    if (node->said && nr != node->ns) {
        node->packet = (struct span){NULL, 0};
        node->ns = nr;
        node->said = false;
        node->starts = false;
    } else if (node->starts && !node->said) {
        node->ns = nr;
    }
}

static void plan(struct sn_bus_node *node, enum sn_bus_plan what, uint32_t due_us)
{
    node->plan = (uint8_t)what;
    node->due_us = due_us;
}

static void leave(struct sn_bus_node *node)
{
    node->address = 0;
    node->tries = 0;
    node->based = false;
    start_anew(node);
}

static bool is_resting(struct sn_bus_node *node, uint32_t now_us)
{
    if (node->rest_s != 0 && now_us - node->from_us >= node->rest_s * 1000000u) {
        node->rest_s = 0;
    }
    return node->rest_s != 0;
}

/* The slots before bit `at`. */
static unsigned slots_before(uint32_t members, unsigned at)
{
    unsigned count = 0;

    for (unsigned i = 0; i < at; i++) {
        count += members >> i & 1;
    }
    return count;
}

static void speak_late(struct sn_bus_node *node, uint32_t members, uint8_t octet, uint32_t now_us)
{
    uint32_t slots = slots_before(members, SN_BUS_GROUP);

    if (node->tries >= 2 && (chance(node) & LATE_CHANCE) != 0) {
        return;
    }
    node->tries = node->tries < 2 ? (uint8_t)(node->tries + 1) : 2;
    node->octet = octet;
    plan(node, SN_BUS_SLOT,
         now_us + us_of(node->timing.turnaround) + slots * us_of(node->timing.slot));
}

/* A roll call of our own group. Whether there is a packet matters when the slot has come. */
static void answer(struct sn_bus_node *node, uint32_t members, unsigned at, uint32_t now_us)
{
    if ((members >> at & 1) == 0) {
        if (node->packet.at != NULL) {
            speak_late(node, members, node->address, now_us);
        }
        return;
    }
    node->octet = node->address;
    plan(node, SN_BUS_SLOT,
         now_us + us_of(node->timing.turnaround) +
             slots_before(members, at) * us_of(node->timing.slot));
}

static void on_rollcall(struct sn_bus_node *node, struct span payload, uint32_t now_us)
{
    struct reader r = reader_of(payload);
    unsigned group = read_u8(&r);
    uint8_t master = read_u8(&r);
    uint32_t members = read_u32(&r);
    uint32_t expected = read_u32(&r);
    unsigned at = (node->address - 1u) % SN_BUS_GROUP;

    if (r.bad) {
        return;
    }
    if (node->address != 0 && ((master ^ node->master) & 0x0F) != 0) {
        leave(node);
    }
    if (node->address == 0) {
        if (!is_resting(node, now_us)) {
            speak_late(node, members, SN_ADDR_UNASSIGNED, now_us);
        }
        return;
    }
    if (master != node->master) { /* another run of it */
        node->master = master;
        node->based = false;
        start_anew(node);
    }
    if (group == (node->address - 1u) / SN_BUS_GROUP) {
        expects(node, expected >> at & 1);
        answer(node, members, at, now_us);
    }
}

static void on_grant(struct sn_bus_node *node, const struct sn_frame *frame, uint32_t now_us)
{
    struct reader r = reader_of(frame->payload);
    bool mine = false;

    if (frame->addr == node->address) {
        if ((frame->ctrl & SN_CTRL_START) != 0) {
            start_anew(node);
        }
        expects(node, (frame->ctrl & SN_CTRL_NR) != 0);
        mine = true;
    }
    for (node->turns = 0; !mine && read_left(&r) > 0; node->turns += !mine) {
        mine = read_u8(&r) == node->address;
    }
    if (mine) {
        node->tries = 0;
        plan(node, SN_BUS_TURN, now_us + us_of(node->timing.turnaround));
    }
}

static void on_param(struct sn_bus_node *node, struct span payload)
{
    struct reader r = reader_of(payload);
    struct sn_bus_timing timing;
    unsigned groups = 0;

    timing.turnaround = read_u16(&r);
    timing.response = read_u16(&r);
    timing.slot = read_u16(&r);
    timing.join_slot = read_u16(&r);
    groups = read_u8(&r);
    if (r.bad) {
        return;
    }
    node->timing = timing;
    if (node->address != 0 && (groups >> (node->address - 1u) / SN_BUS_GROUP & 1) == 0) {
        leave(node);
    }
}

static void on_joinreq(struct sn_bus_node *node, struct span payload, uint32_t now_us)
{
    struct reader r = reader_of(payload);
    uint32_t slots = read_u8(&r);

    if (slots != 0 && node->address == 0 && !is_resting(node, now_us)) {
        slots = (chance(node) >> 16) * slots >> 16;
        plan(node, SN_BUS_JOIN,
             now_us + us_of(node->timing.turnaround) + slots * us_of(node->timing.join_slot));
    }
}

static void on_assign(struct sn_bus_node *node, struct span payload, uint32_t now_us)
{
    struct reader r = reader_of(payload);
    struct span uid = read_span(&r, SN_BUS_UID);
    uint8_t address = read_u8(&r);
    uint8_t more = read_u8(&r);

    if (r.bad || memcmp(uid.at, node->uid, SN_BUS_UID) != 0) {
        return;
    }
    leave(node);
    node->plan = SN_BUS_SILENT;
    if (address == SN_ADDR_UNASSIGNED) {
        node->rest_s = more;
        node->from_us = now_us;
        return;
    }
    node->address = address;
    node->master = more;
    node->nr = false;
    node->start_crc = 0;
}

/* True: it is news. */
static bool on_data(struct sn_bus_node *node, const struct sn_frame *frame, uint32_t now_us)
{
    bool ns = (frame->ctrl & SN_CTRL_NS) != 0;
    bool is_new = node->based && ns == node->nr;

    if (frame->addr == SN_ADDR_BROADCAST) {
        return true;
    }
    if ((frame->ctrl & SN_CTRL_START) != 0) {
        uint32_t crc = crc32c_of(frame->payload);

        is_new =
            crc != node->start_crc || ns == node->nr || now_us - node->from_us >= SN_BUS_REPEAT_US;
        node->start_crc = crc;
        node->from_us = now_us;
        node->based = true;
    }
    if (is_new) {
        node->nr = !ns;
    }
    return is_new;
}

/* True: it holds a packet for us. */
static bool on_frame(struct sn_bus_node *node, const struct sn_frame *frame, uint32_t now_us)
{
    bool is_mine = frame->addr == SN_ADDR_BROADCAST || frame->addr == node->address;

    if ((frame->ctrl & SN_CTRL_FROM_NODE) != 0) {
        return false;
    }
    switch (sn_frame_type_of(frame->ctrl)) {
    case SN_FRAME_DATA: return is_mine && on_data(node, frame, now_us);
    case SN_FRAME_ROLLCALL: on_rollcall(node, frame->payload, now_us); break;
    case SN_FRAME_GRANT:
        if (node->address != 0) {
            on_grant(node, frame, now_us);
        }
        break;
    case SN_FRAME_PARAM: on_param(node, frame->payload); break;
    case SN_FRAME_JOINREQ: on_joinreq(node, frame->payload, now_us); break;
    case SN_FRAME_ASSIGN:
        if (is_mine) {
            leave(node);
        } else {
            on_assign(node, frame->payload, now_us);
        }
        break;
    default: break;
    }
    return false;
}

bool sn_bus_node_input(struct sn_bus_node *node, struct span *octets, uint32_t now_us,
                       struct span *packet)
{
    struct sn_frame frame;
    enum sn_frame_event event = SN_FRAME_NONE;

    if (node->plan == SN_BUS_TURN && octets->len != 0) { /* somebody has a turn */
        node->due_us = now_us + us_of(node->timing.turnaround);
    }
    while ((event = sn_frame_input(&node->decoder, octets, &frame)) != SN_FRAME_NONE) {
        if (event == SN_FRAME_WHOLE && on_frame(node, &frame, now_us)) {
            *packet = frame.payload;
            return true;
        }
    }
    return false;
}

/* --- what it says ---------------------------------------------------------------------------- */

static size_t say_turn(struct sn_bus_node *node, uint8_t *out, size_t size)
{
    struct sn_frame frame = {node->address, SN_CTRL_FROM_NODE, node->packet};

    frame.ctrl |= node->nr ? SN_CTRL_NR : 0;
    if (node->packet.at == NULL) {
        frame.ctrl |= sn_ctrl_of(SN_FRAME_IDLE);
    } else {
        frame.ctrl |= (node->ns ? SN_CTRL_NS : 0) | (node->starts ? SN_CTRL_START : 0);
        node->said = true;
    }
    return sn_frame_encode(&frame, out, size);
}

static size_t say_join(const struct sn_bus_node *node, uint8_t *out, size_t size)
{
    uint8_t payload[SN_BUS_JOINREQ_LEN];
    struct sn_frame frame = {SN_ADDR_UNASSIGNED, SN_CTRL_FROM_NODE | sn_ctrl_of(SN_FRAME_JOINREQ),
                             span_of(payload, sizeof payload)};

    memcpy(payload, node->uid, SN_BUS_UID);
    payload[SN_BUS_UID] = node->wanted;
    return sn_frame_encode(&frame, out, size);
}

size_t sn_bus_node_output(struct sn_bus_node *node, uint32_t now_us, uint8_t *out, size_t size)
{
    enum sn_bus_plan what = (enum sn_bus_plan)node->plan;
    uint32_t late_us = now_us - node->due_us;

    if (what == SN_BUS_SILENT || late_us > INT32_MAX || size == 0) {
        return 0;
    }
    if (what == SN_BUS_TURN && node->turns > 0) {
        node->turns--;
        node->due_us += us_of(node->timing.response);
        return 0;
    }
    node->plan = SN_BUS_SILENT;
    switch (what) {
    case SN_BUS_SLOT:
        *out = node->octet;
        return late_us <= us_of(node->timing.slot) / 4 &&
               (node->packet.at != NULL || node->octet == SN_ADDR_UNASSIGNED);
    case SN_BUS_JOIN: return late_us > us_of(node->timing.slot) ? 0 : say_join(node, out, size);
    default: return late_us > us_of(node->timing.response) / 2 ? 0 : say_turn(node, out, size);
    }
}
