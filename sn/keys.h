/* sn/keys.h - which predefined ids and short names a node has used in its session, and for what.
 *
 * Towards a node a topic goes under the KEY by which it subscribed to it, else under the one by
 * which it last published it, else under a normal id: a node that never used a KEY may not know it.
 * (CONFIG "Topic maps" 3) What a KEY means is looked up at use, so that it may come to mean another
 * topic meanwhile; sn/gate_keys.c does that.
 *
 * Ownership: one block, charged to the budget; none while no KEY was used.
 */
#ifndef SN_KEYS_H
#define SN_KEYS_H

#include "base/block.h"

enum sn_key_use { SN_KEY_SUBSCRIBED = 1, SN_KEY_PUBLISHED = 2 };

struct sn_key {
    uint16_t id; /* of a short name: its two octets */
    bool is_short;
    uint8_t uses; /* enum sn_key_use, a bit each; 0: not any more */
};

/* At most this many; a node that uses more is sent normal ids for the rest. */
#define SN_KEYS_MOST 1024u

/* The `i`-th, or NULL behind the last. */
struct sn_key *sn_keys_at(struct block *keys, size_t i);

/* Notes one use more. Without memory it is not noted. */
void sn_keys_add(struct block **keys, struct budget *budget, struct sn_key use);

#endif
