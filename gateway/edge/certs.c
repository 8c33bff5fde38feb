#include "gateway/edge/certs.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/edge/way.h"

static size_t place_count(const struct conf *conf)
{
    return conf->broker_count + conf->upstream_count;
}

static bool broker_has_tls(const struct conf_broker *conf)
{
    return conf->transport == CONF_TLS || conf->transport == CONF_TLS_WS;
}

static bool upstream_has_tls(const struct conf_upstream *conf)
{
    for (size_t i = 0; i < conf->url.count; i++) {
        if (gw_way_has_tls(conf->url.at[i].scheme)) {
            return true;
        }
    }
    return false;
}

/* With `mode = transparent` each node may have its own files: they are read at each dial. */
static bool has_templates(const struct conf_upstream *conf)
{
    const char *const files[] = {conf->ca, conf->cert, conf->key, conf->sni};

    for (size_t i = 0; conf->mode == CONF_TRANSPARENT && i < sizeof files / sizeof files[0]; i++) {
        if (files[i] != NULL && strchr(files[i], '%') != NULL) {
            return true;
        }
    }
    return false;
}

static void drop_all(struct gw_tls_setup **setups, size_t count)
{
    for (size_t i = 0; setups != NULL && i < count; i++) {
        gw_tls_setup_drop(setups[i]);
    }
    free(setups);
}

/* One of the places; true, and NULL, where there is no TLS. */
static bool read_one(struct gw_certs *certs, const struct conf *conf, size_t i,
                     struct gw_tls_setup **setup, struct gw_fault *fault)
{
    if (i < conf->broker_count) {
        if (!broker_has_tls(&conf->broker[i])) {
            return true;
        }
        *setup = gw_tls_setup_server(&conf->broker[i], fault);
    } else {
        const struct conf_upstream *upstream = &conf->upstream[i - conf->broker_count];

        if (!upstream_has_tls(upstream) || has_templates(upstream)) {
            return true;
        }
        *setup = gw_tls_setup_client(upstream, &certs->shelf, fault);
    }
    return *setup != NULL;
}

/* All of them, or NULL. */
static struct gw_tls_setup **read_all(struct gw_certs *certs, const struct conf *conf,
                                      struct gw_fault *fault)
{
    size_t count = place_count(conf);
    struct gw_tls_setup **setups = calloc(count + 1, sizeof(struct gw_tls_setup *));

    if (setups == NULL) {
        (void)gw_fail(fault, "no memory");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_one(certs, conf, i, &setups[i], fault)) {
            drop_all(setups, count);
            return NULL;
        }
    }
    return setups;
}

/* --- days left ------------------------------------------------------------------------------- */

static void say_days(const struct gw_certs *certs, size_t i, bool always)
{
    const struct conf *conf = certs->conf;
    bool is_broker = i < conf->broker_count;
    const char *kind = is_broker ? "broker" : "upstream";
    const char *name =
        is_broker ? conf->broker[i].at.name : conf->upstream[i - conf->broker_count].at.name;
    int days = gw_tls_days_left(certs->setups[i]);

    if (days < 0) {
        gw_log(certs->loop->log, CONF_WARNING, "tls", "%s %s: its certificate has expired", kind,
               name);
    } else if (days != INT_MAX && (always || days < GW_CERTS_WARN_DAYS)) {
        gw_log(certs->loop->log, days < GW_CERTS_WARN_DAYS ? CONF_WARNING : CONF_INFO, "tls",
               "%s %s: its certificate is good for %d days", kind, name, days);
    }
}

static void look(struct gw_certs *certs, bool always)
{
    bool any = false;

    for (size_t i = 0; i < place_count(certs->conf); i++) {
        if (certs->setups[i] != NULL) {
            say_days(certs, i, always);
            any = any || gw_tls_days_left(certs->setups[i]) != INT_MAX;
        }
    }
    if (any) {
        gw_loop_after(certs->look, GW_CERTS_LOOK_MS);
    }
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    look(arg, false);
}

/* --- begin, again, end ----------------------------------------------------------------------- */

bool gw_certs_init(struct gw_certs *certs, struct gw_loop *loop, const struct conf *conf,
                   struct gw_fault *fault)
{
    *certs = (struct gw_certs){.loop = loop, .conf = conf};
    certs->look = evtimer_new(loop->base, on_look, certs);
    if (certs->look == NULL) {
        return gw_fail(fault, "no memory");
    }
    return gw_certs_reload(certs, conf, fault);
}

bool gw_certs_reload(struct gw_certs *certs, const struct conf *conf, struct gw_fault *fault)
{
    struct gw_tls_setup **setups = read_all(certs, conf, fault);

    if (setups == NULL) {
        return false;
    }
    drop_all(certs->setups, place_count(certs->conf));
    certs->setups = setups;
    certs->conf = conf;
    look(certs, true);
    return true;
}

void gw_certs_fini(struct gw_certs *certs)
{
    if (certs->loop == NULL) {
        return;
    }
    if (certs->look != NULL) {
        event_free(certs->look);
    }
    drop_all(certs->setups, place_count(certs->conf));
    *certs = (struct gw_certs){.loop = NULL};
}

size_t gw_certs_count(const struct gw_certs *certs)
{
    size_t count = 0;

    for (size_t i = 0; i < place_count(certs->conf); i++) {
        count += certs->setups[i] != NULL ? 1 : 0;
    }
    return count;
}

struct gw_tls_setup *gw_certs_broker(const struct gw_certs *certs, size_t i)
{
    return certs->setups[i];
}

struct gw_tls_setup *gw_certs_upstream(const struct gw_certs *certs, size_t i)
{
    return certs->setups[certs->conf->broker_count + i];
}

struct gw_tls_setup *gw_certs_own(struct gw_certs *certs, const struct conf_upstream *conf,
                                  struct gw_fault *fault)
{
    return gw_tls_setup_client(conf, &certs->shelf, fault);
}
