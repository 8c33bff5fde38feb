#include "mqtt/acl.h"

#include "mqtt/topic.h"

static size_t octets_of(const struct mqtt_acl_list *list)
{
    size_t octets = list->count * sizeof(struct span);

    for (size_t i = 0; i < list->count; i++) {
        octets += list->filters[i].len;
    }
    return octets;
}

/* Copies a list to `spans` and its octets to `w`. */
static struct mqtt_acl_list copy_list(const struct mqtt_acl_list *from, struct span *spans,
                                      struct writer *w)
{
    for (size_t i = 0; i < from->count; i++) {
        spans[i] = span_of(w->at, from->filters[i].len);
        write_span(w, from->filters[i]);
    }
    return (struct mqtt_acl_list){spans, from->count};
}

struct block *mqtt_acl_new(struct budget *budget, const struct mqtt_acl *from)
{
    size_t octets = octets_of(&from->publish) + octets_of(&from->subscribe);
    size_t count = from->publish.count + from->subscribe.count;
    struct block *block = block_new(budget, sizeof(struct mqtt_acl) + octets);
    struct mqtt_acl *acl = NULL;
    struct span *spans = NULL;
    struct writer w;

    if (block == NULL) {
        return NULL;
    }
    acl = (struct mqtt_acl *)(void *)block->octets;
    spans = (struct span *)(void *)(acl + 1);
    w = writer_of((uint8_t *)(spans + count), octets - count * sizeof *spans);
    acl->publish = copy_list(&from->publish, spans, &w);
    acl->subscribe = copy_list(&from->subscribe, spans + from->publish.count, &w);
    return block;
}

const struct mqtt_acl *mqtt_acl_of(const struct block *block)
{
    return block == NULL ? NULL : (const struct mqtt_acl *)(const void *)block->octets;
}

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
    if (mqtt_topic_lies_under(topic, span_of_text("$SYS"))) {
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
