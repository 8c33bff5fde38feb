/* The tables. Columns are named for people who look inside with `sqlite3`; docs/store.md says
 * more. PRAGMA application_id is 0x53454447 ("SEDG"), user_version the version of this schema.
 *
 *     session(session, part, door, expires_ms, packet_id, x4, name, body)
 *     subscription(session, number, qos, options, rule, ttl_ms, filter, body)
 *     will(session, part, qos, retain, x3, x4, topic, payload)
 *     topic(session, topic_id, kind, x2, x3, x4, name, body)
 *     message(owner, number, qos, retain, from_session, arrived_ms, topic, payload)
 *     retained(owner, number, qos, from_session, x3, x4, topic, payload)
 *     queue(session, sequence, message, state, packet_id, expires_ms, qos, retain, from_session,
 *           arrived_ms, topic, payload)
 *     received(session, packet_id, x1, x2, x3, x4, text, body)
 *     meta(owner, key, value, x2, x3, x4, text, body)
 *     node(owner, number, first_ms, last_ms, state, counts, client_id, address)
 *     given(owner, number, x1, x2, x3, x4, name, client_id)
 *
 * xN is a field that has no meaning yet: 0. A column or table added gets a new user_version; a file
 * of an older one gets the tables that it lacks, and its queue the columns.
 */
#include "gateway/edge/store_sql.h"

#include <stdio.h>
#include <string.h>

#include "gateway/edge/reserve.h"

#define TEXT_LEN        512
#define CACHE_KIB       512
#define BUSY_MS         2000
#define LAST_BY_SESSION 3 /* up to this version the key of queue was session and sequence */
#define SLACK_LEAST     ((uint64_t)4 * 1024 * 1024) /* octets of the file beyond max */
#define WAL_PAGES       1000                        /* as SQLite has it */
#define WAL_LEAST       16
#define CHECK_ABOVE \
    ((sqlite3_int64)256 * 1024 * 1024) /* octets: of a larger file the rows are not looked into */

/* clang-format off */
const struct gw_sql_layout gw_sql_layouts[TABLES] = {
    [TABLE_SESSION] = {"session", "session", "part", {"door", "expires_ms", "packet_id", "x4"}, "name", "body"},
    [TABLE_SUBSCRIPTION] = {"subscription", "session", "number", {"qos", "options", "rule", "ttl_ms"}, "filter", "body"},
    [TABLE_WILL] = {"will", "session", "part", {"qos", "retain", "x3", "x4"}, "topic", "payload"},
    [TABLE_TOPIC] = {"topic", "session", "topic_id", {"kind", "x2", "x3", "x4"}, "name", "body"},
    [TABLE_MESSAGE] = {"message", "owner", "number", {"qos", "retain", "from_session", "arrived_ms"}, "topic", "payload"},
    [TABLE_RETAINED] = {"retained", "owner", "number", {"qos", "from_session", "x3", "x4"}, "topic", "payload"},
    [TABLE_QUEUE] = {"queue", "session", "sequence", {"message", "state", "packet_id", "expires_ms", "qos", "retain", "from_session", "arrived_ms"}, "topic", "payload"},
    [TABLE_RECEIVED] = {"received", "session", "packet_id", {"x1", "x2", "x3", "x4"}, "text", "body"},
    [TABLE_META] = {"meta", "owner", "key", {"value", "x2", "x3", "x4"}, "text", "body"},
    [TABLE_NODE] = {"node", "owner", "number", {"first_ms", "last_ms", "state", "counts"}, "client_id", "address"},
    [TABLE_LEASE] = {"lease", "owner", "number", {"address", "addresses", "run", "x4"}, "listener", "uid"},
    [TABLE_GIVEN] = {"given", "owner", "number", {"x1", "x2", "x3", "x4"}, "name", "client_id"},
};
/* clang-format on */

/* --- open ------------------------------------------------------------------------------------ */

static int run(struct gw_sql *sql, const char *text)
{
    return sqlite3_exec(sql->db, text, NULL, NULL, NULL);
}

