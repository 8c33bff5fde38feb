/* tests/edge/test_store_faults.c - a disk that fails, forgets or is full, and a file that rots. */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "gateway/edge/reserve.h"
#include "gateway/edge/store_file.h"
#include "gateway/edge/store_sql.h"
#include "tests/edge/store_home.h"
#include "tests/edge/vfs_faults.h"

#define MIB (UINT64_C(1024) * 1024)

/* What the disk says of its room, in place of the C library's word. */
static struct {
    uint64_t left;
    int error; /* of posix_fallocate where there is room */
} room;

int fstatvfs(int fd, struct statvfs *out)
{
    (void)fd;
    *out = (struct statvfs){.f_bavail = room.left / 4096, .f_frsize = 4096};
    return 0;
}

int posix_fallocate(int fd, off_t offset, off_t len)
{
    if (room.error != 0 || room.left < (uint64_t)len) {
        return room.error != 0 ? room.error : ENOSPC;
    }
    room.left -= (uint64_t)len;
    return ftruncate(fd, offset + len) == 0 ? 0 : errno;
}

static int make_faulty_home(void **state)
{
    room.left = 1024 * MIB;
    room.error = 0;
    vfs_faults_begin();
    return make_home(state);
}

static int remove_faulty_home(void **state)
{
    vfs_faults_end();
    return remove_home(state);
}

/* --- the reserve ----------------------------------------------------------------------------- */

static bool is_there(const char *path, off_t len)
{
    struct stat is;

    return stat(path, &is) == 0 && is.st_size == len;
}

static void a_reserve_is_half_of_min_free_and_at_most_8_mib(void **state)
{
    (void)state;
    assert_int_equal(gw_reserve_size(0), 0);
    assert_int_equal(gw_reserve_size(MIB), MIB / 2);
    assert_int_equal(gw_reserve_size(32 * MIB), 8 * MIB);
    assert_int_equal(gw_reserve_size(UINT64_MAX), 8 * MIB);
}

static void a_reserve_is_taken_where_there_is_room_and_given_up(void **state)
{
    struct gw_reserve reserve;
    char store[] = "build/test-reserve-XXXXXX";
    int fd = mkstemp(store);

    (void)state;
    close(fd);
    room.left = 4 * MIB;
    room.error = 0;
    gw_reserve_init(&reserve, store, 2 * MIB);
    assert_false(gw_reserve_take(&reserve, MIB - 1));
    assert_true(gw_reserve_take(&reserve, MIB));
    assert_true(is_there(reserve.path, (off_t)MIB));
    assert_true(gw_reserve_take(&reserve, 0)); /* it is held */
    gw_reserve_init(&reserve, store, 2 * MIB);
    assert_int_equal(access(reserve.path, F_OK), -1);
    assert_false(gw_reserve_give_up(&reserve));
    room.error = ENOSPC; /* others were quicker */
    assert_false(gw_reserve_take(&reserve, MIB));
    assert_int_equal(access(reserve.path, F_OK), -1);
    room.error = 0;
    assert_true(gw_reserve_take(&reserve, MIB));
    assert_true(gw_reserve_give_up(&reserve));
    assert_int_equal(access(reserve.path, F_OK), -1);
    room.error = EOPNOTSUPP; /* none can be had here, and so none is missed */
    assert_true(gw_reserve_take(&reserve, MIB));
    assert_false(gw_reserve_give_up(&reserve));
    unlink(store);
}

/* --- the writer on a disk that fails --------------------------------------------------------- */

static struct gw_store *open_with(const struct store_home *home, uint64_t min_free, bool relaxed)
{
    struct gw_store_setup setup = {
        .path = home->path, .relaxed = relaxed, .max = MAX_OCTETS, .min_free = min_free};
    struct gw_fault note;
    struct gw_fault fault;
    struct gw_store *store = gw_store_open(&setup, &note, &fault);

    if (store == NULL) {
        fail_msg("%s", fault.text);
    }
    expect_end(store);
    return store;
}

