#include "gateway/edge/store_mend.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"

#define HEAD_LEN   100u /* of a SQLite file; its integers are big-endian */
#define AT_SIZE    16u  /* of a page, two octets: 1 for 65536 */
#define AT_PAGES   28u  /* how many there are */
#define AT_FREE    32u  /* the first free page, and how many: not missed by who only reads */
#define AT_VERSION 60u

/* --- the head -------------------------------------------------------------------------------- */

static uint32_t read_at(const uint8_t head[HEAD_LEN], size_t at, size_t len)
{
    struct reader r = reader_of(span_of(&head[at], len));

    return len == 2 ? read_u16(&r) : read_u32(&r);
}

static void write_at(uint8_t head[HEAD_LEN], size_t at, uint32_t value)
{
    struct writer w = writer_of(&head[at], 4);

    write_u32(&w, value);
}

static bool read_head(const char *path, uint8_t head[HEAD_LEN])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && pread(fd, head, HEAD_LEN, 0) == HEAD_LEN;

    if (fd >= 0) {
        (void)close(fd);
    }
    return good;
}

static void write_head(const char *path, const uint8_t head[HEAD_LEN])
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        (void)!pwrite(fd, head, HEAD_LEN, 0);
        (void)close(fd);
    }
}

/* Another size of pages than ours is the doing of people, not of damage: it has one bit. */
static bool has_other_pages(uint32_t size, uint32_t ours)
{
    return size != ours && (size & (size - 1)) == 0 && (size == 1 || size >= 512);
}

/* As in the new file, but for the version, where that is one of ours. */
static void mend_head(const char *path, const char *bad)
{
    uint8_t head[HEAD_LEN];
    uint8_t old[HEAD_LEN];
    uint32_t version = 0;
    uint32_t size = 0;
    struct stat is;

    if (!read_head(path, head) || !read_head(bad, old) || stat(bad, &is) != 0) {
        return;
    }
    version = read_at(old, AT_VERSION, 4);
    size = read_at(head, AT_SIZE, 2);
    if (size <= 1 || has_other_pages(read_at(old, AT_SIZE, 2), size)) {
        return;
    }
    if (version >= 1 && version <= GW_SQL_VERSION) {
        write_at(head, AT_VERSION, version);
    }
    write_at(head, AT_PAGES, (uint32_t)((uint64_t)is.st_size / size));
    write_at(head, AT_FREE, 0);
    write_at(head, AT_FREE + 4, 0);
    write_head(bad, head);
}

/* --- the definitions ------------------------------------------------------------------------- */

/* Where one table has a definition that the new file has not, and one of the new file's is missing,
 * these two are the same. True when something was mended: it counts for who opens the file anew. */
static bool mend_definition(struct gw_sql *damaged, const char *path)
{
    static const char text[] =
        "UPDATE main.sqlite_master SET (type, name, tbl_name, sql) = "
        "(SELECT type, name, tbl_name, sql FROM fresh.sqlite_master WHERE sql NOT IN "
        "(SELECT ifnull(sql, '') FROM main.sqlite_master)) "
        "WHERE ifnull(sql, '') NOT IN (SELECT sql FROM fresh.sqlite_master) AND 1 = "
        "(SELECT count(*) FROM main.sqlite_master WHERE ifnull(sql, '') NOT IN "
        "(SELECT sql FROM fresh.sqlite_master))";
    char *attach = sqlite3_mprintf("ATTACH %Q AS fresh", path);
    bool good = attach != NULL &&
                sqlite3_exec(damaged->db, attach, NULL, NULL, NULL) == SQLITE_OK &&
                sqlite3_exec(damaged->db, text, NULL, NULL, NULL) == SQLITE_OK &&
                sqlite3_changes(damaged->db) != 0;

    sqlite3_free(attach);
    return good;
}

int gw_mend_take_over(struct gw_sql *to, const char *path, const char *bad)
{
    struct gw_sql damaged;
    int error = SQLITE_OK;

    mend_head(path, bad);
    if (!gw_sql_open_damaged(&damaged, bad)) {
        return SQLITE_OK;
    }
    if (mend_definition(&damaged, path)) {
        gw_sql_close(&damaged);
        if (!gw_sql_open_damaged(&damaged, bad)) {
            return SQLITE_OK;
        }
    }
    error = gw_sql_take_over(to, &damaged);
    gw_sql_close(&damaged);
    return error;
}
