#include "mqtt/topic.h"

#include "base/utf8.h"

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* A set high bit wherever an octet of `word` is 0; octets above the first such may be marked too.
 */
static uint64_t zeros(uint64_t word)
{
    return (word - ONES) & ~word & HIGHS;
}

/* Eight octets at once: nothing but ASCII, no NUL, no wildcard. */
static bool is_plain(uint64_t word)
{
    return ((word & HIGHS) | zeros(word) | zeros(word ^ ONES * '+') | zeros(word ^ ONES * '#')) ==
           0;
}

/* True if all of `text` is plain; what is not may still be a good name. */
static bool is_plain_text(struct span text)
{
    uint64_t word = 0;

    for (; text.len >= sizeof word; text = span_from(text, sizeof word)) {
        memcpy(&word, text.at, sizeof word);
        if (!is_plain(word)) {
            return false;
        }
    }
    word = ONES;
    if (text.len != 0) {
        memcpy(&word, text.at, text.len);
    }
    return is_plain(word);
}

bool mqtt_topic_is_name(struct span name)
{
    if (name.len == 0 || name.len > MQTT_TOPIC_MAX) {
        return false;
    }
    return is_plain_text(name) || (memchr(name.at, '+', name.len) == NULL &&
                                   memchr(name.at, '#', name.len) == NULL && utf8_is_text(name));
}

static bool has_wildcard(struct span level)
{
    return memchr(level.at, '+', level.len) != NULL || memchr(level.at, '#', level.len) != NULL;
}

bool mqtt_topic_is_filter(struct span filter)
{
    struct span rest = filter;
    struct span level;

    if (filter.len == 0 || filter.len > MQTT_TOPIC_MAX || !utf8_is_text(filter)) {
        return false;
    }
    while (mqtt_topic_next_level(&rest, &level)) {
        bool last = rest.at == NULL;

        if (level.len > 1 && has_wildcard(level)) {
            return false; /* [MQTT-4.7.1-3] */
        }
        if (level.len == 1 && level.at[0] == '#' && !last) {
            return false; /* [MQTT-4.7.1-2] */
        }
    }
    return true;
}

size_t mqtt_topic_levels(struct span topic)
{
    size_t count = 1;

    for (size_t i = 0; i < topic.len; i++) {
        count += topic.at[i] == '/' ? 1 : 0;
    }
    return count;
}

bool mqtt_topic_next_level(struct span *rest, struct span *level)
{
    size_t len = 0;

    if (rest->at == NULL) {
        return false;
    }
    while (len < rest->len && rest->at[len] != '/') {
        len++;
    }
    *level = (struct span){rest->at, len};
    *rest = len == rest->len ? (struct span){NULL, 0}
                             : (struct span){&rest->at[len + 1], rest->len - len - 1};
    return true;
}

static bool is_level(struct span level, char wildcard)
{
    return level.len == 1 && level.at[0] == (uint8_t)wildcard;
}

bool mqtt_topic_matches(struct span filter, struct span name)
{
    struct span want;
    struct span have;

    if (mqtt_topic_is_system(name) && filter.len != 0 &&
        (filter.at[0] == '+' || filter.at[0] == '#')) {
        return false;
    }
    while (mqtt_topic_next_level(&filter, &want)) {
        if (is_level(want, '#')) {
            return true; /* also when the name ended one level above */
        }
        if (!mqtt_topic_next_level(&name, &have) ||
            (!is_level(want, '+') && !span_equal(want, have))) {
            return false;
        }
    }
    return name.at == NULL;
}

bool mqtt_topic_lies_under(struct span topic, struct span parent)
{
    if (parent.len == 0 || topic.len < parent.len) {
        return false;
    }
    return span_equal(span_of(topic.at, parent.len), parent) &&
           (topic.len == parent.len || topic.at[parent.len] == '/');
}

bool mqtt_topic_reaches(struct span filter, struct span parent)
{
    struct span want;
    struct span have;

    if (parent.len == 0 || (mqtt_topic_is_system(parent) && filter.len != 0 &&
                            (filter.at[0] == '+' || filter.at[0] == '#'))) {
        return false;
    }
    while (mqtt_topic_next_level(&parent, &have)) {
        if (!mqtt_topic_next_level(&filter, &want)) {
            return false;
        }
        if (is_level(want, '#')) {
            return true;
        }
        if (!is_level(want, '+') && !span_equal(want, have)) {
            return false;
        }
    }
    return true;
}
