/* Rows of store_sql.c's tables, read at start and written by batches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/edge/store_sql.h"

#define TEXT_LEN 256

/* Columns in the order of these numbers, from 0 when read and from 1 when bound; behind as many
 * fields as the table has are text and body. */
enum column { OWNER, ITEM, FIELD };
#define NO_FIELDS    4 /* columns of a row that are none */
#define FIRST_FIELDS 4 /* read at start of a row with a message, and then its length */

/* --- read ------------------------------------------------------------------------------------ */

void gw_sql_rewind(struct gw_sql *sql, bool backwards)
{
    (void)sqlite3_finalize(sql->rows);
    sql->rows = NULL;
    sql->table = 0;
    sql->backwards = backwards;
}

/* Of these the length alone is read at start. */
static bool has_messages(unsigned table)
{
    return table == TABLE_MESSAGE || table == TABLE_QUEUE;
}

/* In the order of the primary key: any other would sort, and so read all before the first row. */
static void order_text(const struct gw_sql *sql, char *text, size_t size)
{
    const struct gw_sql_layout *l = &gw_sql_layouts[sql->table];
    const char *order = sql->backwards ? " DESC" : "";

    if (gw_sql_is_by_number(sql->table) && !(sql->table == TABLE_QUEUE && sql->queue_by_session)) {
        (void)snprintf(text, size, "%s%s", l->item, order);
    } else {
        (void)snprintf(text, size, "%s%s, %s%s", l->owner, order, l->item, order);
    }
}

static int open_table(struct gw_sql *sql)
{
    const struct gw_sql_layout *l = &gw_sql_layouts[sql->table];
    char order[TEXT_LEN];
    char text[2 * TEXT_LEN];

    order_text(sql, order, sizeof order);
    if (has_messages(sql->table) && !sql->whole) {
        (void)snprintf(text, sizeof text,
                       "SELECT %s, %s, %s, %s, %s, %s, ifnull(length(CAST(topic AS BLOB)), 0)"
                       " + ifnull(length(payload), 0) FROM %s ORDER BY %s",
                       l->owner, l->item, l->fields[0], l->fields[1], l->fields[2], l->fields[3],
                       l->name, order);
    } else {
        (void)snprintf(text, sizeof text, "SELECT * FROM %s ORDER BY %s", l->name, order);
    }
    return sqlite3_prepare_v2(sql->db, text, -1, &sql->rows, NULL);
}

static struct span octets_of(sqlite3_stmt *row, int column)
{
    const void *at = sqlite3_column_blob(row, column);
    int len = sqlite3_column_bytes(row, column);

    return at == NULL ? (struct span){NULL, 0} : span_of(at, (size_t)len);
}

static void read_key(sqlite3_stmt *row, unsigned table, int fields, struct record *out)
{
    *out = (struct record){.op = RECORD_PUT};
    out->key[0] = table;
    out->key[1] = (uint64_t)sqlite3_column_int64(row, OWNER);
    out->key[2] = (uint64_t)sqlite3_column_int64(row, ITEM);
    for (int i = 0; i < fields; i++) {
        out->fields[i] = sqlite3_column_int64(row, FIELD + i);
    }
}

/* As many fields as the row has: those of an old file may have fewer than its table of today. */
static void read_row(sqlite3_stmt *row, unsigned table, struct record *out)
{
    int fields = sqlite3_column_count(row) - NO_FIELDS;

    read_key(row, table, fields < RECORD_FIELDS ? fields : RECORD_FIELDS, out);
    out->text = octets_of(row, FIELD + fields);
    out->body = octets_of(row, FIELD + fields + 1);
}

static void read_length(sqlite3_stmt *row, unsigned table, struct record *out)
{
    read_key(row, table, FIRST_FIELDS, out);
    out->octets = (uint32_t)sqlite3_column_int64(row, FIELD + FIRST_FIELDS);
}