sqlite3_int64 gw_sql_ask(struct gw_sql *sql, const char *text)
{
    sqlite3_stmt *statement = NULL;
    sqlite3_int64 number = -1;

    if (sqlite3_prepare_v2(sql->db, text, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        number = sqlite3_column_int64(statement, 0);
    }
    (void)sqlite3_finalize(statement);
    return number;
}

/* Runs what was composed, and frees it. */
static int run_text(struct gw_sql *sql, sqlite3_str *composed)
{
    char *text = sqlite3_str_finish(composed);
    int error = text == NULL ? SQLITE_NOMEM : run(sql, text);

    sqlite3_free(text);
    return error;
}

static int make_table(struct gw_sql *sql, unsigned table)
{
    const struct gw_sql_layout *l = &gw_sql_layouts[table];
    sqlite3_str *text = sqlite3_str_new(sql->db);

    sqlite3_str_appendf(text,
                        "CREATE TABLE IF NOT EXISTS %s(%s INTEGER NOT NULL, %s INTEGER NOT NULL, ",
                        l->name, l->owner, l->item);
    for (int i = 0; i < RECORD_FIELDS && l->fields[i] != NULL; i++) {
        sqlite3_str_appendf(text, "%s INTEGER, ", l->fields[i]);
    }
    sqlite3_str_appendf(text, "%s TEXT, %s BLOB, ", l->text, l->body);
    if (gw_sql_is_by_number(table)) {
        sqlite3_str_appendf(text, "PRIMARY KEY(%s))", l->item);
    } else {
        sqlite3_str_appendf(text, "PRIMARY KEY(%s, %s)) WITHOUT ROWID", l->owner, l->item);
    }
    return run_text(sql, text);
}

static int make_tables(struct gw_sql *sql)
{
    int error = SQLITE_OK;

    for (unsigned table = 0; table < TABLES && error == SQLITE_OK; table++) {
        error = make_table(sql, table);
    }
    return error;
}

/* A queue of version 3 or less moves: its messages all have rows of their own. */
static int make_from_old(struct gw_sql *sql)
{
    int error = run(sql, "ALTER TABLE queue RENAME TO queue_3");

    if (error == SQLITE_OK) {
        error = make_tables(sql);
    }
    return error != SQLITE_OK
               ? error
               : run(sql, "INSERT INTO queue SELECT session, sequence, message, state, packet_id, "
                          "expires_ms, 0, 0, 0, 0, NULL, NULL FROM queue_3; DROP TABLE queue_3");
}

/* In one transaction of the old kind, so that the file's own header says whose it is before any
 * of it can be in a WAL. `version` is the file's, 0: it is empty. */
static int make_all(struct gw_sql *sql, sqlite3_int64 version)
{
    char text[TEXT_LEN];
    int error = run(sql, "BEGIN IMMEDIATE");

    if (error == SQLITE_OK) {
        error = version >= 1 && version <= LAST_BY_SESSION ? make_from_old(sql) : make_tables(sql);
    }
    (void)snprintf(text, sizeof text,
                   "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
                   GW_SQL_APPLICATION, GW_SQL_VERSION);
    return error == SQLITE_OK ? run(sql, text) : error;
}

/* REPLACE INTO name VALUES(?, ...), a place for each column. */
static int prepare_put(struct gw_sql *sql, unsigned table)
{
    const struct gw_sql_layout *l = &gw_sql_layouts[table];
    char text[TEXT_LEN] = "";
    int len = snprintf(text, sizeof text, "REPLACE INTO %s VALUES(?, ?, ?, ?", l->name);

    for (int i = 0; i < RECORD_FIELDS && l->fields[i] != NULL; i++) {
        len += snprintf(&text[len], sizeof text - (size_t)len, ", ?");
    }
    (void)snprintf(&text[len], sizeof text - (size_t)len, ")");
    return sqlite3_prepare_v3(sql->db, text, -1, SQLITE_PREPARE_PERSISTENT, &sql->put[table], NULL);
}

static int prepare_one(struct gw_sql *sql, unsigned table)
{
    const struct gw_sql_layout *l = &gw_sql_layouts[table];
    const unsigned flags = SQLITE_PREPARE_PERSISTENT;
    char text[TEXT_LEN];
    int error = prepare_put(sql, table);

    if (error != SQLITE_OK) {
        return error;
    }
    (void)snprintf(text, sizeof text, "DELETE FROM %s WHERE %s = ? AND %s = ?", l->name, l->owner,
                   l->item);
    error = sqlite3_prepare_v3(sql->db, text, -1, flags, &sql->del[table], NULL);
    if (error != SQLITE_OK || gw_sql_is_by_number(table)) {
        return error;
    }
    (void)snprintf(text, sizeof text, "DELETE FROM %s WHERE %s = ?", l->name, l->owner);
    return sqlite3_prepare_v3(sql->db, text, -1, flags, &sql->del_owner[table], NULL);
}

static int prepare(struct gw_sql *sql)
{
    int error = SQLITE_OK;

    for (unsigned table = 0; table < TABLES && error == SQLITE_OK; table++) {
        error = prepare_one(sql, table);
    }
    return error != SQLITE_OK
               ? error
               : sqlite3_prepare_v3(sql->db,
                                    "SELECT 0, sequence, qos, retain, from_session, arrived_ms, "
                                    "topic, payload FROM queue WHERE sequence = ?1 AND message = 0 "
                                    "UNION ALL SELECT * FROM message WHERE number = ?1",
                                    -1, SQLITE_PREPARE_PERSISTENT, &sql->message, NULL);
}

uint64_t gw_sql_used(struct gw_sql *sql)
{
    sqlite3_int64 used =
        gw_sql_ask(sql, "SELECT (page_count - freelist_count) * page_size FROM "
                        "pragma_page_count, pragma_freelist_count, pragma_page_size");

    return used < 0 ? 0 : (uint64_t)used;
}

/* -1: it cannot be read. */
static sqlite3_int64 count_rows(struct gw_sql *sql, unsigned table)
{
    char text[TEXT_LEN];

    (void)snprintf(text, sizeof text, "SELECT count(*) FROM %s", gw_sql_layouts[table].name);
    return gw_sql_ask(sql, text);
}

uint64_t gw_sql_rows(struct gw_sql *sql)
{
    uint64_t rows = 0;

    for (unsigned table = 0; table < TABLES; table++) {
        sqlite3_int64 count = count_rows(sql, table);

        rows += count > 0 ? (uint64_t)count : 0;
    }
    return rows;
}

/* As SQLite's own, but a failure is not passed over. What was committed is so all the same. */
static int move_when_long(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct gw_sql *sql = arg;

    if (pages >= sql->wal_pages && sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE,
                                                             NULL, NULL) == SQLITE_IOERR) {
        sql->doubt = true;
    }
    return SQLITE_OK;
}

