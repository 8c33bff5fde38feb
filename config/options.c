#include "config/options.h"

#include "config/arena.h"
#include "config/options/rows.h"

#define FIELD(kind) sizeof(struct conf_##kind), offsetof(struct conf, kind), conf_rows_##kind

/* clang-format off */
static const struct conf_section_kind kinds[CONF_SECTION_KINDS] = {
    {"gateway", false, false, FIELD(gateway), "the gateway as a whole"},
    {"listener", true, true, FIELD(listener), "a port for MQTT-SN nodes: UDP or a line"},
    {"broker", true, false, FIELD(broker), "a port of the embedded MQTT broker; all share topics, sessions and users"},
    {"upstream", true, true, FIELD(upstream), "an MQTT broker that messages are forwarded to"},
    {"topics", true, false, FIELD(topics), "a map of predefined topic ids and short topic names"},
    {"node", true, true, FIELD(node), "one node: who it is, and what is special about it"},
    {"group", true, true, FIELD(group), "settings that several nodes share"},
    {"user", true, false, FIELD(user), "a user name of MQTT programs"},
    {"acl", true, false, FIELD(acl), "what may be published and read"},
    {"limits", false, false, FIELD(limits), "what the gateway takes on at most"},
    {"store", false, false, FIELD(store), "where sessions and messages are kept"},
    {"log", false, false, FIELD(log), "what is logged, and where to"},
    {"web", false, false, FIELD(web), "the page"},
    {"metrics", false, false, FIELD(metrics), "counters for Prometheus"},
    {"homeassistant", false, false, FIELD(homeassistant), "announcements to Home Assistant"},
    {"entity", true, false, FIELD(entity), "what they say of one topic"},
};

static const uint8_t sizes[] = {
    [FLAG] = sizeof(bool),
    [NUMBER] = sizeof(uint64_t), [US] = sizeof(uint64_t), [MS] = sizeof(uint64_t),
    [SECONDS] = sizeof(uint64_t), [SIZE] = sizeof(uint64_t), [FACTOR] = sizeof(uint64_t),
    [RATE] = sizeof(struct conf_rate),
    [RANGE] = sizeof(struct conf_range), [MS_RANGE] = sizeof(struct conf_range),
    [PAIR] = sizeof(struct conf_pair),
    [WORD] = sizeof(unsigned),
    [TEXT] = sizeof(char *), [HEX] = sizeof(char *), [FILTER] = sizeof(char *),
    [TOPIC] = sizeof(char *), [MOUNT] = sizeof(char *), [NAME] = sizeof(char *),
    [SECRET] = sizeof(struct conf_secret),
    [ENDPOINT] = sizeof(struct conf_address), [PREFIX] = sizeof(struct conf_address),
    [IP] = sizeof(struct conf_address),
    [URL] = sizeof(struct conf_url),
    [PROXY] = sizeof(struct conf_proxy),
    [RULE] = sizeof(struct conf_rule),
    [ENTRY] = sizeof(struct conf_topic_entry),
    [AREA] = sizeof(struct conf_log_area),
};
/* clang-format on */

/* Words are stored through unsigned, enums without negative values are. */
_Static_assert(sizeof(enum conf_auth) == sizeof(unsigned), "an enum has the size of unsigned");

size_t conf_kind_size(enum conf_kind kind)
{
    return sizes[kind];
}

const struct conf_section_kind *conf_section_kind(size_t index)
{
    return &kinds[index];
}

const struct conf_section_kind *conf_section_kind_find(struct span name)
{
    for (size_t i = 0; i < CONF_SECTION_KINDS; i++) {
        if (span_equal(name, span_of_text(kinds[i].name))) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* A key of the table that ends with '*' stands for all that begin so. */
static bool fits(const char *pattern, struct span key)
{
    struct span plain;

    if (key.len == 0 || (pattern[0] != '*' && (uint8_t)pattern[0] != key.at[0])) {
        return false; /* tells most apart at once */
    }
    plain = span_of_text(pattern);
    if (plain.at[plain.len - 1] != '*') {
        return span_equal(plain, key);
    }
    plain.len--;
    return key.len > plain.len && memcmp(key.at, plain.at, plain.len) == 0;
}

const struct conf_option *conf_option_find(const struct conf_section_kind *kind, struct span key)
{
    for (const struct conf_option *row = kind->options; row->key != NULL; row++) {
        if (fits(row->key, key)) {
            return row;
        }
    }
    return NULL;
}

uint64_t conf_option_bit(const struct conf_section_kind *kind, const struct conf_option *row)
{
    return UINT64_C(1) << (row - kind->options);
}

/* The pointer and count of a kind that has names. */
static struct conf_list list_of(const struct conf *conf, const struct conf_section_kind *kind)
{
    struct conf_list list;

    memcpy(&list, (const uint8_t *)conf + kind->offset, sizeof list);
    return list;
}

size_t conf_section_count(const struct conf *conf, const struct conf_section_kind *kind)
{
    return kind->has_name ? list_of(conf, kind).count : 1;
}

void *conf_section_at(const struct conf *conf, const struct conf_section_kind *kind, size_t index)
{
    if (!kind->has_name) {
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): takes a const away, as strchr does */
        return (uint8_t *)(uintptr_t)conf + kind->offset;
    }
    return (uint8_t *)list_of(conf, kind).at + index * kind->size;
}

/* Without the length of `text` first: ten thousand names are looked through for each other. */
static bool is_text(struct span name, const char *text)
{
    for (size_t i = 0; i < name.len; i++) {
        if (text[i] == '\0' || (uint8_t)text[i] != name.at[i]) {
            return false;
        }
    }
    return text[name.len] == '\0';
}

void *conf_section_find(const struct conf *conf, const struct conf_section_kind *kind,
                        struct span name)
{
    size_t count = conf_section_count(conf, kind);

    for (size_t i = 0; i < count; i++) {
        struct conf_section *section = conf_section_at(conf, kind, i);

        if (is_text(name, section->name)) {
            return section;
        }
    }
    return NULL;
}

static const void *find(const struct conf *conf, const char *kind, const char *name)
{
    return conf_section_find(conf, conf_section_kind_find(span_of_text(kind)), span_of_text(name));
}

const struct conf_listener *conf_listener_find(const struct conf *conf, const char *name)
{
    return find(conf, "listener", name);
}

const struct conf_topics *conf_topics_find(const struct conf *conf, const char *name)
{
    return find(conf, "topics", name);
}

const struct conf_group *conf_group_find(const struct conf *conf, const char *name)
{
    return find(conf, "group", name);
}

const struct conf_user *conf_user_find(const struct conf *conf, const char *name)
{
    return find(conf, "user", name);
}

const struct conf_acl *conf_acl_find(const struct conf *conf, const char *name)
{
    return find(conf, "acl", name);
}

bool conf_word_find(const char *words, struct span text, unsigned *index)
{
    struct span word = conf_word(words, 0);

    for (unsigned i = 0; word.at != NULL; word = conf_word(words, ++i)) {
        if (word.len != 0 && span_equal(word, text)) {
            *index = i;
            return true;
        }
    }
    return false;
}

struct span conf_word(const char *words, unsigned index)
{
    size_t len = 0;

    while (index > 0 && *words != '\0') {
        index -= *words == '|';
        words++;
    }
    if (index > 0) {
        return (struct span){NULL, 0};
    }
    while (words[len] != '\0' && words[len] != '|') {
        len++;
    }
    return span_of(words, len);
}
