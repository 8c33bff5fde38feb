/* A profile file, line by line. */
#include <ctype.h>
#include <string.h>

#include "tools/sim/profile.h"

/* A file under way. */
struct file {
    const char *name;
    FILE *errors;
    size_t line;
    size_t wrong;
    struct sim_group *groups;
    size_t count;
};

static void complain(struct file *file, const char *what, const char *why)
{
    (void)fprintf(file->errors, "%s:%zu: %s: %s\n", file->name, file->line, what, why);
    file->wrong++;
}

static char *trim(char *text)
{
    char *end = text + strlen(text);

    while (isspace((unsigned char)*text)) {
        text++;
    }
    while (end > text && isspace((unsigned char)end[-1])) {
        end--;
    }
    *end = '\0';
    return text;
}

static bool is_name(const char *text)
{
    size_t len = strlen(text);

    return len != 0 && len <= SIM_NAME &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len;
}

static void close_group(struct file *file)
{
    const char *why = file->count == 0 ? NULL : sim_group_close(&file->groups[file->count - 1]);

    if (why != NULL) {
        complain(file, file->groups[file->count - 1].name, why);
    }
}

static void take_section(struct file *file, char *text)
{
    char *end = strchr(text, ']');
    char *name;

    if (end == NULL || end[1] != '\0' || strncmp(text, "[nodes ", 7) != 0) {
        complain(file, text, "the only sections are [nodes NAME]");
        return;
    }
    *end = '\0';
    name = trim(text + 7);
    if (!is_name(name)) {
        complain(file, name, "a name has 1 to 16 letters, digits, - and _");
        return;
    }
    for (size_t i = 0; i < file->count; i++) {
        if (strcmp(file->groups[i].name, name) == 0) {
            complain(file, name, "stands twice");
        }
    }
    if (file->count == SIM_GROUPS) {
        complain(file, name, "there are 64 groups already");
        return;
    }
    sim_group_init(&file->groups[file->count++], name);
}

static size_t row_of(const char *key)
{
    size_t row = 0;

    while (row < sim_profile_rows() && strcmp(sim_profile_key(row).name, key) != 0) {
        row++;
    }
    return row;
}

static void take_pair(struct file *file, char *text)
{
    char *split = strchr(text, '=');
    char *comment = strstr(text, " ;");
    struct sim_group *group = file->count == 0 ? NULL : &file->groups[file->count - 1];
    const char *why;
    size_t row;

    if (comment != NULL) {
        *comment = '\0';
    }
    if (split == NULL || group == NULL) {
        complain(file, text,
                 split == NULL ? "is neither [nodes NAME], key = value nor a comment"
                               : "stands before the first [nodes NAME]");
        return;
    }
    *split = '\0';
    row = row_of(trim(text));
    if (row == sim_profile_rows()) {
        complain(file, trim(text), "no such key; sn-sim --help lists them");
        return;
    }
    why = sim_group_set(group, row, trim(split + 1));
    if (why == NULL && !sim_profile_key(row).many && (group->given & 1u << row) != 0) {
        why = "stands twice";
    }
    if (why != NULL) {
        complain(file, sim_profile_key(row).name, why);
    }
    group->given |= 1u << row;
}

size_t sim_profile_read(struct sim_group *groups, const char *name, char *text, FILE *errors)
{
    struct file file = {.name = name, .errors = errors, .groups = groups};

    while (text != NULL) {
        char *line = strsep(&text, "\n");

        file.line++;
        line = trim(line);
        if (*line == '[') {
            close_group(&file);
            take_section(&file, line);
        } else if (*line != '\0' && *line != '#' && *line != ';') {
            take_pair(&file, line);
        }
    }
    close_group(&file);
    if (file.count == 0 && file.wrong == 0) {
        complain(&file, "the file", "has no [nodes NAME]");
    }
    return file.wrong == 0 ? file.count : 0;
}