bool gw_sql_next(struct gw_sql *sql, struct record *out)
{
    while (sql->table < TABLES) {
        int step = sql->rows == NULL ? open_table(sql) : SQLITE_OK;

        if (step == SQLITE_OK) {
            step = sqlite3_step(sql->rows);
        }
        if (step == SQLITE_ROW && has_messages(sql->table) && !sql->whole) {
            read_length(sql->rows, sql->table, out);
            return true;
        }
        if (step == SQLITE_ROW) {
            read_row(sql->rows, sql->table, out);
            return true;
        }
        if (step != SQLITE_DONE) {
            sql->error = step;
        }
        (void)sqlite3_finalize(sql->rows);
        sql->rows = NULL;
        sql->table++;
    }
    return false;
}

/* Octets of the row are copied behind the `filled` that are there. False: no memory. */
static bool copy_row(struct gw_fetch *fetch, const struct record *row, size_t *filled)
{
    size_t len = row->text.len + row->body.len;
    uint8_t *octets = realloc(fetch->octets, *filled + len + 1);
    struct writer w;

    if (octets == NULL) {
        return false;
    }
    fetch->octets = octets;
    w = writer_of(&octets[*filled], len);
    write_span(&w, row->text);
    write_span(&w, row->body);
    fetch->rows[fetch->got++] = *row;
    *filled += len;
    return true;
}

/* The octets have come to rest: the rows point at them. */
static void settle(struct gw_fetch *fetch)
{
    struct span left = span_of(fetch->octets, SIZE_MAX);

    for (size_t i = 0; i < fetch->got; i++) {
        struct record *row = &fetch->rows[i];

        row->text = span_of(left.at, row->text.len);
        left = span_from(left, row->text.len);
        row->body = span_of(left.at, row->body.len);
        left = span_from(left, row->body.len);
    }
}

static int fetch_one(struct gw_sql *sql, struct gw_fetch *fetch, size_t *filled)
{
    struct record row;
    int step = SQLITE_OK;

    (void)sqlite3_bind_int64(sql->message, 1, (sqlite3_int64)fetch->numbers[fetch->got]);
    step = sqlite3_step(sql->message);
    if (step == SQLITE_ROW) {
        read_row(sql->message, TABLE_MESSAGE, &row);
        step = copy_row(fetch, &row, filled) ? SQLITE_OK : SQLITE_NOMEM;
    } else if (step == SQLITE_DONE || (step & 0xFF) == SQLITE_CORRUPT) {
        fetch->rows[fetch->got] = (struct record){
            .op = RECORD_DEL, .key = {TABLE_MESSAGE, 0, fetch->numbers[fetch->got]}};
        fetch->got++;
        step = SQLITE_OK;
    }
    (void)sqlite3_reset(sql->message);
    return step;
}

bool gw_sql_fetch(struct gw_sql *sql, struct gw_fetch *fetch)
{
    size_t filled = 0;
    int error = SQLITE_OK;

    fetch->got = 0;
    while (error == SQLITE_OK && fetch->got < fetch->count && filled < GW_FETCH_OCTETS) {
        error = fetch_one(sql, fetch, &filled);
    }
    if (fetch->octets != NULL) {
        settle(fetch);
    }
    return fetch->got != 0;
}

void gw_fetch_end(struct gw_fetch *fetch)
{
    free(fetch->octets);
    fetch->octets = NULL;
    fetch->got = 0;
}

/* --- write ----------------------------------------------------------------------------------- */

static int step_once(sqlite3_stmt *statement)
{
    int error = sqlite3_step(statement);

    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return error == SQLITE_DONE ? SQLITE_OK : error;
}

static void bind_key(sqlite3_stmt *statement, const struct record *record)
{
    (void)sqlite3_bind_int64(statement, 1 + OWNER, (sqlite3_int64)record->key[1]);
    (void)sqlite3_bind_int64(statement, 1 + ITEM, (sqlite3_int64)record->key[2]);
}

