#include "tests/support.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/edge/passwd.h"

/* The first three are known vectors of argon2id, the last is what mosquitto_passwd 2.0.11 wrote. */
static const struct {
    const char *hash;
    const char *password;
} vectors[] = {
    {"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
     "password"},
    {"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
     "password"},
    {"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
     "password"},
    {"$7$101$x2jfITBFiHufr19H$AIZwuwbR+3kdSz2S3Hi5UNhhSfEw86mvnMZWION4Zy7G54bOZWyXsSFqEPs4PNmZ"
     "8gL6R2toQwQybQuMl8xM8g==",
     "secret"},
};

static enum gw_passwd_verdict check(const char *text, struct span password)
{
    struct conf_hash hash;
    const char *wrong = conf_hash_read(span_of_text(text), &hash);

    if (wrong != NULL) {
        fail_msg("%s %s", text, wrong);
    }
    return gw_passwd_check(&hash, password);
}

static void the_password_of_each_vector_is_good_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct span good = span_of_text(vectors[i].password);

        assert_int_equal(check(vectors[i].hash, good), GW_PASSWD_GOOD);
        assert_int_equal(check(vectors[i].hash, span_of(good.at, good.len - 1)), GW_PASSWD_BAD);
        assert_int_equal(check(vectors[i].hash, WIRE_SPAN("passworD")), GW_PASSWD_BAD);
        assert_int_equal(check(vectors[i].hash, (struct span){NULL, 0}), GW_PASSWD_BAD);
    }
}

static void each_octet_of_a_digest_counts(void **state)
{
    struct conf_hash hash;

    (void)state;
    assert_null(conf_hash_read(span_of_text(vectors[1].hash), &hash));
    for (size_t i = 0; i < hash.digest_len; i++) {
        hash.digest[i] ^= 0x80;
        assert_int_equal(gw_passwd_check(&hash, WIRE_SPAN("password")), GW_PASSWD_BAD);
        hash.digest[i] ^= 0x80;
    }
    assert_int_equal(gw_passwd_check(&hash, WIRE_SPAN("password")), GW_PASSWD_GOOD);
}

static void a_hash_that_is_made_fits_its_password_and_has_a_salt_of_its_own(void **state)
{
    static const struct span password = {WIRE("two\0words\xff")};
    char one[GW_PASSWD_LINE];
    char two[GW_PASSWD_LINE];
    struct gw_fault fault = {""};

    (void)state;
    assert_true(gw_passwd_make(password, one, &fault));
    assert_true(gw_passwd_make(password, two, &fault));
    assert_memory_equal(one, "$argon2id$v=19$m=4096,t=3,p=1$", 30);
    assert_string_not_equal(one, two);
    assert_int_equal(check(one, password), GW_PASSWD_GOOD);
    assert_int_equal(check(two, password), GW_PASSWD_GOOD);
    assert_int_equal(check(one, WIRE_SPAN("two")), GW_PASSWD_BAD);
}

static bool run_mosquitto_passwd(char *file, char *password)
{
    char program[] = "mosquitto_passwd";
    char anew[] = "-c";
    char given[] = "-b";
    char user[] = "user";
    char *args[] = {program, anew, given, file, user, password, NULL};
    pid_t child = 0;
    int status = 0;
    int error = posix_spawnp(&child, args[0], NULL, NULL, args, environ);

    if (error != 0) {
        assert_int_equal(error, ENOENT);
        return false;
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return true;
}

/* Salts of mosquitto_passwd are random, so several. */
static void what_mosquitto_passwd_writes_today_is_taken(void **state)
{
    char path[] = P_tmpdir "/sedge-passwd-XXXXXX";
    char password[] = "gr\xc3\xbcn und 7";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    for (int i = 0; i < 8; i++) {
        char line[256] = "";
        FILE *file = NULL;

        if (!run_mosquitto_passwd(path, password)) {
            unlink(path);
            skip(); /* no mosquitto here */
        }
        file = fopen(path, "r");
        assert_non_null(file);
        assert_non_null(fgets(line, sizeof line, file));
        fclose(file);
        line[strcspn(line, "\n")] = '\0';
        assert_memory_equal(line, "user:", 5);
        assert_int_equal(check(line + 5, span_of_text(password)), GW_PASSWD_GOOD);
        assert_int_equal(check(line + 5, WIRE_SPAN("another")), GW_PASSWD_BAD);
    }
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_password_of_each_vector_is_good_alone),
        cmocka_unit_test(each_octet_of_a_digest_counts),
        cmocka_unit_test(a_hash_that_is_made_fits_its_password_and_has_a_salt_of_its_own),
        cmocka_unit_test(what_mosquitto_passwd_writes_today_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
