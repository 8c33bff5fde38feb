/* tests/hub/far.h - the far broker of a site's upstreams, for tests that read packets. */
#ifndef TESTS_HUB_FAR_H
#define TESTS_HUB_FAR_H

#include "mqtt/packet.h"
#include "tests/hub/fixture.h"

/* Connects upstream `i`, which waits for its dial, and answers CONNECT; what it says at once is
 * read and forgotten. */
void far_accept(struct site *site, size_t i, bool present);
void far_cut(struct site *site, size_t i);

void far_says(struct site *site, size_t i, struct span octets);
void far_publishes(struct site *site, size_t i, const struct mqtt_packet *publish);
void far_acks(struct site *site, size_t i, enum mqtt_type type, uint16_t packet_id);

/* The next packet that upstream `i` sends, but for those of the connection itself and
 * acknowledgements; false: it says no more now. Lives until the next call. */
bool far_hears(struct site *site, size_t i, struct mqtt_packet *packet);

/* What was said and not read is forgotten. */
void far_forget(void);

/* It is a PUBLISH of this topic and payload. */
void far_hears_publish(struct site *site, size_t i, const char *topic, const char *payload);
void far_hears_nothing(struct site *site, size_t i);

/* Publishes here as the gateway does. */
void here_publish(struct site *site, const struct mqtt_publication *p);
void here_say(struct site *site, const char *topic, const char *payload, uint8_t qos);

#endif
