/* gateway/hub/mould_lay.c - a mould's section as it is for one node. */
#include "config/expand.h"
#include "config/nodename.h"
#include "gateway/hub/mould.h"

#define TEXTS 9u

/* Those that are templates; NULL after the last. */
static const char **text_of(struct conf_upstream *conf, size_t i)
{
    const char **const all[TEXTS] = {&conf->client_id,  &conf->username,     &conf->ca,
                                     &conf->cert,       &conf->key,          &conf->sni,
                                     &conf->will_topic, &conf->will_payload, &conf->birth_payload};

    return i < TEXTS ? all[i] : NULL;
}

static struct conf_values values_of(const struct hub *hub, const struct hub_seen *seen)
{
    struct conf_values values = {0};

    values.of[CONF_GATEWAY] = span_of_text(hub->conf->gateway.name);
    values.of[CONF_CLIENT_ID] = hub_seen_id(seen);
    if (!conf_name_is_escaped(hub_seen_name(seen))) {
        values.of[CONF_NODE] = hub_seen_name(seen);
    }
    return values;
}

/* --- out of templates ------------------------------------------------------------------------ */

/* A section in the making: its texts one behind the other, each with its NUL. */
struct lay {
    struct conf_values values;
    struct writer w;
    bool bad;
};

static void say(struct lay *l, const char *text, unsigned kept)
{
    if (text != NULL) {
        l->bad |= !conf_expand(span_of_text(text), &l->values, kept, &l->w);
        write_u8(&l->w, 0);
    }
}

static void say_rules(struct lay *l, const struct conf_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        say(l, rules->at[i].filter, CONF_NO_VALUES);
        say(l, rules->at[i].template, CONF_BIT(CONF_TAIL));
    }
}

static bool say_all(struct lay *l, struct conf_upstream *conf, struct span name)
{
    const char **text = NULL;

    write_span(&l->w, name);
    write_u8(&l->w, 0);
    for (size_t i = 0; (text = text_of(conf, i)) != NULL; i++) {
        say(l, *text, CONF_NO_VALUES);
    }
    say_rules(l, &conf->send);
    say_rules(l, &conf->receive);
    return !l->bad && !l->w.bad;
}

/* --- into their places ----------------------------------------------------------------------- */

static void take(const char **text, struct span *rest)
{
    if (*text != NULL && rest->len > 0) { /* each was said, with its NUL */
        *text = (const char *)rest->at;
        *rest = span_from(*rest, strlen(*text) + 1);
    }
}

/* Returns the place behind. */
static struct conf_rule *take_rules(struct conf_rules *rules, struct conf_rule *to,
                                    struct span *rest)
{
    for (size_t i = 0; i < rules->count; i++) {
        to[i] = rules->at[i];
        take(&to[i].filter, rest);
        take(&to[i].template, rest);
    }
    rules->at = to;
    return &to[rules->count];
}

static void take_all(struct hub_laid *laid)
{
    struct conf_upstream *conf = &laid->conf;
    struct span rest = block_span(laid->texts);
    struct conf_rule *rules = (struct conf_rule *)(void *)laid->rules->octets;
    const char **text = NULL;

    take(&conf->at.name, &rest);
    for (size_t i = 0; (text = text_of(conf, i)) != NULL; i++) {
        take(text, &rest);
    }
    rules = take_rules(&conf->send, rules, &rest);
    (void)take_rules(&conf->receive, rules, &rest);
}

void hub_laid_drop(struct hub_laid *laid)
{
    block_drop(laid->texts);
    block_drop(laid->rules);
    laid->texts = NULL;
    laid->rules = NULL;
}

static uint64_t part_of(uint64_t whole, size_t parts)
{
    return whole / parts == 0 ? 1 : whole / parts;
}

void hub_mould_divide(const struct hub_mould *mould, struct mqtt_quota *quota)
{
    quota->queued_bytes = part_of(mould->self->conf->queue_max, mould->parts);
    quota->queued = (uint32_t)part_of(mould->self->conf->queue_messages, mould->parts);
}

static const struct conf_upstream *section_of(const struct hub *hub, const struct hub_mould *mould)
{
    return &hub->conf->upstream[(size_t)(mould->self - hub->uplinks)];
}

/* Blocks for what was said, and for `count` rules. False: no memory. */
static bool get_room(struct hub *hub, struct hub_laid *laid, const struct lay *l, size_t count)
{
    size_t rules = (count + 1) * sizeof(struct conf_rule);

    laid->texts = block_copy(&hub->sessions.budget, span_of(hub->topic, written(&l->w)));
    laid->rules = block_new(&hub->sessions.budget, rules);
    if (laid->texts == NULL || laid->rules == NULL) {
        hub_laid_drop(laid);
        return false;
    }
    return true;
}

bool hub_mould_lay(struct hub *hub, struct hub_laid *laid, const struct hub_mould *mould,
                   const struct hub_member *member)
{
    const struct hub_seen *seen = hub_seen_numbered(hub, member->origin);
    struct hub_laid next = {.conf = *section_of(hub, mould)};
    struct conf_upstream *conf = &next.conf;
    struct lay l = {.w = writer_of(hub->topic, sizeof hub->topic)};

    if (seen == NULL) {
        return false;
    }
    l.values = values_of(hub, seen);
    if (!say_all(&l, conf, mqtt_session_name(member->session)) ||
        !get_room(hub, &next, &l, conf->send.count + conf->receive.count)) {
        return false;
    }
    take_all(&next);
    conf->queue_max = part_of(conf->queue_max, mould->parts);
    conf->queue_messages = part_of(conf->queue_messages, mould->parts);
    hub_laid_drop(laid);
    *laid = next;
    return true;
}

bool hub_mould_lay_own(struct hub *hub, struct hub_mould *mould)
{
    struct hub_laid next = {.conf = *section_of(hub, mould)};
    struct conf_rules *send = &next.conf.send;
    struct conf_rule *rules = NULL;
    struct lay l = {.w = writer_of(hub->topic, sizeof hub->topic)};
    struct span rest;

    l.values.of[CONF_GATEWAY] = span_of_text(hub->conf->gateway.name);
    for (size_t i = 0; i < send->count; i++) {
        say(&l, send->at[i].filter, CONF_NO_VALUES);
    }
    if (l.bad || l.w.bad || !get_room(hub, &next, &l, send->count)) {
        return false;
    }
    rest = block_span(next.texts);
    rules = (struct conf_rule *)(void *)next.rules->octets;
    for (size_t i = 0; i < send->count; i++) {
        rules[i] = send->at[i];
        take(&rules[i].filter, &rest);
    }
    send->at = rules;
    hub_laid_drop(&mould->own);
    mould->own = next;
    mould->self->conf = &mould->own.conf;
    return true;
}
