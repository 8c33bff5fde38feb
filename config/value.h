/* config/value.h - the shapes that a setting of gateway.conf can have.
 *
 * Texts end with NUL; NULL means "not set". Numbers are uint64_t in the unit that ends the
 * setting's name (_ms, _us, _s; sizes in octets). CONF_NONE is a limit that does not bind, or a
 * time that never comes: the words `none`, `all` and `auto`; `off` and `spec` are 0.
 *
 * Ownership: every pointer belongs to the arena of its struct conf and lives as long as that.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONF_NONE UINT64_MAX

/* Where a section stands, and which of its keys a file has set: bit n is row n of its table. */
struct conf_section {
    const char *name; /* "" where the section has none */
    const char *file;
    uint64_t line;
    uint64_t set;
};

struct conf_texts {
    const char **at;
    size_t count;
};

/* `count` in each `per_ms`; count CONF_NONE: no limit. */
struct conf_rate {
    uint64_t count;
    uint64_t per_ms;
};

struct conf_range {
    uint64_t low; /* both ends belong to it */
    uint64_t high;
};

/* Two numbers of one key, `10000, 100`; which is which stands beside the setting. */
struct conf_pair {
    uint64_t first;
    uint64_t second;
};

/* A numeric IP address with port, or with `bits` of prefix. ip_len 0: `off`, or not set. */
struct conf_address {
    uint8_t ip[16];
    uint8_t ip_len; /* 4 or 16 octets */
    uint8_t bits;   /* of the prefix; 32 or 128 for one address */
    bool is_any;    /* the word `any` */
    uint16_t port;
};

struct conf_addresses {
    struct conf_address *at;
    size_t count;
};

enum conf_scheme { CONF_MQTT, CONF_MQTTS, CONF_WS, CONF_WSS };

struct conf_url {
    enum conf_scheme scheme;
    uint16_t port;
    const char *host; /* name or address, IPv6 without its brackets */
    const char *path; /* with its leading '/'; "/mqtt" where a WebSocket URL has none */
};

struct conf_urls {
    struct conf_url *at;
    size_t count;
};

enum conf_proxy_kind { CONF_NO_PROXY, CONF_PROXY_HTTP, CONF_PROXY_SOCKS5 };

struct conf_proxy {
    enum conf_proxy_kind kind;
    uint16_t port;
    const char *host; /* name or address, IPv6 without its brackets */
    const char *user; /* NULL: no login */
    const char *password;
};

/* What the user wrote, and what it stands for. `text` is NULL for `command:`, which is run at
 * each use, and for `file:` and `env:` until conf_load has read them. */
struct conf_secret {
    const char *source;
    const char *text;
};

struct conf_secrets {
    struct conf_secret *at;
    size_t count;
};

enum conf_retain { CONF_RETAIN_UNSET, CONF_RETAIN_KEEP, CONF_RETAIN_STRIP, CONF_RETAIN_SET };

#define CONF_QOS_UNSET 3u

/* One line of `send` or `receive`; see config/rule.h. */
struct conf_rule {
    const char *filter;   /* ready to match: %g and %% are replaced */
    const char *template; /* %g is replaced; %%, %t and %1..%9 stand; NULL: the topic as it is */
    uint64_t ttl_ms;      /* CONF_NONE: no end */
    uint64_t line;
    unsigned qos; /* 0, 1, 2 or CONF_QOS_UNSET */
    enum conf_retain retain;
};

struct conf_rules {
    struct conf_rule *at;
    size_t count;
};

/* A predefined topic id, or the two octets of a short topic name as a number. */
struct conf_topic_key {
    uint16_t id;
    bool is_short;
};

struct conf_topic_entry {
    struct conf_topic_key key;
    const char *template; /* as written: %g %l %n %c %% stand */
    uint64_t line;
};

struct conf_topic_entries {
    struct conf_topic_entry *at;
    size_t count;
};

enum conf_level { CONF_ERROR, CONF_WARNING, CONF_NOTICE, CONF_INFO, CONF_DEBUG };

struct conf_log_area {
    const char *area;
    enum conf_level level;
};

struct conf_log_areas {
    struct conf_log_area *at;
    size_t count;
};

#endif
