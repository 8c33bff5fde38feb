#!/usr/bin/env python3
"""What the gateway costs, beside mosquitto and a floor, in one run.

tests/bench/bench.py BUILD/bench [ROW,ROW...]. CPU is that of the server's process between "all
ready" and "all done"; where rounds are made, the least of each row counts. Compare only figures of
one run: they move with the machine. Nothing is asserted.
"""

import sys

sys.dont_write_bytecode = True

import rows_hostile  # noqa: E402
import rows_more  # noqa: E402
import rows_mqtt  # noqa: E402
import rows_nodes  # noqa: E402
import rows_store  # noqa: E402

TABLES = {
    "start": rows_more.start,
    "cpu": rows_mqtt.cpu,
    "latency": rows_mqtt.latency,
    "idle": rows_mqtt.idle,
    "retained": rows_mqtt.retained,
    "subscriptions": rows_mqtt.subscriptions,
    "match": rows_more.match,
    "wakeups": rows_mqtt.wakeups,
    "claims": rows_mqtt.claims,
    "nodes": rows_nodes.nodes,
    "mass": rows_nodes.mass,
    "connect": rows_nodes.connect,
    "fan": rows_nodes.fan,
    "burst": rows_nodes.burst,
    "durable": rows_store.durable,
    "restart": rows_store.restart,
    "hostile": rows_hostile.hostile,
    "instructions": rows_more.instructions,
    "calls": rows_more.calls,
}


def main():
    asked = [name for name in sys.argv[2:] for name in name.split(",") if name] or list(TABLES)
    unknown = [name for name in asked if name not in TABLES]
    if unknown:
        sys.exit(f"no rows {', '.join(unknown)}; there are {', '.join(TABLES)}")
    for name in asked:
        need = rows_more.lacks(TABLES[name])
        if need:
            print(f"\n{name}: no {need}, not measured")
        else:
            TABLES[name]()


main()
