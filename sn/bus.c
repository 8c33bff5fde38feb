#include "sn/bus.h"

#include "base/crc32c.h"

#define LATE_CHANCE 3u /* after two tries in vain: one of four late slots */

static uint32_t us_of(uint32_t ticks)
{
    return ticks * SN_BUS_TICK_US;
}

void sn_bus_node_init(struct sn_bus_node *node, const uint8_t *identity, uint8_t *buffer,
                      size_t size)
{
    memset(node, 0, sizeof *node);
    node->identity = identity;
    sn_frame_init(&node->decoder, buffer, size);
}

/* Of 65536: devices that do the same at the same time differ. */
static uint32_t chance(const struct sn_bus_node *node, uint32_t now_us)
{
    return (crc32c_of(span_of(node->identity, SN_BUS_UID)) ^ now_us) * 2654435761u >> 16;
}

/* The master knows nothing of our frames: the next is a START. */
static void start_anew(struct sn_bus_node *node)
{
    node->starts = true;
    node->said = false;
}

void sn_bus_node_send(struct sn_bus_node *node, struct span packet)
{
    if (node->packet != NULL && node->said) {
        start_anew(node); /* it may have been taken or not */
    }
    node->packet = packet.at;
    node->len = (uint16_t)packet.len;
    node->said = false;
}

/* What the master takes next of ours. */
static void expects(struct sn_bus_node *node, bool nr)
{
    if (node->said && nr != node->ns) {
        node->packet = NULL;
        node->said = false;
        node->starts = false;
        node->ns = nr;
    } else if (node->starts && !node->said) {
        node->ns = nr;
    }
}

/* It speaks so many ticks behind the turnaround. */
static void plan(struct sn_bus_node *node, enum sn_bus_plan what, uint32_t now_us, uint32_t ticks)
{
    node->plan = (uint8_t)what;
    node->due_us = now_us + us_of(node->timing.turnaround + ticks);
}

/* Another address, or another master: neither side knows where the other stands. */
static void be(struct sn_bus_node *node, uint8_t address)
{
    node->address = address;
    node->based = false;
    start_anew(node);
}

/* It has no address, and may ask for one. */
static bool is_newcomer(struct sn_bus_node *node, uint32_t now_us)
{
    if (node->address != 0) {
        return false;
    }
    if ((now_us - node->from_us) >> 20 >= node->rest) {
        node->rest = 0;
    }
    return node->rest == 0;
}

/* The late slot is for all: after tries in vain it is left to others now and then. */
static bool speaks_late(struct sn_bus_node *node, uint32_t now_us)
{
    if (node->tries < 2) {
        node->tries++;
        return true;
    }
    return (chance(node, now_us) & LATE_CHANCE) == 0;
}

static void on_rollcall(struct sn_bus_node *node, struct reader *r, uint32_t now_us)
{
    uint8_t group = read_u8(r);
    uint8_t master = read_u8(r);
    uint32_t before = read_u32(r);
    uint32_t expected = read_u32(r);
    unsigned at = node->address - 1u;
    uint32_t bit = UINT32_C(1) << at % SN_BUS_GROUP;
    uint32_t slots = 0;

    if (r->bad) {
        return;
    }
    if (master != node->master) { /* another run of it, or it forgot who has which address */
        be(node, ((master ^ node->master) & 0x0F) != 0 ? 0 : node->address);
        node->master = master;
    }
    if (node->address == 0 ? !is_newcomer(node, now_us) : group != at / SN_BUS_GROUP) {
        return;
    }
    if (node->address != 0) {
        expects(node, (expected & bit) != 0);
    }
    if (node->address != 0 && (before & bit) != 0) {
        before &= bit - 1; /* whether there is a packet matters when the slot has come */
    } else if (!(node->address == 0 || node->packet != NULL) || !speaks_late(node, now_us)) {
        return;
    }
    for (; before != 0; before &= before - 1) {
        slots += node->timing.slot;
    }
    plan(node, SN_BUS_SLOT, now_us, slots);
}

static void on_grant(struct sn_bus_node *node, const struct sn_frame *frame, struct reader *r,
                     uint32_t now_us)
{
    if (node->address == 0) {
        return;
    }
    node->turns = 0;
    if (frame->addr == node->address) {
        if ((frame->ctrl & SN_CTRL_START) != 0) {
            start_anew(node);
        }
        expects(node, (frame->ctrl & SN_CTRL_NR) != 0);
    } else {
        for (; !r->bad && read_u8(r) != node->address; node->turns++) {
        }
        if (r->bad) {
            return;
        }
    }
    node->tries = 0;
    plan(node, SN_BUS_TURN, now_us, 0);
}

