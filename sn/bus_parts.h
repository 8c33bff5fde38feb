/* sn/bus_parts.h - what the files of the bus master share; nobody else includes it. */
#ifndef SN_BUS_PARTS_H
#define SN_BUS_PARTS_H

#include "sn/bus_master.h"

/* Octets of `buffer`: what a frame cannot be longer than is none. */
static inline size_t sn_bus_buffer(const struct sn_bus_config *config)
{
    size_t size = SN_FRAME_BUFFER((size_t)config->mtu);

    return size < SN_FRAME_BUFFER_MOST ? size : SN_FRAME_BUFFER_MOST;
}

/* Something is to be sent to it in this cycle. */
bool sn_bus_owes(const struct sn_bus_master *bus, const struct sn_bus_place *place);

/* Octets came in a turn, or the last turn was had: how long to wait now. */
void sn_bus_turn_goes_on(struct sn_bus_master *bus, uint64_t now_us);

/* Whoever has that address is to ask for one anew. */
void sn_bus_tell_gone(struct sn_bus_master *bus, uint8_t address);

/* It is to be granted. */
void sn_bus_want(struct sn_bus_master *bus, uint8_t address);

/* Nobody says more. */
void sn_bus_phase_end(struct sn_bus_master *bus, uint64_t now_us);

#endif
