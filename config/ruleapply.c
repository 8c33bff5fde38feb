#include "config/rule.h"

#include "base/text.h"

#define WILDCARDS 9u /* %1..%9 */

/* What the wildcards of a filter matched. */
struct match {
    struct span wild[WILDCARDS];
    size_t count;     /* wildcards met, those beyond the ninth too */
    struct span tail; /* from the level of the first wildcard on */
    bool at_parent;   /* a # matched its parent level: it stands for nothing */
};

/* The level at the front of `text`, which becomes what follows its '/'; `*more` tells whether
 * there was one. */
static struct span take_level(struct span *text, bool *more)
{
    const uint8_t *slash = text->len == 0 ? NULL : memchr(text->at, '/', text->len);
    struct span level = *text;

    *more = slash != NULL;
    if (slash != NULL) {
        level.len = (size_t)(slash - text->at);
    }
    *text = slash == NULL ? (struct span){NULL, 0} : span_from(*text, level.len + 1);
    return level;
}

static bool is_level(struct span level, char wildcard)
{
    return level.len == 1 && level.at[0] == (uint8_t)wildcard;
}

static void note(struct match *match, struct span what, struct span tail)
{
    if (match->count == 0) {
        match->tail = tail;
    }
    if (match->count < WILDCARDS) {
        match->wild[match->count] = what;
    }
    match->count++;
}

/* Walks filter and topic level by level. */
static bool walk(struct span filter, struct span topic, struct match *match)
{
    bool filter_more = true;
    bool topic_more = true;

    while (filter_more) {
        struct span rest = topic;
        struct span want = take_level(&filter, &filter_more);
        struct span have;

        if (is_level(want, '#')) {
            match->at_parent = !topic_more;
            note(match, rest, rest);
            return true;
        }
        if (!topic_more) {
            return false;
        }
        have = take_level(&topic, &topic_more);
        if (is_level(want, '+')) {
            note(match, have, rest);
        } else if (!span_equal(want, have)) {
            return false;
        }
    }
    return !topic_more;
}

static bool matches(const char *filter, struct span topic, struct match *match)
{
    bool is_system = topic.len != 0 && topic.at[0] == '$';

    *match = (struct match){.tail = {NULL, 0}};
    if (topic.len == 0 || (is_system && (filter[0] == '+' || filter[0] == '#'))) {
        return false;
    }
    return walk(span_of_text(filter), topic, match);
}

bool conf_filter_matches(const char *filter, struct span topic)
{
    struct match match;

    return matches(filter, topic, &match);
}

/* Takes back the '/' written last since `start`. */
static void drop_slash(struct writer *w, const uint8_t *start)
{
    if (w->at != start && w->at[-1] == '/') {
        w->at--;
    }
}

static void write_match(const struct match *match, char which, const uint8_t *start,
                        struct writer *w)
{
    size_t number = which == 't' ? 0 : (size_t)(which - '1');
    struct span what = which == 't' ? match->tail : match->wild[number];
    bool is_hash = which == 't' ? match->count == 1 : number + 1 == match->count;

    if (match->at_parent && is_hash) {
        drop_slash(w, start);
    }
    write_span(w, what);
}

bool conf_rule_apply(const struct conf_rule *rule, struct span topic, struct writer *w)
{
    struct writer before = *w;
    struct match match;

    if (!matches(rule->filter, topic, &match)) {
        return false;
    }
    match.tail = match.count == 0 ? topic : match.tail;
    if (rule->template == NULL) {
        write_span(w, topic);
    }
    for (const char *at = rule->template; at != NULL && *at != '\0'; at++) {
        if (at[0] != '%' || at[1] == '\0') {
            write_u8(w, (uint8_t)*at);
            continue;
        }
        at++;
        if (*at == 't' || (*at >= '1' && *at <= '9')) {
            write_match(&match, *at, before.at, w);
        } else {
            write_u8(w, (uint8_t)*at);
        }
    }
    if (w->bad || w->at == before.at) {
        *w = before;
        return false;
    }
    return true;
}

/* The shortest topic that fits: a level for each +, and none for the # behind others. */
static void write_shortest(struct span filter, struct writer *w)
{
    bool more = true;
    bool is_first = true;

    while (more) {
        struct span level = take_level(&filter, &more);

        if (is_level(level, '#') && !is_first) {
            return;
        }
        write_text(w, is_first ? "" : "/");
        write_span(w, is_level(level, '#') || is_level(level, '+') ? span_of_text("x") : level);
        is_first = false;
    }
}

size_t conf_rule_least_levels(const struct conf_rule *rule)
{
    uint8_t room[2][1024];
    struct writer topic = writer_of(room[0], sizeof room[0]);
    struct writer made = writer_of(room[1], sizeof room[1]);
    size_t levels = 1;

    write_shortest(span_of_text(rule->filter), &topic);
    if (topic.bad || !conf_rule_apply(rule, span_of(room[0], written(&topic)), &made)) {
        return 0; /* so long a text says nothing of levels */
    }
    for (size_t i = 0; i < written(&made); i++) {
        levels += room[1][i] == '/';
    }
    return levels;
}
