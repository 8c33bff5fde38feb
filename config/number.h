/* config/number.h - numbers with units, as the user writes them, and back.
 *
 * Reading gives NULL or what is wrong, and leaves *out alone then. Writing chooses the largest
 * unit that divides the value, so what is written reads back to the same number.
 */
#ifndef CONFIG_NUMBER_H
#define CONFIG_NUMBER_H

#include "base/bytes.h"
#include "config/value.h"

/* Decimal digits alone. */
const char *conf_number_read(struct span text, uint64_t *out);

/* 500ms 10s 15m 1h 7d; microseconds too: 250us. */
const char *conf_ms_read(struct span text, uint64_t *out);
const char *conf_us_read(struct span text, uint64_t *out);
const char *conf_s_read(struct span text, uint64_t *out);
void conf_us_write(uint64_t us, struct writer *w);
void conf_ms_write(uint64_t ms, struct writer *w);
void conf_s_write(uint64_t s, struct writer *w);

/* 4096 64KiB 1MiB 2GiB, in octets. */
const char *conf_size_read(struct span text, uint64_t *out);
void conf_size_write(uint64_t octets, struct writer *w);

/* A factor with up to three decimals, in thousandths: 2.5 is 2500. */
const char *conf_factor_read(struct span text, uint64_t *out);
void conf_factor_write(uint64_t thousandths, struct writer *w);

/* 20/s 12/m 100/h */
const char *conf_rate_read(struct span text, struct conf_rate *out);
void conf_rate_write(const struct conf_rate *rate, struct writer *w);

/* LOW..HIGH split at the dots; false when there are none. */
bool conf_range_split(struct span text, struct span *low, struct span *high);

#endif
