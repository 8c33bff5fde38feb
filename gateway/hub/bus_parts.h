/* gateway/hub/bus_parts.h - what the files of the buses share; nobody else includes it. */
#ifndef GATEWAY_HUB_BUS_PARTS_H
#define GATEWAY_HUB_BUS_PARTS_H

#include "base/text.h"
#include "gateway/hub/bus.h"

#define HUB_UID_TEXT (2u * SN_BUS_UID + 1u)

static inline void hub_write_uid(char out[HUB_UID_TEXT], struct span uid)
{
    struct writer w = writer_of((uint8_t *)out, HUB_UID_TEXT);

    write_hex(&w, uid);
    write_end(&w);
}

/* A device asks for an address: news of kind SN_BUS_ASKS. */
void hub_bus_asks(struct hub *hub, uint16_t listener, const struct sn_bus_news *news,
                  uint64_t now_ms);

#endif
