#include "tests/edge/store_cases.h"
#include "tests/edge/store_home.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct gw_store *open_relaxed(struct store_home *home)
{
    struct gw_store_setup setup = {.path = home->path, .relaxed = true, .max = MAX_OCTETS};
    struct gw_fault note = {""};
    struct gw_fault fault = {""};
    struct gw_store *store = gw_store_open(&setup, &note, &fault);

    if (store == NULL) {
        fail_msg("%s", fault.text);
    }
    return store;
}

static int make_relaxed_home(void **state)
{
    make_home(state);
    ((struct store_home *)*state)->open = open_relaxed;
    return 0;
}

static void put_one(struct store_home *home)
{
    struct gw_store *store = open_empty(home);
    struct changes changes;

    begin(&changes);
    put(&changes, KEY(TABLE_SESSION, 1, 0), "kept", "");
    keep(home, store, &changes);
    gw_store_close(store);
}

/* Opening must fail, say `words`, and leave every octet as it was. */
static void refused(struct store_home *home, const char *words)
{
    struct gw_fault note = {""};
    struct gw_fault fault = {""};
    static uint8_t before[65536];
    static uint8_t after[65536];
    int fd = open(home->path, O_RDONLY);
    ssize_t len = read(fd, before, sizeof before);

    close(fd);
    assert_null(try_to_open(home, &note, &fault));
    assert_non_null(strstr(fault.text, words));
    assert_non_null(strstr(fault.text, home->path));
    fd = open(home->path, O_RDONLY);
    assert_int_equal(read(fd, after, sizeof after), len);
    assert_memory_equal(before, after, (size_t)len);
    close(fd);
}

static void overwrite(struct store_home *home, off_t at, const void *octets, size_t len)
{
    int fd = open(home->path, O_WRONLY);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, octets, len, at), len);
    close(fd);
}

static void the_file_is_for_its_owner_alone(void **state)
{
    struct store_home *home = *state;
    char folder[128];
    struct stat is;

    put_one(home);
    assert_int_equal(stat(home->path, &is), 0);
    assert_int_equal(is.st_mode & 07777, 0600);
    snprintf(folder, sizeof folder, "%s", home->path);
    *strrchr(folder, '/') = '\0';
    assert_int_equal(stat(folder, &is), 0);
    assert_int_equal(is.st_mode & 07777, 0700);
}

/* A child writes batch after batch, each of two records, and tells each that was kept; killed at
 * any moment, all that it told is there, and no batch is there by half. */
static void what_was_kept_survives_a_kill_and_no_batch_is_torn(void **state)
{
    struct store_home *home = *state;
    uint64_t told = 0;

    for (int round = 0; round < 5; round++) {
        struct record got;
        struct gw_store *store = NULL;
        uint64_t found = 0;
        int pipes[2];
        pid_t child;

        assert_int_equal(pipe(pipes), 0);
        child = fork();
        if (child == 0) {
            struct changes changes;
            store = home->open(home);
            while (gw_store_next(store, &got)) {
            }
            begin(&changes);
            for (uint64_t n = told + 1;; n++) {
                put(&changes, KEY(TABLE_MESSAGE, 0, 2 * n), "t", "first");
                put(&changes, KEY(TABLE_MESSAGE, 0, 2 * n + 1), "t", "second");
                keep(home, store, &changes);
                (void)!write(pipes[1], &n, sizeof n);
            }
        }
        close(pipes[1]);
        for (int i = 0; i < 20 * (round + 1); i++) {
            assert_int_equal(read(pipes[0], &told, sizeof told), sizeof told);
        }
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(pipes[0], &told, sizeof told) == sizeof told) {
        }
        close(pipes[0]);
        store = home->open(home);
        while (gw_store_next(store, &got)) {
            found++;
            assert_int_equal(got.key[2], found + 1);
        }
        assert_null(gw_store_trouble(store));
        assert_int_equal(found % 2, 0);
        assert_true(found / 2 >= told);
        told = found / 2;
        gw_store_close(store);
    }
}

static void a_second_sedge_on_the_same_file_is_refused(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = open_empty(home);
    struct gw_fault note = {""};
    struct gw_fault fault = {""};

    assert_null(try_to_open(home, &note, &fault));
    assert_non_null(strstr(fault.text, "in use by another sedge"));
    gw_store_close(store);
}

static void a_file_of_a_newer_sedge_is_refused_untouched(void **state)
{
    struct store_home *home = *state;

    put_one(home);
    overwrite(home, 60, "\0\0\x7f\0", 4);
    refused(home, "newer sedge");
}

