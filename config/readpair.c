#include "config/readsteps.h"

#include "base/text.h"
#include "base/utf8.h"
#include "config/nearest.h"
#include "config/setting.h"

/* Writes the environment variable whose name stands between ${ and }. */
static const char *write_variable(const struct conf_machine *machine, struct span name,
                                  struct writer *w)
{
    const char *const *at = machine->environment;

    for (; at != NULL && *at != NULL; at++) {
        struct span pair = span_of_text(*at);

        if (name.len != 0 && pair.len > name.len && pair.at[name.len] == '=' &&
            memcmp(pair.at, name.at, name.len) == 0) {
            write_span(w, span_from(pair, name.len + 1));
            return NULL;
        }
    }
    return "names an environment variable that is not set";
}

static const char *write_variables(const struct conf_machine *machine, struct span text,
                                   struct writer *w)
{
    const char *wrong = NULL;

    for (size_t i = 0; i < text.len && wrong == NULL; i++) {
        const uint8_t *end = NULL;

        if (text.at[i] != '$' || i + 1 == text.len || text.at[i + 1] != '{') {
            write_u8(w, text.at[i]);
            continue;
        }
        end = memchr(text.at + i, '}', text.len - i);
        if (end == NULL) {
            return "has ${ without }";
        }
        wrong =
            write_variable(machine, span_of(text.at + i + 2, (size_t)(end - text.at) - i - 2), w);
        i = (size_t)(end - text.at);
    }
    return wrong;
}

static bool is_one_line(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((text.at[i] < 0x20 && text.at[i] != '\t') || text.at[i] == 0x7F) {
            return false;
        }
    }
    return utf8_is_text(text);
}

/* The plain text of a value: quotes off, variables in. */
static const char *plain_of(const struct conf_step *step, const struct conf_option *row,
                            struct span value, struct writer *out)
{
    uint8_t bare[CONF_LINE_MAX];
    struct writer w = writer_of(bare, sizeof bare);
    const char *wrong = NULL;

    if (conf_kind_is_raw(row->kind)) {
        write_span(&w, value);
    } else if (!conf_unquote(value, &w)) {
        return "has text behind its closing quote, or no closing quote";
    }
    if (row->kind == CONF_KIND_SECRET) {
        write_span(out, span_of(bare, written(&w)));
        return NULL;
    }
    wrong = write_variables(&step->reading->machine, span_of(bare, written(&w)), out);
    if (wrong == NULL && !is_one_line(span_of(out->start, written(out)))) {
        wrong = "holds a control character, or is not UTF-8";
    }
    return wrong == NULL && out->bad ? "is too long" : wrong;
}

static bool is_secret(const struct conf_option *row)
{
    return row->kind == CONF_KIND_SECRET || row->kind == CONF_KIND_PROXY;
}

/* Says `'VALUE' wrong`; a secret is not shown. */
static void say_value(const struct conf_step *step, const struct conf_given *given,
                      const struct writer *wrong)
{
    uint8_t words[1024];
    struct writer w = writer_of(words, sizeof words);
    struct span shown = given->text;

    if (!is_secret(given->row)) {
        shown.len = shown.len < 80 ? shown.len : 80;
        write_text(&w, "'");
        write_span(&w, shown);
        write_text(&w, shown.len < given->text.len ? "...' " : "' ");
    }
    write_span(&w, span_of(wrong->start, written(wrong)));
    conf_step_say(step, given->key, span_of(words, written(&w)));
}

/* True when the KEY of an entry is new in its section. */
static bool is_new_key(struct conf_step *step, const struct conf_topic_entry *entry)
{
    size_t bit = entry->key.id + (entry->key.is_short ? CONF_KEYS / 2 : 0);
    uint8_t mask = (uint8_t)(1u << bit % 8);
    bool is_new = (step->keys[bit / 8] & mask) == 0;

    step->keys[bit / 8] |= mask;
    return is_new;
}

/* Reads one value and puts it where its row says. */
static bool read_value(struct conf_step *step, const struct conf_given *given)
{
    union {
        struct conf_rule rule;
        struct conf_address address;
        struct conf_url url;
        struct conf_topic_entry entry;
    } value = {0};
    struct conf_arena *arena = step->reading->conf->arena;
    void *field = conf_field(step->section, given->row);
    uint8_t words[512];
    struct writer wrong = writer_of(words, sizeof words);

    if (!conf_setting_read(given, arena, &value, &wrong)) {
        say_value(step, given, &wrong);
        return false;
    }
    if (given->row->kind == CONF_KIND_ENTRY && !is_new_key(step, &value.entry)) {
        conf_step_say(step, given->key, span_of_text("this KEY stands twice"));
        return false;
    }
    if (given->row->many == CONF_ONE) {
        memcpy(field, &value, conf_kind_size(given->row->kind));
        return true;
    }
    return conf_list_push(arena, field, &value, conf_kind_size(given->row->kind));
}

static void read_item(struct conf_step *step, const struct conf_given *about, struct span item)
{
    uint8_t plain[CONF_LINE_MAX];
    struct writer w = writer_of(plain, sizeof plain);
    const char *wrong = plain_of(step, about->row, item, &w);
    struct conf_given given = *about;

    given.text = span_of(plain, written(&w));
    if (wrong != NULL) {
        conf_step_say(step, given.key, span_of_text(wrong));
        return;
    }
    (void)read_value(step, &given);
}

static void note_set(struct conf_step *step, const struct conf_option *row)
{
    struct conf *conf = step->reading->conf;
    struct conf_list list = {conf->sets, conf->set_count};
    struct conf_set set = {step->kind, step->section, row, step->line};

    step->section->set |= conf_option_bit(step->kind, row);
    if (conf_list_push(conf->arena, &list, &set, sizeof set)) {
        conf->sets = list.at;
        conf->set_count = list.count;
    }
}

static void say_unknown_key(struct conf_step *step, struct span key)
{
    uint8_t words[256];
    struct writer w = writer_of(words, sizeof words);
    struct conf_nearest nearest = {.text = key};

    for (const struct conf_option *row = step->kind->options; row->key != NULL; row++) {
        conf_nearest_offer(&nearest, span_of_text(row->key));
    }
    write_text(&w, "there is no such key");
    conf_nearest_write(&nearest, &w);
    conf_step_say(step, key, span_of(words, written(&w)));
}

void conf_step_pair(struct conf_step *step, const struct conf_line *line)
{
    const struct conf_option *row = NULL;
    struct conf_given given = {.key = line->first, .line = line->number};
    struct span rest = line->second;
    struct span item;

    if (step->section == NULL) {
        return;
    }
    row = conf_option_find(step->kind, line->first);
    if (row == NULL) {
        say_unknown_key(step, line->first);
        return;
    }
    if (row->many != CONF_MANY && (step->section->set & conf_option_bit(step->kind, row)) != 0) {
        conf_step_say(step, line->first, span_of_text("this key stands twice"));
        return;
    }
    note_set(step, row);
    given.row = row;
    if (row->many != CONF_COMMA) {
        read_item(step, &given, line->second);
        return;
    }
    while (conf_list_next(&rest, &item)) {
        read_item(step, &given, item);
    }
}
