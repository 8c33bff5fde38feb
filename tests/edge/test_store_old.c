/* tests/edge/test_store_old.c - files of older versions of the schema, each as its SQL text: what
 * they hold is there, and the tables that they lack are made. */
#include <sqlite3.h>

#include "gateway/edge/store_sql.h"
#include "tests/edge/store_home.h"

/* Never edited: these are what the versions made. */
#define ONE                                                                                       \
    "CREATE TABLE session(session INTEGER NOT NULL, part INTEGER NOT NULL, door INTEGER, "        \
    "expires_ms INTEGER, packet_id INTEGER, x4 INTEGER, name TEXT, body BLOB, "                   \
    "PRIMARY KEY(session, part)) WITHOUT ROWID;"                                                  \
    "CREATE TABLE subscription(session INTEGER NOT NULL, number INTEGER NOT NULL, qos INTEGER, "  \
    "options INTEGER, rule INTEGER, ttl_ms INTEGER, filter TEXT, body BLOB, "                     \
    "PRIMARY KEY(session, number)) WITHOUT ROWID;"                                                \
    "CREATE TABLE will(session INTEGER NOT NULL, part INTEGER NOT NULL, qos INTEGER, "            \
    "retain INTEGER, x3 INTEGER, x4 INTEGER, topic TEXT, payload BLOB, "                          \
    "PRIMARY KEY(session, part)) WITHOUT ROWID;"                                                  \
    "CREATE TABLE topic(session INTEGER NOT NULL, topic_id INTEGER NOT NULL, kind INTEGER, "      \
    "x2 INTEGER, x3 INTEGER, x4 INTEGER, name TEXT, body BLOB, "                                  \
    "PRIMARY KEY(session, topic_id)) WITHOUT ROWID;"                                              \
    "CREATE TABLE message(owner INTEGER NOT NULL, number INTEGER NOT NULL, qos INTEGER, "         \
    "retain INTEGER, from_session INTEGER, arrived_ms INTEGER, topic TEXT, payload BLOB, "        \
    "PRIMARY KEY(number));"                                                                       \
    "CREATE TABLE retained(owner INTEGER NOT NULL, number INTEGER NOT NULL, qos INTEGER, "        \
    "from_session INTEGER, x3 INTEGER, x4 INTEGER, topic TEXT, payload BLOB, "                    \
    "PRIMARY KEY(number));"                                                                       \
    "CREATE TABLE queue(session INTEGER NOT NULL, sequence INTEGER NOT NULL, message INTEGER, "   \
    "state INTEGER, packet_id INTEGER, expires_ms INTEGER, text TEXT, body BLOB, "                \
    "PRIMARY KEY(session, sequence)) WITHOUT ROWID;"                                              \
    "CREATE TABLE received(session INTEGER NOT NULL, packet_id INTEGER NOT NULL, x1 INTEGER, "    \
    "x2 INTEGER, x3 INTEGER, x4 INTEGER, text TEXT, body BLOB, "                                  \
    "PRIMARY KEY(session, packet_id)) WITHOUT ROWID;"                                             \
    "CREATE TABLE meta(owner INTEGER NOT NULL, key INTEGER NOT NULL, value INTEGER, x2 INTEGER, " \
    "x3 INTEGER, x4 INTEGER, text TEXT, body BLOB, PRIMARY KEY(owner, key)) WITHOUT ROWID;"       \
    "PRAGMA application_id = 1397048391; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;"     \
    "INSERT INTO session VALUES(1, 0, 2, 3, 4, 0, 'absent', NULL);"                               \
    "INSERT INTO message VALUES(0, 5, 1, 0, 1, 12, 'farm/t', X'3231');"                           \
    "INSERT INTO retained VALUES(0, 4, 1, 1, 0, 0, 'farm/r', X'3232');"                           \
    "INSERT INTO queue VALUES(1, 6, 5, 0, 7, 8, NULL, NULL);"

#define TWO                                                                                     \
    ONE "CREATE TABLE node(owner INTEGER NOT NULL, number INTEGER NOT NULL, first_ms INTEGER, " \
        "last_ms INTEGER, state INTEGER, counts INTEGER, client_id TEXT, address BLOB, "        \
        "PRIMARY KEY(owner, number)) WITHOUT ROWID; PRAGMA user_version = 2;"                   \
        "INSERT INTO node VALUES(0, 9, 10, 11, 1, 0, 'bed-1', X'41');"

#define THREE                                                                              \
    TWO "CREATE TABLE given(owner INTEGER NOT NULL, number INTEGER NOT NULL, x1 INTEGER, " \
        "x2 INTEGER, x3 INTEGER, x4 INTEGER, name TEXT, client_id BLOB, "                  \
        "PRIMARY KEY(owner, number)) WITHOUT ROWID; PRAGMA user_version = 3;"              \
        "INSERT INTO given VALUES(0, 3, 0, 0, 0, 0, 'roof', X'42');"

#define FOUR                                                                                     \
    THREE "DROP TABLE queue; CREATE TABLE queue(session INTEGER NOT NULL, sequence INTEGER NOT " \
          "NULL, message INTEGER, "                                                              \
          "state INTEGER, packet_id INTEGER, expires_ms INTEGER, qos INTEGER, retain INTEGER, "  \
          "from_session INTEGER, arrived_ms INTEGER, topic TEXT, payload BLOB, "                 \
          "PRIMARY KEY(sequence)); PRAGMA user_version = 4;"                                     \
          "INSERT INTO queue VALUES(1, 6, 5, 0, 7, 8, 0, 0, 0, 0, NULL, NULL);"

