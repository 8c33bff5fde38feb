/* mqtt/session_parts.h - what the files of mqtt/session.h share; for them alone. */
#ifndef MQTT_SESSION_PARTS_H
#define MQTT_SESSION_PARTS_H

#include "mqtt/session.h"

/* A session of that number, closed, in its door's map; its name lies in `holder`, or is copied.
 * NULL: no room. */
struct mqtt_session *mqtt_session_make(struct mqtt_sessions *ss, enum mqtt_door door,
                                       struct span name, struct block *holder, uint64_t number);

/* Frees what the session holds; it is found no more. The cell stays. */
void mqtt_session_empty(struct mqtt_sessions *ss, struct mqtt_session *s);

/* Neither ready nor waiting any more. */
void mqtt_session_leave_line(struct mqtt_session *s);

/* Gives the cell of an emptied session back. */
void mqtt_session_free(struct mqtt_sessions *ss, struct mqtt_session *s);

/* Takes all subscriptions out of the tree and frees them. */
void mqtt_session_unsubscribe_all(struct mqtt_sessions *ss, struct mqtt_session *s);

/* A subscription of the store, or a new one, in the tree; NULL: no memory. */
struct mqtt_subscription *mqtt_session_add_subscription(struct mqtt_sessions *ss,
                                                        struct mqtt_session *s, struct span filter,
                                                        uint64_t number);
/* The session's subscription of exactly this text, or NULL. */
struct mqtt_subscription *mqtt_session_find_subscription(const struct mqtt_sessions *ss,
                                                         const struct mqtt_session *s,
                                                         struct span filter);
void mqtt_session_cut_subscription(struct mqtt_sessions *ss, struct mqtt_session *s,
                                   struct mqtt_subscription *sub);

/* Forgets all answers owed. */
void mqtt_session_owe_nothing(struct mqtt_sessions *ss, struct mqtt_session *s);

/* What was not acknowledged goes again: PUBLISH with DUP, and PUBREL. [MQTT-4.4.0-1] */
void mqtt_session_resume(struct mqtt_sessions *ss, struct mqtt_session *s);

/* Forgets that anything went out or came in: PUBLISH goes without DUP, what was released is done,
 * and ids that came are new. [MQTT-3.1.2-6] */
void mqtt_session_begin_anew(struct mqtt_sessions *ss, struct mqtt_session *s, uint64_t now_ms);

/* Publishes `message`, which stays the caller's, as from the session it says it is from. */
uint64_t mqtt_sessions_spread(struct mqtt_sessions *ss, struct mqtt_message *message,
                              uint64_t now_ms);

#endif
