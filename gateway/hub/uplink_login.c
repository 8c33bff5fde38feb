/* gateway/hub/uplink_login.c - a login that was made for one connection of an uplink. */
#include "gateway/hub/uplink.h"

static void lay(struct span *field, struct span made)
{
    *field = made.at == NULL ? *field : made;
}

void hub_uplink_login_lay(struct hub_uplink *up)
{
    lay(&up->config.client_id, up->login.client_id);
    lay(&up->config.username, up->login.username);
    lay(&up->config.password, up->login.password);
}

void hub_uplink_login(struct hub *hub, size_t i, const struct hub_credentials *login,
                      uint64_t now_ms)
{
    struct hub_uplink *up = &hub->uplinks[i];

    up->login = *login;
    up->renew_ms = login->good_ms == 0 ? UINT64_MAX : now_ms + login->good_ms;
    hub_uplink_login_lay(up);
}

void hub_uplink_login_tick(struct hub_uplink *up, uint64_t now_ms)
{
    if (up->online && now_ms >= hub_uplink_login_due(up)) {
        up->renew_ms = UINT64_MAX;
        up->renewing = true;
        mqtt_client_renew(&up->client);
    }
}

uint64_t hub_uplink_login_due(const struct hub_uplink *up)
{
    bool runs_out = up->online && up->login.good_ms != 0;

    return runs_out ? up->renew_ms : UINT64_MAX;
}
