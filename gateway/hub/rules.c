#include "gateway/hub/rules.h"

#define RULE_EXCLUDE UINT16_MAX
#define FILTER_MOST  8192u /* octets: a line of the configuration has no more */

static uint8_t retain_option(enum conf_retain rule, enum conf_retain upstream)
{
    static const uint8_t options[] = {[CONF_RETAIN_UNSET] = MQTT_SUB_RETAIN_KEEP,
                                      [CONF_RETAIN_KEEP] = MQTT_SUB_RETAIN_KEEP,
                                      [CONF_RETAIN_STRIP] = MQTT_SUB_RETAIN_STRIP,
                                      [CONF_RETAIN_SET] = MQTT_SUB_RETAIN_SET};

    return options[rule == CONF_RETAIN_UNSET ? upstream : rule];
}

static struct mqtt_subscribing subscribing_of(const struct conf_upstream *conf, size_t i)
{
    const struct conf_rule *rule = &conf->send.at[i];
    uint64_t qos_max = conf->qos_max;
    struct mqtt_subscribing sub = {.filter = span_of_text(rule->filter),
                                   .qos = (uint8_t)qos_max,
                                   .options = retain_option(rule->retain, conf->retain),
                                   .rule = (uint16_t)(i + 1),
                                   .ttl_ms = rule->ttl_ms == CONF_NONE ? 0 : rule->ttl_ms};

    if (rule->qos != CONF_QOS_UNSET) {
        sub.qos = (uint8_t)(rule->qos < qos_max ? rule->qos : qos_max);
        sub.options |= MQTT_SUB_FIXED_QOS;
    }
    return sub;
}

static bool is_excluded(const struct conf_upstream *conf, struct span filter)
{
    for (size_t i = 0; i < conf->exclude.count; i++) {
        if (span_equal(span_of_text(conf->exclude.at[i]), filter)) {
            return true;
        }
    }
    return false;
}

/* True when one of the first `count` send rules has this filter. */
static bool is_sent(const struct conf_upstream *conf, size_t count, struct span filter)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equal(span_of_text(conf->send.at[i].filter), filter)) {
            return true;
        }
    }
    return false;
}

static bool is_wanted(const struct conf_upstream *conf, struct span filter)
{
    return is_excluded(conf, filter) || is_sent(conf, conf->send.count, filter);
}

/* Drops stored subscriptions that no rule asks for any more. */
static void unsubscribe_old(struct hub *hub, struct hub_uplink *up, uint64_t now_ms)
{
    uint8_t room[FILTER_MOST];
    uint64_t ticket = 0;

    CHAIN_EACH_SAFE (link, after, &up->session->subscriptions) {
        struct mqtt_subscription *sub = LIST_ITEM(link, struct mqtt_subscription, in_session);
        struct span filter = mqtt_subscription_filter(sub, room, sizeof room);

        if (!is_wanted(up->conf, filter)) {
            mqtt_session_unsubscribe(&hub->sessions, up->session, filter, &ticket, now_ms);
        }
    }
}

static bool has_filter(const struct hub *hub, const struct hub_uplink *up, struct span filter)
{
    return mqtt_tree_find(&hub->sessions.tree, filter, up->session, &up->session->subscriptions) !=
           NULL;
}

/* What is excluded goes in first, then rules in file order: retained messages go up once, by the
 * first rule that fits, and only when a rule is new, or `again`. */
static void subscribe_rules(struct hub *hub, struct hub_uplink *up, bool again, uint64_t now_ms)
{
    uint64_t ticket = 0;

    for (size_t i = 0; i < up->conf->exclude.count; i++) {
        struct mqtt_subscribing sub = {.filter = span_of_text(up->conf->exclude.at[i]),
                                       .options = MQTT_SUB_EXCLUDE,
                                       .rule = RULE_EXCLUDE,
                                       .no_retained = true};

        mqtt_session_subscribe(&hub->sessions, up->session, &sub, &ticket, now_ms);
    }
    for (size_t i = 0; i < up->conf->send.count; i++) {
        struct mqtt_subscribing sub = subscribing_of(up->conf, i);

        sub.no_retained = !again && has_filter(hub, up, sub.filter);
        if (!is_excluded(up->conf, sub.filter) && !is_sent(up->conf, i, sub.filter)) {
            mqtt_session_subscribe(&hub->sessions, up->session, &sub, &ticket, now_ms);
        }
    }
}

void hub_rules_apply(struct hub *hub, struct hub_uplink *up, uint64_t now_ms)
{
    unsubscribe_old(hub, up, now_ms);
    subscribe_rules(hub, up, false, now_ms);
}

void hub_rules_resend(struct hub *hub, struct hub_uplink *up, uint64_t now_ms)
{
    subscribe_rules(hub, up, true, now_ms);
}
