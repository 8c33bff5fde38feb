/* A node on a bus, by a terminal: its turns in time, and packets that wait for them. */
#include <string.h>
#include <time.h>

#include "firmware/ports/posix/link.h"

static uint32_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u);
}

bool snode_link_bus(struct snode_link *link, const char *device, unsigned long baud,
                    const uint8_t uid[SN_BUS_UID])
{
    if (!snode_link_serial(link, device, baud)) {
        return false;
    }
    link->bus = true;
    memcpy(link->uid, uid, SN_BUS_UID);
    sn_bus_node_init(&link->at_bus, link->uid, link->frame, sizeof link->frame);
    link->at_bus.timing = sn_bus_timing_at((uint32_t)baud, 10);
    return true;
}

uint32_t snode_link_due_us(const struct snode_link *link)
{
    uint32_t due_us = 0;
    uint32_t left_us = 0;

    if (!link->bus || !sn_bus_node_due(&link->at_bus, &due_us)) {
        return UINT32_MAX;
    }
    left_us = due_us - now_us();
    return left_us > INT32_MAX ? 0 : left_us;
}

static void hand_over(struct snode_link *link)
{
    if (link->waiting > 0) {
        sn_bus_node_send(&link->at_bus, span_of(link->queue[0].octets, link->queue[0].len));
        link->since_us = now_us();
    }
}

static void drop_first(struct snode_link *link)
{
    link->waiting--;
    memmove(&link->queue[0], &link->queue[1], link->waiting * sizeof link->queue[0]);
    hand_over(link);
}

/* The first is the link's until it was acknowledged. */
static void feed(struct snode_link *link)
{
    if (link->waiting > 0 && !sn_bus_node_is_busy(&link->at_bus)) {
        drop_first(link);
    }
}

bool snode_link_is_busy(struct snode_link *link, uint32_t most_ms)
{
    if (link->waiting > 0 && (now_us() - link->since_us) / 1000 > most_ms) {
        drop_first(link); /* the node says it again, or not */
    }
    return link->waiting > 0;
}

void snode_bus_send(struct snode_link *link, struct span packet)
{
    if (link->waiting == SNODE_BUS_QUEUE || packet.len > SNODE_BUS_MTU) {
        return; /* as good as lost on the way: it is repeated */
    }
    memcpy(link->queue[link->waiting].octets, packet.at, packet.len);
    link->queue[link->waiting].len = (uint16_t)packet.len;
    link->waiting++;
    if (link->waiting == 1) {
        hand_over(link);
    }
}

static void speak(struct snode_link *link)
{
    uint8_t out[SN_FRAME_ENCODED(SNODE_BUS_MTU)];
    uint32_t due_us = 0;

    while (sn_bus_node_due(&link->at_bus, &due_us) && now_us() - due_us <= INT32_MAX) {
        size_t len = sn_bus_node_output(&link->at_bus, now_us(), out, sizeof out);

        if (len > 0) {
            snode_serial_write(link, span_of(out, len));
        }
    }
}

bool snode_bus_receive(struct snode_link *link, struct span *packet)
{
    bool got = false;

    do {
        got = sn_bus_node_input(&link->at_bus, &link->rest, now_us(), packet);
    } while (!got && snode_serial_read(link));
    feed(link);
    speak(link);
    return got;
}
