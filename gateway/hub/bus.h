/* gateway/hub/bus.h - the RS-485 buses: the master of each, whose address is whose, and the gate.
 *
 * A node of a bus is a peer of one octet, its address. Its device's uid, by which [node] uid knows
 * it, is told by hub_bus_uid. Which device has which address is kept in the store (TABLE_LEASE), as
 * is, with address 0, the number of that table and of the gateway's run.
 *
 * `enrol`: open gives an address to each device, ask to those that a [node] names by uid, and says
 * who else asks, closed to nobody new.
 */
#ifndef GATEWAY_HUB_BUS_H
#define GATEWAY_HUB_BUS_H

#include "gateway/hub/parts.h"
#include "sn/bus_master.h"

#define HUB_BUS_WAITING 16u /* uids that were said to wait */
#define HUB_BUS_REST_S  10u /* one who is not let in asks again after so long */

struct hub_bus {
    struct sn_bus_master master;
    uint8_t waiting[HUB_BUS_WAITING][SN_BUS_UID];
    unsigned waiting_count;
    uint64_t row; /* number of its own row; 0: not kept yet */
};

/* One for each listener of type rs485. False: no memory. */
bool hub_buses_init(struct hub *hub, uint64_t seed, uint64_t now_ms);
void hub_buses_fini(struct hub *hub);

/* A row of TABLE_LEASE; those of listeners that are none any more are passed over. */
void hub_lease_restore(struct hub *hub, const struct record *record);
/* All are restored: another run begins. */
void hub_buses_restored(struct hub *hub, uint64_t now_ms);

/* The uid of the device at `peer`; empty: it is no bus, or nobody has that address. */
struct span hub_bus_uid(const struct hub *hub, const struct sn_peer *peer);

#endif
