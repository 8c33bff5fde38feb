#include "mqtt/acl.h"

#include "mqtt/topic.h"

static bool is_word(struct span level, char word)
{
    return level.len == 1 && level.at[0] == (uint8_t)word;
}

bool mqtt_acl_covers(struct span wide, struct span narrow)
{
    struct span a;
    struct span b;

    if (narrow.len != 0 && wide.len != 0 && narrow.at[0] == '$' &&
        (wide.at[0] == '+' || wide.at[0] == '#')) {
        return false; /* [MQTT-4.7.2-1] */
    }
    while (mqtt_topic_next_level(&wide, &a)) {
        if (is_word(a, '#')) {
            return true;
        }
        if (!mqtt_topic_next_level(&narrow, &b)) {
            return false;
        }
        if (is_word(b, '#') || (!is_word(a, '+') && !span_equal(a, b))) {
            return false;
        }
        if (narrow.at == NULL && wide.len == 1 && wide.at[0] == '#') {
            return true; /* a/# covers a */
        }
    }
    return !mqtt_topic_next_level(&narrow, &b);
}

static bool any_matches(const struct mqtt_acl_list *list, struct span topic)
{
    for (size_t i = 0; i < list->count; i++) {
        if (mqtt_topic_matches(list->filters[i], topic)) {
            return true;
        }
    }
    return false;
}

bool mqtt_acl_may_publish(const struct mqtt_acl *acl, struct span topic)
{
    if (mqtt_topic_is_system(topic)) {
        return false;
    }
    return acl == NULL || any_matches(&acl->publish, topic);
}

bool mqtt_acl_may_read(const struct mqtt_acl *acl, struct span topic)
{
    return acl == NULL || any_matches(&acl->subscribe, topic);
}

bool mqtt_acl_may_subscribe(const struct mqtt_acl *acl, struct span filter)
{
    for (size_t i = 0; acl != NULL && i < acl->subscribe.count; i++) {
        if (mqtt_acl_covers(acl->subscribe.filters[i], filter)) {
            return true;
        }
    }
    return acl == NULL;
}
