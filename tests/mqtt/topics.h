/* tests/mqtt/topics.h - seeded random topic names and filters out of few levels, so that many
 * match. */
#ifndef TESTS_MQTT_TOPICS_H
#define TESTS_MQTT_TOPICS_H

#include "base/rng.h"
#include "tests/support.h"

#define TOPIC_SIZE 64

/* Writes 1 to 5 levels out of `words`, and returns them. */
static inline struct span random_topic(struct rng *rng, char text[TOPIC_SIZE],
                                       const char *const *words, size_t count)
{
    struct writer w = writer_of((uint8_t *)text, TOPIC_SIZE);
    size_t levels = 1 + (size_t)rng_below(rng, 5);

    for (size_t i = 0; i < levels; i++) {
        if (i != 0) {
            write_u8(&w, '/');
        }
        write_span(&w, span_of_text(words[rng_below(rng, count)]));
    }
    return span_of(text, written(&w));
}

static inline struct span random_name(struct rng *rng, char text[TOPIC_SIZE])
{
    static const char *const words[] = {"a", "b", "", "long-level", "$s"};
    struct span name = {NULL, 0};

    while (name.len == 0) {
        name = random_topic(rng, text, words, COUNT(words));
    }
    return name;
}

static inline struct span random_filter(struct rng *rng, char text[TOPIC_SIZE])
{
    static const char *const words[] = {"a", "b", "", "+", "long-level", "+", "$s"};
    struct span filter = {NULL, 0};

    while (filter.len == 0) {
        filter = random_topic(rng, text, words, COUNT(words));
        if (rng_below(rng, 3) == 0) {
            memcpy(text + filter.len, "/#", 2);
            filter.len += 2;
        }
    }
    return rng_below(rng, 50) == 0 ? span_of_text("#") : filter;
}

#endif
