/* gateway/edge/login.h - answers the hub's question whether a password is right.
 *
 * A password that was right a short while ago (known.h) is answered at once. Others are computed in
 * the worker's thread, one after the other, and the answer comes with the turn after; for a user
 * that is not there a hash of the same cost is computed all the same, so that time tells nothing.
 *
 * Limits: GW_LOGIN_RATE computations a second from one address (of IPv6 from one /64) after
 * GW_LOGIN_BURST at once, and GW_WORKER_JOBS that wait, each with a copy of its password of at most
 * GW_PASSWD_MAX octets; beyond them the answer is BUSY. Addresses that share a cell of
 * GW_LOGIN_CELLS take it from each other.
 * Ownership: borrows the loop; passwords are copied and wiped.
 */
#ifndef GATEWAY_EDGE_LOGIN_H
#define GATEWAY_EDGE_LOGIN_H

#include "gateway/edge/known.h"
#include "gateway/edge/loop.h"
#include "gateway/edge/passwd.h"
#include "gateway/edge/worker.h"

#define GW_LOGIN_RATE  4u
#define GW_LOGIN_BURST 16u
#define GW_LOGIN_CELLS 1024u

struct gw_login_cell {
    uint64_t hash;    /* of an address */
    uint64_t free_ms; /* when all that it asked for is paid */
};

struct gw_login {
    struct gw_loop *loop;
    struct event *done;
    struct gw_worker worker;
    struct gw_known known;
    struct conf_hash like; /* computed for users that are not there: as the last one that is */
    uint64_t seed[2];
    struct gw_login_cell cells[GW_LOGIN_CELLS];
    struct {
        uint64_t good; /* computed, so the next two */
        uint64_t bad;
        uint64_t busy;
        uint64_t cached; /* good without a computation */
    } count;
};

/* Starts the worker. False: after gw_login_fini nothing is left. May not move until then. */
bool gw_login_init(struct gw_login *login, struct gw_loop *loop, struct gw_fault *fault);

/* Waits for the computation at hand; what waits behind it is never answered. */
void gw_login_fini(struct gw_login *login);

/* `news` is HUB_LOGIN; hub_login is called now or in a later turn, once. */
void gw_login_ask(struct gw_login *login, const struct hub_news *news);

#endif
