#include "sn/names.h"

#include "base/utf8.h"

#define TOPIC_MOST 65535u

const struct sn_name *sn_names_by_id(const struct sn_names *names, uint16_t id, bool is_short)
{
    for (size_t i = 0; names != NULL && i < names->count; i++) {
        if (names->entries[i].id == id && names->entries[i].is_short == is_short) {
            return &names->entries[i];
        }
    }
    return NULL;
}

struct span sn_names_topic(const struct sn_names *names, const struct sn_name *name)
{
    return name->len == 0 ? (struct span){NULL, 0} : span_of(names->text + name->at, name->len);
}

bool sn_names_dismount(const struct sn_names *names, struct span *topic)
{
    struct span mount = names == NULL ? (struct span){NULL, 0} : names->mount;

    if (mount.len == 0) {
        return true;
    }
    if (topic->len <= mount.len || memcmp(topic->at, mount.at, mount.len) != 0) {
        return false;
    }
    *topic = span_from(*topic, mount.len);
    return true;
}

static bool is_text(struct span topic)
{
    return topic.len != 0 && topic.len <= TOPIC_MOST && utf8_is_text(topic);
}

bool sn_topic_is_name(struct span topic)
{
    return is_text(topic) && memchr(topic.at, '+', topic.len) == NULL &&
           memchr(topic.at, '#', topic.len) == NULL;
}

/* A wildcard stands alone in its level, `#` in the last one. [MQTT-4.7.1] */
bool sn_topic_is_filter(struct span topic)
{
    struct reader r = reader_of(topic);
    uint8_t before = '/';

    if (!is_text(topic)) {
        return false;
    }
    while (read_left(&r) > 0) {
        uint8_t octet = read_u8(&r);
        bool last = read_left(&r) == 0;
        bool closed = last || *r.at == '/';

        if ((octet == '#' && !(last && before == '/')) ||
            (octet == '+' && !(closed && before == '/'))) {
            return false;
        }
        before = octet;
    }
    return true;
}