/* So short that the reserve has room twice for what the WAL holds: once for the file to grow by
 * it, once for the WAL of that which drains. */
static void limit_wal(struct gw_sql *sql, uint64_t min_free)
{
    sqlite3_int64 page = gw_sql_ask(sql, "PRAGMA page_size");
    uint64_t reserve = gw_reserve_size(min_free);
    uint64_t pages = reserve == 0 || page <= 0 ? WAL_PAGES : reserve / 2 / (uint64_t)page;

    sql->wal_pages = pages < WAL_PAGES ? (int)pages : WAL_PAGES;
    sql->wal_pages = sql->wal_pages < WAL_LEAST ? WAL_LEAST : sql->wal_pages;
    (void)sqlite3_wal_hook(sql->db, move_when_long, sql);
}

/* The end of the file: beyond what makes it full, so that the batch under way and what drains it
 * still fit; beyond what a file from before a smaller `max` has. */
static bool bound(struct gw_sql *sql, uint64_t max)
{
    sqlite3_int64 page = gw_sql_ask(sql, "PRAGMA page_size");
    sqlite3_int64 pages = gw_sql_ask(sql, "PRAGMA page_count");
    uint64_t octets = 0;
    char text[TEXT_LEN];

    if (page <= 0 || pages < 0) {
        return false;
    }
    octets = (uint64_t)page * (uint64_t)pages;
    octets = (octets > max ? octets : max) + (max / 4 > SLACK_LEAST ? max / 4 : SLACK_LEAST);
    (void)snprintf(text, sizeof text, "PRAGMA max_page_count = %llu",
                   (unsigned long long)octets / (unsigned long long)page + 1);
    return run(sql, text) == SQLITE_OK;
}

static int set_up(struct gw_sql *sql, const struct gw_store_setup *setup)
{
    char text[TEXT_LEN];

    (void)snprintf(text, sizeof text,
                   "PRAGMA cache_size = -%d; PRAGMA synchronous = %s; PRAGMA temp_store = MEMORY; "
                   "PRAGMA journal_size_limit = 8388608",
                   CACHE_KIB, setup->relaxed ? "NORMAL" : "FULL");
    return bound(sql, setup->max) ? run(sql, text) : sqlite3_errcode(sql->db);
}

/* What we ask for is right: where SQLite finds it wrong, the tables are not as they were made. */
static enum gw_sql_result failure(int error)
{
    return gw_sql_is_damage(error) || error == SQLITE_ERROR ? GW_SQL_CORRUPT : GW_SQL_FAILED;
}