static struct gw_store_word next_word(struct gw_store *store)
{
    struct gw_store_word word = {.kept = NULL};

    while (!gw_store_hear(store, &word)) {
        wait_home(store);
    }
    return word;
}

static void give_one(struct gw_store *store, struct changes *changes, uint64_t number)
{
    begin(changes);
    put(changes, KEY(TABLE_SESSION, number, 0), "s", "");
    gw_store_give(store, &changes->batch);
}

/* The next operation fails, or it and all after it. */
static void let_fail(int error, bool for_ever)
{
    vfs_faults.error = error;
    vfs_faults.for_ever = for_ever;
    vfs_faults.at = vfs_faults.count + 1;
}

static void on_a_full_disk_the_reserve_lets_a_batch_be_kept(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = open_with(home, 4 * MIB, false);
    struct gw_store_word word = {.kept = NULL};
    struct changes changes;
    char path[160];

    snprintf(path, sizeof path, "%s-reserve", home->path);
    assert_true(is_there(path, (off_t)(2 * MIB)));
    give_one(store, &changes, 1);
    word = next_word(store);
    assert_ptr_equal(word.kept, &changes.batch);
    assert_false(word.full);
    room.left = 0;
    let_fail(SQLITE_FULL, false);
    give_one(store, &changes, 2);
    word = next_word(store);
    assert_ptr_equal(word.kept, &changes.batch);
    assert_null(word.cause);
    assert_true(word.full);
    assert_int_equal(access(path, F_OK), -1);
    room.left = 3 * MIB; /* for the reserve, but not a tenth over min_free beside it */
    give_one(store, &changes, 3);
    word = next_word(store);
    assert_true(word.full);
    assert_true(is_there(path, (off_t)(2 * MIB)));
    room.left = 4 * MIB;
    word = next_word(store); /* by itself */
    assert_null(word.kept);
    assert_null(word.cause);
    assert_false(word.full);
    gw_store_close(store);
    assert_true(is_there(path, (off_t)(2 * MIB))); /* for the next start */
    store = open_home(home);                       /* which may want none */
    assert_int_equal(access(path, F_OK), -1);
    gw_store_close(store);
}

static void without_a_reserve_a_batch_waits_for_the_disk(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = open_with(home, 0, false);
    struct gw_store_word word = {.kept = NULL};
    struct changes changes;

    let_fail(SQLITE_FULL, true);
    give_one(store, &changes, 1);
    word = next_word(store);
    assert_null(word.kept);
    assert_string_equal(word.cause, "database or disk is full");
    vfs_faults.at = 0;
    word = next_word(store);
    assert_ptr_equal(word.kept, &changes.batch);
    assert_false(word.full);
    gw_store_close(store);
}

static void a_disk_that_cannot_be_written_is_told_once_and_tried_until_it_can(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = open_with(home, 4 * MIB, false);
    struct gw_store_word word = {.kept = NULL};
    struct changes changes;

    let_fail(SQLITE_IOERR, true);
    give_one(store, &changes, 1);
    word = next_word(store);
    assert_null(word.kept);
    assert_string_equal(word.cause, "disk I/O error");
    usleep(1100000); /* a second try, of which nothing is heard */
    assert_false(gw_store_hear(store, &word));
    vfs_faults.at = 0;
    word = next_word(store);
    assert_ptr_equal(word.kept, &changes.batch);
    gw_store_close(store);
    vfs_faults_cut();
    store = home->open(home);
    expect(store, KEY(TABLE_SESSION, 1, 0), "s", "");
    expect_end(store);
    gw_store_close(store);
}

