#include "gateway/hub/far.h"

#include "gateway/hub/mould.h"
#include "gateway/hub/say.h"

#define FILTERS_MOST 64u /* in one request */
#define ROW_END      0u  /* the item that says that a run ended in order */

/* In a block of its own, which its row in the store shares. */
struct known {
    struct list in_far;
    uint64_t number; /* item of its row */
    size_t len;
    uint8_t qos; /* asked for */
    bool certain;
    uint8_t filter[];
};

static struct known *known_of(struct list *link)
{
    return LIST_ITEM(link, struct known, in_far);
}

static struct block *block_of(struct known *known)
{
    return (struct block *)(void *)((char *)known - offsetof(struct block, octets));
}

static struct span filter_of(const struct known *known)
{
    return span_of(known->filter, known->len);
}

void hub_far_init(struct hub_far *far)
{
    list_init(&far->filters);
}

static void forget(struct known *known)
{
    list_remove(&known->in_far);
    block_drop(block_of(known));
}

void hub_far_fini(struct hub_far *far)
{
    LIST_EACH_SAFE (link, after, &far->filters) {
        forget(known_of(link));
    }
}

static struct known *find(const struct hub_uplink *up, struct span filter)
{
    LIST_EACH (link, &up->far->filters) {
        if (span_equal(filter_of(known_of(link)), filter)) {
            return known_of(link);
        }
    }
    return NULL;
}

static struct known *add(struct hub *hub, struct hub_far *far, struct span filter)
{
    struct block *block = block_new(&hub->sessions.budget, sizeof(struct known) + filter.len);
    struct known *known = NULL;

    if (block == NULL) {
        return NULL;
    }
    known = (struct known *)(void *)block->octets;
    *known = (struct known){.len = filter.len};
    memcpy(known->filter, filter.at, filter.len);
    list_init(&known->in_far);
    list_push(&far->filters, &known->in_far);
    return known;
}

/* --- the store ------------------------------------------------------------------------------- */

static void put(struct hub *hub, const struct hub_uplink *up, struct known *known, uint64_t now_ms)
{
    struct record record = {.key = {TABLE_TOPIC, up->session->number, known->number},
                            .fields = {known->qos},
                            .text = filter_of(known),
                            .block = block_hold(block_of(known))};

    journal_put(&hub->journal, &record, now_ms);
}

static void drop(struct hub *hub, const struct hub_uplink *up, struct known *known, uint64_t now_ms)
{
    journal_del(&hub->journal, TABLE_TOPIC, up->session->number, known->number, now_ms);
    forget(known);
}

static size_t url_of(const struct conf_upstream *conf, const struct record *end)
{
    size_t i = 0;

    while (i < conf->url.count && (!span_equal(span_of_text(conf->url.at[i].host), end->text) ||
                                   conf->url.at[i].port != end->fields[0])) {
        i++;
    }
    return i;
}

/* Whose session it is; NULL: it is not in the configuration any more. */
static struct hub_far *far_of(const struct hub *hub, const struct mqtt_session *s,
                              const struct conf_upstream **conf)
{
    struct hub_member *member = s->user;

    for (size_t i = 0; i < hub->conf->upstream_count; i++) {
        if (span_equal(span_of_text(hub->conf->upstream[i].at.name), mqtt_session_name(s))) {
            *conf = &hub->conf->upstream[i];
            return hub->uplinks[i].far;
        }
    }
    *conf = member == NULL ? NULL : member->mould->self->conf;
    return member == NULL ? NULL : &member->far;
}

/* Of one that is not in the configuration any more, the rows wait in the store as its queue does.
 */
bool hub_far_restore(struct hub *hub, const struct mqtt_session *s, const struct record *record)
{
    const struct conf_upstream *conf = NULL;
    struct hub_far *far = far_of(hub, s, &conf);
    struct known *known = NULL;

    if (far == NULL) {
        return true;
    }
    if (record->key[2] == ROW_END) {
        far->ended = true;
        far->url = url_of(conf, record);
        return true;
    }
    known = add(hub, far, record->text);
    if (known == NULL) {
        return false;
    }
    known->qos = (uint8_t)record->fields[0];
    known->number = record->key[2];
    far->last = known->number > far->last ? known->number : far->last;
    return true;
}

void hub_far_start(struct hub *hub, struct hub_far *far, const struct mqtt_session *s,
                   uint64_t now_ms)
{
    LIST_EACH (link, &far->filters) {
        known_of(link)->certain = far->ended;
    }
    if (far->ended) {
        journal_del(&hub->journal, TABLE_TOPIC, s->number, ROW_END, now_ms);
    }
}

void hub_far_stop(struct hub *hub, struct hub_far *far, const struct mqtt_session *s,
                  const struct conf_upstream *conf, uint64_t now_ms)
{
    struct record end = {.key = {TABLE_TOPIC, s->number, ROW_END}};

    LIST_EACH (link, &far->filters) {
        if (!known_of(link)->certain) {
            return;
        }
    }
    if (far->url < conf->url.count) {
        end.block = block_copy(&hub->sessions.budget, span_of_text(conf->url.at[far->url].host));
        end.fields[0] = conf->url.at[far->url].port;
    }
    if (end.block != NULL) {
        end.text = block_span(end.block);
        journal_put(&hub->journal, &end, now_ms);
    }
}

/* --- one connection -------------------------------------------------------------------------- */

