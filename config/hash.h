/* config/hash.h - a hashed password as its owner writes it, taken apart.
 *
 *     $argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$HASH    as sedge passwd and argon2 print it
 *     $7$ITERATIONS$SALT$HASH                            as mosquitto_passwd does:
 * PBKDF2-HMAC-SHA512
 *
 * SALT and HASH are base64, of $7$ with padding. Nothing is computed here; gateway/edge/passwd.h
 * does that. What a hash may ask for is bounded, since each CONNECT with a wrong password costs it:
 * at the limits a third to half a second of a desktop's core.
 */
#ifndef CONFIG_HASH_H
#define CONFIG_HASH_H

#include "base/bytes.h"

#define CONF_HASH_MEMORY_KIB 65536u  /* argon2id's m, most */
#define CONF_HASH_WORK_KIB   262144u /* its m times t, most */
#define CONF_HASH_LANES      16u     /* its p, most; they are computed one after the other */
#define CONF_HASH_ITERATIONS 250000u /* of PBKDF2, most */
#define CONF_HASH_OCTETS     64u     /* of salt and of digest, most */

enum conf_hash_kind { CONF_HASH_ARGON2ID, CONF_HASH_PBKDF2 };

struct conf_hash {
    enum conf_hash_kind kind;
    uint32_t memory_kib; /* argon2id alone, so lanes */
    uint32_t lanes;
    uint32_t rounds; /* passes of argon2id, iterations of PBKDF2 */
    uint8_t salt_len;
    uint8_t digest_len;
    uint8_t salt[CONF_HASH_OCTETS];
    uint8_t digest[CONF_HASH_OCTETS];
};

/* NULL, or what is wrong, beginning with a verb; *out is unspecified then. */
const char *conf_hash_read(struct span text, struct conf_hash *out);

#endif
