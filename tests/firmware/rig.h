/* tests/firmware/rig.h - one node on a bench: virtual time, octets in, octets and events out. */
#ifndef TESTS_FIRMWARE_RIG_H
#define TESTS_FIRMWARE_RIG_H

#include "firmware/snode.h"
#include "sn/packet.h"
#include "tests/support.h"

enum { RIG_TEMP, RIG_LED, RIG_TOPICS };
enum { RIG_RETRY_MS = 1000, RIG_RETRIES = 3, RIG_KEEPALIVE_S = 60, RIG_WAIT_MS = 300000 };
/* A repetition is due at the latest after this, jitter included. */
enum { RIG_LATEST_MS = 1250, RIG_MTU = 64, RIG_DATA = 32, RIG_NAMES = 24 };

struct rig {
    struct snode node;
    struct snode_config config;
    uint16_t ids[RIG_TOPICS];
    uint8_t data[RIG_DATA];
    uint8_t names[RIG_NAMES];
    uint8_t out[RIG_MTU];
    struct snode_event event; /* the last one taken */
    uint32_t now_ms;
};

/* cmocka fixtures: *state is a struct rig, off or connected (CleanSession, keep alive 60 s). */
int rig_off(void **state);
int rig_connected(void **state);
int rig_free(void **state);

/* As rig_off, with the will "w" of QoS 1, retained, saying "gone". */
int rig_with_will(void **state);

/* Macros named as cmocka names its own: they hand on the place of the test. */
/* NOLINTBEGIN(readability-identifier-naming) */

/* The gateway's packet `octets` arrives. */
#define rig_rx(rig, octets) rig_take(rig, WIRE_SPAN(octets))
void rig_take(struct rig *rig, struct span wire);

/* Time passes, and the timers are looked at. */
void rig_pass(struct rig *rig, uint32_t ms);

/* The node sends this packet next, without being waited for. */
#define rig_sends(rig, octets) rig_check(rig, WIRE_SPAN(octets), __FILE__, __LINE__)
void rig_check(struct rig *rig, struct span want, const char *file, int line);

/* It sends nothing now. */
#define rig_quiet(rig) rig_sends(rig, "")

/* The next event. */
#define rig_tells(rig, news, code) rig_news(rig, news, code, __FILE__, __LINE__)
void rig_news(struct rig *rig, enum snode_news news, uint8_t code, const char *file, int line);

#define rig_tells_nothing(rig) assert_false(snode_event(&(rig)->node, &(rig)->event))

/* Publishes `text` at `qos` on the config's topic `index`. */
enum snode_err rig_publish(struct rig *rig, uint16_t index, int8_t qos, const char *text);

/* Does REGISTER and REGACK of RIG_TEMP (MsgId 1), which gets the id 0x0007. */
void rig_register(struct rig *rig);

/* DISCONNECT for 600 s and its answer; or as often as needed without any. */
void rig_sleep(struct rig *rig);

/* The packet `octets` is sent RIG_RETRIES + 1 times if nobody answers, `again` being how it
 * looks the second time on; then the node gives up: the next event is taken by the caller. */
#define rig_repeats(rig, octets, again) \
    rig_exhaust(rig, WIRE_SPAN(octets), WIRE_SPAN(again), __FILE__, __LINE__)
void rig_exhaust(struct rig *rig, struct span first, struct span again, const char *file, int line);

/* NOLINTEND(readability-identifier-naming) */

#endif
