#include "gateway/edge/way.h"

#include <errno.h>

#include "gateway/edge/clock.h"
#include "gateway/edge/ws.h"

/* The client speaks first. */
bool gw_way_raise(struct gw_wire *wire, const struct conf_url *to, struct gw_tls_setup *tls)
{
    struct budget *budget = wire->user->wires->loop->budget;
    struct gw_stage *stages[GW_WIRE_STAGES] = {NULL};
    size_t count = 0;

    if (gw_way_has_tls(to->scheme)) {
        stages[count++] = gw_tls_connect(tls, to->host, budget);
    }
    if (gw_way_has_ws(to->scheme)) {
        stages[count++] = gw_ws_connect(to->host, to->port, to->path, gw_clock_seed(), budget);
    }
    if (count == 0) {
        return true;
    }
    errno = ENOMEM;
    if (stages[0] == NULL || stages[count - 1] == NULL) {
        gw_stage_free(stages[0]);
        gw_stage_free(count > 1 ? stages[1] : NULL);
        return false;
    }
    return gw_wire_raise(wire, stages, count) && gw_wire_speak(wire);
}
