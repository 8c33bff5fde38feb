/* gateway/edge/token.h - logins that clouds want made from a key for each connection.
 *
 *     azure-iothub  password: a shared access signature of HOST/devices/CLIENT-ID, good for an hour
 *     tencent       user name: CLIENT-ID;sdkappid;connid;expiry, password: its HMAC, good for a day
 *     aliyun        client id: with the way of signing and the time, password: the HMAC of all
 *
 * The key is [upstream] `password`. What already has the cloud's form goes up as it is.
 */
#ifndef GATEWAY_EDGE_TOKEN_H
#define GATEWAY_EDGE_TOKEN_H

#include "config/conf.h"
#include "gateway/edge/fault.h"
#include "gateway/hub/hub.h"

#define GW_TOKEN_OCTETS 2048u

struct gw_token {
    struct hub_credentials login; /* spans of `room`, or of the configuration */
    uint8_t room[GW_TOKEN_OCTETS];
};

struct gw_token_moment {
    uint64_t wall_ms; /* since 1970 */
    uint64_t chance;
    bool is_tls;
};

/* True when the preset of the upstream has a login made. */
bool gw_token_is_made(const struct conf_upstream *conf);

/* Makes it, as of this moment; false: the fault says what is wrong with the settings. */
bool gw_token_make(struct gw_token *token, const struct conf_upstream *conf,
                   const struct gw_token_moment *moment, struct gw_fault *fault);

/* Leaves no secret behind. */
void gw_token_wipe(struct gw_token *token);

#endif
