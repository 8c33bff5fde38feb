/* sedge store - the store's file: looked at, packed, copied. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gateway/cmd/show.h"
#include "gateway/cmd/talk.h"
#include "gateway/edge/store_sql.h"
#include "gateway/edge/store_tend.h"

struct deed {
    const char *name;
    int (*run)(const struct cmd_options *options, struct gw_tend *tend, const char *path);
    size_t words; /* its own name too */
    bool alone;   /* no gateway may run on the file meanwhile */
    bool json;    /* has an answer for programs */
    const char *usage;
};

static int say_fault(const struct gw_fault *fault)
{
    (void)fprintf(stderr, "sedge: %s\n", fault->text);
    return CMD_FAULT;
}

static void print_json(cJSON *line)
{
    char *text = cJSON_PrintUnformatted(line);

    (void)puts(text == NULL ? "" : text);
    cJSON_free(text);
    cJSON_Delete(line);
}

/* --- check ----------------------------------------------------------------------------------- */

static void print_check_json(const char *path, const struct gw_fault *faults, size_t count)
{
    cJSON *line = cJSON_CreateObject();
    cJSON *list = NULL;

    (void)cJSON_AddStringToObject(line, "path", path);
    (void)cJSON_AddBoolToObject(line, "sound", count == 0);
    list = cJSON_AddArrayToObject(line, "faults");
    for (size_t i = 0; i < count; i++) {
        (void)cJSON_AddItemToArray(list, cJSON_CreateString(faults[i].text));
    }
    print_json(line);
}

static int check(const struct cmd_options *options, struct gw_tend *tend, const char *path)
{
    struct gw_fault faults[GW_TEND_FAULTS];
    size_t count = gw_tend_check(tend, faults);

    if (options->json) {
        print_check_json(path, faults, count);
    } else if (count == 0) {
        (void)printf("%s: sound\n", path);
    }
    for (size_t i = 0; i < count && !options->json; i++) {
        (void)fprintf(stderr, "sedge: store %s: %s\n", path, faults[i].text);
    }
    return count == 0 ? CMD_GOOD : CMD_FAULT;
}

/* --- stat ------------------------------------------------------------------------------------ */

static void print_stat_json(const char *path, const struct gw_tend_stat *stat)
{
    cJSON *line = cJSON_CreateObject();
    cJSON *rows = NULL;

    (void)cJSON_AddStringToObject(line, "path", path);
    (void)cJSON_AddNumberToObject(line, "version", (double)stat->version);
    (void)cJSON_AddNumberToObject(line, "octets", (double)stat->octets);
    (void)cJSON_AddNumberToObject(line, "used", (double)stat->used);
    rows = cJSON_AddObjectToObject(line, "rows");
    for (unsigned table = 0; table < TABLES; table++) {
        (void)cJSON_AddNumberToObject(rows, gw_sql_layouts[table].name, (double)stat->rows[table]);
    }
    print_json(line);
}

static void print_stat(const char *path, const struct gw_tend_stat *stat)
{
    char octets[SHOW_SPAN];
    char used[SHOW_SPAN];

    (void)printf("%s, version %" PRIu64 "\n", path, stat->version);
    (void)printf("  %-13s %s, %s of it in use\n", "file", show_size(stat->octets, octets),
                 show_size(stat->used, used));
    for (unsigned table = 0; table < TABLES; table++) {
        (void)printf("  %-13s %" PRIu64 "\n", gw_sql_layouts[table].name, stat->rows[table]);
    }
}

static int show(const struct cmd_options *options, struct gw_tend *tend, const char *path)
{
    struct gw_tend_stat stat;
    struct gw_fault fault;

    if (!gw_tend_stat(tend, &stat, &fault)) {
        return say_fault(&fault);
    }
    if (options->json) {
        print_stat_json(path, &stat);
    } else {
        print_stat(path, &stat);
    }
    return CMD_GOOD;
}

/* --- vacuum, backup -------------------------------------------------------------------------- */

static int vacuum(const struct cmd_options *options, struct gw_tend *tend, const char *path)
{
    struct gw_fault fault;

    (void)options;
    (void)path;
    return gw_tend_vacuum(tend, &fault) ? CMD_GOOD : say_fault(&fault);
}

static int backup(const struct cmd_options *options, struct gw_tend *tend, const char *path)
{
    struct gw_fault fault;

    (void)path;
    return gw_tend_backup(tend, options->words[1], &fault) ? CMD_GOOD : say_fault(&fault);
}

static const struct deed deeds[] = {
    {"check", check, 1, false, true, "check"},
    {"stat", show, 1, false, true, "stat"},
    {"vacuum", vacuum, 1, true, false, "vacuum"},
    {"backup", backup, 2, false, false, "backup FILE"},
};

static const struct deed *find_deed(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof deeds / sizeof deeds[0]; i++) {
        if (strcmp(deeds[i].name, name) == 0) {
            return &deeds[i];
        }
    }
    return NULL;
}

static int tend(const struct cmd_options *options, const struct deed *deed, const char *path)
{
    struct gw_tend file;
    struct gw_fault fault;
    int code = CMD_FAULT;

    if (strcmp(path, "none") == 0) {
        (void)gw_fail(&fault, "the configuration has no store: [store] path is none");
        return say_fault(&fault);
    }
    if (!gw_tend_open(&file, path, deed->alone, &fault)) {
        return say_fault(&fault);
    }
    code = deed->run(options, &file, path);
    gw_tend_close(&file);
    return code;
}

int cmd_store(const struct cmd_options *options)
{
    const struct deed *deed = find_deed(options->words[0]);
    bool has_notes = false;
    struct conf *conf = NULL;
    int code = CMD_FAULT;

    if (deed == NULL || options->word_count != deed->words || (options->json && !deed->json)) {
        (void)fprintf(stderr, "sedge: usage: sedge store %s\n",
                      deed == NULL ? "check | stat | vacuum | backup FILE" : deed->usage);
        return CMD_MISUSED;
    }
    conf = cmd_load(options->conf, true, &has_notes);
    if (conf == NULL) {
        return CMD_FAULT;
    }
    code = tend(options, deed, conf->store.path);
    conf_free(conf);
    return code;
}
