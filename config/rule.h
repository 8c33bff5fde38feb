/* config/rule.h - the rules of [upstream] send and receive: what fits, and what it becomes.
 *
 *     rule   = filter [ "to" template ] { "qos" 0|1|2 | "retain" keep|strip|set | "ttl" duration }
 *
 * %1..%9 of a template is what the n-th wildcard matched; %t the topic from the level of the
 * first wildcard on, or all of it without one. When # matched its parent level the '/' before
 * %t or that %n goes too.
 *
 * With `mode = transparent` %g, %n, %c and %% stand in both until there is a node.
 *
 * Pure. Topics are names without wildcards; lengths in octets.
 */
#ifndef CONFIG_RULE_H
#define CONFIG_RULE_H

#include "base/bytes.h"
#include "config/value.h"

struct conf_arena;

/* Reads the text of one rule; words go into `arena`, %g stays as written. Returns NULL, or what
 * is wrong. */
const char *conf_rule_parse(struct conf_rule *rule, struct span text, struct conf_arena *arena);

/* The text of a rule, as conf_rule_parse takes it; `escape`: %% of its filter was replaced. */
void conf_rule_print(const struct conf_rule *rule, bool escape, struct writer *w);

/* MQTT 3.1.1, 4.7: filters that begin with a wildcard match no topic that begins with '$'. */
bool conf_filter_matches(const char *filter, struct span topic);

static inline bool conf_rule_matches(const struct conf_rule *rule, struct span topic)
{
    return conf_filter_matches(rule->filter, topic);
}

/* Writes what a topic that matches becomes. False: it does not match, or does not fit `w`. */
bool conf_rule_apply(const struct conf_rule *rule, struct span topic, struct writer *w);

/* The levels of the shortest topic that it makes. */
size_t conf_rule_least_levels(const struct conf_rule *rule);

#endif
