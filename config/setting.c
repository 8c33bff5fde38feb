#include "config/setting.h"

#include "base/text.h"
#include "base/utf8.h"
#include "config/address.h"
#include "config/lines.h"
#include "config/nearest.h"
#include "config/number.h"
#include "config/rule.h"
#include "config/topickey.h"

bool conf_kind_is_raw(enum conf_kind kind)
{
    return kind == CONF_KIND_RULE || kind == CONF_KIND_ENTRY || kind == CONF_KIND_PAIR;
}

bool conf_kind_is_text(enum conf_kind kind)
{
    return kind >= CONF_KIND_TEXT && kind <= CONF_KIND_NAME;
}

static bool is_number(enum conf_kind kind)
{
    return kind >= CONF_KIND_NUMBER && kind <= CONF_KIND_FACTOR;
}

/* `off` and `spec` are 0, `none`, `all` and `auto` have no bound. */
static uint64_t special_number(const char *word)
{
    bool is_zero = strcmp(word, "off") == 0 || strcmp(word, "spec") == 0;

    return is_zero ? 0 : CONF_NONE;
}

static bool has_special(const struct conf_option *row)
{
    return row->words != NULL && row->kind != CONF_KIND_WORD && row->kind != CONF_KIND_NAME &&
           row->kind != CONF_KIND_AREA;
}

/* Stores the one word that a row takes besides its values. */
static void store_special(const struct conf_option *row, void *out)
{
    uint64_t number = special_number(row->words);
    struct conf_rate rate = {CONF_NONE, 1000};

    memset(out, 0, conf_kind_size(row->kind));
    if (is_number(row->kind)) {
        memcpy(out, &number, sizeof number);
    } else if (row->kind == CONF_KIND_RATE) {
        memcpy(out, &rate, sizeof rate);
    }
}

static enum conf_kind unit_of(enum conf_kind kind)
{
    return kind == CONF_KIND_MS_RANGE ? CONF_KIND_MS : kind;
}

static bool check_range(const struct conf_option *row, uint64_t low, uint64_t high,
                        struct writer *wrong)
{
    if (low >= row->least && high <= row->most && low <= high) {
        return true;
    }
    if (low > high) {
        write_text(wrong, "begins above its end");
        return false;
    }
    write_text(wrong, "is out of range ");
    conf_number_print(unit_of(row->kind), row->least, wrong);
    write_text(wrong, "..");
    conf_number_print(unit_of(row->kind), row->most, wrong);
    if (has_special(row)) {
        write_text(wrong, ", or ");
        write_text(wrong, row->words);
    }
    return false;
}

static bool say(struct writer *wrong, const char *text)
{
    write_text(wrong, text == NULL ? "" : text);
    return text == NULL;
}

static const char *read_unit(enum conf_kind kind, struct span text, uint64_t *out)
{
    switch (kind) {
    case CONF_KIND_US: return conf_us_read(text, out);
    case CONF_KIND_MS: return conf_ms_read(text, out);
    case CONF_KIND_SECONDS: return conf_s_read(text, out);
    case CONF_KIND_SIZE: return conf_size_read(text, out);
    case CONF_KIND_FACTOR: return conf_factor_read(text, out);
    default: return conf_number_read(text, out);
    }
}

static bool read_number(const struct conf_given *given, uint64_t *out, struct writer *wrong)
{
    return say(wrong, read_unit(given->row->kind, given->text, out)) &&
           check_range(given->row, *out, *out, wrong);
}

static bool read_rate(const struct conf_given *given, struct conf_rate *out, struct writer *wrong)
{
    return say(wrong, conf_rate_read(given->text, out)) &&
           check_range(given->row, out->count, out->count, wrong);
}

static bool read_range(const struct conf_given *given, struct conf_range *out, struct writer *wrong)
{
    enum conf_kind unit = unit_of(given->row->kind);
    struct span low;
    struct span high;

    if (!conf_range_split(given->text, &low, &high)) {
        low = given->text;
        high = given->text;
    }
    return say(wrong, read_unit(unit, low, &out->low)) &&
           say(wrong, read_unit(unit, high, &out->high)) &&
           check_range(given->row, out->low, out->high, wrong);
}

