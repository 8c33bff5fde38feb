/* gateway/edge/passwd.h - passwords against hashes, and new hashes: argon2id by libargon2,
 * mosquitto's $7$ (PBKDF2-HMAC-SHA512) by Mbed TLS.
 *
 * Pure but for memory and chance: no state, so any thread may call it. What one call costs is
 * bounded by config/hash.h: 64 MiB while it computes. It starts no thread, whatever p says.
 * Ownership: passwords are the caller's to wipe; what is derived from them is wiped here.
 */
#ifndef GATEWAY_EDGE_PASSWD_H
#define GATEWAY_EDGE_PASSWD_H

#include "config/hash.h"
#include "gateway/edge/fault.h"

#define GW_PASSWD_MAX  4096u /* octets of a password */
#define GW_PASSWD_LINE 128u  /* a hash that gw_passwd_make writes, and its NUL */

enum gw_passwd_verdict { GW_PASSWD_GOOD, GW_PASSWD_BAD, GW_PASSWD_NO_MEMORY };

/* `hash` is one that conf_hash_read took. Compares in constant time. */
enum gw_passwd_verdict gw_passwd_check(const struct conf_hash *hash, struct span password);

/* What gw_passwd_make makes costs this: 4 MiB, 3 passes, 1 lane. Salt and digest are zeros, so it
 * fits no password. */
extern const struct conf_hash gw_passwd_like;

/* An argon2id hash with a salt of its own, as text. */
bool gw_passwd_make(struct span password, char line[GW_PASSWD_LINE], struct gw_fault *fault);

#endif
