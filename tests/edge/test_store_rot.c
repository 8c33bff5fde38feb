/* tests/edge/test_store_rot.c - a store's file that rots: octets turned, ends cut off. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/edge/store_sql.h"
#include "tests/edge/store_home.h"
#include "tests/edge/vfs_faults.h"

#define PAGE     4096u
#define MESSAGES 60u
#define SMALL    20u /* rows in each of two other tables */
#define ROWS     (MESSAGES + 2 * SMALL)
#define MOST     (64u * PAGE)

/* The sound file, and where in it each row lies. */
static struct {
    uint8_t octets[MOST];
    size_t len;
    size_t page[ROWS]; /* of its text */
} sound;

/* Each text is there once: "row 007 ..." */
static void text_of(unsigned row, char text[260])
{
    (void)snprintf(text, 260, "row %03u %0*u", row, row < MESSAGES ? 240 : 20, row);
}

static void key_of(unsigned row, uint64_t key[3])
{
    key[0] = TABLE_MESSAGE;
    key[1] = 0;
    key[2] = 100 + row;
    if (row >= MESSAGES) {
        key[0] = row < MESSAGES + SMALL ? TABLE_SESSION : TABLE_RETAINED;
        key[1] = key[0] == TABLE_SESSION ? row : 0;
        key[2] = key[0] == TABLE_SESSION ? 0 : row;
    }
}

static void put_all(struct store_home *home, struct gw_store *store)
{
    static char texts[ROWS][260];
    struct changes changes;
    uint64_t key[3];

    begin(&changes);
    for (unsigned row = 0; row < ROWS; row++) {
        text_of(row, texts[row]);
        key_of(row, key);
        put(&changes, key, texts[row], "");
        if (changes.batch.count == CASE_RECORDS || row + 1 == ROWS) {
            keep(home, store, &changes);
        }
    }
}

static size_t read_all(const char *path, uint8_t *octets, size_t size)
{
    int fd = open(path, O_RDONLY);
    ssize_t len = fd < 0 ? 0 : read(fd, octets, size);

    close(fd);
    return len < 0 ? 0 : (size_t)len;
}

static void write_all(const char *path, const uint8_t *octets, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_int_equal(write(fd, octets, len), len);
    close(fd);
}

static int make_sound_home(void **state)
{
    struct store_home *home = NULL;
    struct gw_store *store = NULL;
    char text[260];

    vfs_faults_begin();
    make_home(state);
    home = *state;
    store = open_empty(home);
    put_all(home, store);
    gw_store_close(store);
    sound.len = read_all(home->path, sound.octets, MOST);
    for (unsigned row = 0; row < ROWS; row++) {
        const uint8_t *at = NULL;

        text_of(row, text);
        at = memmem(sound.octets, sound.len, text, strlen(text));
        assert_non_null(at);
        sound.page[row] = (size_t)(at - sound.octets) / PAGE;
    }
    return 0;
}

static int remove_sound_home(void **state)
{
    vfs_faults_end();
    return remove_home(state);
}

/* --- what is left ---------------------------------------------------------------------------- */

static unsigned row_of(const struct record *record)
{
    uint64_t key[3];

    for (unsigned row = 0; row < ROWS; row++) {
        key_of(row, key);
        if (memcmp(key, record->key, sizeof key) == 0) {
            return row;
        }
    }
    return ROWS;
}

/* Of a message the text is not read at start. */
static bool is_as_it_was(struct store_home *home, struct gw_store *store, unsigned row)
{
    struct gw_fetch asked = {.numbers = {100 + row}, .count = 1};
    char text[260];
    bool same = false;

    if (row >= MESSAGES) {
        return true;
    }
    text_of(row, text);
    fetch(home, store, &asked);
    same = asked.got == 1 && asked.rows[0].op == RECORD_PUT &&
           asked.rows[0].text.len == strlen(text) &&
           memcmp(asked.rows[0].text.at, text, strlen(text)) == 0;
    gw_fetch_end(&asked);
    return same;
}

static void look_at(struct store_home *home, struct gw_store *store, bool has[ROWS])
{
    struct record got;
    char text[260];

    memset(has, 0, ROWS);
    while (gw_store_next(store, &got)) {
        unsigned row = row_of(&got);

        if (row < MESSAGES) {
            has[row] = true;
        } else if (row < ROWS) {
            text_of(row, text);
            has[row] = got.text.len == strlen(text) && memcmp(got.text.at, text, strlen(text)) == 0;
        }
    }
    for (unsigned row = 0; row < MESSAGES; row++) {
        has[row] = has[row] && is_as_it_was(home, store, row);
    }
}

