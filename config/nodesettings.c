#include "config/topicmap.h"

#include "config/reading.h"
#include "config/setting.h"

/* The settings gathered so far; bit n of `taken` is row n of [node]. */
struct gathered {
    struct conf_settings settings;
    uint64_t taken;
};

#define WITH offsetof(struct conf_node, with)

static const struct conf_section_kind *kind_named(const char *name)
{
    return conf_section_kind_find(span_of_text(name));
}

/* Takes from `section` what nobody nearer has set: what a file set in it, or with `all` its
 * defaults too. */
static void lay(struct gathered *out, const char *name, const struct conf_section *section,
                bool all)
{
    const struct conf_section_kind *node = kind_named("node");
    const struct conf_section_kind *kind = kind_named(name);

    if (!all && section->set == 0) {
        return;
    }
    for (const struct conf_option *row = node->options; row->key != NULL; row++) {
        const struct conf_option *same = row;
        uint64_t bit = conf_option_bit(node, row);

        if (row->offset < WITH || row->many != CONF_ONE || (out->taken & bit) != 0) {
            continue;
        }
        if (kind != node) {
            same = conf_option_find(kind, span_of_text(row->key));
        }
        if (same == NULL || same->kind != row->kind) {
            continue;
        }
        if (all || (section->set & conf_option_bit(kind, same)) != 0) {
            memcpy((uint8_t *)&out->settings + row->offset - WITH, conf_field(section, same),
                   conf_kind_size(row->kind));
            out->taken |= bit;
        }
    }
}

/* The defaults of [node] for what nobody has set; they are numbers and words, which need no memory.
 */
static void lay_defaults(struct gathered *out)
{
    const struct conf_section_kind *node = kind_named("node");
    struct writer nothing = writer_of(NULL, 0);

    for (const struct conf_option *row = node->options; row->key != NULL; row++) {
        struct conf_given given = {row, span_of_text(row->key), {NULL, 0}, 0};

        if (row->offset >= WITH && row->initial != NULL &&
            (out->taken & conf_option_bit(node, row)) == 0) {
            given.text = span_of_text(row->initial);
            (void)conf_setting_read(&given, NULL, (uint8_t *)&out->settings + row->offset - WITH,
                                    &nothing);
        }
    }
}

struct conf_settings conf_node_settings(const struct conf *conf, const struct conf_place *place)
{
    struct gathered out = {0};

    if (place->node != NULL) {
        lay(&out, "node", &place->node->at, false);
    }
    for (size_t i = 0; i < conf->group_count; i++) {
        if (conf_group_holds(&conf->group[i], place)) {
            lay(&out, "group", &conf->group[i].at, false);
        }
    }
    if (place->listener != NULL) {
        lay(&out, "listener", &place->listener->at, true);
    }
    lay_defaults(&out);
    return out.settings;
}
