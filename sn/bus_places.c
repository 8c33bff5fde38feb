/* sn/bus_places.c - who has which address, and what is to be sent to it. */
#include <string.h>

#include "sn/bus_parts.h"

#define GONE_TIMES 3u /* said: the address may be another's soon, and one frame may be lost */

/* --- addresses ------------------------------------------------------------------------------- */

bool sn_bus_init(struct sn_bus_master *bus, const struct sn_bus_config *config, uint64_t now_us)
{
    size_t letter = sizeof(struct sn_bus_letter) + config->mtu;

    memset(bus, 0, sizeof *bus);
    bus->config = *config;
    bus->until_us = now_us;
    bus->free_us = now_us;
    bus->host_us8 = (uint64_t)SN_BUS_HOST_FIRST_US * 4;
    bus->host_var4 = SN_BUS_HOST_FIRST_US / 2;
    bus->all = 0xFF;
    bus->buffer = reserve(sn_bus_buffer(config));
    pool_init(&bus->letters, (letter + 7) & ~(size_t)7, config->queue);
    if (bus->buffer == NULL) {
        return false;
    }
    sn_frame_init(&bus->decoder, bus->buffer, sn_bus_buffer(config));
    return true;
}

void sn_bus_fini(struct sn_bus_master *bus)
{
    pool_fini(&bus->letters);
    release(bus->buffer);
    bus->buffer = NULL;
}

uint8_t sn_bus_address_of(const struct sn_bus_master *bus, const uint8_t uid[SN_BUS_UID])
{
    for (unsigned i = SN_ADDR_FIRST; i <= SN_ADDR_LAST; i++) {
        if (bus->places[i].given && memcmp(bus->places[i].uid, uid, SN_BUS_UID) == 0) {
            return (uint8_t)i;
        }
    }
    return 0;
}

static bool is_in_range(const struct sn_bus_master *bus, unsigned address)
{
    return address >= bus->config.first && address <= bus->config.last;
}

uint8_t sn_bus_free_address(const struct sn_bus_master *bus, uint8_t wanted)
{
    unsigned address = bus->config.first;

    if (wanted != 0) {
        return is_in_range(bus, wanted) && !bus->places[wanted].given ? wanted : 0;
    }
    while (is_in_range(bus, address) && bus->places[address].given) {
        address++;
    }
    return is_in_range(bus, address) ? (uint8_t)address : 0;
}

static void drop_letters(struct sn_bus_master *bus, struct sn_bus_place *place)
{
    while (place->first != NULL) {
        struct sn_bus_letter *letter = place->first;

        place->first = letter->next;
        pool_give(&bus->letters, letter);
    }
    place->last = NULL;
}

bool sn_bus_give(struct sn_bus_master *bus, const uint8_t uid[SN_BUS_UID], uint8_t address)
{
    struct sn_bus_place *place = &bus->places[address];

    if (!is_in_range(bus, address) || (place->given && memcmp(place->uid, uid, SN_BUS_UID) != 0)) {
        return false;
    }
    bus->given = (uint8_t)(bus->given + !place->given);
    place->given = true;
    place->based = false;
    place->known = false;
    memcpy(place->uid, uid, SN_BUS_UID);
    return true;
}

void sn_bus_take_back(struct sn_bus_master *bus, uint8_t address)
{
    struct sn_bus_place *place = &bus->places[address];

    if (place->given) {
        bus->given--;
        drop_letters(bus, place);
        memset(place, 0, sizeof *place);
        for (unsigned i = 0; i < GONE_TIMES; i++) {
            sn_bus_tell_gone(bus, address);
        }
    }
}

void sn_bus_assign(struct sn_bus_master *bus, const uint8_t uid[SN_BUS_UID], uint8_t address,
                   uint8_t rest_s)
{
    struct sn_bus_assign *next = &bus->assign[bus->assigns];

    if (bus->assigns == SN_BUS_JOIN_MOST) {
        return; /* it asks again */
    }
    memcpy(next->uid, uid, SN_BUS_UID);
    next->address = address != 0 ? address : SN_ADDR_UNASSIGNED;
    next->more = address != 0 ? bus->config.table : rest_s;
    next->gone = false;
    bus->assigns++;
}

void sn_bus_tell_gone(struct sn_bus_master *bus, uint8_t address)
{
    if (bus->assigns < SN_BUS_JOIN_MOST) {
        bus->assign[bus->assigns++] = (struct sn_bus_assign){.address = address, .gone = true};
    }
}

/* --- letters --------------------------------------------------------------------------------- */

bool sn_bus_has_room(const struct sn_bus_master *bus)
{
    return bus->letters.used < bus->letters.limit;
}

bool sn_bus_send(struct sn_bus_master *bus, uint8_t address, struct span packet, bool is_answer,
                 uint32_t tag)
{
    struct sn_bus_place *place = &bus->places[address <= SN_ADDR_LAST ? address : 0];
    struct sn_bus_letter *letter = NULL;

    if (!place->given || packet.len > bus->config.mtu) {
        return false;
    }
    letter = pool_take(&bus->letters);
    if (letter == NULL) {
        return false;
    }
    letter->tag = tag;
    letter->len = (uint16_t)packet.len;
    memcpy(letter->octets, packet.at, packet.len);
    if (place->first == NULL) {
        place->first = letter;
        place->last = letter;
    } else if (is_answer && !place->tried) {
        letter->next = place->first;
        place->first = letter;
    } else if (is_answer) { /* behind the one under way */
        letter->next = place->first->next;
        place->first->next = letter;
        place->last = letter->next == NULL ? letter : place->last;
    } else {
        place->last->next = letter;
        place->last = letter;
    }
    return true;
}
