/* config/options.h - the one option table: every section and key of gateway.conf.
 *
 * A row gives the reader, the range check, the default, dump, what a reload may do, and the
 * reference page. The rows lie in config/options/, one file per part of the gateway.
 */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include "config/expand.h"
#include "config/value.h"

/* What one value is; in brackets the C type of its field. */
enum conf_kind {
    CONF_KIND_FLAG,     /* yes, no [bool] */
    CONF_KIND_NUMBER,   /* [uint64_t], as the next five */
    CONF_KIND_US,       /* a time in microseconds */
    CONF_KIND_MS,       /* a time in milliseconds */
    CONF_KIND_SECONDS,  /* a time in seconds */
    CONF_KIND_SIZE,     /* octets */
    CONF_KIND_FACTOR,   /* thousandths */
    CONF_KIND_RATE,     /* [struct conf_rate] */
    CONF_KIND_RANGE,    /* LOW..HIGH [struct conf_range], as the next */
    CONF_KIND_MS_RANGE, /* of times */
    CONF_KIND_PAIR,     /* N, N [struct conf_pair] */
    CONF_KIND_WORD,     /* one of `words` [an enum, in their order] */
    CONF_KIND_TEXT,     /* [const char *], as the next five */
    CONF_KIND_HEX,      /* hexadecimal digits, least..most octets */
    CONF_KIND_FILTER,   /* topic filter */
    CONF_KIND_TOPIC,    /* topic name */
    CONF_KIND_MOUNT,    /* topic name that ends with '/' */
    CONF_KIND_NAME,     /* of a section of the kind `words` */
    CONF_KIND_SECRET,   /* [struct conf_secret] */
    CONF_KIND_ENDPOINT, /* address and port [struct conf_address], as the next two */
    CONF_KIND_PREFIX,
    CONF_KIND_IP,
    CONF_KIND_URL,   /* [struct conf_url] */
    CONF_KIND_PROXY, /* [struct conf_proxy] */
    CONF_KIND_RULE,  /* [struct conf_rule] */
    CONF_KIND_ENTRY, /* KEY TEMPLATE [struct conf_topic_entry] */
    CONF_KIND_AREA   /* level.AREA [struct conf_log_area] */
};

enum conf_many {
    CONF_ONE,
    CONF_MANY, /* the key may stand several times; the field is a list */
    CONF_COMMA /* a list with commas, once */
};

enum conf_reload {
    CONF_LIVE, /* acts at once */
    CONF_NEW,  /* for connections from now on */
    CONF_RESTART
};

struct conf_option {
    const char *key; /* "*": any (a topic KEY); "level.*": that beginning */
    enum conf_kind kind;
    enum conf_many many;
    size_t offset; /* of the field in the section's struct */
    uint64_t least;
    uint64_t most;
    const char *initial; /* as a user would write it; NULL: not set, or it depends */
    const char *words;   /* WORD: "a|b|c"; NAME: kind of section; else one more value, "off" */
    unsigned holds;      /* placeholders that may stand in it */
    enum conf_reload reload;
    const char *effect;  /* ALL, NOT_YET, or the values that have effect: "udp|serial" */
    const char *depends; /* what the default depends on, for the reference; or NULL */
    const char *help;
};

#define CONF_EFFECT_ALL     ""
#define CONF_EFFECT_NOT_YET NULL

struct conf_section_kind {
    const char *name;
    bool has_name;
    bool is_level; /* its name becomes a topic level */
    size_t size;   /* octets of its struct */
    size_t offset; /* in struct conf: of the struct, or with a name of the pointer and count */
    const struct conf_option *options; /* ends with a row whose key is NULL */
    const char *help;
};

#define CONF_SECTION_KINDS 16u

/* The kinds in the order of dump and reference; `index` below CONF_SECTION_KINDS. */
const struct conf_section_kind *conf_section_kind(size_t index);

/* NULL: there is none of that name. */
const struct conf_section_kind *conf_section_kind_find(struct span name);
const struct conf_option *conf_option_find(const struct conf_section_kind *kind, struct span key);

/* Octets of one value of that kind. */
size_t conf_kind_size(enum conf_kind kind);

/* The bit of a row in struct conf_section `set`. */
uint64_t conf_option_bit(const struct conf_section_kind *kind, const struct conf_option *row);

/* The number of `text` in "a|b|c"; false: it is none of them. Empty words match nothing. */
bool conf_word_find(const char *words, struct span text, unsigned *index);

/* The word with that number, empty if there is none. */
struct span conf_word(const char *words, unsigned index);

/* The sections of one kind that `conf` has; those without a name are always there, once. */
struct conf;
size_t conf_section_count(const struct conf *conf, const struct conf_section_kind *kind);
void *conf_section_at(const struct conf *conf, const struct conf_section_kind *kind, size_t index);
void *conf_section_find(const struct conf *conf, const struct conf_section_kind *kind,
                        struct span name);

#endif
