#include "config/rule.h"

#include "base/text.h"
#include "config/arena.h"
#include "config/expand.h"
#include "config/lines.h"
#include "config/number.h"
#include "config/options.h"

#define RETAIN_WORDS "|keep|strip|set"
#define OF_FILTER    (CONF_BIT(CONF_GATEWAY) | CONF_NODE_VALUES)

struct token {
    struct span text; /* quotes taken off */
    bool is_quoted;
};

/* Takes the next word off `rest`. NULL, or what is wrong; at the end `token` is empty. */
static const char *take_token(struct span *rest, struct token *token, struct conf_arena *arena)
{
    size_t len = 0;

    *rest = conf_trim(*rest);
    *token = (struct token){{NULL, 0}, rest->len != 0 && rest->at[0] == '"'};
    if (token->is_quoted) {
        for (len = 1; len < rest->len && rest->at[len] != '"'; len++) {
            len += rest->at[len] == '\\';
        }
        len++;
        if (len > rest->len) {
            return "has a quote that is not closed";
        }
    }
    while (len < rest->len && rest->at[len] != ' ' && rest->at[len] != '\t') {
        if (token->is_quoted || rest->at[len] == '"') {
            return "has a quote inside a word";
        }
        len++;
    }
    token->text = span_of(rest->at, len);
    *rest = span_from(*rest, len);
    if (token->is_quoted) {
        uint8_t *plain = conf_arena_take(arena, len + 1);
        struct writer w = writer_of(plain, plain == NULL ? 0 : len);

        (void)conf_unquote(token->text, &w);
        token->text = span_of(plain, written(&w));
    }
    return NULL;
}

static bool is_word(const struct token *token, const char *word)
{
    return !token->is_quoted && span_equal(token->text, span_of_text(word));
}

static bool is_keyword(const struct token *token)
{
    return is_word(token, "to") || is_word(token, "qos") || is_word(token, "retain") ||
           is_word(token, "ttl");
}

static const char *take_qos(struct conf_rule *rule, struct span text)
{
    uint64_t qos = 0;

    if (conf_number_read(text, &qos) != NULL || qos > 2) {
        return "has a qos that is not 0, 1 or 2";
    }
    if (rule->qos != CONF_QOS_UNSET) {
        return "has qos twice";
    }
    rule->qos = (unsigned)qos;
    return NULL;
}

static const char *take_retain(struct conf_rule *rule, struct span text)
{
    unsigned word = 0;

    if (!conf_word_find(RETAIN_WORDS, text, &word)) {
        return "has a retain that is not keep, strip or set";
    }
    if (rule->retain != CONF_RETAIN_UNSET) {
        return "has retain twice";
    }
    rule->retain = (enum conf_retain)word;
    return NULL;
}

static const char *take_ttl(struct conf_rule *rule, struct span text)
{
    if (rule->ttl_ms != CONF_NONE) {
        return "has ttl twice";
    }
    if (conf_ms_read(text, &rule->ttl_ms) != NULL) {
        return "has a ttl that is not a duration such as 10m";
    }
    return NULL;
}

static const char *take_template(struct conf_rule *rule, const struct token *token,
                                 struct conf_arena *arena)
{
    const char *wrong = conf_topic_check(token->text);

    if (is_keyword(token) || token->text.len == 0) {
        return "needs a template after to";
    }
    if (rule->template != NULL) {
        return "has to twice";
    }
    rule->template = conf_arena_text(arena, token->text);
    return wrong != NULL ? wrong
                         : conf_placeholders_check(token->text, OF_FILTER | CONF_BIT(CONF_TAIL));
}

static const char *take_option(struct conf_rule *rule, const struct token *name,
                               const struct token *value, struct conf_arena *arena)
{
    if (is_word(name, "to")) {
        return take_template(rule, value, arena);
    }
    if (is_word(name, "qos")) {
        return take_qos(rule, value->text);
    }
    if (is_word(name, "retain")) {
        return take_retain(rule, value->text);
    }
    return take_ttl(rule, value->text);
}

