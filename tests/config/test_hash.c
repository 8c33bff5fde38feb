#include "tests/support.h"

#include "config/hash.h"

#define ARGON2ID \
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
#define PBKDF2                                                                 \
    "$7$101$x2jfITBFiHufr19H$AIZwuwbR+3kdSz2S3Hi5UNhhSfEw86mvnMZWION4Zy7G54bO" \
    "ZWyXsSFqEPs4PNmZ8gL6R2toQwQybQuMl8xM8g=="

static const struct span argon2id = {WIRE(ARGON2ID)};
static const struct span pbkdf2 = {WIRE(PBKDF2)};

static void a_hash_is_taken_apart(void **state)
{
    struct conf_hash hash;

    (void)state;
    assert_null(conf_hash_read(argon2id, &hash));
    assert_int_equal(hash.kind, CONF_HASH_ARGON2ID);
    assert_int_equal(hash.memory_kib, 256);
    assert_int_equal(hash.rounds, 2);
    assert_int_equal(hash.lanes, 1);
    assert_span_equal(span_of(hash.salt, hash.salt_len), WIRE_SPAN("somesalt"));
    assert_int_equal(hash.digest_len, 32);
    assert_memory_equal(hash.digest, "\x9d\xfe\xb9\x10", 4);
    assert_null(conf_hash_read(pbkdf2, &hash));
    assert_int_equal(hash.kind, CONF_HASH_PBKDF2);
    assert_int_equal(hash.rounds, 101);
    assert_span_equal(span_of(hash.salt, hash.salt_len),
                      WIRE_SPAN("\xc7\x68\xdf\x21\x30\x45\x88\x7b\x9f\xaf\x5f\x47"));
    assert_int_equal(hash.digest_len, 64);
    assert_memory_equal(hash.digest, "\x00\x86\x70\xbb", 4);
}

static void a_hash_is_refused_at_every_truncation(void **state)
{
    struct conf_hash hash;

    (void)state;
    for (size_t len = 0; len < argon2id.len; len++) {
        assert_non_null(conf_hash_read(at_edge(argon2id, len), &hash));
    }
    for (size_t len = 0; len < pbkdf2.len; len++) {
        assert_non_null(conf_hash_read(at_edge(pbkdf2, len), &hash));
    }
}

#define TAIL "$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
#define SALT "x2jfITBFiHufr19H"
#define KEY  "AIZwuwbR+3kdSz2S3Hi5UNhhSfEw86mvnMZWION4Zy7G54bOZWyXsSFqEPs4PNmZ8gL6R2toQwQybQuMl8xM8g"

/* clang-format off */
static const struct {
    const char *text;
    const char *wrong; /* how it begins; NULL: nothing is */
} cases[] = {
    {"", "is no hash"},
    {"secret", "is no hash"},
    {"panel:$7$101$" SALT "$" KEY "==", "is no hash"},
    {"$6$c29tZXNhbHQ$" KEY "==", "is no hash"},
    {"$argon2i$v=19$m=256,t=2,p=1" TAIL, "is no hash"},
    {"$argon2id$m=256,t=2,p=1" TAIL, "is not $argon2id$"},
    {"$argon2id$v=16$m=256,t=2,p=1" TAIL, "is not $argon2id$"},
    {"$argon2id$v=19$t=2,m=256,p=1" TAIL, "is not $argon2id$"},
    {"$argon2id$v=19$m=256,t=,p=1" TAIL, "is not $argon2id$"},
    {"$argon2id$v=19$m=256,t=-2,p=1" TAIL, "is not $argon2id$"},
    {"$argon2id$v=19$m=256,t=2,p=1,x=1" TAIL, "is not $argon2id$"},
    {"$argon2id$v=19$m=256,t=2,p=1$" SALT, "has a hash"},
    {"$argon2id$v=19$m=256,t=2,p=1$c2hvcnQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "has a salt"},
    {"$argon2id$v=19$m=256,t=2,p=1$c29tZXN%bHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "has a salt"},
    {"$argon2id$v=19$m=256,t=2,p=1" TAIL "A", "has a hash"},
    {"$argon2id$v=19$m=256,t=2,p=1" TAIL "$", "has a hash"},
    {"$argon2id$v=19$m=256,t=2,p=1" TAIL KEY KEY, "has a hash"},
    {"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/5", "has a hash"},
    {"$argon2id$v=19$m=7,t=2,p=1" TAIL, "has m"},
    {"$argon2id$v=19$m=31,t=2,p=4" TAIL, "has m"},
    {"$argon2id$v=19$m=32,t=2,p=4" TAIL, NULL},
    {"$argon2id$v=19$m=65536,t=4,p=1" TAIL, NULL},
    {"$argon2id$v=19$m=65537,t=1,p=1" TAIL, "has m"},
    {"$argon2id$v=19$m=4194304,t=1,p=1" TAIL, "has m"},
    {"$argon2id$v=19$m=4294967552,t=1,p=1" TAIL, "has m"},
    {"$argon2id$v=19$m=65536,t=5,p=1" TAIL, "has t"},
    {"$argon2id$v=19$m=256,t=0,p=1" TAIL, "has t"},
    {"$argon2id$v=19$m=256,t=4294967297,p=1" TAIL, "has t"},
    {"$argon2id$v=19$m=256,t=2,p=0" TAIL, "has p"},
    {"$argon2id$v=19$m=256,t=2,p=17" TAIL, "has p"},
    {"$7$", "is not $7$"},
    {"$7$x$" SALT "$" KEY "==", "is not $7$"},
    {"$7$0$" SALT "$" KEY "==", "has iterations"},
    {"$7$250000$" SALT "$" KEY "==", NULL},
    {"$7$250001$" SALT "$" KEY "==", "has iterations"},
    {"$7$101$$" KEY "==", "has a salt"},
    {"$7$101$" SALT "=$" KEY "==", "has a salt"},
    {"$7$101$" SALT "$" KEY, "has a hash"},
    {"$7$101$" SALT "$" KEY "=", "has a hash"},
    {"$7$101$" SALT "$" KEY "===", "has a hash"},
    {"$7$101$" SALT "$" KEY KEY KEY "===", "has a hash"},
};
/* clang-format on */

static void what_is_wrong_is_named(void **state)
{
    struct conf_hash hash;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *wrong = conf_hash_read(span_of_text(cases[i].text), &hash);

        if (wrong == NULL || cases[i].wrong == NULL) {
            assert_ptr_equal(wrong, cases[i].wrong);
        } else {
            assert_memory_equal(wrong, cases[i].wrong, strlen(cases[i].wrong));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_is_taken_apart),
        cmocka_unit_test(a_hash_is_refused_at_every_truncation),
        cmocka_unit_test(what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
