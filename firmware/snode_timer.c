/* Which packet is under way, when it is sent again, and what happens when nobody answers. */
#include "firmware/snode_parts.h"

/* Numerical Recipes' generator: the low bits are poor, so the high ones are used. */
static uint32_t jitter(struct snode *node, uint32_t below)
{
    node->seed = node->seed * 1664525u + 1013904223u;
    return below == 0 ? 0 : (node->seed >> 8) % below;
}

void snode_restart(struct snode *node, uint32_t now_ms)
{
    uint32_t retry_ms = node->config->retry_ms;

    node->step.due_ms = now_ms + retry_ms + jitter(node, retry_ms / 4);
}

void snode_postpone(struct snode *node, uint32_t now_ms)
{
    if (node->step.type != SNODE_NOTHING && node->step.sent) {
        snode_restart(node, now_ms);
    }
}

void snode_hold(struct snode *node, uint32_t now_ms)
{
    snode_tell(node, SNODE_CONGESTED, SN_RC_CONGESTION);
    node->step.type = SNODE_NOTHING;
    node->held = true;
    node->held_ms = now_ms + node->config->wait_ms;
}

/* Early enough for the answer to be late once, and counted from the last packet sent (6.11). */
static uint32_t ping_ms(const struct snode *node)
{
    uint32_t keepalive_ms = node->config->keepalive_s * 1000u;
    uint32_t early_ms = node->config->retry_ms;

    if (early_ms > keepalive_ms / 4) {
        early_ms = keepalive_ms / 4;
    }
    return node->sent_ms + keepalive_ms - early_ms;
}

static bool watched(const struct snode *node)
{
    return node->state == SNODE_ACTIVE && node->config->keepalive_s != 0;
}

/* Something is wanted that "congestion" puts off. */
static bool waits(const struct snode *node)
{
    uint8_t type = node->want.type;

    return node->held && (node->state == SNODE_CONNECTING ||
                          (type != SNODE_NOTHING && type != SN_DISCONNECT && type != SN_PINGREQ));
}

static uint8_t packet_wanted(const struct snode *node)
{
    const struct snode_request *want = &node->want;

    if (want->type != SN_PUBLISH) {
        return want->type;
    }
    if (want->received) {
        return SN_PUBREL;
    }
    return want->topic.by == SNODE_BY_INDEX && node->memory.ids[want->topic.id] == 0 ? SN_REGISTER
                                                                                     : SN_PUBLISH;
}

/* DISCONNECT for good needs no connection; that for sleep does. */
static bool leaves(const struct snode_request *want)
{
    return want->type == SN_DISCONNECT && want->duration_s == 0;
}

static uint8_t next_packet(const struct snode *node, uint32_t now_ms)
{
    if (!waits(node)) {
        if (node->state == SNODE_CONNECTING && !leaves(&node->want)) {
            return SN_CONNECT;
        }
        if (node->want.type != SNODE_NOTHING) {
            return packet_wanted(node);
        }
    }
    return watched(node) && snode_reached(now_ms, ping_ms(node)) ? SN_PINGREQ : SNODE_NOTHING;
}

static uint16_t next_msg_id(struct snode *node)
{
    node->last_msg_id = node->last_msg_id == UINT16_MAX ? 1 : (uint16_t)(node->last_msg_id + 1);
    return node->last_msg_id;
}

static uint16_t msg_id_of(struct snode *node, uint8_t type)
{
    switch (type) {
    case SN_REGISTER:
    case SN_SUBSCRIBE:
    case SN_UNSUBSCRIBE: return next_msg_id(node);
    case SN_PUBLISH:
        if (node->want.qos > 0 && node->want.msg_id == 0) {
            node->want.msg_id = next_msg_id(node);
        }
        return node->want.msg_id;
    case SN_PUBREL: return node->want.msg_id;
    default: return 0;
    }
}

void snode_choose(struct snode *node, uint32_t now_ms)
{
    uint8_t type;

    if (node->step.type != SNODE_NOTHING) {
        return;
    }
    type = next_packet(node, now_ms);
    node->step = (struct snode_step){.type = type, .msg_id = msg_id_of(node, type)};
}

/* 6.14: a DISCONNECT that nobody answers ends as if it were answered. */
static void give_up(struct snode *node)
{
    bool to_sleep = node->want.duration_s != 0;

    switch (node->step.type) {
    case SN_DISCONNECT:
        snode_stop(node, to_sleep ? SNODE_ASLEEP : SNODE_OFF,
                   to_sleep ? SNODE_SLEEPS : SNODE_DISCONNECTED, SNODE_NO_ANSWER);
        break;
    default:
        snode_stop(node, node->state >= SNODE_ASLEEP ? SNODE_ASLEEP : SNODE_OFF, SNODE_SILENT,
                   node->step.type);
        break;
    }
}

static uint32_t sooner(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t until(uint32_t now_ms, uint32_t due_ms)
{
    return snode_reached(now_ms, due_ms) ? 0 : due_ms - now_ms;
}

uint32_t snode_poll(struct snode *node, uint32_t now_ms)
{
    struct snode_step *step = &node->step;
    uint32_t wait_ms = SNODE_FOREVER;

    if (node->held && snode_reached(now_ms, node->held_ms)) {
        node->held = false;
    }
    if (step->type != SNODE_NOTHING && step->sent && snode_reached(now_ms, step->due_ms)) {
        step->sent = false;
        if (step->tries > node->config->retries) {
            give_up(node);
        }
    }
    snode_choose(node, now_ms);
    if (step->type != SNODE_NOTHING) {
        wait_ms = step->sent ? until(now_ms, step->due_ms) : 0;
    } else if (watched(node)) {
        wait_ms = until(now_ms, ping_ms(node));
    }
    if (waits(node)) {
        wait_ms = sooner(wait_ms, until(now_ms, node->held_ms));
    }
    return node->brief_count != 0 || node->answer_count != 0 ? 0 : wait_ms;
}
