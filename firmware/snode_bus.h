/* snode_bus.h - a node on an RS-485 bus: sn/bus.h, which gateway and nodes share.
 *
 * A packet of snode_output goes to sn_bus_node_send, and is the bus's until sn_bus_node_is_busy is
 * false; until then snode_postpone tells the node, which does not repeat what waits for its turn.
 * firmware/examples/gauge is such a node.
 */
#ifndef FIRMWARE_SNODE_BUS_H
#define FIRMWARE_SNODE_BUS_H

#include "sn/bus.h"

#endif
