#include "config/print.h"

#include "base/text.h"
#include "config/options.h"
#include "config/setting.h"

static const char *const reloads[] = {
    [CONF_LIVE] = "live",
    [CONF_NEW] = "new",
    [CONF_RESTART] = "restart",
};

/* `text` in a cell, where a bar would end it. */
static void write_cell(struct writer *w, const char *text)
{
    for (; *text != '\0'; text++) {
        write_text(w, *text == '|' ? "\\" : "");
        write_u8(w, (uint8_t)*text);
    }
}

static const char *form_of(enum conf_kind kind)
{
    switch (kind) {
    case CONF_KIND_FLAG: return "yes, no";
    case CONF_KIND_FACTOR: return "factor";
    case CONF_KIND_RATE: return "rate";
    case CONF_KIND_RANGE:
    case CONF_KIND_MS_RANGE: return "range";
    case CONF_KIND_PAIR: return "two numbers";
    case CONF_KIND_TEXT: return "text";
    case CONF_KIND_HEX: return "hexadecimal digits";
    case CONF_KIND_FILTER: return "topic filter";
    case CONF_KIND_TOPIC: return "topic";
    case CONF_KIND_MOUNT: return "topic with / at its end";
    case CONF_KIND_SECRET: return "secret";
    case CONF_KIND_ENDPOINT: return "address:port";
    case CONF_KIND_PREFIX: return "address, prefix or any";
    case CONF_KIND_IP: return "IP address";
    case CONF_KIND_URL: return "URL";
    case CONF_KIND_PROXY: return "URL of a proxy";
    case CONF_KIND_RULE: return "rule";
    case CONF_KIND_ENTRY: return "topic";
    default: return "";
    }
}

static bool has_range(enum conf_kind kind)
{
    return (kind >= CONF_KIND_NUMBER && kind <= CONF_KIND_PAIR);
}

static void write_words(struct writer *w, const struct conf_option *row)
{
    struct span word;
    bool is_first = true;

    for (unsigned i = 0; word = conf_word(row->words, i), word.at != NULL; i++) {
        if (word.len != 0) {
            write_text(w, is_first ? "" : ", ");
            write_span(w, word);
            is_first = false;
        }
    }
}

static void write_range(struct writer *w, const struct conf_option *row)
{
    enum conf_kind unit = row->kind == CONF_KIND_MS_RANGE ? CONF_KIND_MS : row->kind;

    write_text(w, form_of(row->kind));
    write_text(w, form_of(row->kind)[0] == '\0' ? "" : " ");
    conf_number_print(unit, row->least, w);
    write_text(w, "..");
    conf_number_print(unit, row->most, w);
}

static void write_form(struct writer *w, const struct conf_option *row)
{
    if (row->kind == CONF_KIND_NAME) {
        write_text(w, "name of a [");
        write_text(w, row->words);
        write_text(w, "]");
    } else if (row->kind == CONF_KIND_WORD || row->kind == CONF_KIND_AREA) {
        write_words(w, row);
    } else {
        if (has_range(row->kind)) {
            write_range(w, row);
        } else {
            write_text(w, form_of(row->kind));
        }
        write_text(w, row->words == NULL ? "" : ", or ");
        write_text(w, row->words == NULL ? "" : row->words);
    }
    write_text(w, row->many == CONF_MANY ? "; many" : row->many == CONF_COMMA ? "; list" : "");
}

static void write_effect(struct writer *w, const struct conf_option *row)
{
    if (row->effect == NULL) {
        write_text(w, " *Accepted, without effect yet.*");
    } else if (row->effect[0] != '\0') {
        write_text(w, " *In effect: ");
        write_cell(w, row->effect);
        write_text(w, ".*");
    }
}

static void write_row(struct writer *w, const struct conf_option *row)
{
    write_text(w, "| `");
    write_text(w, row->key[0] == '*' ? "KEY" : row->key);
    write_text(w, "` | ");
    write_form(w, row);
    write_text(w, " | ");
    if (row->initial != NULL) {
        write_text(w, "`");
        write_cell(w, row->initial);
        write_text(w, "`");
    } else {
        write_cell(w, row->depends == NULL ? "" : row->depends);
    }
    write_text(w, " | ");
    write_text(w, reloads[row->reload]);
    write_text(w, " | ");
    write_cell(w, row->help);
    write_effect(w, row);
    write_text(w, " |\n");
}

static void write_kind(struct writer *w, const struct conf_section_kind *kind)
{
    write_text(w, "\n## [");
    write_text(w, kind->name);
    write_text(w, kind->has_name ? " NAME]\n\n" : "]\n\n");
    write_cell(w, kind->help);
    write_text(w, "\n\n| key | value | default | reload | meaning |\n|---|---|---|---|---|\n");
    for (const struct conf_option *row = kind->options; row->key != NULL; row++) {
        write_row(w, row);
    }
}

void conf_reference(struct writer *w)
{
    write_text(w, "# gateway.conf\n\n"
                  "Every section and key, made from the option table by `sedge dump --reference`.\n"
                  "Times are written as 500ms, 10s, 15m, 1h, 7d; sizes as 64KiB, 1MiB; rates as\n"
                  "20/s, 12/m. `many`: the key may stand several times; `list`: with commas.\n"
                  "A changed key acts at a reload `live`, for `new` connections, or at a "
                  "`restart`.\n"
                  "A reload that finds a change for which a restart is needed changes nothing,\n"
                  "and says so; sections of topics, node, group, acl and user may come and go.\n\n"
                  "In texts and topics, %g is the name of the gateway and %% a percent sign. In "
                  "[topics]\n"
                  "and `topic`, %n is the node ([node NAME], else its client id), %c its client "
                  "id, %l its\n"
                  "listener; who has none of these, as a sender of QoS -1, has no such topic. In "
                  "`send`\n"
                  "and `receive`, %1 to %9 are what the wildcards matched in turn, and %t is the "
                  "topic\n"
                  "from the first wildcard on.\n");
    for (size_t i = 0; i < CONF_SECTION_KINDS; i++) {
        write_kind(w, conf_section_kind(i));
    }
}