/* What was answered since the last sync may be lost; nothing more is answered until it is not. */
static void a_relaxed_store_tells_of_a_sync_that_fails(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = open_with(home, 0, true);
    struct gw_store_word word = {.kept = NULL};
    struct changes changes;

    give_one(store, &changes, 1); /* syncs the head of the WAL */
    word = next_word(store);
    let_fail(SQLITE_IOERR_FSYNC, true);
    give_one(store, &changes, 2);
    word = next_word(store);
    assert_ptr_equal(word.kept, &changes.batch);
    word = next_word(store);
    assert_string_equal(word.cause, "disk I/O error");
    give_one(store, &changes, 3);
    usleep(100000);
    assert_false(gw_store_hear(store, &word));
    vfs_faults.at = 0;
    word = next_word(store);
    assert_ptr_equal(word.kept, &changes.batch);
    gw_store_close(store);
    vfs_faults_cut();
    store = home->open(home);
    expect(store, KEY(TABLE_SESSION, 1, 0), "s", "");
    expect(store, KEY(TABLE_SESSION, 2, 0), "s", "");
    expect(store, KEY(TABLE_SESSION, 3, 0), "s", "");
    expect_end(store);
    gw_store_close(store);
}

static void a_relaxed_store_is_well_again_without_a_batch(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = open_with(home, 0, true);
    struct gw_store_word word = {.kept = NULL};
    struct changes changes;

    give_one(store, &changes, 1); /* syncs the head of the WAL */
    word = next_word(store);
    let_fail(SQLITE_IOERR_FSYNC, true);
    give_one(store, &changes, 2);
    word = next_word(store);
    assert_ptr_equal(word.kept, &changes.batch);
    word = next_word(store);
    assert_string_equal(word.cause, "disk I/O error");
    vfs_faults.at = 0;
    word = next_word(store);
    assert_null(word.cause);
    assert_null(word.kept);
    assert_false(word.full);
    gw_store_close(store);
    vfs_faults_cut();
    store = home->open(home);
    expect(store, KEY(TABLE_SESSION, 1, 0), "s", "");
    expect(store, KEY(TABLE_SESSION, 2, 0), "s", "");
    expect_end(store);
    gw_store_close(store);
}

/* --- each operation that may fail ------------------------------------------------------------ */

#define BATCHES 10u
#define TRIES   4u

struct trial {
    struct gw_sql sql;
    struct gw_store_setup setup;
    uint64_t kept;   /* batches, the last of which is kept */
    uint64_t synced; /* so, for a store that is relaxed */
    uint64_t failed; /* the first that did not go well */
};

/* Batch n: three messages of it, and those of the batch before the last are deleted. */
static void fill_batch(struct changes *changes, uint64_t n)
{
    static char body[3001];

    memset(body, 'x', sizeof body - 1);
    begin(changes);
    for (uint64_t i = 0; i < 3; i++) {
        put(changes, KEY(TABLE_MESSAGE, 0, 3 * n + i), "t", body);
        if (n > 2) {
            change(changes, RECORD_DEL, KEY(TABLE_MESSAGE, 0, 3 * (n - 2) + i));
        }
    }
    put(changes, KEY(TABLE_META, 0, 1), "", "")->fields[0] = (int64_t)n;
}

static int commit_and_sync(struct trial *t, uint64_t n)
{
    struct changes changes;
    int error = SQLITE_OK;

    fill_batch(&changes, n);
    error = gw_sql_commit(&t->sql, &changes.batch);
    t->kept = error == SQLITE_OK ? n : t->kept;
    if (error == SQLITE_OK && t->setup.relaxed && n % 2 == 0 && gw_sql_sync(&t->sql) != SQLITE_OK) {
        t->failed = n;
    } else if (error == SQLITE_OK && (!t->setup.relaxed || n % 2 == 0)) {
        t->synced = n;
    }
    t->failed = error != SQLITE_OK && t->failed == 0 ? n : t->failed;
    return error;
}

/* Ends at the first failure if `give_in`, else two batches later: what comes then would mend it.
 * The disk works again before the last try. */
static void write_batches(struct trial *t, bool give_in)
{
    for (uint64_t n = 1; n <= BATCHES && (t->failed == 0 || n <= t->failed + 2); n++) {
        unsigned tries = 1;

        while (commit_and_sync(t, n) != SQLITE_OK) {
            if (give_in) {
                return;
            }
            tries++;
            assert_true(tries <= TRIES);
            vfs_faults.at = tries == TRIES ? 0 : vfs_faults.at;
        }
    }
}

