/* gateway/edge/store_sql.h - records as rows of SQLite tables.
 *
 * Called by one thread at a time: by the loop's until all is read, then by the writer's.
 */
#ifndef GATEWAY_EDGE_STORE_SQL_H
#define GATEWAY_EDGE_STORE_SQL_H

#include <sqlite3.h>

#include "gateway/edge/store.h"

#define GW_SQL_APPLICATION 0x53454447 /* "SEDG" */
#define GW_SQL_VERSION \
    5 /* 1 had no node, 2 no given, 4 no lease; up to 3 a queue without messages */

/* A table's name and those of its columns, in their order; after the last field: NULL. */
struct gw_sql_layout {
    const char *name;
    const char *owner;
    const char *item;
    const char *fields[RECORD_FIELDS];
    const char *text;
    const char *body;
};
extern const struct gw_sql_layout gw_sql_layouts[TABLES];

/* Bodies make long rows, which a table without rowid keeps badly: these have their item for primary
 * key, all others owner and item, by which the rows of an owner are deleted. */
static inline bool gw_sql_is_by_number(unsigned table)
{
    return table == TABLE_MESSAGE || table == TABLE_RETAINED || table == TABLE_QUEUE;
}

struct gw_sql {
    sqlite3 *db;
    sqlite3_stmt *put[TABLES];
    sqlite3_stmt *del[TABLES];
    sqlite3_stmt *del_owner[TABLES];
    sqlite3_stmt *rows;    /* being read */
    sqlite3_stmt *message; /* one message, by the number of its row */
    unsigned table;        /* to be read next */
    bool backwards;        /* read last row first */
    bool whole;            /* read the octets of messages too */
    bool queue_by_session; /* the file is of version 3 or less */
    int error;             /* of SQLite, met while reading */
    int wal_pages;         /* of the WAL, above which they move to the file */
    bool relaxed;
    bool unsynced;
    bool doubt; /* a write or sync failed: what is on the disk is to be mended first */
};

enum gw_sql_result { GW_SQL_OPEN, GW_SQL_CORRUPT, GW_SQL_FOREIGN, GW_SQL_FAILED };

/* Opens `path`, makes the tables where there are none. `fault` is set unless OPEN. */
enum gw_sql_result gw_sql_open(struct gw_sql *sql, const struct gw_store_setup *setup,
                               struct gw_fault *fault);

/* Opens a damaged file, to read what can be read. */
bool gw_sql_open_damaged(struct gw_sql *sql, const char *path);
void gw_sql_close(struct gw_sql *sql);

/* The number that `text` asks for, -1 when there is none. */
sqlite3_int64 gw_sql_ask(struct gw_sql *sql, const char *text);

/* Octets of the file's pages that are not free. */
uint64_t gw_sql_used(struct gw_sql *sql);

/* Begins reading at the first table. */
void gw_sql_rewind(struct gw_sql *sql, bool backwards);

/* As gw_store_next. A table that cannot be read further sets `error` and is left. */
bool gw_sql_next(struct gw_sql *sql, struct record *out);

/* Answers a fetch. False: the file cannot be read now. */
bool gw_sql_fetch(struct gw_sql *sql, struct gw_fetch *fetch);

/* One transaction. SQLITE_OK, or why nothing of it was done; after SQLITE_IOERR the file is in
 * doubt, and the next call first mends it. */
int gw_sql_commit(struct gw_sql *sql, const struct batch *batch);

/* Takes over all that `from` has, once from each end, so that of a table with a hole both sides are
 * had, and syncs. SQLITE_OK, or why nothing was taken. */
int gw_sql_take_over(struct gw_sql *sql, struct gw_sql *from);

/* Rows in all tables. */
uint64_t gw_sql_rows(struct gw_sql *sql);

/* True when gw_sql_sync has something to do. */
static inline bool gw_sql_is_due(const struct gw_sql *sql)
{
    return sql->unsynced || sql->doubt;
}

/* Syncs what relaxed commits left to the kernel; mends a file that is in doubt. */
int gw_sql_sync(struct gw_sql *sql);

static inline bool gw_sql_is_damage(int error)
{
    return (error & 0xFF) == SQLITE_CORRUPT || (error & 0xFF) == SQLITE_NOTADB;
}

#endif