static void begin_with(struct store_home *home, const uint8_t *octets, size_t len)
{
    static const char *const ends[] = {"-wal",       "-shm",       "-journal", ".bad-1",
                                       ".bad-1-wal", ".bad-1-shm", ".mending", ".mending-wal"};
    char path[160];

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(path, sizeof path, "%s%s", home->path, ends[i]);
        (void)unlink(path);
    }
    write_all(home->path, octets, len);
    vfs_faults_begin();
}

/* Opens what is there. NULL: it was refused. Else `lost` rows are not as they were, of those that
 * lie before page `end` and not on page `but`; whoever misses some is told. */
static struct gw_store *open_rotten(struct store_home *home, size_t but, size_t end, unsigned *lost)
{
    struct gw_fault note = {""};
    struct gw_fault fault = {""};
    struct gw_store *store = try_to_open(home, &note, &fault);
    bool has[ROWS];

    *lost = 0;
    if (store == NULL) {
        return NULL;
    }
    look_at(home, store, has);
    for (unsigned row = 0; row < ROWS; row++) {
        *lost += !has[row] && sound.page[row] != but && sound.page[row] < end;
    }
    assert_true(*lost == 0 || note.text[0] != '\0');
    assert_null(gw_store_trouble(store));
    return store;
}

static void is_untouched(const struct store_home *home, const uint8_t *octets)
{
    static uint8_t now[MOST];

    assert_int_equal(read_all(home->path, now, MOST), sound.len);
    assert_memory_equal(now, octets, sound.len);
}

/* Such a file is somebody's, or of the future, as far as anybody can see. */
static bool says_whose_it_is(size_t at)
{
    return (at >= 60 && at < 64) || (at >= 68 && at < 72);
}

/* What rows on other pages are found by: in the first page the list of tables, but for the texts in
 * it, and pages that only point at others, which begin with 2 or 5. */
static bool is_a_way_to_others(size_t at)
{
    uint8_t kind = sound.octets[at / PAGE * PAGE];

    return at < PAGE ? at >= 100 && (at < 132 || sound.octets[at] < ' ' || sound.octets[at] > '~')
                     : kind == 2 || kind == 5;
}

static void turn(struct store_home *home, size_t at)
{
    struct gw_store *store = NULL;
    unsigned lost = 0;

    sound.octets[at] ^= 0xFF;
    begin_with(home, sound.octets, sound.len);
    store = open_rotten(home, at / PAGE, SIZE_MAX, &lost);
    if (store == NULL) {
        assert_true(says_whose_it_is(at));
        is_untouched(home, sound.octets);
    }
    sound.octets[at] ^= 0xFF;
    assert_true(lost == 0 || is_a_way_to_others(at));
    gw_store_close(store);
}

/* All octets of the head, and of each page those that say how it is read; of the rest some. */
static void rows_on_other_pages_survive_an_octet_that_turned(void **state)
{
    struct store_home *home = *state;

    for (size_t page = 0; page < sound.len / PAGE; page++) {
        for (size_t at = 0; at < PAGE; at += at < (page == 0 ? 132 : 16) ? 1 : 173) {
            turn(home, page * PAGE + at);
        }
    }
}

static void cut(struct store_home *home, size_t len)
{
    struct gw_store *store = NULL;
    unsigned lost = 0;

    begin_with(home, sound.octets, len);
    store = open_rotten(home, SIZE_MAX, len / PAGE, &lost);
    assert_non_null(store);
    assert_int_equal(lost, 0);
    gw_store_close(store);
}

static void rows_before_the_end_survive_where_the_file_is_cut_off(void **state)
{
    struct store_home *home = *state;

    cut(home, 0);
    for (size_t len = 16; len < 130; len += 3) {
        cut(home, len);
    }
    for (size_t len = PAGE; len < sound.len; len += PAGE) {
        cut(home, len - 1);
        cut(home, len);
        cut(home, len + 1);
    }
}

