/* decode sn|mqtt TIMES - decodes one PUBLISH with a payload of 16 octets so many times, for an
 * instruction counter that looks at the decoder alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/packet.h"
#include "sn/packet.h"

/* QoS 1, topic id 7, message 0x0102 */
static const uint8_t sn_publish[] = "\x17\x0c\x20\0\x07\x01\x02"
                                    "0123456789abcdef";
/* QoS 1, topic farm/bed-1/t, packet id 0x0102 */
static const uint8_t mqtt_publish[] = "\x32\x20\0\x0c"
                                      "farm/bed-1/t"
                                      "\x01\x02"
                                      "0123456789abcdef";

int main(int argc, char **argv)
{
    unsigned long times = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    unsigned long good = 0;

    for (unsigned long i = 0; i < times; i++) {
        if (strcmp(argv[1], "sn") == 0) {
            struct sn_packet pkt;
            good += sn_packet_decode(&pkt, span_of(sn_publish, sizeof sn_publish - 1)) == SN_OK;
        } else {
            struct mqtt_packet pkt;
            good += mqtt_packet_decode(&pkt, span_of(mqtt_publish, sizeof mqtt_publish - 1), 4) ==
                    MQTT_OK;
        }
    }
    return good == times && times != 0 ? 0 : 1;
}