static bool read_pair(const struct conf_given *given, struct conf_pair *out, struct writer *wrong)
{
    struct span rest = given->text;
    struct span first = {NULL, 0};
    struct span second = {NULL, 0};

    conf_list_next(&rest, &first);
    if (!conf_list_next(&rest, &second) || rest.len != 0) {
        return say(wrong, "is not a pair such as 100, 50");
    }
    return say(wrong, conf_number_read(first, &out->first)) &&
           check_range(given->row, out->first, out->first, wrong) &&
           say(wrong, conf_number_read(second, &out->second)) &&
           check_range(given->row, out->second, out->second, wrong);
}

static bool read_flag(struct span text, bool *out, struct writer *wrong)
{
    unsigned word = 0;

    if (!conf_word_find("no|yes|off|on", text, &word)) {
        return say(wrong, "is neither yes nor no");
    }
    *out = word % 2 != 0;
    return true;
}

static bool read_word(const struct conf_option *row, struct span text, unsigned *out,
                      struct writer *wrong)
{
    struct conf_nearest nearest = {.text = text};
    bool is_first = true;
    struct span word;

    if (conf_word_find(row->words, text, out)) {
        return true;
    }
    write_text(wrong, "is not one of ");
    for (unsigned i = 0; word = conf_word(row->words, i), word.at != NULL; i++) {
        if (word.len != 0) {
            write_text(wrong, is_first ? "" : ", ");
            write_span(wrong, word);
            conf_nearest_offer(&nearest, word);
            is_first = false;
        }
    }
    conf_nearest_write(&nearest, wrong);
    return false;
}

static bool is_hex(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t octet = text.at[i] | 0x20;

        if (!((text.at[i] >= '0' && text.at[i] <= '9') || (octet >= 'a' && octet <= 'f'))) {
            return false;
        }
    }
    return text.len != 0 && text.len % 2 == 0;
}

static const char *check_form(const struct conf_option *row, struct span text)
{
    const char *wrong = NULL;

    if (row->kind == CONF_KIND_HEX) {
        return is_hex(text) ? NULL : "is not pairs of hexadecimal digits";
    }
    if (row->kind == CONF_KIND_NAME) {
        return text.len != 0 ? NULL : "is empty";
    }
    if (row->kind == CONF_KIND_FILTER) {
        wrong = conf_filter_check(text);
    } else if (row->kind == CONF_KIND_TOPIC || row->kind == CONF_KIND_MOUNT) {
        wrong = conf_topic_check(text);
    }
    if (wrong == NULL && row->kind == CONF_KIND_MOUNT && text.at[text.len - 1] != '/') {
        wrong = "does not end with /";
    }
    return wrong != NULL ? wrong : conf_placeholders_check(text, row->holds);
}

static bool check_length(const struct conf_option *row, size_t len, struct writer *wrong)
{
    if (row->most == 0 || (len >= row->least && len <= row->most)) {
        return true;
    }
    if (len == 0) {
        return say(wrong, "is empty");
    }
    write_text(wrong, "is not ");
    write_decimal(wrong, row->least);
    write_text(wrong, "..");
    write_decimal(wrong, row->most);
    write_text(wrong, " octets long");
    return false;
}

static bool read_text(const struct conf_given *given, struct conf_arena *arena, const char **out,
                      struct writer *wrong)
{
    size_t octets = given->row->kind == CONF_KIND_HEX ? given->text.len / 2 : given->text.len;

    if (!check_length(given->row, octets, wrong) ||
        !say(wrong, check_form(given->row, given->text))) {
        return false;
    }
    *out = conf_arena_text(arena, given->text);
    return true;
}

static bool begins_with(struct span text, const char *with)
{
    size_t len = strlen(with);

    return text.len >= len && memcmp(text.at, with, len) == 0;
}

static bool read_secret(const struct conf_given *given, struct conf_arena *arena,
                        struct conf_secret *out, struct writer *wrong)
{
    bool is_elsewhere = begins_with(given->text, "file:") || begins_with(given->text, "env:") ||
                        begins_with(given->text, "command:");

    if (!check_length(given->row, given->text.len, wrong)) {
        return false;
    }
    out->source = conf_arena_text(arena, given->text);
    out->text = is_elsewhere ? NULL : out->source;
    return true;
}

