/* tests/mqtt/site.h - sessions with a virtual store, in virtual time; operations as lines of text.
 *
 *     opened 1 | puback 7 | pubrec 7 | pubrel 7 | pubcomp 7 | suback 7 | unsuback 7 | other 7
 *     a/b=payload [q1 #7] [dup] [retain] [rule 3]
 */
#ifndef TESTS_MQTT_SITE_H
#define TESTS_MQTT_SITE_H

#include "mqtt/session.h"
#include "tests/support.h"

#define SITE_TEXT 65536

struct site_row {
    struct record record;
    uint8_t text[256];
    uint8_t body[256];
};

struct site {
    struct mqtt_limits limits;
    struct mqtt_quota quota; /* of what site_open opens */
    struct journal journal;
    struct mqtt_sessions ss;
    uint64_t now_ms;
    uint64_t seed;
    struct site_row *rows; /* the virtual store */
    size_t row_count;
    struct batch batch; /* written, and not said to be kept */
    bool batch_out;
    uint64_t batch_number;
    bool stored;  /* else the journal is off */
    bool by_hand; /* site_keep is called by the test, else before each look */
    char text[SITE_TEXT];
};

/* Limits and quota that no test reaches unless it lowers them. */
struct site *site_new(bool stored);
void site_free(struct site *site);

/* The process dies: what was not kept is gone; sessions come back out of the rows. */
void site_crash(struct site *site);

/* Writes what is pending, unless a batch is out; says that the batch that is out is kept; both. */
void site_write(struct site *site);
void site_kept(struct site *site);
void site_keep(struct site *site);

size_t site_rows(const struct site *site, enum table table);

struct mqtt_session *site_open(struct site *site, const char *name, bool clean);
struct mqtt_session *site_open_at(struct site *site, enum mqtt_door door, const char *name,
                                  bool clean);
void site_close(struct site *site, struct mqtt_session *s, enum mqtt_end end);

/* Subscribes and owes a SUBACK for packet id 1. */
uint8_t site_subscribe(struct site *site, struct mqtt_session *s, const char *filter, uint8_t qos);

/* `what` is topic=payload. */
enum mqtt_err site_publish(struct site *site, struct mqtt_session *s, const char *what, uint8_t qos,
                           uint16_t packet_id);
enum mqtt_err site_publish_retained(struct site *site, struct mqtt_session *s, const char *what,
                                    uint8_t qos, uint16_t packet_id);
void site_ack(struct site *site, struct mqtt_session *s, enum mqtt_op_kind kind,
              uint16_t packet_id);

/* Brings back what is away and wanted next; false: nothing is. */
bool site_fetch(struct site *site);

/* The next operation, of what is away too. */
bool site_op(struct site *site, struct mqtt_session *s, struct mqtt_op *op);

/* One operation as text, "" when there is none. Valid until the next call of either. */
const char *site_next(struct site *site, struct mqtt_session *s);

/* All that may go now, one line each, with ';' between. */
const char *site_all(struct site *site, struct mqtt_session *s);

/* True when the session is on its door's ready list; all of that list is taken off. */
bool site_is_ready(struct site *site, const struct mqtt_session *s);

#endif
