#include "config/lines.h"

#include "base/utf8.h"

static bool is_blank(uint8_t octet)
{
    return octet == ' ' || octet == '\t';
}

struct span conf_trim(struct span text)
{
    while (text.len != 0 && is_blank(text.at[0])) {
        text = span_from(text, 1);
    }
    while (text.len != 0 && is_blank(text.at[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* Where the text goes on after the quoted part that begins at `at`; past its end if it is open. */
static size_t after_quote(struct span text, size_t at)
{
    for (at++; at < text.len && text.at[at] != '"'; at++) {
        at += text.at[at] == '\\';
    }
    return at < text.len ? at + 1 : text.len + 1;
}

static size_t find(struct span text, size_t from, uint8_t octet)
{
    while (from < text.len && text.at[from] != octet) {
        from = text.at[from] == '"' ? after_quote(text, from) : from + 1;
    }
    return from < text.len ? from : text.len;
}

/* The line without a comment that begins with ';' after a blank, outside quotes. */
static struct span without_comment(struct span line)
{
    size_t at = find(line, 0, ';');

    while (at < line.len && !(at > 0 && is_blank(line.at[at - 1]))) {
        at = find(line, at + 1, ';');
    }
    return conf_trim(span_of(line.at, at));
}

static const char *read_section(struct conf_line *line, struct span text)
{
    size_t split = 1;

    if (text.at[text.len - 1] != ']') {
        return "a section must end with ]";
    }
    text.len--;
    while (split < text.len && !is_blank(text.at[split])) {
        split++;
    }
    line->kind = CONF_LINE_SECTION;
    line->first = span_of(text.at + 1, split - 1);
    line->second = conf_trim(span_from(text, split));
    return line->first.len == 0 ? "a section needs a name between [ and ]" : NULL;
}

static const char *read_pair(struct conf_line *line, struct span text)
{
    size_t split = find(text, 0, '=');

    if (split == text.len) {
        return "is neither [section], key = value nor a comment";
    }
    line->kind = CONF_LINE_PAIR;
    line->first = conf_trim(span_of(text.at, split));
    line->second = without_comment(span_from(text, split + 1));
    return line->first.len == 0 ? "there is no key before =" : NULL;
}

static bool has_control(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((text.at[i] < 0x20 && text.at[i] != '\t') || text.at[i] == 0x7F) {
            return true;
        }
    }
    return false;
}

static const char *read_line(struct conf_line *line, struct span text)
{
    if (text.len > CONF_LINE_MAX) {
        return "is longer than 8192 octets";
    }
    if (has_control(text)) {
        return "holds a control character";
    }
    if (!utf8_is_text(text)) {
        return "is not UTF-8";
    }
    text = text.at[0] == '[' ? without_comment(text) : text;
    return text.at[0] == '[' ? read_section(line, text) : read_pair(line, text);
}

void conf_lines_init(struct conf_lines *lines, struct span text)
{
    static const uint8_t mark[] = {0xEF, 0xBB, 0xBF};

    if (text.len >= sizeof mark && memcmp(text.at, mark, sizeof mark) == 0) {
        text = span_from(text, sizeof mark);
    }
    *lines = (struct conf_lines){reader_of(text), 0};
}

static struct span take_line(struct reader *text)
{
    size_t left = read_left(text);
    const uint8_t *end = memchr(text->at, '\n', left);
    struct span line = read_span(text, end == NULL ? left : (size_t)(end - text->at));

    if (end != NULL) {
        read_u8(text);
    }
    if (line.len != 0 && line.at[line.len - 1] == '\r') {
        line.len--;
    }
    return line;
}

bool conf_lines_next(struct conf_lines *lines, struct conf_line *line)
{
    while (read_left(&lines->text) != 0) {
        struct span text = take_line(&lines->text);
        bool is_long = text.len > CONF_LINE_MAX;
        struct span trimmed = conf_trim(text);

        lines->number++;
        if (trimmed.len == 0 || trimmed.at[0] == '#' || trimmed.at[0] == ';') {
            continue;
        }
        *line = (struct conf_line){.number = lines->number};
        line->wrong = read_line(line, is_long ? text : trimmed);
        line->kind = line->wrong == NULL ? line->kind : CONF_LINE_WRONG;
        return true;
    }
    return false;
}

bool conf_unquote(struct span value, struct writer *w)
{
    size_t last = value.len == 0 ? 0 : value.len - 1;

    if (value.len == 0 || value.at[0] != '"') {
        write_span(w, value);
        return true;
    }
    if (after_quote(value, 0) != value.len) {
        return false;
    }
    for (size_t i = 1; i < last; i++) {
        bool is_escape = value.at[i] == '\\' && i + 1 < last &&
                         (value.at[i + 1] == '"' || value.at[i + 1] == '\\');

        i += is_escape;
        write_u8(w, value.at[i]);
    }
    return true;
}

bool conf_list_next(struct span *rest, struct span *item)
{
    size_t comma = find(*rest, 0, ',');

    if (rest->len == 0) {
        return false;
    }
    *item = conf_trim(span_of(rest->at, comma));
    *rest = span_from(*rest, comma + 1);
    return true;
}

static bool wants_quotes(struct span text)
{
    if (text.len == 0 || is_blank(text.at[0]) || is_blank(text.at[text.len - 1])) {
        return true;
    }
    return memchr(text.at, '"', text.len) != NULL || memchr(text.at, ';', text.len) != NULL ||
           memchr(text.at, ',', text.len) != NULL;
}

void conf_quote(struct span text, struct writer *w)
{
    if (!wants_quotes(text)) {
        write_span(w, text);
        return;
    }
    write_u8(w, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"' || text.at[i] == '\\') {
            write_u8(w, '\\');
        }
        write_u8(w, text.at[i]);
    }
    write_u8(w, '"');
}
