#include "config/diff.h"

#include "config/arena.h"
#include "config/lines.h"
#include "config/printrow.h"
#include "config/reading.h"
#include "config/setting.h"

/* Where changes go; `count` goes on beyond `limit`. */
struct diff {
    struct conf_change *out;
    size_t limit;
    size_t count;
};

static void add(struct diff *diff, const struct conf_change *change)
{
    if (diff->count < diff->limit) {
        diff->out[diff->count] = *change;
    }
    diff->count++;
}

/* What a secret stands for may change while its source stays. */
static bool same_secret(const struct conf_secret *a, const struct conf_secret *b)
{
    if (a->text == NULL || b->text == NULL) {
        return a->text == b->text;
    }
    return strcmp(a->text, b->text) == 0;
}

static bool same_value(const struct conf_printed *a, const void *left, const struct conf_printed *b,
                       const void *right)
{
    uint8_t rooms[2][CONF_LINE_MAX];
    struct writer one = writer_of(rooms[0], sizeof rooms[0]);
    struct writer two = writer_of(rooms[1], sizeof rooms[1]);
    bool is_empty = conf_setting_is_empty(a->row, left);

    if (a->row->many == CONF_ONE && is_empty != conf_setting_is_empty(b->row, right)) {
        return false;
    }
    if (a->row->many == CONF_ONE && is_empty) {
        return true;
    }
    if (a->row->kind == CONF_KIND_SECRET && !same_secret(left, right)) {
        return false;
    }
    conf_print_value(a, left, &one);
    conf_print_value(b, right, &two);
    return span_equal(span_of(rooms[0], written(&one)), span_of(rooms[1], written(&two)));
}

static bool same_row(const struct conf_printed *a, const struct conf_printed *b)
{
    struct conf_list left = conf_values_of(a->section, a->row);
    struct conf_list right = conf_values_of(b->section, b->row);
    size_t size = conf_kind_size(a->row->kind);

    for (size_t i = 0; left.count == right.count && i < left.count; i++) {
        if (!same_value(a, (const uint8_t *)left.at + i * size, b,
                        (const uint8_t *)right.at + i * size)) {
            return false;
        }
    }
    return left.count == right.count;
}

static void diff_section(struct diff *diff, const struct conf_section_kind *kind,
                         const struct conf_section *old, const struct conf_section *fresh)
{
    for (const struct conf_option *row = kind->options; row->key != NULL; row++) {
        struct conf_printed a = {kind, old, row};
        struct conf_printed b = {kind, fresh, row};

        if (!same_row(&a, &b)) {
            add(diff, &(struct conf_change){CONF_CHANGED, kind, old->name, row, old, fresh});
        }
    }
}

/* The section of the same name, looked for from where the last one was: of ten thousand nodes in
 * much the same order each is found at once. */
static const struct conf_section *partner_of(const struct conf *conf,
                                             const struct conf_section_kind *kind,
                                             const struct conf_section *section, size_t *from)
{
    size_t count = conf_section_count(conf, kind);

    for (size_t i = 0; i < count; i++) {
        size_t place = (*from + i) % count;
        const struct conf_section *other = conf_section_at(conf, kind, place);

        if (strcmp(other->name, section->name) == 0) {
            *from = place + 1;
            return other;
        }
    }
    return NULL;
}

static void diff_kind(struct diff *diff, const struct conf_section_kind *kind,
                      const struct conf *old, const struct conf *fresh)
{
    size_t from = 0;

    for (size_t i = 0; i < conf_section_count(old, kind); i++) {
        const struct conf_section *one = conf_section_at(old, kind, i);
        const struct conf_section *two = partner_of(fresh, kind, one, &from);

        if (two == NULL) {
            add(diff, &(struct conf_change){CONF_REMOVED, kind, one->name, NULL, one, NULL});
        } else {
            diff_section(diff, kind, one, two);
        }
    }
    from = 0;
    for (size_t i = 0; i < conf_section_count(fresh, kind); i++) {
        const struct conf_section *two = conf_section_at(fresh, kind, i);

        if (partner_of(old, kind, two, &from) == NULL) {
            add(diff, &(struct conf_change){CONF_ADDED, kind, two->name, NULL, NULL, two});
        }
    }
}

size_t conf_diff(const struct conf *old, const struct conf *fresh, struct conf_change *out,
                 size_t limit)
{
    struct diff diff = {out, limit, 0};

    for (size_t i = 0; i < CONF_SECTION_KINDS; i++) {
        diff_kind(&diff, conf_section_kind(i), old, fresh);
    }
    return diff.count;
}
