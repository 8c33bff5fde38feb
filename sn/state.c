#include "sn/state.h"

#include <stdbool.h>

struct row {
    bool known;
    struct sn_step step;
};

#define ON(event) [SN_ON_##event]
#define TO(state, actions)      \
    {                           \
        true,                   \
        {                       \
            SN_##state, actions \
        }                       \
    }

#define CONNECT (SN_DO_CONNECT | SN_DO_UNWATCH)
#define ASK     (SN_DO_ASK_TOPIC | SN_DO_WATCH)
#define SERVE   (SN_DO_SERVE | SN_DO_WATCH)
#define BYE     (SN_DO_DISCONNECT | SN_DO_BYE | SN_DO_UNWATCH)
#define SLEEP   (SN_DO_SLEEP | SN_DO_WATCH)
#define LOST    (SN_DO_LOST | SN_DO_UNWATCH)

/* clang-format off */
static const struct row rows[SN_STATES][SN_EVENTS] = {
    [SN_GONE] = {
        ON(CONNECT)      = TO(CONNECTING, CONNECT),
        ON(CONNECT_WILL) = TO(CONNECTING, ASK),
        ON(REQUEST)      = TO(GONE, SN_DO_DISCONNECT),
        ON(STRAY)        = TO(GONE, SN_DO_FORWARD),
        ON(PING)         = TO(GONE, SN_DO_DISCONNECT),
        ON(BYE)          = TO(GONE, SN_DO_DISCONNECT),
        ON(SLEEP)        = TO(GONE, SN_DO_DISCONNECT),
    },
    [SN_CONNECTING] = {
        ON(CONNECT)      = TO(CONNECTING, CONNECT),
        ON(CONNECT_WILL) = TO(CONNECTING, ASK),
        ON(WILLTOPIC)    = TO(CONNECTING, SN_DO_ASK_MESSAGE | SN_DO_WATCH),
        ON(NO_WILLTOPIC) = TO(CONNECTING, SN_DO_FORGET_WILL | CONNECT),
        ON(WILLMSG)      = TO(CONNECTING, CONNECT),
        ON(ADMITTED)     = TO(ACTIVE, SN_DO_CONNACK | SN_DO_WATCH),
        ON(REFUSED)      = TO(GONE, SN_DO_CONNACK | SN_DO_BYE | SN_DO_UNWATCH),
        ON(STRAY)        = TO(CONNECTING, SN_DO_FORWARD),
        ON(BYE)          = TO(GONE, BYE),
        ON(SILENCE)      = TO(GONE, SN_DO_BYE | SN_DO_UNWATCH), /* the attempt: no will */
        ON(TAKEN)        = TO(GONE, LOST),
        ON(DISMISS)      = TO(GONE, SN_DO_DISCONNECT | SN_DO_UNWATCH),
    },
    [SN_ACTIVE] = {
        ON(CONNECT)      = TO(CONNECTING, CONNECT),
        ON(CONNECT_WILL) = TO(CONNECTING, ASK),
        ON(REQUEST)      = TO(ACTIVE, SERVE),
        ON(STRAY)        = TO(ACTIVE, SN_DO_FORWARD | SN_DO_WATCH),
        ON(ACK)          = TO(ACTIVE, SERVE),
        ON(PING)         = TO(ACTIVE, SN_DO_PINGRESP | SN_DO_WATCH),
        ON(PONG)         = TO(ACTIVE, SN_DO_WATCH),
        ON(BYE)          = TO(GONE, BYE),
        ON(SLEEP)        = TO(ASLEEP, SLEEP),
        ON(SILENCE)      = TO(LOST, LOST),
        ON(GAVE_UP)      = TO(LOST, LOST),
        ON(TAKEN)        = TO(LOST, LOST),
        ON(DISMISS)      = TO(GONE, SN_DO_DISCONNECT | SN_DO_UNWATCH),
    },
    [SN_ASLEEP] = {
        ON(CONNECT)      = TO(CONNECTING, CONNECT),
        ON(CONNECT_WILL) = TO(CONNECTING, ASK),
        ON(REQUEST)      = TO(ASLEEP, SERVE),
        ON(STRAY)        = TO(ASLEEP, SN_DO_FORWARD | SN_DO_WATCH),
        ON(ACK)          = TO(ASLEEP, SERVE),
        ON(PING)         = TO(AWAKE, SN_DO_AWAKE | SN_DO_UNWATCH),
        ON(PONG)         = TO(ASLEEP, SN_DO_WATCH),
        ON(BYE)          = TO(GONE, BYE),
        ON(SLEEP)        = TO(ASLEEP, SLEEP),
        ON(SILENCE)      = TO(LOST, LOST),
        ON(TAKEN)        = TO(LOST, LOST),
        ON(DISMISS)      = TO(GONE, SN_DO_DISCONNECT | SN_DO_UNWATCH),
    },
    [SN_AWAKE] = { /* TRETRY x NRETRY governs; a repeated PINGREQ is answered at the end */
        ON(CONNECT)      = TO(CONNECTING, CONNECT),
        ON(CONNECT_WILL) = TO(CONNECTING, ASK),
        ON(REQUEST)      = TO(AWAKE, SN_DO_SERVE),
        ON(STRAY)        = TO(AWAKE, SN_DO_FORWARD),
        ON(ACK)          = TO(AWAKE, SN_DO_SERVE),
        ON(BYE)          = TO(GONE, BYE),
        ON(SLEEP)        = TO(ASLEEP, SLEEP),
        ON(DRAINED)      = TO(ASLEEP, SN_DO_PINGRESP | SN_DO_WATCH),
        ON(GAVE_UP)      = TO(ASLEEP, SN_DO_KEEP | SN_DO_WATCH),
        ON(TAKEN)        = TO(LOST, LOST),
        ON(DISMISS)      = TO(GONE, SN_DO_DISCONNECT | SN_DO_UNWATCH),
    },
    [SN_LOST] = {
        ON(CONNECT)      = TO(CONNECTING, CONNECT),
        ON(CONNECT_WILL) = TO(CONNECTING, ASK),
        ON(REQUEST)      = TO(LOST, SN_DO_DISCONNECT),
        ON(STRAY)        = TO(LOST, SN_DO_FORWARD),
        ON(PING)         = TO(LOST, SN_DO_DISCONNECT),
        ON(BYE)          = TO(LOST, SN_DO_DISCONNECT),
        ON(SLEEP)        = TO(LOST, SN_DO_DISCONNECT),
    },
};
/* clang-format on */

struct sn_step sn_state_step(enum sn_state state, enum sn_event event)
{
    const struct row *row = &rows[state][event];

    return row->known ? row->step : (struct sn_step){state, 0};
}

const char *sn_state_name(enum sn_state state)
{
    static const char *const names[SN_STATES] = {"disconnected", "connecting", "active",
                                                 "asleep",       "awake",      "lost"};

    return (unsigned)state < SN_STATES ? names[state] : "unknown";
}