/* "to" stands before the options, and each of these at most once. */
static const char *take_options(struct conf_rule *rule, struct span rest, struct conf_arena *arena)
{
    const char *wrong = NULL;
    bool is_first = true;

    for (rest = conf_trim(rest); wrong == NULL && rest.len != 0; rest = conf_trim(rest)) {
        struct token name;
        struct token value;

        wrong = take_token(&rest, &name, arena);
        if (wrong == NULL && !is_keyword(&name)) {
            return "has a word that is not to, qos, retain or ttl";
        }
        if (wrong == NULL && is_word(&name, "to") && !is_first) {
            return "has to twice, or behind its options";
        }
        wrong = wrong == NULL ? take_token(&rest, &value, arena) : wrong;
        wrong = wrong == NULL ? take_option(rule, &name, &value, arena) : wrong;
        is_first = false;
    }
    return wrong;
}

static unsigned wildcards_of(const char *filter)
{
    unsigned count = 0;

    for (; *filter != '\0'; filter++) {
        count += *filter == '+' || *filter == '#';
    }
    return count;
}

/* %1..%9 need as many wildcards in the filter. */
static const char *check_numbers(const struct conf_rule *rule)
{
    unsigned wildcards = wildcards_of(rule->filter);

    for (const char *at = rule->template; at != NULL && *at != '\0'; at++) {
        if (*at != '%') {
            continue;
        }
        at++;
        if (*at >= '1' && *at <= '9' && (unsigned)(*at - '0') > wildcards) {
            return "has a %N for which the filter has no wildcard";
        }
    }
    return NULL;
}

const char *conf_rule_parse(struct conf_rule *rule, struct span text, struct conf_arena *arena)
{
    struct token filter;
    const char *wrong = take_token(&text, &filter, arena);

    if (wrong != NULL) {
        return wrong;
    }
    *rule = (struct conf_rule){.ttl_ms = CONF_NONE, .qos = CONF_QOS_UNSET};
    if (is_keyword(&filter) || filter.text.len == 0) {
        return "needs a filter at its beginning";
    }
    rule->filter = conf_arena_text(arena, filter.text);
    wrong = conf_filter_check(filter.text);
    wrong = wrong != NULL ? wrong : conf_placeholders_check(filter.text, OF_FILTER);
    wrong = wrong != NULL ? wrong : take_options(rule, text, arena);
    return wrong != NULL ? wrong : check_numbers(rule);
}

/* A filter or template, quoted where the grammar wants it. */
static void print_word(struct span text, bool escape, struct writer *w)
{
    struct token token = {text, false};
    bool is_plain = text.len != 0 && !is_keyword(&token);

    for (size_t i = 0; i < text.len; i++) {
        uint8_t octet = text.at[i];

        is_plain = is_plain && octet != ' ' && octet != '\t' && octet != '"' && octet != ';';
    }
    write_text(w, is_plain ? "" : "\"");
    for (size_t i = 0; i < text.len; i++) {
        uint8_t octet = text.at[i];

        write_text(w, !is_plain && (octet == '"' || octet == '\\') ? "\\" : "");
        write_text(w, escape && octet == '%' ? "%" : "");
        write_u8(w, octet);
    }
    write_text(w, is_plain ? "" : "\"");
}

void conf_rule_print(const struct conf_rule *rule, bool escape, struct writer *w)
{
    print_word(span_of_text(rule->filter), escape, w);
    if (rule->template != NULL) {
        write_text(w, " to ");
        print_word(span_of_text(rule->template), false, w);
    }
    if (rule->qos != CONF_QOS_UNSET) {
        write_text(w, " qos ");
        write_decimal(w, rule->qos);
    }
    if (rule->retain != CONF_RETAIN_UNSET) {
        write_text(w, " retain ");
        write_span(w, conf_word(RETAIN_WORDS, rule->retain));
    }
    if (rule->ttl_ms != CONF_NONE) {
        write_text(w, " ttl ");
        conf_ms_write(rule->ttl_ms, w);
    }
}