/* Another's commit has the store read its pages anew. */
static void overwrite_page(const struct store_home *home, size_t page)
{
    uint8_t noise[PAGE];
    int fd = open(home->path, O_WRONLY);
    sqlite3 *other = NULL;

    memset(noise, 0xA5, sizeof noise);
    assert_int_equal(pwrite(fd, noise, PAGE, (off_t)(page * PAGE)), PAGE);
    close(fd);
    assert_int_equal(sqlite3_open(home->path, &other), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(other, "INSERT INTO meta(owner, key) VALUES(0, 7)", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(other);
}

static struct gw_store_word next_word(struct gw_store *store)
{
    struct gw_store_word word = {.kept = NULL};

    while (!gw_store_hear(store, &word)) {
        wait_home(store);
    }
    return word;
}

static void a_file_that_rots_while_it_is_used_is_replaced_once(void **state)
{
    struct store_home *home = *state;
    struct gw_store *store = NULL;
    struct gw_store_word word = {.kept = NULL};
    struct changes changes;
    struct record got;
    bool has[ROWS];
    uint64_t key[3];
    char bad[160];

    store = home->open(home);
    while (gw_store_next(store, &got)) {
    }
    overwrite_page(home, sound.page[0]);
    begin(&changes);
    key_of(0, key);
    change(&changes, RECORD_DEL, key);
    key_of(MESSAGES, key);
    change(&changes, RECORD_DEL, key);
    gw_store_give(store, &changes.batch);
    word = next_word(store);
    assert_non_null(word.note);
    snprintf(bad, sizeof bad, "%s.bad-1", home->path);
    assert_non_null(strstr(word.note, bad));
    word = next_word(store);
    assert_ptr_equal(word.kept, &changes.batch);
    gw_store_close(store);
    assert_int_equal(access(bad, F_OK), 0);
    store = home->open(home);
    look_at(home, store, has);
    for (unsigned row = 0; row < ROWS; row++) {
        assert_int_equal(has[row], sound.page[row] != sound.page[0] && row != MESSAGES);
    }
    gw_store_close(store);
}

/* The process dies at one of the writes by which the new file is made; another starts. */
static bool dies_and_starts(struct store_home *home, size_t page, unsigned at)
{
    struct gw_store *store = NULL;
    unsigned lost = 0;
    int status = 0;
    pid_t child = 0;

    memset(&sound.octets[page * PAGE], 0xA5, PAGE);
    begin_with(home, sound.octets, sound.len);
    child = fork();
    if (child == 0) {
        struct gw_fault note;
        struct gw_fault fault;

        vfs_faults.at = at;
        vfs_faults.dies = true;
        _exit(try_to_open(home, &note, &fault) != NULL ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    if (WEXITSTATUS(status) != 0) {
        store = open_rotten(home, page, SIZE_MAX, &lost);
        assert_non_null(store);
        assert_int_equal(lost, 0);
        gw_store_close(store);
    }
    return WEXITSTATUS(status) != 0;
}

static void a_file_that_was_not_mended_to_the_end_is_at_the_next_start(void **state)
{
    struct store_home *home = *state;
    unsigned at = 1;

    while (dies_and_starts(home, sound.page[0], at)) {
        at++;
    }
    assert_true(at > 20);
}

/* Writes fail from one of them on, as the new file is made; at the next start they do not. */
static bool try_in_two_starts(struct store_home *home, size_t page, unsigned at)
{
    struct gw_fault note = {""};
    struct gw_fault fault = {""};
    struct gw_store *store = NULL;
    unsigned lost = 0;
    bool in_one = false;

    memset(&sound.octets[page * PAGE], 0xA5, PAGE);
    begin_with(home, sound.octets, sound.len);
    vfs_faults.error = at % 2 == 0 ? SQLITE_FULL : SQLITE_IOERR;
    vfs_faults.for_ever = true;
    vfs_faults.at = at;
    store = try_to_open(home, &note, &fault);
    in_one = store != NULL;
    assert_true(in_one || fault.text[0] != '\0');
    vfs_faults.at = 0;
    gw_store_close(store);
    if (!in_one) {
        store = open_rotten(home, page, SIZE_MAX, &lost);
        assert_non_null(store);
        assert_int_equal(lost, 0);
        gw_store_close(store);
    }
    return in_one;
}

static void a_file_that_finds_no_place_for_what_can_be_read_waits_for_it(void **state)
{
    struct store_home *home = *state;
    size_t page = sound.page[0];
    unsigned at = 1;

    while (!try_in_two_starts(home, page, at)) {
        at++;
    }
    assert_true(at > 20);
}

int main(void)
{
#define SOUND(test) cmocka_unit_test_setup_teardown(test, make_sound_home, remove_sound_home)
    const struct CMUnitTest tests[] = {
        SOUND(rows_on_other_pages_survive_an_octet_that_turned),
        SOUND(rows_before_the_end_survive_where_the_file_is_cut_off),
        SOUND(a_file_that_finds_no_place_for_what_can_be_read_waits_for_it),
        SOUND(a_file_that_was_not_mended_to_the_end_is_at_the_next_start),
        SOUND(a_file_that_rots_while_it_is_used_is_replaced_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