static bool read_ip(struct span text, struct conf_address *out, struct writer *wrong)
{
    const char *bad = conf_prefix_read(text, out);

    if (bad == NULL && (out->is_any || out->bits != out->ip_len * 8)) {
        bad = "is not one IP address";
    }
    return say(wrong, bad);
}

/* KEY TEMPLATE of a node, or in a map the template of the line's key. */
static bool read_entry(const struct conf_given *given, struct conf_arena *arena,
                       struct conf_topic_entry *out, struct writer *wrong)
{
    bool is_map = given->row->key[0] == '*';
    struct span key = given->key;
    struct span text = given->text;
    uint8_t *plain = conf_arena_take(arena, text.len + 1);
    struct writer w = writer_of(plain, plain == NULL ? 0 : text.len + 1);
    const char *bad = NULL;

    if (!is_map) {
        size_t len = text.len != 0 && text.at[0] == '"' ? 1 : 0;

        while (len < text.len && text.at[len] != ' ' && text.at[len] != '\t') {
            len++;
        }
        key = span_of(text.at, len);
        text = conf_trim(span_from(text, len));
    }
    bad = conf_topic_key_read(key, &out->key);
    if (bad == NULL && (!conf_unquote(text, &w) || w.bad)) {
        bad = "has text behind its closing quote, or no closing quote";
    }
    text = span_of(plain, written(&w));
    bad = bad != NULL ? bad : conf_topic_check(text);
    bad = bad != NULL ? bad : conf_placeholders_check(text, given->row->holds);
    out->template = conf_arena_text(arena, text);
    out->line = given->line;
    return say(wrong, bad);
}

static bool read_rule(const struct conf_given *given, struct conf_arena *arena,
                      struct conf_rule *out, struct writer *wrong)
{
    bool good = say(wrong, conf_rule_parse(out, given->text, arena));

    out->line = given->line;
    return good;
}

static bool read_area(const struct conf_given *given, struct conf_arena *arena,
                      struct conf_log_area *out, struct writer *wrong)
{
    unsigned word = 0;

    if (!read_word(given->row, given->text, &word, wrong)) {
        return false;
    }
    out->area = conf_arena_text(arena, span_from(given->key, strlen(given->row->key) - 1));
    out->level = (enum conf_level)word;
    return true;
}

bool conf_setting_read(const struct conf_given *given, struct conf_arena *arena, void *out,
                       struct writer *wrong)
{
    const struct conf_option *row = given->row;
    struct span text = given->text;

    if (has_special(row) && span_equal(text, span_of_text(row->words))) {
        store_special(row, out);
        return true;
    }
    if (text.len == 0 && !conf_kind_is_text(row->kind) && row->kind != CONF_KIND_SECRET) {
        return say(wrong, "is empty");
    }
    if (is_number(row->kind)) {
        return read_number(given, out, wrong);
    }
    if (conf_kind_is_text(row->kind)) {
        return read_text(given, arena, out, wrong);
    }
    switch (row->kind) {
    case CONF_KIND_FLAG: return read_flag(text, out, wrong);
    case CONF_KIND_RATE: return read_rate(given, out, wrong);
    case CONF_KIND_RANGE:
    case CONF_KIND_MS_RANGE: return read_range(given, out, wrong);
    case CONF_KIND_PAIR: return read_pair(given, out, wrong);
    case CONF_KIND_WORD: return read_word(row, text, out, wrong);
    case CONF_KIND_SECRET: return read_secret(given, arena, out, wrong);
    case CONF_KIND_ENDPOINT: return say(wrong, conf_endpoint_read(text, out));
    case CONF_KIND_PREFIX: return say(wrong, conf_prefix_read(text, out));
    case CONF_KIND_IP: return read_ip(text, out, wrong);
    case CONF_KIND_URL: return say(wrong, conf_url_read(text, out, arena));
    case CONF_KIND_PROXY: return say(wrong, conf_proxy_read(text, out, arena));
    case CONF_KIND_RULE: return read_rule(given, arena, out, wrong);
    case CONF_KIND_ENTRY: return read_entry(given, arena, out, wrong);
    case CONF_KIND_AREA: return read_area(given, arena, out, wrong);
    default: return say(wrong, "has no reader");
    }
}
