/* mqtt/layout.h - which fields a packet has: the table that packet.c reads by and packet_out.c
 * writes by. For these two alone. */
#ifndef MQTT_LAYOUT_H
#define MQTT_LAYOUT_H

#include "mqtt/packet.h"

/* In the order of the wire. Those of CONNECT's payload are there when its flags say so. */
enum field {
    END,
    PROTOCOL, /* name and level */
    CONNECT_FLAGS,
    KEEPALIVE,
    CLIENT_ID,
    WILL_TOPIC,
    WILL_PAYLOAD,
    USERNAME,
    PASSWORD,
    PRESENT,
    CODE,
    TOPIC,
    ID,
    ID_IF_QOS,
    FILTERS,
    CODES,
    PAYLOAD
};

#define FIELDS 9     /* with END */
#define ANY    0x80u /* of `flags`: every value of the low four bits is good */
#define OLD    0x40u /* of `flags`: MQTT 3.1 may set DUP */

struct mqtt_layout {
    uint8_t flags; /* what the low bits of the first octet must be [MQTT-2.2.2-1] */
    uint8_t fields[FIELDS];
};

extern const struct mqtt_layout mqtt_layouts[MQTT_TYPES];

/* The flag of CONNECT by which each field of its payload is there. */
extern const uint8_t mqtt_needs[PASSWORD + 1];

extern const struct span mqtt_name_3_1_1;
extern const struct span mqtt_name_3_1;

#endif
