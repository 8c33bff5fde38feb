#include "tests/support.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/diff.h"
#include "config/load.h"

/* A folder of its own for each test; files are named relative to it. */
static int make_folder(void **state)
{
    *state = strdup(P_tmpdir "/sedge-config-XXXXXX");
    return *state == NULL || mkdtemp(*state) == NULL ? -1 : chdir(*state);
}

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
    (void)info;
    (void)flag;
    (void)walk;
    return remove(path);
}

static int remove_folder(void **state)
{
    int failed = chdir("/") != 0 || nftw(*state, remove_one, 4, FTW_DEPTH | FTW_PHYS) != 0;

    free(*state);
    return failed ? -1 : 0;
}

static void put(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void included_files_come_in_name_order(void **state)
{
    struct conf_report report = {0};
    struct conf *conf = NULL;
    char path[64];

    assert_int_equal(mkdir("conf.d", 0755), 0);
    put("main.conf", "[gateway]\nname = g\ninclude = conf.d/*.conf\n", 0644);
    put("conf.d/20.conf", "[topics b]\n", 0644);
    put("conf.d/10.conf", "[topics a]\n", 0644);
    put("conf.d/notes.txt", "not a configuration", 0644);
    (void)snprintf(path, sizeof path, "%s/main.conf", (char *)*state);
    assert_int_equal(chdir("/"), 0);
    conf = conf_load(path, &report);
    assert_non_null(conf);
    assert_int_equal(conf->topics_count, 2);
    assert_string_equal(conf->topics[0].at.name, "a");
    assert_string_equal(conf->topics[1].at.name, "b");
    conf_free(conf);
    conf_report_fini(&report);
}

static void expect_error(const char *path, const char *key, const char *text)
{
    struct conf_report report = {0};
    size_t at = 0;

    assert_null(conf_load(path, &report));
    assert_int_equal(report.errors, 1);
    while (report.items[at].is_note) {
        at++;
    }
    assert_string_equal(report.items[at].key, key);
    assert_string_equal(report.items[at].text, text);
    conf_report_fini(&report);
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
    struct conf_report report = {0};
    struct conf *conf = NULL;

    (void)state;
    expect_error("none.conf", "", "cannot be read: No such file or directory");
    put("main.conf", "[gateway]\nname = g\ninclude = none.conf\n", 0644);
    expect_error("main.conf", "", "includes a file that is not there");
    put("main.conf", "[gateway]\nname = g\ninclude = none.d/*.conf\n", 0644);
    conf = conf_load("main.conf", &report); /* a pattern may fit nothing */
    assert_non_null(conf);
    assert_int_equal(report.errors, 0);
    conf_free(conf);
    conf_report_fini(&report);
}

static void a_missing_include_hides_no_other_error(void **state)
{
    struct conf_report report = {0};

    (void)state;
    put("main.conf", "[gateway]\nname = g\ninclude = none.conf\nid = 300\n", 0644);
    assert_null(conf_load("main.conf", &report));
    assert_int_equal(report.errors, 2);
    assert_int_equal(report.items[1].line, 4);
    conf_report_fini(&report);
}

#define UPSTREAM "[gateway]\nname = g\n[upstream u]\nurl = mqtt://h\nusername = u\n"

static void a_secret_is_the_first_line_of_its_file(void **state)
{
    struct conf_report report = {0};
    struct conf *conf = NULL;

    (void)state;
    put("main.conf", UPSTREAM "password = file:key\n", 0644);
    put("key", "two words \nnot this\n", 0640);
    conf = conf_load("main.conf", &report);
    assert_non_null(conf);
    assert_string_equal(conf->upstream[0].password.text, "two words ");
    conf_free(conf);
    conf_report_fini(&report);
}

static void a_secret_that_others_can_read_is_refused(void **state)
{
    (void)state;
    put("main.conf", UPSTREAM "password = file:key\n", 0644);
    put("key", "secret\n", 0644);
    expect_error("main.conf", "password", "names a file that others can read: chmod o= FILE");
    assert_int_equal(unlink("key"), 0);
    expect_error("main.conf", "password",
                 "names a file that cannot be read: No such file or directory");
}

static void a_secret_can_come_from_the_environment(void **state)
{
    struct conf_report report = {0};
    struct conf *conf = NULL;

    (void)state;
    put("main.conf", UPSTREAM "password = env:SEDGE_TEST_KEY\n", 0644);
    assert_int_equal(unsetenv("SEDGE_TEST_KEY"), 0);
    expect_error("main.conf", "password", "names an environment variable that is not set");
    assert_int_equal(setenv("SEDGE_TEST_KEY", "from outside", 1), 0);
    conf = conf_load("main.conf", &report);
    assert_non_null(conf);
    assert_string_equal(conf->upstream[0].password.text, "from outside");
    conf_free(conf);
    conf_report_fini(&report);
}

#define USER "[gateway]\nname = g\n[user u]\npassword = "
#define HASH "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"

static void the_hash_of_a_user_may_stand_in_a_file(void **state)
{
    struct conf_report report = {0};
    struct conf *conf = NULL;

    (void)state;
    put("main.conf", USER "file:hash\n", 0644);
    put("hash", HASH "\n", 0600);
    conf = conf_load("main.conf", &report);
    assert_non_null(conf);
    assert_string_equal(conf->user[0].password.text, HASH);
    conf_free(conf);
    conf_report_fini(&report);
    put("hash", "hunter2\n", 0600);
    expect_error("main.conf", "password",
                 "names a text that is no hash ($argon2id$, $7$): sedge passwd makes one");
    put("main.conf", USER "$7$101$x\n", 0644);
    expect_error("main.conf", "password", "has a salt that is not base64 of 8..64 octets");
    put("main.conf", USER "command:true\n", 0644);
    expect_error("main.conf", "password",
                 "is a command: write a hash ($argon2id$, $7$) or file:PATH");
}

static void without_a_file_the_built_in_configuration_is_loaded(void **state)
{
    struct conf_report report = {0};
    struct conf *conf = conf_load(NULL, &report);

    (void)state;
    assert_non_null(conf);
    assert_string_equal(conf->gateway.name, "sedge");
    conf_free(conf);
    conf_report_fini(&report);
}

/* Tests start in the root of the tree. */
static void the_file_that_is_shipped_says_what_is_built_in(void **state)
{
    struct conf_report report = {0};
    struct conf *built_in = conf_load(NULL, &report);
    struct conf *shipped = conf_load("config/gateway.conf", &report);

    (void)state;
    assert_non_null(shipped);
    assert_int_equal(report.count, 0);
    assert_int_equal(conf_diff(built_in, shipped, NULL, 0), 0);
    conf_free(built_in);
    conf_free(shipped);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_that_is_shipped_says_what_is_built_in),
        IN_FOLDER(included_files_come_in_name_order),
        IN_FOLDER(a_file_that_is_not_there_is_an_error),
        IN_FOLDER(a_missing_include_hides_no_other_error),
        IN_FOLDER(a_secret_is_the_first_line_of_its_file),
        IN_FOLDER(a_secret_that_others_can_read_is_refused),
        IN_FOLDER(a_secret_can_come_from_the_environment),
        IN_FOLDER(the_hash_of_a_user_may_stand_in_a_file),
        cmocka_unit_test(without_a_file_the_built_in_configuration_is_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
