/* match SHAPE FILTERS TOPICS - how long it takes to find who reads a topic, in a tree of so many
 * filters: exact, plus (`+` inside) or hash (`#` at the end). Topics are drawn evenly from those
 * that one filter matches. Prints nanoseconds for each; valgrind --tool=callgrind
 * --toggle-collect=matches counts instructions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "mqtt/tree.h"

#define TEXT 40
#define WIDE 1000u /* filters below one level */

static const struct shape {
    const char *name;
    const char *filter;
} shapes[] = {{"exact", "site/%u/line/%u/value"},
              {"plus", "site/%u/+/%u/value"},
              {"hash", "site/%u/line/%u/#"}};

struct bench {
    struct budget budget;
    struct mqtt_tree tree;
    struct mqtt_subscription *subs;
    char (*topics)[TEXT];
    size_t topic_count;
    size_t found;
};

static const char *filter_of(const char *name)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (strcmp(shapes[i].name, name) == 0) {
            return shapes[i].filter;
        }
    }
    return NULL;
}

/* The format is one of `shapes`. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void fill(struct bench *b, const char *format, unsigned filters)
{
    char filter[TEXT];

    b->subs = calloc(filters, sizeof *b->subs);
    if (b->subs == NULL || !mqtt_tree_init(&b->tree, &b->budget, 1)) {
        abort();
    }
    for (unsigned i = 0; i < filters; i++) {
        (void)snprintf(filter, sizeof filter, format, i / WIDE, i % WIDE);
        if (!mqtt_tree_add(&b->tree, span_of_text(filter), &b->subs[i])) {
            abort();
        }
    }
}

static void draw(struct bench *b, unsigned filters)
{
    struct rng rng = {7};

    b->topics = calloc(b->topic_count, sizeof *b->topics);
    if (b->topics == NULL) {
        abort();
    }
    for (size_t i = 0; i < b->topic_count; i++) {
        unsigned pick = (unsigned)(rng_next(&rng) % filters);

        (void)snprintf(b->topics[i], TEXT, "site/%u/line/%u/value", pick / WIDE, pick % WIDE);
    }
}

void matches(struct bench *b);

/* Not inlined, so that a profiler finds it by name. */
__attribute__((noinline)) void matches(struct bench *b)
{
    for (size_t i = 0; i < b->topic_count; i++) {
        b->found += mqtt_tree_match(&b->tree, span_of_text(b->topics[i])) != NULL;
    }
}

int main(int argc, char **argv)
{
    static struct bench bench = {.budget = {.limit = (size_t)4 << 30}};
    const char *format = argc == 4 ? filter_of(argv[1]) : NULL;
    struct timespec from;
    struct timespec to;
    unsigned filters = 0;

    if (format == NULL) {
        return 2;
    }
    filters = (unsigned)strtoul(argv[2], NULL, 10);
    bench.topic_count = strtoul(argv[3], NULL, 10);
    fill(&bench, format, filters);
    draw(&bench, filters);
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    matches(&bench);
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%.0f ns each, %zu octets a filter\n",
           ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) /
               (double)bench.topic_count,
           bench.budget.used / filters);
    return bench.found == bench.topic_count ? 0 : 1;
}
