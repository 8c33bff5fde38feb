#include "config/setting.h"

#include "base/text.h"
#include "config/address.h"
#include "config/lines.h"
#include "config/number.h"
#include "config/rule.h"
#include "config/topickey.h"

void conf_number_print(enum conf_kind kind, uint64_t value, struct writer *w)
{
    switch (kind) {
    case CONF_KIND_US: conf_us_write(value, w); break;
    case CONF_KIND_MS: conf_ms_write(value, w); break;
    case CONF_KIND_SECONDS: conf_s_write(value, w); break;
    case CONF_KIND_SIZE: conf_size_write(value, w); break;
    case CONF_KIND_FACTOR: conf_factor_write(value, w); break;
    default: write_decimal(w, value);
    }
}

/* A number, or the word that stands for it. 0 is a word only where it is out of range. */
static void print_number(const struct conf_option *row, uint64_t value, struct writer *w)
{
    if (row->words != NULL && (value == CONF_NONE || (value == 0 && row->least > 0))) {
        write_text(w, row->words);
    } else {
        conf_number_print(row->kind, value, w);
    }
}

static void print_rate(const struct conf_option *row, const struct conf_rate *rate,
                       struct writer *w)
{
    if (rate->count == CONF_NONE) {
        write_text(w, row->words == NULL ? "none" : row->words);
    } else {
        conf_rate_write(rate, w);
    }
}

static void print_range(enum conf_kind kind, const struct conf_range *range, struct writer *w)
{
    enum conf_kind unit = kind == CONF_KIND_MS_RANGE ? CONF_KIND_MS : kind;

    conf_number_print(unit, range->low, w);
    write_text(w, "..");
    conf_number_print(unit, range->high, w);
}

static void print_pair(const struct conf_pair *pair, struct writer *w)
{
    write_decimal(w, pair->first);
    write_text(w, ", ");
    write_decimal(w, pair->second);
}

/* Texts come from lines, so twice a line has room for each octet doubled. */
static void print_text(const char *text, bool escape, struct writer *w)
{
    uint8_t plain[2 * CONF_LINE_MAX];
    struct writer doubled = writer_of(plain, sizeof plain);

    if (!escape || strlen(text) > CONF_LINE_MAX) {
        conf_quote(span_of_text(text), w);
        return;
    }
    conf_escape(span_of_text(text), &doubled);
    conf_quote(span_of(plain, written(&doubled)), w);
}

static void print_entry(const struct conf_option *row, const struct conf_topic_entry *entry,
                        struct writer *w)
{
    if (row->key[0] != '*') {
        conf_topic_key_write(entry->key, w);
        write_text(w, " ");
    }
    conf_quote(span_of_text(entry->template), w);
}

static void print_endpoint(const struct conf_option *row, const struct conf_address *address,
                           struct writer *w)
{
    if (address->ip_len == 0) {
        write_text(w, row->words == NULL ? "" : row->words);
    } else {
        conf_endpoint_write(address, w);
    }
}

bool conf_setting_is_empty(const struct conf_option *row, const void *value)
{
    const char *text = NULL;

    if (conf_kind_is_text(row->kind) || row->kind == CONF_KIND_SECRET) {
        memcpy(&text, value, sizeof text); /* a secret's source comes first */
        return text == NULL;
    }
    if (row->kind == CONF_KIND_ENDPOINT || row->kind == CONF_KIND_IP) {
        const struct conf_address *address = value;

        return address->ip_len == 0 && row->words == NULL;
    }
    if (row->kind == CONF_KIND_PROXY) {
        return ((const struct conf_proxy *)value)->kind == CONF_NO_PROXY;
    }
    if (row->kind == CONF_KIND_RANGE) {
        const struct conf_range *range = value;

        return range->high == 0;
    }
    if (row->kind == CONF_KIND_WORD) {
        unsigned word = 0;

        memcpy(&word, value, sizeof word);
        return conf_word(row->words, word).len == 0;
    }
    return false;
}

void conf_setting_print(const struct conf_option *row, bool escape, const void *value,
                        struct writer *w)
{
    uint64_t number = 0;
    unsigned word = 0;

    switch (row->kind) {
    case CONF_KIND_FLAG: write_text(w, *(const bool *)value ? "yes" : "no"); break;
    case CONF_KIND_RATE: print_rate(row, value, w); break;
    case CONF_KIND_RANGE:
    case CONF_KIND_MS_RANGE: print_range(row->kind, value, w); break;
    case CONF_KIND_PAIR: print_pair(value, w); break;
    case CONF_KIND_WORD:
        memcpy(&word, value, sizeof word);
        write_span(w, conf_word(row->words, word));
        break;
    case CONF_KIND_SECRET:
        conf_quote(span_of_text(((const struct conf_secret *)value)->source), w);
        break;
    case CONF_KIND_ENDPOINT: print_endpoint(row, value, w); break;
    case CONF_KIND_PREFIX:
    case CONF_KIND_IP: conf_prefix_write(value, w); break;
    case CONF_KIND_URL: conf_url_write(value, w); break;
    case CONF_KIND_PROXY: conf_proxy_write(value, w); break;
    case CONF_KIND_RULE: conf_rule_print(value, escape, w); break;
    case CONF_KIND_ENTRY: print_entry(row, value, w); break;
    case CONF_KIND_AREA:
        write_span(w, conf_word(row->words, ((const struct conf_log_area *)value)->level));
        break;
    case CONF_KIND_NUMBER:
    case CONF_KIND_US:
    case CONF_KIND_MS:
    case CONF_KIND_SECONDS:
    case CONF_KIND_SIZE:
    case CONF_KIND_FACTOR:
        memcpy(&number, value, sizeof number);
        print_number(row, number, w);
        break;
    default: print_text(*(const char *const *)value, escape, w);
    }
}
