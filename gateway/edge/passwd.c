#include "gateway/edge/passwd.h"

#include <argon2.h>
#include <errno.h>
#include <mbedtls/md.h>
#include <mbedtls/pkcs5.h>
#include <string.h>
#include <sys/random.h>

#define SALT_LEN   16u
#define DIGEST_LEN 32u

const struct conf_hash gw_passwd_like = {.kind = CONF_HASH_ARGON2ID,
                                         .memory_kib = 4096,
                                         .lanes = 1,
                                         .rounds = 3,
                                         .salt_len = SALT_LEN,
                                         .digest_len = DIGEST_LEN};

/* argon2id_verify would start a thread for each lane. The context's pointers are not const, and
 * nothing is written through them: no flag asks to clear the password. */
static bool digest_argon2id(const struct conf_hash *hash, struct span password, uint8_t *out)
{
    struct conf_hash copy = *hash;
    argon2_context context = {
        .out = out,
        .outlen = hash->digest_len,
        .pwd = (uint8_t *)(uintptr_t)password.at, /* NOLINT(performance-no-int-to-ptr) */
        .pwdlen = (uint32_t)password.len,
        .salt = copy.salt,
        .saltlen = hash->salt_len,
        .t_cost = hash->rounds,
        .m_cost = hash->memory_kib,
        .lanes = hash->lanes,
        .threads = 1,
        .version = ARGON2_VERSION_13,
    };

    return argon2id_ctx(&context) == ARGON2_OK;
}

static bool digest_pbkdf2(const struct conf_hash *hash, struct span password, uint8_t *out)
{
    mbedtls_md_context_t hmac;
    bool done = false;

    mbedtls_md_init(&hmac);
    done = mbedtls_md_setup(&hmac, mbedtls_md_info_from_type(MBEDTLS_MD_SHA512), 1) == 0 &&
           mbedtls_pkcs5_pbkdf2_hmac(&hmac, password.at, password.len, hash->salt, hash->salt_len,
                                     hash->rounds, hash->digest_len, out) == 0;
    mbedtls_md_free(&hmac);
    return done;
}

static bool is_same(const uint8_t *a, const uint8_t *b, size_t len)
{
    volatile uint8_t differ = 0;

    for (size_t i = 0; i < len; i++) {
        differ |= a[i] ^ b[i];
    }
    return differ == 0;
}

enum gw_passwd_verdict gw_passwd_check(const struct conf_hash *hash, struct span password)
{
    uint8_t digest[CONF_HASH_OCTETS];
    enum gw_passwd_verdict verdict = GW_PASSWD_NO_MEMORY;
    bool done = hash->kind == CONF_HASH_ARGON2ID ? digest_argon2id(hash, password, digest)
                                                 : digest_pbkdf2(hash, password, digest);

    if (done) {
        verdict = is_same(digest, hash->digest, hash->digest_len) ? GW_PASSWD_GOOD : GW_PASSWD_BAD;
    }
    explicit_bzero(digest, sizeof digest);
    return verdict;
}

bool gw_passwd_make(struct span password, char line[GW_PASSWD_LINE], struct gw_fault *fault)
{
    const struct conf_hash *like = &gw_passwd_like;
    uint8_t salt[SALT_LEN];
    int error = ARGON2_OK;

    if (getrandom(salt, sizeof salt, 0) != sizeof salt) {
        return gw_fail(fault, "no random octets: %s", strerror(errno));
    }
    error =
        argon2id_hash_encoded(like->rounds, like->memory_kib, like->lanes, password.at,
                              password.len, salt, sizeof salt, DIGEST_LEN, line, GW_PASSWD_LINE);
    return error == ARGON2_OK || gw_fail(fault, "argon2id: %s", argon2_error_message(error));
}
