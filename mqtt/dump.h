/* mqtt/dump.h - a packet as one line of text, for logs and failing tests.
 *
 *     PUBLISH qos 1 retain id 258 topic "a/b" "T=21"
 *
 * A password is never shown, only its length.
 */
#ifndef MQTT_DUMP_H
#define MQTT_DUMP_H

#include "base/bytes.h"
#include "mqtt/packet.h"

/* The name that the specification gives the type; "reserved" for others. */
const char *mqtt_type_name(enum mqtt_type type);

/* Writes `pkt` without an end of line. What does not fit is cut and sets w->bad. */
void mqtt_dump_packet(struct writer *w, const struct mqtt_packet *pkt);

/* As above from octets; what does not decode is written with the reason and in hexadecimal. */
void mqtt_dump_wire(struct writer *w, struct span wire);

#endif
