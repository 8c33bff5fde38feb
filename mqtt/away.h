/* mqtt/away.h - messages of long queues, which are in the store alone.
 *
 * Of a kept queue the first MQTT_NEAR_OCTETS are in memory; what comes behind is an entry with the
 * row of its message. After a restart all are away.
 *
 *     mqtt_sessions_wanted    the rows that a session needs next
 *     mqtt_sessions_fetched   one of them, or that it is not there
 *     mqtt_sessions_fetch_end no more come: the session goes on
 *
 * One asks at a time. An entry whose row cannot be read is lost, and counted.
 */
#ifndef MQTT_AWAY_H
#define MQTT_AWAY_H

#include "mqtt/queue.h"

#define MQTT_NEAR_OCTETS (UINT64_C(256) * 1024)
#define MQTT_WANTED      64u

/* The message was queued for all who get it, and recorded: with much before it in the queue of `s`,
 * it goes from there. */
void mqtt_away_send(struct mqtt_sessions *ss, const struct mqtt_session *s,
                    const struct mqtt_message *message);

/* What would be delivered next is away. */
bool mqtt_away_waits(const struct mqtt_session *s);

/* Numbers of message rows, in order; 0: none are wanted, or some are on their way. Asked again
 * after mqtt_sessions_fetch_end. */
size_t mqtt_sessions_wanted(struct mqtt_sessions *ss, uint64_t numbers[MQTT_WANTED]);

/* A row of TABLE_MESSAGE; with RECORD_DEL it is not there, or broken. */
void mqtt_sessions_fetched(struct mqtt_sessions *ss, const struct record *record, uint64_t now_ms);
void mqtt_sessions_fetch_end(struct mqtt_sessions *ss);

/* The session is about to be freed. */
static inline void mqtt_away_forget(struct mqtt_sessions *ss, const struct mqtt_session *s)
{
    if (ss->fetching.session == s) {
        ss->fetching.session = NULL;
    }
}

#endif
