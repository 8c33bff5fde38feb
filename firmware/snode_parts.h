/* snode_parts.h - what the node's own files share. A program includes snode.h alone. */
#ifndef FIRMWARE_SNODE_PARTS_H
#define FIRMWARE_SNODE_PARTS_H

#include "firmware/snode.h"
#include "sn/flags.h"
#include "sn/packet.h"

/* True when `now_ms` is at or after `due_ms`, less than 2^31 ms apart. */
static inline bool snode_reached(uint32_t now_ms, uint32_t due_ms)
{
    return (int32_t)(now_ms - due_ms) >= 0;
}

/* The TopicIdType bits of a topic. */
static inline uint8_t snode_kind(const struct snode_topic *topic)
{
    switch (topic->by) {
    case SNODE_BY_ID: return SN_TOPIC_PREDEFINED;
    case SNODE_BY_SHORT: return SN_TOPIC_SHORT;
    default: return SN_TOPIC_NORMAL;
    }
}

/* snode.c */

/* When the caller does not take the events, the newest are lost. */
void snode_tell(struct snode *node, enum snode_news news, uint8_t code);

/* The request under way is over. */
void snode_finish(struct snode *node, enum snode_news news, uint8_t code);

/* So is the connection, or this waking. */
void snode_stop(struct snode *node, enum snode_state state, enum snode_news news, uint8_t code);

/* Queues the answer to a packet of the gateway; false if there is no room, then it repeats. */
bool snode_reply(struct snode *node, struct snode_answer answer);

/* snode_timer.c */

/* The step under way is sent at `now_ms`, or shown to live: it is due after retry_ms and jitter. */
void snode_restart(struct snode *node, uint32_t now_ms);

/* "Congestion": the request stays, and nothing is asked of the gateway for wait_ms. */
void snode_hold(struct snode *node, uint32_t now_ms);

/* Makes the packet that the state, the request or the keep alive ask for the step under way. */
void snode_choose(struct snode *node, uint32_t now_ms);

/* snode_names.c */

/* The name of a topic by index or name. */
struct span snode_name(const struct snode *node, const struct snode_topic *topic);

/* From now on `id` is `name` and nothing else. False if there is no room to remember it. */
bool snode_learn(struct snode *node, struct span name, uint16_t id);
void snode_unlearn(struct snode *node, uint16_t id);
void snode_forget(struct snode *node);

/* Completes the topic of a received PUBLISH; false if its normal id is unknown. */
bool snode_recall(const struct snode *node, struct snode_topic *topic);

#endif
