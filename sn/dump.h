/* sn/dump.h - a packet as one line of text, for logs, `sedge watch` and failing tests.
 *
 *     PUBLISH qos 1 topic 7 msg 258 "T=21"
 *
 * Nodes do not link this: names live here.
 */
#ifndef SN_DUMP_H
#define SN_DUMP_H

#include "base/bytes.h"
#include "sn/packet.h"

/* The name that the specification gives the type; "reserved" for others. */
const char *sn_type_name(enum sn_type type);

/* Writes `pkt` without an end of line. What does not fit is cut and sets w->bad. */
void sn_dump_packet(struct writer *w, const struct sn_packet *pkt);

/* As above from octets; what does not decode is written with the reason and in hexadecimal. */
void sn_dump_wire(struct writer *w, struct span wire);

#endif
