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

#define HUB_BUS_WAITING  32u    /* devices that wait to be let in, the last that asked */
#define HUB_BUS_ASKED_MS 60000u /* one that did not ask for so long waits no more */
#define HUB_BUS_REST_S   5u     /* one who is not let in asks again after so long */

struct hub_waiting {
    uint8_t uid[SN_BUS_UID];
    uint64_t asked_ms; /* 0: the place is free */
};

struct hub_bus {
    struct sn_bus_master master;
    struct hub_waiting waiting[HUB_BUS_WAITING];
    uint64_t open_until_ms; /* all are let in */
    uint64_t row;           /* number of its own row; 0: not kept yet */
    uint64_t rows[SN_ADDR_LAST + 1];
};

/* One for each listener of type rs485. False: no memory. */
bool hub_buses_init(struct hub *hub, uint64_t seed, uint64_t now_ms);
void hub_buses_fini(struct hub *hub);

/* A row of TABLE_LEASE; those of listeners that are none any more are passed over. */
void hub_lease_restore(struct hub *hub, const struct record *record);
/* All are restored: another run begins. */
void hub_buses_restored(struct hub *hub, uint64_t now_ms);

/* Lets all devices in for `ms`. False: there is no bus, or none that calls newcomers. */
bool hub_enrol(struct hub *hub, uint64_t ms, uint64_t now_ms);

/* The devices that wait, one by one; *place begins as 0. False: no more. The spans are the hub's.
 */
bool hub_waiting_next(const struct hub *hub, size_t *place, uint64_t now_ms, struct span *listener,
                      struct span *uid);

/* The device is on a bus and may stay, from now on. */
enum hub_let {
    HUB_LET_IN,
    HUB_LET_HAS,       /* it had an address */
    HUB_LET_FULL,      /* no address is free */
    HUB_LET_NOT_THERE, /* it does not wait */
};
enum hub_let hub_bus_let_in(struct hub *hub, struct span uid, uint64_t now_ms);

/* The node of the device with that uid; NULL: none is known. */
struct hub_node *hub_bus_node(const struct hub *hub, struct span uid);

/* The device at `peer`, if that is a place of a bus, has its address no more. */
void hub_bus_forget(struct hub *hub, const struct sn_peer *peer, uint64_t now_ms);

/* The uid of the device at `peer`; empty: it is no bus, or nobody has that address. */
struct span hub_bus_uid(const struct hub *hub, const struct sn_peer *peer);

#endif
