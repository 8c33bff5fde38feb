/* sn/bucket.h - so many in a time: a token bucket in one number, the moment at which it is full
 * again. */
#ifndef SN_BUCKET_H
#define SN_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `count` in each `per_ms`; count 0: nothing is let through. */
struct sn_rate {
    uint32_t count;
    uint32_t per_ms;
};

static inline uint64_t sn_rate_each_us(struct sn_rate rate)
{
    return rate.count == 0 ? UINT64_MAX : 1000u * (uint64_t)rate.per_ms / rate.count;
}

/* True, and one token taken, if the bucket has one; `count` of them when it is full, as at 0. */
static inline bool sn_bucket_take(uint64_t *full_us, struct sn_rate rate, uint64_t now_ms)
{
    uint64_t now_us = 1000u * now_ms;
    uint64_t from_us = *full_us > now_us ? *full_us : now_us;

    if (rate.count == 0 ||
        from_us + sn_rate_each_us(rate) > now_us + 1000u * (uint64_t)rate.per_ms) {
        return false;
    }
    *full_us = from_us + sn_rate_each_us(rate);
    return true;
}

/* The moment from which the bucket has a token, in microseconds; 0 or past: it has one. */
static inline uint64_t sn_bucket_due_us(uint64_t full_us, struct sn_rate rate)
{
    uint64_t due_us = full_us + sn_rate_each_us(rate);
    uint64_t per_us = 1000u * (uint64_t)rate.per_ms;

    return due_us > per_us ? due_us - per_us : 0;
}

#endif
