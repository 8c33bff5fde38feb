/* mqtt/keep.h - rows of the store for sessions, subscriptions, wills, messages and queues.
 *
 * A clean session has no rows, and with a journal that is off nobody has. Each function returns
 * the ticket that an answer must wait for; 0: none.
 */
#ifndef MQTT_KEEP_H
#define MQTT_KEEP_H

#include "mqtt/queue.h"

static inline bool mqtt_keep_is_on(const struct mqtt_sessions *ss, const struct mqtt_session *s)
{
    return !s->clean && !ss->journal->off;
}

/* A message at QoS 1 may go out: the store knows that the session sends, or need not. */
static inline bool mqtt_keep_may_send(const struct mqtt_sessions *ss, const struct mqtt_session *s)
{
    return s->sends || !mqtt_keep_is_on(ss, s);
}

/* Its own row; s->ticket becomes the ticket, as with the next four. */
void mqtt_keep_session(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms);

/* Its row says from now on whether what waits at QoS 1 may have gone out. */
uint64_t mqtt_keep_sending(struct mqtt_sessions *ss, struct mqtt_session *s, bool sends,
                           uint64_t now_ms);

/* As mqtt_keep_session, and rows of all that the session has: it was clean until now. */
void mqtt_keep_all(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms);

/* Gives `sub` its number if it has none. False: no memory for the row. */
bool mqtt_keep_subscription(struct mqtt_sessions *ss, struct mqtt_session *s,
                            struct mqtt_subscription *sub, struct span filter, uint64_t now_ms);
void mqtt_keep_no_subscription(struct mqtt_sessions *ss, struct mqtt_session *s,
                               const struct mqtt_subscription *sub, uint64_t now_ms);

/* A QoS 2 packet id taken, released. */
void mqtt_keep_received(struct mqtt_sessions *ss, struct mqtt_session *s, uint16_t packet_id,
                        uint64_t now_ms);
void mqtt_keep_no_received(struct mqtt_sessions *ss, struct mqtt_session *s, uint16_t packet_id,
                           uint64_t now_ms);

/* Deletes all rows of `s`, its entries' one by one, and of each message that only `s` needed. */
void mqtt_keep_no_session(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms);

/* The will of a kept node session, or that it has none. */
void mqtt_keep_will(struct mqtt_sessions *ss, const struct mqtt_session *s, uint64_t now_ms);

/* Puts the row of an entry at QoS 1 or 2, its message within; one that is shared has a row of its
 * own, put with the first entry that needs it. Needs room for two records. */
uint64_t mqtt_keep_entry(struct mqtt_sessions *ss, const struct mqtt_session *s,
                         struct mqtt_entry *entry, uint64_t now_ms);

/* PUBREC came for an entry that still has its message: the row says so, and the message's goes
 * with the last that needed it. */
uint64_t mqtt_keep_release(struct mqtt_sessions *ss, const struct mqtt_session *s,
                           struct mqtt_entry *entry, uint64_t now_ms);

/* A cell for the row `number` of `m`, in the store or soon. There are as many cells as entries, so
 * there is one. */
struct mqtt_row *mqtt_keep_row(struct mqtt_sessions *ss, const struct mqtt_message *m,
                               uint64_t number);

/* One queue row less needs the message's own row, which goes with the last. */
void mqtt_keep_leave_message(struct mqtt_sessions *ss, struct mqtt_message *m, uint64_t now_ms);

/* Our clock's time of a stored wall time; before our clock began: its beginning. */
uint64_t mqtt_keep_clock_of(const struct mqtt_sessions *ss, int64_t wall_ms);

/* Deletes an entry's row if it has one, and its message's with the last. */
void mqtt_keep_end(struct mqtt_sessions *ss, const struct mqtt_session *s, struct mqtt_entry *entry,
                   uint64_t now_ms);

uint64_t mqtt_keep_retained(struct mqtt_sessions *ss, struct mqtt_branch *branch, uint64_t now_ms);
uint64_t mqtt_keep_no_retained(struct mqtt_sessions *ss, const struct mqtt_branch *branch,
                               uint64_t now_ms);

#endif
