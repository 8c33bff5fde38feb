/* Any octets at any time, to a node and to the master of a bus: no fault, nothing said that does
 * not fit, a deadline that comes, and after all of it a good node is served. */
#include <stdlib.h>

#include "sn/bus_master.h"

#define MTU 64u

static const uint8_t uid[SN_BUS_IDENTITY] = {9, 9, 9, 9, 9, 9, 9, 9};

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

static void answer(struct sn_bus_master *bus, const struct sn_bus_news *news)
{
    uint8_t address = 0;

    if (news->kind != SN_BUS_ASKS) {
        return;
    }
    require(news->uid.len == SN_BUS_UID);
    address = sn_bus_address_of(bus, news->uid.at);
    address = address != 0 ? address : sn_bus_free_address(bus, news->wanted);
    require(address == 0 || sn_bus_give(bus, news->uid.at, address));
    sn_bus_assign(bus, news->uid.at, address, 1);
}

static void hear(struct sn_bus_master *bus, struct span octets, uint64_t now_us)
{
    struct sn_bus_news news;

    while (sn_bus_input(bus, &octets, now_us, &news)) {
        answer(bus, &news);
    }
}

/* One exchange without damage: what the master says, and what the node says to it. */
static void talk(struct sn_bus_master *bus, struct sn_bus_node *node, uint64_t *now_us)
{
    uint8_t out[SN_BUS_OUTPUT(MTU)];
    struct span said = {NULL, 0};
    struct span packet;
    uint32_t due_us = 0;

    *now_us = sn_bus_deadline(bus) > *now_us ? sn_bus_deadline(bus) : *now_us;
    hear(bus, said, *now_us);
    said = span_of(out, sn_bus_output(bus, out, sizeof out, *now_us));
    *now_us += said.len * 87;
    while (sn_bus_node_input(node, &said, (uint32_t)*now_us, &packet)) {
    }
    while (sn_bus_node_due(node, &due_us)) {
        size_t len = 0;

        *now_us += due_us - (uint32_t)*now_us;
        len = sn_bus_node_output(node, (uint32_t)*now_us, out, sizeof out);
        hear(bus, span_of(out, len), *now_us + len * 87);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sn_bus_master bus;
    struct sn_bus_config config = {.baud = 115200,
                                   .bits = 10,
                                   .first = 1,
                                   .last = 247,
                                   .table = 1,
                                   .mtu = MTU,
                                   .queue = 16,
                                   .effort_us = 500000,
                                   .timing = sn_bus_timing_at(115200, 10)};
    struct sn_bus_node node;
    uint8_t buffer[SN_FRAME_BUFFER(MTU)];
    uint8_t out[SN_BUS_OUTPUT(MTU)];
    struct reader r = reader_of(span_of(data, size));
    static const uint8_t packet[] = {7, 0x0D, 0, 1, 0, 1, 0};
    uint64_t now_us = 1;

    require(sn_bus_init(&bus, &config, now_us));
    sn_bus_node_init(&node, uid, buffer, sizeof buffer);
    node.timing = config.timing;
    while (read_left(&r) > 2) {
        uint8_t what = read_u8(&r);
        size_t len = read_u8(&r) % 32;
        struct span octets = read_span(&r, len < read_left(&r) ? len : read_left(&r));
        struct span came;

        now_us += (uint64_t)(what >> 2) * 50;
        switch (what & 3) {
        case 0: hear(&bus, octets, now_us); break;
        case 1:
            while (sn_bus_node_input(&node, &octets, (uint32_t)now_us, &came)) {
                require(came.len <= MTU);
            }
            break;
        case 2:
            (void)sn_bus_send(&bus, (uint8_t)len, span_of(packet, sizeof packet), len % 2, 0);
            break;
        default: sn_bus_node_send(&node, span_of(packet, sizeof packet)); break;
        }
        require(sn_bus_output(&bus, out, sizeof out, now_us) <= sizeof out);
        require(sn_bus_node_output(&node, (uint32_t)now_us, out, sizeof out) <= sizeof out);
        require(sn_bus_deadline(&bus) < now_us + 60000000);
    }
    node.rest = 0;
    for (unsigned i = 0; i < 4000 && (node.address == 0 || sn_bus_node_is_busy(&node)); i++) {
        talk(&bus, &node, &now_us);
    }
    require(node.address != 0 && !sn_bus_node_is_busy(&node));
    sn_bus_fini(&bus);
    return 0;
}