/* No batch is there by half, and the last is one that was kept, or was under way. */
static void check(struct store_home *home, const struct trial *t)
{
    struct gw_store *store = home->open(home);
    struct record got;
    uint64_t rows = 0;
    uint64_t last = 0;

    while (gw_store_next(store, &got)) {
        last = got.key[0] == TABLE_META ? (uint64_t)got.fields[0] : last;
        rows += got.key[0] == TABLE_MESSAGE ? 1 : 0;
    }
    assert_null(gw_store_trouble(store));
    assert_true(last >= t->synced);
    assert_true(last <= t->kept + 1);
    assert_int_equal(rows, last >= 2 ? 6 : 3 * last);
    gw_store_close(store);
}

static void begin_trial(struct store_home *home, struct trial *t, bool relaxed)
{
    struct gw_fault fault;
    char wal[160];

    snprintf(wal, sizeof wal, "%s-wal", home->path);
    (void)unlink(wal);
    (void)unlink(home->path);
    vfs_faults_begin();
    close(gw_file_lock(home->path, &fault)); /* makes it */
    *t = (struct trial){.setup = {.path = home->path,
                                  .relaxed = relaxed,
                                  .max = MAX_OCTETS,
                                  .min_free = MIB / 2}}; /* a WAL of 32 pages */
    assert_int_equal(gw_sql_open(&t->sql, &t->setup, &fault), GW_SQL_OPEN);
    vfs_faults.count = 0;
}

/* One trial for each operation of a run in which none fails. */
static void try_each(struct store_home *home, struct vfs_faults fault, bool relaxed, bool give_in)
{
    struct trial t;
    unsigned operations = 0;

    begin_trial(home, &t, relaxed);
    write_batches(&t, false);
    operations = vfs_faults.count;
    gw_sql_close(&t.sql);
    assert_true(operations > 50);
    for (unsigned at = 1; at <= operations; at++) {
        begin_trial(home, &t, relaxed);
        vfs_faults = fault;
        vfs_faults.at = at;
        write_batches(&t, give_in);
        vfs_faults.at = 1; /* nothing is mended by closing */
        vfs_faults.for_ever = true;
        vfs_faults.error = SQLITE_IOERR;
        gw_sql_close(&t.sql);
        vfs_faults.at = 0;
        vfs_faults_cut();
        check(home, &t);
    }
}

static void whatever_fails_what_was_kept_is_on_the_disk(void **state)
{
    static const struct vfs_faults faults[] = {
        {.error = SQLITE_IOERR},
        {.error = SQLITE_IOERR, .for_ever = true},
        {.error = SQLITE_IOERR_FSYNC, .for_ever = true},
        {.error = SQLITE_FULL},
        {.error = SQLITE_FULL, .for_ever = true},
    };
    struct store_home *home = *state;

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        try_each(home, faults[i], false, false);
        try_each(home, faults[i], true, false);
    }
    try_each(home, faults[1], false, true);
    try_each(home, faults[1], true, true);
}

int main(void)
{
#define FAULTY(test) cmocka_unit_test_setup_teardown(test, make_faulty_home, remove_faulty_home)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reserve_is_half_of_min_free_and_at_most_8_mib),
        cmocka_unit_test(a_reserve_is_taken_where_there_is_room_and_given_up),
        FAULTY(on_a_full_disk_the_reserve_lets_a_batch_be_kept),
        FAULTY(without_a_reserve_a_batch_waits_for_the_disk),
        FAULTY(a_disk_that_cannot_be_written_is_told_once_and_tried_until_it_can),
        FAULTY(a_relaxed_store_tells_of_a_sync_that_fails),
        FAULTY(a_relaxed_store_is_well_again_without_a_batch),
        FAULTY(whatever_fails_what_was_kept_is_on_the_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
