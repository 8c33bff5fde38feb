/* tests/edge/test_store_cut.c - the power fails: after every prefix of what a run wrote and synced.
 *
 * A run of batches is recorded, operation by operation, and where in that trace each batch was said
 * to be kept. For each prefix of the trace images of the disk are made in which what was not
 * synced is there, is not, is there in part, or ends within a page. A store opened on an image must
 * hold what a whole number of batches left, in order, and none fewer than were kept: what was
 * acknowledged is there, and a batch is there as a whole or not at all. That the sessions of such
 * a state send all of it, and QoS 2 once, tests/mqtt/test_session_crash.c shows.
 */
#include <fcntl.h>
#include <unistd.h>

#include "tests/edge/store_home.h"
#include "tests/edge/vfs_faults.h"

#define BATCHES  14u
#define PUTS     5u      /* rows of a batch */
#define BODY     1500u   /* octets of the largest */
#define MIN_FREE 131072u /* by which the WAL is short, and moves to the file now and then */
#define OPS      4096u
#define FILES    3u
#define NAME     "sedge.db"
#define FILE_MAX (512u * 1024u)
#define SECTOR   512

/* --- the trace ------------------------------------------------------------------------------- */

struct op {
    enum vfs_op_kind kind;
    unsigned file;
    long long at;
    int len;
    uint8_t *octets;
};

static struct {
    struct op ops[OPS];
    size_t count;
    size_t kept_at[BATCHES + 1]; /* operations when so many batches were kept */
    unsigned kept;
} trace;

static const char *const endings[FILES] = {"", "-journal", "-wal"};

static void record(const struct vfs_op *op)
{
    struct op *to = &trace.ops[trace.count];
    const char *ending = strstr(op->path, NAME) + sizeof NAME - 1;
    unsigned file = 0;

    while (file < FILES && strcmp(ending, endings[file]) != 0) {
        file++;
    }
    assert_true(file < FILES && trace.count < OPS);
    *to = (struct op){op->kind, file, op->at, op->len, NULL};
    if (op->len > 0) {
        to->octets = malloc((size_t)op->len);
        assert_non_null(to->octets);
        memcpy(to->octets, op->octets, (size_t)op->len);
    }
    trace.count++;
}

static void forget_trace(void)
{
    for (size_t i = 0; i < trace.count; i++) {
        free(trace.ops[i].octets);
    }
    memset(&trace, 0, sizeof trace);
}

/* --- the run --------------------------------------------------------------------------------- */

static uint64_t number_of(unsigned batch, unsigned put)
{
    return 1 + batch * PUTS + put;
}

static unsigned length_of(uint64_t number)
{
    return 1 + (unsigned)(number * 977) % BODY;
}

/* Batch `b` puts rows of a queue, and deletes those of two before it but the first; as what waits,
 * and is acknowledged. */
static void fill(struct changes *changes, unsigned b)
{
    static char bodies[PUTS][BODY + 1];

    begin(changes);
    for (unsigned i = 0; i < PUTS; i++) {
        uint64_t number = number_of(b, i);

        memset(bodies[i], (int)('a' + number % 26), length_of(number));
        bodies[i][length_of(number)] = '\0';
        put(changes, KEY(TABLE_QUEUE, 1, number), "t", bodies[i]);
    }
    for (unsigned i = 1; b >= 2 && i < PUTS; i++) {
        change(changes, RECORD_DEL, KEY(TABLE_QUEUE, 1, number_of(b - 2, i)));
    }
    put(changes, KEY(TABLE_RECEIVED, 1, b + 1), "", ""); /* a QoS 2 message taken ... */
    if (b > 0) {
        change(changes, RECORD_DEL, KEY(TABLE_RECEIVED, 1, b)); /* ... and released */
    }
}

static bool is_there_after(unsigned batches, uint64_t number)
{
    unsigned b = (unsigned)((number - 1) / PUTS);

    return b < batches && (b + 2 >= batches || (number - 1) % PUTS == 0);
}

static struct gw_store *open_at(const char *path, bool relaxed, struct gw_fault *note)
{
    struct gw_store_setup setup = {
        .path = path, .max = MAX_OCTETS, .min_free = MIN_FREE, .relaxed = relaxed};
    struct gw_fault fault = {""};
    struct gw_store *store = gw_store_open(&setup, note, &fault);

    if (store == NULL) {
        fail_msg("%s", fault.text);
    }
    return store;
}

static void run(struct store_home *home, bool relaxed)
{
    struct gw_fault note = {""};
    struct changes changes;
    struct gw_store *store = NULL;

    forget_trace();
    vfs_faults_begin();
    vfs_watch = record;
    store = open_at(home->path, relaxed, &note);
    expect_end(store);
    for (unsigned b = 0; b < BATCHES; b++) {
        fill(&changes, b);
        keep(home, store, &changes);
        trace.kept_at[++trace.kept] = trace.count;
    }
    vfs_watch = NULL;
    gw_store_close(store);
    vfs_faults_end();
}

/* --- images ---------------------------------------------------------------------------------- */

enum image { ALL, NONE, TORN, SOME, IMAGES = SOME + 3 }; /* SOME by three choices of chance */

static struct {
    uint8_t octets[FILE_MAX];
    size_t len;
    bool there;
} files[FILES];

static void apply(const struct op *op, int len)
{
    size_t end = (size_t)op->at + (size_t)len;

    switch (op->kind) {
    case VFS_WRITE:
        assert_true(end <= FILE_MAX);
        memcpy(&files[op->file].octets[op->at], op->octets, (size_t)len);
        files[op->file].len = end > files[op->file].len ? end : files[op->file].len;
        break;
    case VFS_TRUNCATE: files[op->file].len = (size_t)op->at; break;
    case VFS_DELETE: files[op->file].len = 0; break;
    case VFS_SYNC: return;
    }
    files[op->file].there = op->kind != VFS_DELETE;
}