static void a_file_of_an_older_sedge_gets_the_tables_that_it_lacks(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = NULL;
    struct changes changes;
    sqlite3 *db = NULL;

    put_one(home);
    assert_int_equal(sqlite3_open(home->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DROP TABLE node; PRAGMA user_version = 1", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    store = home->open(home);
    expect(store, KEY(TABLE_SESSION, 1, 0), "kept", "");
    expect_end(store);
    begin(&changes);
    put(&changes, KEY(TABLE_NODE, 0, 1), "n1", "x");
    keep(home, store, &changes);
    gw_store_close(store);
    store = home->open(home);
    expect(store, KEY(TABLE_SESSION, 1, 0), "kept", "");
    expect(store, KEY(TABLE_NODE, 0, 1), "n1", "x");
    expect_end(store);
    gw_store_close(store);
}

static void a_foreign_file_is_refused_untouched(void **state)
{
    struct store_home *home = *state;
    sqlite3 *db = NULL;

    put_one(home);
    assert_int_equal(truncate(home->path, 0), 0);
    overwrite(home, 0, "dear diary, this is not a store", 31);
    refused(home, "not a store of sedge");
    assert_int_equal(truncate(home->path, 0), 0);
    assert_int_equal(sqlite3_open(home->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE x(y)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    refused(home, "not a store of sedge");
}

static void corrupt_and_open(struct store_home *home, uint64_t *found)
{
    struct gw_fault note = {""};
    struct gw_fault fault = {""};
    struct gw_store *store = try_to_open(home, &note, &fault);
    struct record got;
    char bad[160];

    if (store == NULL) {
        fail_msg("%s", fault.text);
    }
    snprintf(bad, sizeof bad, "%s.bad-1", home->path);
    assert_non_null(strstr(note.text, bad));
    assert_int_equal(access(bad, F_OK), 0);
    for (*found = 0; gw_store_next(store, &got);) {
        ++*found;
    }
    assert_null(gw_store_trouble(store));
    gw_store_close(store);
    store = home->open(home);
    gw_store_close(store);
}

static void fill(struct store_home *home, uint64_t count)
{
    static char body[1001];
    struct gw_store *store = open_empty(home);
    struct changes changes;

    memset(body, 'x', sizeof body - 1);
    begin(&changes);
    for (uint64_t n = 1; n <= count; n++) {
        put(&changes, KEY(TABLE_MESSAGE, 0, n), "t", body);
        if (changes.batch.count == CASE_RECORDS || n == count) {
            keep(home, store, &changes);
        }
    }
    gw_store_close(store);
}

static void of_a_file_with_a_broken_head_all_is_taken_over(void **state)
{
    struct store_home *home = *state;
    uint64_t found = 0;

    fill(home, 10);
    overwrite(home, 3, "?", 1);
    corrupt_and_open(home, &found);
    assert_int_equal(found, 10);
}

static void of_a_file_with_a_broken_page_the_rest_is_taken_over(void **state)
{
    struct store_home *home = *state;
    uint64_t found = 0;
    struct stat is;
    uint8_t noise[4096];

    fill(home, 1000);
    memset(noise, 0xA5, sizeof noise);
    assert_int_equal(stat(home->path, &is), 0);
    overwrite(home, is.st_size / 2 / 4096 * 4096, noise, sizeof noise);
    corrupt_and_open(home, &found);
    assert_true(found >= 990);
    assert_true(found < 1000);
}

static void a_place_that_cannot_be_written_is_an_error(void **state)
{
    struct gw_fault note = {""};
    struct gw_fault fault = {""};
    struct store_home home = {.path = "/proc/sedge/sedge.db"};

    (void)state;
    assert_null(try_to_open(&home, &note, &fault));
    assert_non_null(strstr(fault.text, "/proc/sedge/sedge.db cannot be written"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_CASES(make_home, remove_home),
        STORE_CASES(make_relaxed_home, remove_home),
        cmocka_unit_test_setup_teardown(the_file_is_for_its_owner_alone, make_home, remove_home),
        cmocka_unit_test_setup_teardown(what_was_kept_survives_a_kill_and_no_batch_is_torn,
                                        make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_second_sedge_on_the_same_file_is_refused, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(a_file_of_a_newer_sedge_is_refused_untouched, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(a_file_of_an_older_sedge_gets_the_tables_that_it_lacks,
                                        make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_foreign_file_is_refused_untouched, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(of_a_file_with_a_broken_head_all_is_taken_over, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(of_a_file_with_a_broken_page_the_rest_is_taken_over,
                                        make_home, remove_home),
        cmocka_unit_test(a_place_that_cannot_be_written_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