static void on_param(struct sn_bus_node *node, struct reader *r)
{
    uint8_t groups = 0;

    if (!read_has(r, SN_BUS_PARAM_LEN)) {
        return;
    }
    node->timing.turnaround = read_u16(r);
    node->timing.response = read_u16(r);
    node->timing.slot = read_u16(r);
    node->timing.join_slot = read_u16(r);
    groups = read_u8(r);
    if ((groups >> (node->address - 1u) / SN_BUS_GROUP % SN_BUS_GROUPS & 1) == 0) {
        be(node, 0);
    }
}

static void on_joinreq(struct sn_bus_node *node, struct reader *r, uint32_t now_us)
{
    uint32_t slots = read_u8(r);

    if (slots != 0 && is_newcomer(node, now_us)) {
        slots = chance(node, now_us) * slots >> 16;
        plan(node, SN_BUS_JOIN, now_us, slots * node->timing.join_slot);
    }
}

static void on_assign(struct sn_bus_node *node, struct reader *r, uint32_t now_us)
{
    struct span uid = read_span(r, SN_BUS_UID);
    uint8_t address = read_u8(r);
    uint8_t more = read_u8(r);

    if (r->bad || memcmp(uid.at, node->identity, SN_BUS_UID) != 0) {
        return;
    }
    node->plan = SN_BUS_SILENT;
    if (address == SN_ADDR_UNASSIGNED) {
        be(node, 0);
        node->rest = more;
        node->from_us = now_us;
        return;
    }
    be(node, address);
    node->master = more;
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
        uint16_t crc = (uint16_t)crc32c_of(frame->payload);

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
    struct reader r = reader_of(frame->payload);

    if ((frame->ctrl & SN_CTRL_FROM_NODE) != 0) {
        return false;
    }
    switch (sn_frame_type_of(frame->ctrl)) {
    case SN_FRAME_DATA: return is_mine && on_data(node, frame, now_us);
    case SN_FRAME_ROLLCALL: on_rollcall(node, &r, now_us); break;
    case SN_FRAME_GRANT: on_grant(node, frame, &r, now_us); break;
    case SN_FRAME_PARAM: on_param(node, &r); break;
    case SN_FRAME_JOINREQ: on_joinreq(node, &r, now_us); break;
    case SN_FRAME_ASSIGN:
        if (is_mine) {
            be(node, 0);
        } else {
            on_assign(node, &r, now_us);
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

static size_t say(struct sn_bus_node *node, enum sn_bus_plan what, uint8_t *out, size_t size)
{
    struct sn_frame frame = {node->address, SN_CTRL_FROM_NODE, {NULL, 0}};

    frame.ctrl |= node->nr ? SN_CTRL_NR : 0;
    if (what == SN_BUS_JOIN) {
        frame.addr = SN_ADDR_UNASSIGNED;
        frame.ctrl = SN_CTRL_FROM_NODE | sn_ctrl_of(SN_FRAME_JOINREQ);
        frame.payload = span_of(node->identity, SN_BUS_JOINREQ_LEN);
    } else if (node->packet == NULL) {
        frame.ctrl |= sn_ctrl_of(SN_FRAME_IDLE);
    } else {
        frame.payload = span_of(node->packet, node->len);
        frame.ctrl |= (node->ns ? SN_CTRL_NS : 0) | (node->starts ? SN_CTRL_START : 0);
        node->said = true;
    }
    return sn_frame_encode(&frame, out, size);
}

size_t sn_bus_node_output(struct sn_bus_node *node, uint32_t now_us, uint8_t *out, size_t size)
{
    enum sn_bus_plan what = (enum sn_bus_plan)node->plan;
    uint32_t late = now_us - node->due_us;

    if (what == SN_BUS_SILENT || late > INT32_MAX || size == 0) {
        return 0;
    }
    if (what == SN_BUS_TURN && node->turns > 0) {
        node->turns--;
        node->due_us += us_of(node->timing.response);
        return 0;
    }
    node->plan = SN_BUS_SILENT;
    if (late > us_of(what == SN_BUS_TURN ? node->timing.response / 2u : node->timing.slot / 4u)) {
        return 0;
    }
    if (what == SN_BUS_SLOT) {
        *out = node->address != 0 ? node->address : SN_ADDR_UNASSIGNED;
        return node->packet != NULL || node->address == 0;
    }
    return say(node, what, out, size);
}
