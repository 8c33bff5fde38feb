/* The way between node and gateway, which loses and doubles packets by the group's shares. */
#include "tools/sim/sim.h"

static bool happens(struct sim_node *node, long ppm)
{
    return ppm != 0 && rng_below(&node->rng, 1000000) < (uint64_t)ppm;
}

/* How many of a packet arrive, counted in `lost` and `doubled`. */
static int copies_of(struct sim_node *node, uint64_t *lost, uint64_t *doubled)
{
    if (happens(node, node->group->loss_ppm)) {
        ++*lost;
        return 0;
    }
    if (happens(node, node->group->duplicate_ppm)) {
        ++*doubled;
        return 2;
    }
    return 1;
}

void sim_way_send(struct sim *sim, struct sim_node *node)
{
    struct sim_counts *counts = &sim->counts;
    uint8_t tries = snode_tries(&node->node);
    size_t len;

    while ((len = snode_output(&node->node, sim->packet, sizeof sim->packet, sim_ms(sim))) != 0) {
        counts->packets_out++;
        counts->retried += snode_tries(&node->node) > 1 && snode_tries(&node->node) != tries;
        tries = snode_tries(&node->node);
        for (int i = copies_of(node, &counts->lost_out, &counts->doubled_out); i > 0; i--) {
            sim_net_send(&sim->net, (size_t)(node - sim->nodes), span_of(sim->packet, len));
        }
    }
}

void sim_way_receive(struct sim *sim, struct sim_node *node, struct span packet)
{
    struct sim_counts *counts = &sim->counts;

    counts->packets_in++;
    for (int i = copies_of(node, &counts->lost_in, &counts->doubled_in); i > 0; i--) {
        (void)snode_rx(&node->node, packet, sim_ms(sim));
        sim_node_run(sim, node);
    }
}