/* Operations of a file before this one are on the disk for sure. */
static void find_synced(size_t prefix, size_t synced[FILES])
{
    memset(synced, 0, FILES * sizeof *synced);
    for (size_t i = 0; i < prefix; i++) {
        if (trace.ops[i].kind == VFS_SYNC || trace.ops[i].kind == VFS_DELETE) {
            synced[trace.ops[i].file] = i + 1;
        }
    }
}

static bool goes(enum image image, uint32_t *chance)
{
    *chance = *chance * 1664525u + 1013904223u;
    return image == ALL || image == TORN || (image >= SOME && (*chance >> 16) % 2 == 0);
}

static void make_image(size_t prefix, enum image image)
{
    uint32_t chance = (uint32_t)prefix * IMAGES + image;
    size_t synced[FILES];

    memset(files, 0, sizeof files);
    find_synced(prefix, synced);
    for (size_t i = 0; i < prefix; i++) {
        const struct op *op = &trace.ops[i];
        bool is_last = i + 1 == prefix;

        if (i < synced[op->file]) {
            apply(op, op->len);
        } else if (goes(image, &chance)) {
            apply(op, image == TORN && is_last ? op->len / 2 / SECTOR * SECTOR : op->len);
        }
    }
}

static void write_image(const char *path)
{
    char name[256];

    for (unsigned i = 0; i < FILES; i++) {
        int fd = -1;

        (void)snprintf(name, sizeof name, "%s%s", path, endings[i]);
        (void)unlink(name);
        if (!files[i].there) {
            continue;
        }
        fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0 && write(fd, files[i].octets, files[i].len) == (ssize_t)files[i].len);
        close(fd);
    }
    (void)snprintf(name, sizeof name, "%s-shm", path);
    (void)unlink(name);
}

/* --- the check ------------------------------------------------------------------------------- */

/* What the store holds, as a set of numbers. */
struct held {
    bool queue[BATCHES * PUTS + 1];
    unsigned received; /* the id that is taken; 0: none */
    unsigned received_count;
};

static bool read_all(const char *path, struct held *held)
{
    struct gw_fault note = {""};
    struct gw_store *store = open_at(path, false, &note);
    struct record got;

    memset(held, 0, sizeof *held);
    while (gw_store_next(store, &got)) {
        if (got.key[0] == TABLE_QUEUE) {
            assert_in_range(got.key[2], 1, BATCHES * PUTS);
            assert_int_equal(got.octets, 1 + length_of(got.key[2]));
            held->queue[got.key[2]] = true;
        } else if (got.key[0] == TABLE_RECEIVED) {
            held->received = (unsigned)got.key[2];
            held->received_count++;
        }
    }
    assert_null(gw_store_trouble(store));
    gw_store_close(store);
    return note.text[0] == '\0';
}

static bool is_state_after(const struct held *held, unsigned batches)
{
    for (uint64_t n = 1; n <= BATCHES * PUTS; n++) {
        if (held->queue[n] != is_there_after(batches, n)) {
            return false;
        }
    }
    return held->received == batches && held->received_count == (batches > 0 ? 1u : 0u);
}

/* After a whole number of batches, not fewer than were kept by then. */
static bool is_good(const struct held *held, unsigned kept)
{
    for (unsigned batches = kept; batches <= BATCHES; batches++) {
        if (is_state_after(held, batches)) {
            return true;
        }
    }
    return false;
}

static unsigned kept_by(size_t prefix)
{
    unsigned kept = 0;

    while (kept < trace.kept && trace.kept_at[kept + 1] <= prefix) {
        kept++;
    }
    return kept;
}

/* Images on which something that was kept is missing, or that were taken for corrupt. */
static size_t count_losses(const struct store_home *home, size_t from)
{
    char path[160];
    size_t losses = 0;

    (void)snprintf(path, sizeof path, "%s-cut", home->path);
    for (size_t prefix = from; prefix <= trace.count; prefix++) {
        for (unsigned image = 0; image < IMAGES; image++) {
            struct held held;
            bool sound = false;

            make_image(prefix, (enum image)image);
            write_image(path);
            sound = read_all(path, &held);
            losses += !sound || !is_good(&held, kept_by(prefix));
        }
    }
    return losses;
}

static void what_was_kept_survives_a_power_cut_at_every_moment(void **state)
{
    struct store_home *home = *state;
    unsigned syncs = 0;
    unsigned starts = 0;

    run(home, false);
    for (size_t i = 0; i < trace.count; i++) {
        syncs += trace.ops[i].kind == VFS_SYNC;
        starts += trace.ops[i].kind == VFS_WRITE && trace.ops[i].file == 2 && trace.ops[i].at == 0;
    }
    assert_true(syncs > BATCHES && starts > 2); /* the WAL was checkpointed and begun anew */
    assert_int_equal(count_losses(home, 0), 0);
    print_message("%zu operations, %zu images\n", trace.count, (trace.count + 1) * IMAGES);
    forget_trace();
}

/* The check finds what it is there for: commits that are not synced are not kept. */
static void a_store_that_does_not_sync_is_found_out(void **state)
{
    struct store_home *home = *state;

    run(home, true);
    assert_true(count_losses(home, trace.kept_at[1]) > 0);
    forget_trace();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_kept_survives_a_power_cut_at_every_moment,
                                        make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_store_that_does_not_sync_is_found_out, make_home,
                                        remove_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