#define FIVE                                                                                     \
    FOUR "CREATE TABLE lease(owner INTEGER NOT NULL, number INTEGER NOT NULL, address INTEGER, " \
         "addresses INTEGER, run INTEGER, x4 INTEGER, listener TEXT, uid BLOB, "                 \
         "PRIMARY KEY(owner, number)) WITHOUT ROWID; PRAGMA user_version = 5;"                   \
         "INSERT INTO lease VALUES(0, 11, 7, 0, 0, 0, 'field', X'43');"

static void make_old(struct store_home *home, const char *text)
{
    sqlite3 *db = NULL;
    char folder[128];

    snprintf(folder, sizeof folder, "%s", home->path);
    *strrchr(folder, '/') = '\0';
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(sqlite3_open(home->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void expect_fields(struct gw_store *store, unsigned table, const int64_t fields[4])
{
    struct record got;

    assert_true(gw_store_next(store, &got));
    assert_int_equal(got.key[0], table);
    assert_memory_equal(got.fields, fields, 4 * sizeof fields[0]);
}

static void expect_rows(struct gw_store *store, unsigned version)
{
    expect_fields(store, TABLE_SESSION, (const int64_t[4]){2, 3, 4, 0});
    expect(store, KEY(TABLE_MESSAGE, 0, 5), "farm/t", "21");
    expect(store, KEY(TABLE_RETAINED, 0, 4), "farm/r", "22");
    expect_fields(store, TABLE_QUEUE, (const int64_t[4]){5, 0, 7, 8});
    if (version >= 2) {
        expect(store, KEY(TABLE_NODE, 0, 9), "bed-1", "A");
    }
    if (version >= 3) {
        expect(store, KEY(TABLE_GIVEN, 0, 3), "roof", "B");
    }
    if (version >= 5) {
        expect(store, KEY(TABLE_LEASE, 0, 11), "field", "C");
    }
}

static void expect_message(struct store_home *home, struct gw_store *store)
{
    static const int64_t fields[4] = {1, 0, 1, 12};
    struct gw_fetch asked = {.numbers = {5}, .count = 1};

    fetch(home, store, &asked);
    assert_int_equal(asked.rows[0].op, RECORD_PUT);
    assert_memory_equal(asked.rows[0].fields, fields, sizeof fields);
    assert_span_equal(asked.rows[0].text, WIRE_SPAN("farm/t"));
    assert_span_equal(asked.rows[0].body, WIRE_SPAN("21"));
    gw_fetch_end(&asked);
}

static sqlite3_int64 version_of(struct store_home *home)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    sqlite3_int64 version = 0;

    assert_int_equal(sqlite3_open(home->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    version = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return version;
}

/* What an old file holds is there at the first start and at the second, when it is of today's
 * version; the tables that came later take rows, and what was old can be deleted. */
static void take_over(struct store_home *home, const char *text, unsigned version)
{
    struct gw_store *store = NULL;
    struct changes changes;

    make_old(home, text);
    store = home->open(home);
    expect_rows(store, version);
    expect_end(store);
    expect_message(home, store);
    store = reopen(home, store);
    assert_int_equal(version_of(home), GW_SQL_VERSION);
    expect_rows(store, version);
    expect_end(store);
    begin(&changes);
    put(&changes, KEY(TABLE_NODE, 0, 9), "bed-2", "x");
    put(&changes, KEY(TABLE_GIVEN, 0, 3), "bed-3", "wx-91");
    put(&changes, KEY(TABLE_LEASE, 0, 11), "field", "D");
    change(&changes, RECORD_DEL, KEY(TABLE_QUEUE, 1, 6));
    change(&changes, RECORD_DEL, KEY(TABLE_MESSAGE, 0, 5));
    change(&changes, RECORD_DEL, KEY(TABLE_RETAINED, 0, 4));
    keep(home, store, &changes);
    store = reopen(home, store);
    expect_fields(store, TABLE_SESSION, (const int64_t[4]){2, 3, 4, 0});
    expect(store, KEY(TABLE_NODE, 0, 9), "bed-2", "x");
    expect(store, KEY(TABLE_GIVEN, 0, 3), "bed-3", "wx-91");
    expect(store, KEY(TABLE_LEASE, 0, 11), "field", "D");
    expect_end(store);
    gw_store_close(store);
}

static void a_file_of_version_1_is_taken_over(void **state)
{
    take_over(*state, ONE, 1);
}

static void a_file_of_version_2_is_taken_over(void **state)
{
    take_over(*state, TWO, 2);
}

static void a_file_of_version_3_is_taken_over(void **state)
{
    take_over(*state, THREE, 3);
}

static void a_file_of_version_4_is_taken_over(void **state)
{
    take_over(*state, FOUR, 4);
}

static void a_file_of_version_5_is_taken_over(void **state)
{
    take_over(*state, FIVE, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_of_version_1_is_taken_over, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_file_of_version_2_is_taken_over, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_file_of_version_3_is_taken_over, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_file_of_version_4_is_taken_over, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_file_of_version_5_is_taken_over, make_home, remove_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