/* Every page of a table is come by. */
static bool can_be_walked(struct gw_sql *sql)
{
    bool good = true;

    for (unsigned table = 0; table < TABLES && good; table++) {
        good = count_rows(sql, table) >= 0;
    }
    return good;
}

static bool is_sound(struct gw_sql *sql)
{
    sqlite3_int64 size = gw_sql_ask(sql, "SELECT page_count * page_size FROM pragma_page_count, "
                                         "pragma_page_size");

    return size > CHECK_ABOVE
               ? can_be_walked(sql)
               : gw_sql_ask(sql, "SELECT quick_check = 'ok' FROM pragma_quick_check(1)") == 1;
}

/* Makes the tables of an empty file, knows a file of our own; everything else is somebody's. */
static enum gw_sql_result identify(struct gw_sql *sql)
{
    sqlite3_int64 application = gw_sql_ask(sql, "PRAGMA application_id");
    sqlite3_int64 tables = gw_sql_ask(sql, "SELECT count(*) FROM sqlite_master");
    sqlite3_int64 version = 0;

    if (application < 0 || tables < 0) {
        return failure(sqlite3_errcode(sql->db));
    }
    if (application == 0 && tables == 0) {
        return make_all(sql, 0) == SQLITE_OK ? GW_SQL_OPEN : GW_SQL_FAILED;
    }
    version = gw_sql_ask(sql, "PRAGMA user_version");
    if (application != GW_SQL_APPLICATION || version < 1 || version > GW_SQL_VERSION) {
        return GW_SQL_FOREIGN;
    }
    if ((version < GW_SQL_VERSION || tables < TABLES) && make_all(sql, version) != SQLITE_OK) {
        return failure(sqlite3_errcode(sql->db));
    }
    return is_sound(sql) ? GW_SQL_OPEN : GW_SQL_CORRUPT;
}

static enum gw_sql_result begin(struct gw_sql *sql, const struct gw_store_setup *setup)
{
    enum gw_sql_result result = GW_SQL_FAILED;
    int error = SQLITE_OK;

    (void)sqlite3_busy_timeout(sql->db, BUSY_MS);
    result = identify(sql);
    if (result != GW_SQL_OPEN) {
        return result;
    }
    error = set_up(sql, setup);
    if (error == SQLITE_OK) {
        error = run(sql, "PRAGMA journal_mode = WAL");
    }
    if (error == SQLITE_OK) {
        limit_wal(sql, setup->min_free);
        error = prepare(sql);
    }
    if (error == SQLITE_OK) {
        error = run(sql, "BEGIN IMMEDIATE; COMMIT"); /* fails where nothing can be written */
    }
    return error == SQLITE_OK ? GW_SQL_OPEN : failure(error);
}

enum gw_sql_result gw_sql_open(struct gw_sql *sql, const struct gw_store_setup *setup,
                               struct gw_fault *fault)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    enum gw_sql_result result = GW_SQL_FAILED;

    *sql = (struct gw_sql){.relaxed = setup->relaxed};
    if (sqlite3_open_v2(setup->path, &sql->db, flags, NULL) == SQLITE_OK) {
        result = begin(sql, setup);
    }
    if (result != GW_SQL_OPEN) {
        (void)gw_fail(fault, "%s", sql->db == NULL ? "no memory" : sqlite3_errmsg(sql->db));
        gw_sql_close(sql);
    }
    return result;
}

bool gw_sql_open_damaged(struct gw_sql *sql, const char *path)
{
    sqlite3_int64 version = 0;

    *sql = (struct gw_sql){0};
    if (sqlite3_open_v2(path, &sql->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        gw_sql_close(sql);
        return false;
    }
    (void)run(sql, "PRAGMA writable_schema = ON"); /* one table that is amiss hides no other */
    version = gw_sql_ask(sql, "PRAGMA user_version");
    sql->queue_by_session = version >= 1 && version <= LAST_BY_SESSION;
    return true;
}

void gw_sql_close(struct gw_sql *sql)
{
    for (unsigned table = 0; table < TABLES; table++) {
        (void)sqlite3_finalize(sql->put[table]);
        (void)sqlite3_finalize(sql->del[table]);
        (void)sqlite3_finalize(sql->del_owner[table]);
    }
    (void)sqlite3_finalize(sql->rows);
    (void)sqlite3_finalize(sql->message);
    (void)sqlite3_close(sql->db);
    *sql = (struct gw_sql){0};
}