void hub_far_online(struct hub *hub, struct hub_uplink *up, bool present, uint64_t now_ms)
{
    bool elsewhere = up->far->url != up->url;

    up->far->url = up->url;
    up->far->rule = 0;
    up->far->rule_asked = 0;
    up->far->parting = 0;
    up->far->untidy = true;
    LIST_EACH_SAFE (link, after, &up->far->filters) {
        struct known *known = known_of(link);

        if (!present) {
            drop(hub, up, known, now_ms);
        } else if (elsewhere) {
            known->certain = false;
        }
    }
}

static struct mqtt_client_filter wanted_of(const struct conf_upstream *conf, size_t i)
{
    const struct conf_rule *rule = &conf->receive.at[i];
    uint64_t qos = rule->qos == CONF_QOS_UNSET ? 1 : rule->qos;

    qos = qos < conf->subscribe_qos_max ? qos : conf->subscribe_qos_max;
    return (struct mqtt_client_filter){span_of_text(rule->filter), (uint8_t)qos};
}

/* True when one of the first `count` receive rules has this filter. */
static bool is_wanted(const struct conf_upstream *conf, size_t count, struct span filter)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equal(span_of_text(conf->receive.at[i].filter), filter)) {
            return true;
        }
    }
    return false;
}

/* True when rule `i` has to be asked for: of several with one filter the first counts. */
static bool is_missing(const struct hub_uplink *up, size_t i)
{
    struct mqtt_client_filter want = wanted_of(up->conf, i);
    const struct known *known = find(up, want.filter);

    return (known == NULL || !known->certain || known->qos != want.qos) &&
           !is_wanted(up->conf, i, want.filter);
}

static size_t most_of(const struct conf_upstream *conf)
{
    return conf->filters_per_subscribe < FILTERS_MOST ? (size_t)conf->filters_per_subscribe
                                                      : FILTERS_MOST;
}

static void subscribe(struct hub_uplink *up, struct writer *w, uint64_t now_ms)
{
    struct mqtt_client_filter filters[FILTERS_MOST];
    size_t rule = up->far->rule;
    size_t count = 0;

    for (; rule < up->conf->receive.count && count < most_of(up->conf); rule++) {
        if (is_missing(up, rule)) {
            filters[count++] = wanted_of(up->conf, rule);
        }
    }
    if (count == 0) {
        up->far->rule = rule;
    } else if (mqtt_client_subscribe(&up->client, w, filters, count, now_ms)) {
        up->far->rule_asked = up->far->rule;
        up->far->rule = rule;
    }
}

/* The first `most` that no rule wants. */
static size_t unwanted(const struct hub_uplink *up, struct mqtt_client_filter *filters, size_t most)
{
    size_t count = 0;

    LIST_EACH (link, &up->far->filters) {
        struct span filter = filter_of(known_of(link));

        if (count < most && !is_wanted(up->conf, up->conf->receive.count, filter)) {
            filters[count++] = (struct mqtt_client_filter){filter, 0};
        }
    }
    return count;
}

static void unsubscribe(struct hub_uplink *up, struct writer *w, uint64_t now_ms)
{
    struct mqtt_client_filter filters[FILTERS_MOST];
    size_t count = unwanted(up, filters, most_of(up->conf));

    if (count == 0) {
        up->far->untidy = false;
    } else if (mqtt_client_unsubscribe(&up->client, w, filters, count, now_ms)) {
        up->far->parting = count;
    }
}

void hub_far_write(struct hub_uplink *up, struct writer *w, uint64_t now_ms)
{
    if (up->client.request != 0) {
        return;
    }
    if (up->far->rule < up->conf->receive.count) {
        subscribe(up, w, now_ms);
    }
    if (up->far->rule == up->conf->receive.count && up->far->untidy) {
        unsubscribe(up, w, now_ms); /* or not yet: one request is under way at a time */
    }
}

/* Granted: it is certain now, and a row says so. */
static void confirm(struct hub *hub, struct hub_uplink *up, const struct mqtt_client_filter *f,
                    uint64_t now_ms)
{
    struct known *known = find(up, f->filter);
    bool fresh = known == NULL;

    known = fresh ? add(hub, up->far, f->filter) : known;
    if (known == NULL) {
        return; /* no memory: asked for again with the next connection */
    }
    if (fresh) {
        known->number = ++up->far->last;
    }
    known->certain = true;
    if (fresh || known->qos != f->qos) {
        known->qos = f->qos;
        put(hub, up, known, now_ms);
    }
}

static void refuse(struct hub *hub, struct hub_uplink *up, struct span filter, uint64_t now_ms)
{
    struct known *known = find(up, filter);

    hub_say(hub, &(struct hub_line_of_log){CONF_WARNING, "uplink", "refuses us to receive", filter,
                                           up->conf->at.name});
    if (known != NULL) {
        drop(hub, up, known, now_ms);
    }
}

void hub_far_subscribed(struct hub *hub, struct hub_uplink *up, struct span codes, uint64_t now_ms)
{
    struct reader r = reader_of(codes);

    for (size_t i = up->far->rule_asked; i < up->far->rule; i++) {
        struct mqtt_client_filter want = wanted_of(up->conf, i);

        if (!is_missing(up, i)) {
            continue;
        }
        if (read_u8(&r) == MQTT_FAILURE) {
            refuse(hub, up, want.filter, now_ms);
        } else {
            confirm(hub, up, &want, now_ms);
        }
    }
}

void hub_far_unsubscribed(struct hub *hub, struct hub_uplink *up, uint64_t now_ms)
{
    struct mqtt_client_filter filters[FILTERS_MOST];
    size_t count = unwanted(up, filters, up->far->parting);

    for (size_t i = 0; i < count; i++) {
        drop(hub, up, find(up, filters[i].filter), now_ms);
    }
    up->far->parting = 0;
}
