#include "config/number.h"

#include "base/text.h"

struct unit {
    const char *name;
    uint64_t factor;
};

/* Largest first. */
static const struct unit times[] = {
    {"d", 86400000000u}, {"h", 3600000000u}, {"m", 60000000u},
    {"s", 1000000u},     {"ms", 1000u},      {"us", 1u},
};
static const struct unit sizes[] = {{"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}};
static const struct unit rates[] = {{"/h", 3600000u}, {"/m", 60000u}, {"/s", 1000u}};

#define UNITS(array) array, sizeof(array) / sizeof((array)[0])

static bool is_digit(uint8_t octet)
{
    return octet >= '0' && octet <= '9';
}

/* The digits at the front; false: none, or more than fit. */
static bool take_digits(struct span *text, uint64_t *out)
{
    size_t len = 0;
    uint64_t value = 0;

    for (; len < text->len && is_digit(text->at[len]); len++) {
        uint64_t digit = text->at[len] - (uint64_t)'0';

        if (value > (UINT64_MAX - 1 - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *text = span_from(*text, len);
    *out = value;
    return len != 0;
}

/* The factor of a unit by its name, or 0. */
static uint64_t factor_of(struct span name, const struct unit *units, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equal(name, span_of_text(units[i].name))) {
            return units[i].factor;
        }
    }
    return 0;
}

static void write_units(uint64_t value, const struct unit *units, size_t count, struct writer *w)
{
    size_t i = 0;

    while (i < count && (value == 0 || value % units[i].factor != 0)) {
        i++;
    }
    write_decimal(w, i == count ? value : value / units[i].factor);
    write_text(w, i == count ? "" : units[i].name);
}

const char *conf_number_read(struct span text, uint64_t *out)
{
    uint64_t value = 0;

    if (!take_digits(&text, &value) || text.len != 0) {
        return "is not a number";
    }
    *out = value;
    return NULL;
}

/* A time in `unit` microseconds, which it must be a multiple of. */
static const char *read_time(struct span text, uint64_t unit, uint64_t *out)
{
    uint64_t value = 0;
    bool good = take_digits(&text, &value);
    uint64_t factor = factor_of(text, UNITS(times));

    if (good && value == 0 && text.len == 0) {
        *out = 0;
        return NULL;
    }
    if (!good || factor == 0) {
        return "is not a duration such as 500ms, 10s, 15m, 1h or 7d";
    }
    if (value > UINT64_MAX / factor / 2) {
        return "is too long";
    }
    if (value * factor % unit != 0) {
        return unit == 1000 ? "is finer than a millisecond" : "is finer than a second";
    }
    *out = value * factor / unit;
    return NULL;
}

const char *conf_us_read(struct span text, uint64_t *out)
{
    return read_time(text, 1, out);
}

const char *conf_ms_read(struct span text, uint64_t *out)
{
    return read_time(text, 1000, out);
}

const char *conf_s_read(struct span text, uint64_t *out)
{
    return read_time(text, 1000000, out);
}

void conf_us_write(uint64_t us, struct writer *w)
{
    write_units(us, UNITS(times), w);
}

void conf_ms_write(uint64_t ms, struct writer *w)
{
    conf_us_write(ms * 1000, w);
}

void conf_s_write(uint64_t s, struct writer *w)
{
    conf_us_write(s * 1000000, w);
}

const char *conf_size_read(struct span text, uint64_t *out)
{
    uint64_t value = 0;
    bool good = take_digits(&text, &value);
    uint64_t factor = text.len == 0 ? 1 : factor_of(text, UNITS(sizes));

    if (!good || factor == 0) {
        return "is not a size such as 512, 64KiB, 1MiB or 2GiB";
    }
    if (value > UINT64_MAX / factor / 2) {
        return "is too large";
    }
    *out = value * factor;
    return NULL;
}

void conf_size_write(uint64_t octets, struct writer *w)
{
    write_units(octets, UNITS(sizes), w);
}

const char *conf_factor_read(struct span text, uint64_t *out)
{
    static const uint64_t scale[] = {1000, 100, 10, 1};
    static const char wrong[] = "is not a factor such as 1.5 or 3";
    uint64_t whole = 0;
    uint64_t part = 0;
    size_t decimals = 0;

    if (!take_digits(&text, &whole) || whole > 1000000) {
        return wrong;
    }
    if (text.len != 0) {
        bool is_point = text.at[0] == '.';

        text = span_from(text, 1);
        decimals = text.len;
        if (!is_point || decimals > 3 || !take_digits(&text, &part) || text.len != 0) {
            return wrong;
        }
    }
    *out = whole * 1000 + part * scale[decimals];
    return NULL;
}

void conf_factor_write(uint64_t thousandths, struct writer *w)
{
    uint64_t part = thousandths % 1000;

    write_decimal(w, thousandths / 1000);
    if (part != 0) {
        write_text(w, part < 10 ? ".00" : part < 100 ? ".0" : ".");
        while (part % 10 == 0) {
            part /= 10;
        }
        write_decimal(w, part);
    }
}

const char *conf_rate_read(struct span text, struct conf_rate *out)
{
    uint64_t value = 0;
    bool good = take_digits(&text, &value);
    uint64_t factor = factor_of(text, UNITS(rates));

    if (!good || factor == 0) {
        return "is not a rate such as 20/s, 12/m or 100/h";
    }
    *out = (struct conf_rate){value, factor};
    return NULL;
}

void conf_rate_write(const struct conf_rate *rate, struct writer *w)
{
    write_decimal(w, rate->count);
    write_text(w, rate->per_ms == 1000 ? "/s" : rate->per_ms == 60000 ? "/m" : "/h");
}

bool conf_range_split(struct span text, struct span *low, struct span *high)
{
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.at[i] == '.' && text.at[i + 1] == '.') {
            *low = span_of(text.at, i);
            *high = span_from(text, i + 2);
            return true;
        }
    }
    return false;
}
