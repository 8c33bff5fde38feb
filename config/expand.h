/* config/expand.h - placeholders in a text: which stand there, and what they become.
 *
 * `%%` is a percent sign. A value that is missing, empty, not UTF-8, or holds '/', '+', '#' or a
 * control character cannot be put in: then the whole text does not exist for that peer.
 */
#ifndef CONFIG_EXPAND_H
#define CONFIG_EXPAND_H

#include "base/bytes.h"

/* In the order of CONF_LETTERS; sets of them are masks of CONF_BIT. */
enum conf_placeholder {
    CONF_HOST,      /* %h */
    CONF_SERIAL_NO, /* %s */
    CONF_GATEWAY,   /* %g */
    CONF_LISTENER,  /* %l */
    CONF_ADDRESS,   /* %a */
    CONF_NODE,      /* %n */
    CONF_CLIENT_ID, /* %c */
    CONF_USER,      /* %u */
    CONF_TAIL,      /* %t, and %1..%9: only rules know them */
    CONF_PLACEHOLDERS
};

#define CONF_LETTERS      "hsglancut"
#define CONF_BIT(which)   (1u << (which))
#define CONF_NO_VALUES    0u
#define CONF_FIXED        (CONF_BIT(CONF_GATEWAY) | CONF_BIT(CONF_LISTENER))
#define CONF_NODE_VALUES  (CONF_BIT(CONF_NODE) | CONF_BIT(CONF_CLIENT_ID))
#define CONF_TOPIC_VALUES (CONF_FIXED | CONF_NODE_VALUES)

struct conf_values {
    struct span of[CONF_PLACEHOLDERS]; /* empty: the peer does not have it */
};

/* The placeholders that stand in `text`. */
unsigned conf_placeholders_of(struct span text);

/* NULL when only `allowed` stand in `text`; else what is wrong. */
const char *conf_placeholders_check(struct span text, unsigned allowed);

/* Writes `text` with its placeholders replaced. Those in `kept` stay as written, and %% too
 * unless `kept` is 0. False: a value cannot be put in; `w` is then as it was. */
bool conf_expand(struct span text, const struct conf_values *values, unsigned kept,
                 struct writer *w);

/* Writes `text` with each percent sign doubled, so that it expands to itself. */
void conf_escape(struct span text, struct writer *w);

/* NULL, or why `text` is no topic filter, no topic name. Placeholders count as letters. */
const char *conf_filter_check(struct span text);
const char *conf_topic_check(struct span text);

#endif
