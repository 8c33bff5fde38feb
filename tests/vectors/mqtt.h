/* tests/vectors/mqtt.h - packets of MQTT 3.1.1 (and 3.1) written out, and what they say. */
#ifndef TESTS_VECTORS_MQTT_H
#define TESTS_VECTORS_MQTT_H

#include "mqtt/packet.h"
#include "tests/support.h"

struct mqtt_vector {
    struct span wire;
    const char *text; /* as mqtt/dump writes it */
};

/* clang-format off */
static const struct mqtt_vector mqtt_vectors[] = {
    {{WIRE("\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01" "a")},
     "CONNECT level 4 clean keepalive 60 client \"a\""},
    {{WIRE("\x10\x0c\0\x04MQTT\x04\x02\0\0\0\0")},
     "CONNECT level 4 clean keepalive 0 client \"\""},
    {{WIRE("\x10\x1d\0\x04MQTT\x04\xee\0\x0a\0\x01" "c" "\0\x02w/" "\0\x02no" "\0\x01u" "\0\x03pw\0")},
     "CONNECT level 4 clean keepalive 10 client \"c\" will qos 1 retain topic \"w/\" \"no\" user \"u\""
     " password of 3"},
    {{WIRE("\x10\x12\0\x04MQTT\x84\x14\xff\xff\0\x01" "b" "\0\x01t" "\0\0")},
     "CONNECT level 4 bridge keepalive 65535 client \"b\" will qos 2 topic \"t\" \"\""},
    {{WIRE("\x10\x0f\0\x06MQIsdp\x03\0\0\x05\0\x01" "o")},
     "CONNECT level 3 keepalive 5 client \"o\""},
    {{WIRE("\x20\x02\0\0")}, "CONNACK code 0"},
    {{WIRE("\x20\x02\x01\0")}, "CONNACK code 0 present"},
    {{WIRE("\x20\x02\0\x05")}, "CONNACK code 5"},
    {{WIRE("\x30\x07\0\x03" "a/b" "21")}, "PUBLISH qos 0 topic \"a/b\" \"21\""},
    {{WIRE("\x31\x03\0\x01" "a")}, "PUBLISH qos 0 retain topic \"a\" \"\""},
    {{WIRE("\x3b\x09\0\x03" "a/b" "\x01\x02" "x\0")},
     "PUBLISH qos 1 dup retain id 258 topic \"a/b\" \"x\\x00\""},
    {{WIRE("\x34\x08\0\x04" "$/\xc2\x80" "\0\x01")}, "PUBLISH qos 2 id 1 topic \"$/\xc2\x80\" \"\""},
    {{WIRE("\x40\x02\0\x01")}, "PUBACK id 1"},
    {{WIRE("\x50\x02\xff\xff")}, "PUBREC id 65535"},
    {{WIRE("\x62\x02\x01\0")}, "PUBREL id 256"},
    {{WIRE("\x70\x02\0\x07")}, "PUBCOMP id 7"},
    {{WIRE("\x82\x08\0\x01\0\x03" "a/#" "\x02")}, "SUBSCRIBE id 1 \"a/#\" qos 2"},
    {{WIRE("\x82\x0a\0\x02\0\x01" "+" "\0" "\0\x01" "#" "\x01")},
     "SUBSCRIBE id 2 \"+\" qos 0 \"#\" qos 1"},
    {{WIRE("\x90\x06\0\x02\0\x01\x02\x80")}, "SUBACK id 2 codes 00010280"},
    {{WIRE("\xa2\x09\0\x03\0\x01" "/" "\0\x02" "a/")}, "UNSUBSCRIBE id 3 \"/\" \"a/\""},
    {{WIRE("\xb0\x02\0\x03")}, "UNSUBACK id 3"},
    {{WIRE("\xc0\0")}, "PINGREQ"},
    {{WIRE("\xd0\0")}, "PINGRESP"},
    {{WIRE("\xe0\0")}, "DISCONNECT"},
};
/* clang-format on */

#endif
