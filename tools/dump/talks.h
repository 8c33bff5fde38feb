/* tools/dump/talks.h - what was said before: names of topic ids, and of nodes, per conversation.
 *
 * A conversation is two addresses, or the two ends of a serial line, and behind a forwarder a node
 * id. Bounded by TALKS_MOST conversations and TALKS_OCTETS of names; what is full forgets all.
 * Ownership: it copies what it keeps; a name that it gives lives until the next call.
 */
#ifndef TOOLS_DUMP_TALKS_H
#define TOOLS_DUMP_TALKS_H

#include "base/map.h"
#include "tools/dump/packet.h"

enum { TALKS_MOST = 16384, TALKS_OCTETS = 8 << 20 };

struct talks {
    struct map talks;
    struct map names;
    uint32_t number; /* of the last conversation */
    size_t octets;   /* of names, and of those that wait for an id */
    size_t forgot;   /* how often all was forgotten */
};

/* What is known about a packet. */
struct talk_notes {
    struct span topic;  /* the name of its topic id; empty: not known, or it has none */
    struct span client; /* id of the node; empty: not known */
    bool from_client;   /* else it goes to that node; only if `client` is known */
};

/* False: no memory. */
bool talks_init(struct talks *talks);
void talks_fini(struct talks *talks);

/* Learns from `packet`, and says what is known about it. */
struct talk_notes talks_note(struct talks *talks, const struct dump_packet *packet);

#endif
