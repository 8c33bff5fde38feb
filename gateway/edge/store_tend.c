#include "gateway/edge/store_tend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/edge/store_file.h"
#include "gateway/edge/store_sql.h"

#define BUSY_MS  5000
#define TEXT_LEN 128

/* --- open ------------------------------------------------------------------------------------ */

/* Looks at the head before SQLite does: what is not ours is not touched. */
static bool is_ours(const char *path, struct gw_fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum gw_file_kind kind = GW_FILE_FOREIGN;

    if (fd < 0) {
        return gw_fail(fault, "store %s cannot be read: %s", path, strerror(errno));
    }
    kind = gw_file_kind_of(fd);
    (void)close(fd);
    switch (kind) {
    case GW_FILE_EMPTY: return gw_fail(fault, "store %s is empty", path);
    case GW_FILE_NEWER: return gw_fail(fault, "store %s is of a newer sedge", path);
    case GW_FILE_FOREIGN: return gw_fail(fault, "store %s is a file of another program", path);
    case GW_FILE_OURS:
    case GW_FILE_DAMAGED: break;
    }
    return true;
}

bool gw_tend_open(struct gw_tend *tend, const char *path, bool alone, struct gw_fault *fault)
{
    *tend = (struct gw_tend){.lock = -1};
    if (!is_ours(path, fault)) {
        return false;
    }
    if (alone) {
        tend->lock = gw_file_lock(path, fault);
        if (tend->lock < 0) {
            return false;
        }
    }
    if (sqlite3_open_v2(path, &tend->db, alone ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY,
                        NULL) != SQLITE_OK) {
        (void)gw_fail(fault, "store %s cannot be opened: %s", path,
                      tend->db == NULL ? "no memory" : sqlite3_errmsg(tend->db));
        gw_tend_close(tend);
        return false;
    }
    (void)sqlite3_busy_timeout(tend->db, BUSY_MS);
    return true;
}

/* The lock goes last: closing its descriptor drops SQLite's own locks. */
void gw_tend_close(struct gw_tend *tend)
{
    (void)sqlite3_close(tend->db);
    if (tend->lock >= 0) {
        (void)close(tend->lock);
    }
    *tend = (struct gw_tend){.lock = -1};
}

static bool fail_sql(struct gw_tend *tend, struct gw_fault *fault)
{
    return gw_fail(fault, "store: %s", sqlite3_errmsg(tend->db));
}

static bool run(struct gw_tend *tend, const char *text, struct gw_fault *fault)
{
    return sqlite3_exec(tend->db, text, NULL, NULL, NULL) == SQLITE_OK || fail_sql(tend, fault);
}

/* --- stat ------------------------------------------------------------------------------------ */

/* The number that `text` asks for. */
static bool ask(struct gw_tend *tend, const char *text, uint64_t *to, struct gw_fault *fault)
{
    sqlite3_stmt *statement = NULL;
    bool good = sqlite3_prepare_v2(tend->db, text, -1, &statement, NULL) == SQLITE_OK &&
                sqlite3_step(statement) == SQLITE_ROW;

    *to = good ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    good = good || fail_sql(tend, fault);
    (void)sqlite3_finalize(statement);
    return good;
}

static bool count_rows(struct gw_tend *tend, unsigned table, uint64_t *to, struct gw_fault *fault)
{
    char text[TEXT_LEN];
    uint64_t tables = 0;

    (void)snprintf(text, sizeof text, "SELECT count(*) FROM sqlite_master WHERE name = '%s'",
                   gw_sql_layouts[table].name);
    if (!ask(tend, text, &tables, fault)) {
        return false;
    }
    *to = 0;
    (void)snprintf(text, sizeof text, "SELECT count(*) FROM %s", gw_sql_layouts[table].name);
    return tables == 0 || ask(tend, text, to, fault);
}

bool gw_tend_stat(struct gw_tend *tend, struct gw_tend_stat *out, struct gw_fault *fault)
{
    uint64_t page = 0;
    uint64_t pages = 0;
    uint64_t spare = 0;
    bool good = run(tend, "BEGIN", fault) && /* all numbers of one moment */
                ask(tend, "PRAGMA user_version", &out->version, fault) &&
                ask(tend, "PRAGMA page_size", &page, fault) &&
                ask(tend, "PRAGMA page_count", &pages, fault) &&
                ask(tend, "PRAGMA freelist_count", &spare, fault);

    out->octets = page * pages;
    out->used = page * (pages - spare);
    for (unsigned table = 0; table < TABLES && good; table++) {
        good = count_rows(tend, table, &out->rows[table], fault);
    }
    (void)sqlite3_exec(tend->db, "COMMIT", NULL, NULL, NULL);
    return good;
}

/* --- check, vacuum, backup ------------------------------------------------------------------- */

size_t gw_tend_check(struct gw_tend *tend, struct gw_fault faults[GW_TEND_FAULTS])
{
    sqlite3_stmt *statement = NULL;
    char text[TEXT_LEN];
    size_t count = 0;
    int error = SQLITE_OK;

    (void)snprintf(text, sizeof text, "PRAGMA integrity_check(%u)", GW_TEND_FAULTS);
    error = sqlite3_prepare_v2(tend->db, text, -1, &statement, NULL);
    while (error == SQLITE_OK || error == SQLITE_ROW) {
        const char *said = NULL;

        error = sqlite3_step(statement);
        said = error == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : "ok";
        if (said != NULL && strcmp(said, "ok") != 0 && count < GW_TEND_FAULTS) {
            (void)gw_fail(&faults[count++], "%s", said);
        }
    }
    if (error != SQLITE_DONE && count < GW_TEND_FAULTS) {
        (void)gw_fail(&faults[count++], "%s", sqlite3_errmsg(tend->db));
    }
    (void)sqlite3_finalize(statement);
    return count;
}

bool gw_tend_vacuum(struct gw_tend *tend, struct gw_fault *fault)
{
    return run(tend, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)", fault);
}

/* In one step, which holds the file of this moment and no writer up. */
static int copy(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");

    if (backup == NULL) {
        return sqlite3_errcode(to);
    }
    (void)sqlite3_backup_step(backup, -1);
    return sqlite3_backup_finish(backup); /* the error of the step, if it had one */
}

bool gw_tend_backup(struct gw_tend *tend, const char *to, struct gw_fault *fault)
{
    int fd = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    sqlite3 *copied = NULL;
    int error = SQLITE_OK;

    if (fd < 0) {
        return gw_fail(fault, "%s cannot be made: %s", to, strerror(errno));
    }
    (void)close(fd);
    error = sqlite3_open_v2(to, &copied, SQLITE_OPEN_READWRITE, NULL);
    if (error == SQLITE_OK) {
        error = copy(tend->db, copied);
    }
    (void)sqlite3_close(copied);
    if (error != SQLITE_OK) {
        (void)unlink(to);
        return gw_fail(fault, "%s cannot be written: %s", to, sqlite3_errstr(error));
    }
    return true;
}
