/* sn/state.h - what a client's message or silence makes of its node: one table. [6.14]
 *
 * State and event in, next state and a set of actions out; the gate acts. The table is the one of
 * the protocol page, part 4, beside which it can be read.
 */
#ifndef SN_STATE_H
#define SN_STATE_H

#include <stdint.h>

enum sn_state {
    SN_GONE,       /* disconnected, or never seen */
    SN_CONNECTING, /* will prompt, or the hub has not answered yet */
    SN_ACTIVE,
    SN_ASLEEP,
    SN_AWAKE,
    SN_LOST,
    SN_STATES
};

enum sn_event {
    SN_ON_CONNECT,      /* Will=0 */
    SN_ON_CONNECT_WILL, /* Will=1 */
    SN_ON_WILLTOPIC,
    SN_ON_NO_WILLTOPIC, /* the empty form */
    SN_ON_WILLMSG,
    SN_ON_ADMITTED, /* by the hub */
    SN_ON_REFUSED,  /* by the hub, or its will cannot be kept */
    SN_ON_REQUEST,  /* REGISTER, SUBSCRIBE, UNSUBSCRIBE, PUBLISH QoS 0 to 2, PUBREL, WILL*UPD */
    SN_ON_STRAY,    /* PUBLISH QoS -1 */
    SN_ON_ACK,      /* PUBACK, PUBREC, PUBCOMP, REGACK */
    SN_ON_PING,
    SN_ON_PONG,
    SN_ON_BYE,     /* DISCONNECT without Duration, or 0 */
    SN_ON_SLEEP,   /* DISCONNECT with Duration */
    SN_ON_DRAINED, /* nothing waits for an awake node */
    SN_ON_SILENCE, /* Duration and tolerance are over, or the prompt's time */
    SN_ON_GAVE_UP, /* NRETRY used up */
    SN_ON_TAKEN,   /* another client has taken the address */
    SN_ON_DISMISS, /* the hub ends the connection */
    SN_EVENTS
};

enum sn_action {
    SN_DO_CONNECT = 1 << 0,     /* tell the hub, which admits or not */
    SN_DO_ASK_TOPIC = 1 << 1,   /* WILLTOPICREQ */
    SN_DO_ASK_MESSAGE = 1 << 2, /* WILLMSGREQ */
    SN_DO_FORGET_WILL = 1 << 3, /* the stored will is to be deleted */
    SN_DO_CONNACK = 1 << 4,
    SN_DO_SERVE = 1 << 5,
    SN_DO_FORWARD = 1 << 6,    /* QoS -1 */
    SN_DO_DISCONNECT = 1 << 7, /* answer or tell DISCONNECT */
    SN_DO_PINGRESP = 1 << 8,
    SN_DO_AWAKE = 1 << 9,  /* tell the hub to send what waits */
    SN_DO_BYE = 1 << 10,   /* tell the hub */
    SN_DO_SLEEP = 1 << 11, /* tell the hub, which answers */
    SN_DO_LOST = 1 << 12,  /* tell the hub; the will is due */
    SN_DO_KEEP = 1 << 13,  /* tell the hub to keep the message for the next waking */
    SN_DO_WATCH = 1 << 14, /* start the new state's timer anew */
    SN_DO_UNWATCH = 1 << 15
};

struct sn_step {
    enum sn_state next;
    uint32_t actions;
};

/* An event that a state has no row for is discarded: nothing to do, state kept. */
struct sn_step sn_state_step(enum sn_state state, enum sn_event event);

/* "active", "asleep" ...; never NULL. */
const char *sn_state_name(enum sn_state state);

#endif