/* The octets stay where they are until the statement has run. */
static int put(struct gw_sql *sql, const struct record *record)
{
    sqlite3_stmt *statement = sql->put[record->key[0]];

    int text = sqlite3_bind_parameter_count(statement) - 1;

    bind_key(statement, record);
    for (int at = 1 + FIELD; at < text; at++) {
        (void)sqlite3_bind_int64(statement, at, record->fields[at - 1 - FIELD]);
    }
    if (record->text.len != 0) {
        (void)sqlite3_bind_text64(statement, text, (const char *)record->text.at, record->text.len,
                                  SQLITE_STATIC, SQLITE_UTF8);
    }
    if (record->body.len != 0) {
        (void)sqlite3_bind_blob64(statement, text + 1, record->body.at, record->body.len,
                                  SQLITE_STATIC);
    }
    return step_once(statement);
}

static int del(struct gw_sql *sql, const struct record *record)
{
    sqlite3_stmt *statement = sql->del[record->key[0]];

    bind_key(statement, record);
    return step_once(statement);
}

static int del_owner(struct gw_sql *sql, uint64_t owner)
{
    int error = SQLITE_OK;

    for (unsigned table = 0; table < TABLES && error == SQLITE_OK; table++) {
        if (sql->del_owner[table] != NULL) {
            (void)sqlite3_bind_int64(sql->del_owner[table], 1, (sqlite3_int64)owner);
            error = step_once(sql->del_owner[table]);
        }
    }
    return error;
}

static int apply(struct gw_sql *sql, const struct record *record)
{
    switch ((enum record_op)record->op) {
    case RECORD_PUT: return put(sql, record);
    case RECORD_DEL: return del(sql, record);
    case RECORD_DEL_OWNER: break;
    }
    return del_owner(sql, record->key[1]);
}

static int run(struct gw_sql *sql, const char *text)
{
    return sqlite3_exec(sql->db, text, NULL, NULL, NULL);
}

/* After a failed write or sync the kernel may have dropped what it calls written, and a second sync
 * of it says nothing. So what is committed moves to the file, by pages written anew, and the WAL
 * begins anew. */
static int mend(struct gw_sql *sql)
{
    int error = sqlite3_wal_checkpoint_v2(sql->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

    sql->doubt = error != SQLITE_OK;
    return error;
}

static int write_all(struct gw_sql *sql, const struct batch *batch)
{
    int error = run(sql, "BEGIN IMMEDIATE");

    LIST_EACH (link, &batch->records) {
        if (error != SQLITE_OK) {
            return error;
        }
        error = apply(sql, LIST_ITEM(link, struct record, in_batch));
    }
    return error == SQLITE_OK ? run(sql, "COMMIT") : error;
}

int gw_sql_commit(struct gw_sql *sql, const struct batch *batch)
{
    int error = sql->doubt ? mend(sql) : SQLITE_OK;

    if (error != SQLITE_OK) {
        return error;
    }
    error = write_all(sql, batch);
    if (error != SQLITE_OK) {
        (void)run(sql, "ROLLBACK");
        sql->doubt = sql->doubt || error == SQLITE_IOERR;
        return error;
    }
    sql->unsynced = sql->relaxed;
    return SQLITE_OK;
}

/* No row that came twice counts twice. A row that does not fit its table is left out. */
int gw_sql_take_over(struct gw_sql *sql, struct gw_sql *from)
{
    struct record record;
    int error = run(sql, "BEGIN IMMEDIATE");

    from->whole = true;
    for (int pass = 0; pass < 2; pass++) {
        gw_sql_rewind(from, pass == 1);
        while (error == SQLITE_OK && gw_sql_next(from, &record)) {
            error = put(sql, &record);
            error = error == SQLITE_CONSTRAINT ? SQLITE_OK : error;
        }
    }
    error = error == SQLITE_OK ? run(sql, "COMMIT") : error;
    sql->unsynced = sql->relaxed && error == SQLITE_OK;
    return error == SQLITE_OK ? gw_sql_sync(sql) : error;
}

int gw_sql_sync(struct gw_sql *sql)
{
    sqlite3_file *wal = NULL;
    int error = SQLITE_OK;

    if (sql->doubt) {
        error = mend(sql);
    } else if (sql->unsynced &&
               sqlite3_file_control(sql->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal) ==
                   SQLITE_OK &&
               wal != NULL && wal->pMethods != NULL) {
        error = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL) & 0xFF;
        sql->doubt = error != SQLITE_OK;
    }
    sql->unsynced = false;
    return error;
}
