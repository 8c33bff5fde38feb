/* config/readsteps.h - the steps of reading one file; parts of read.c. */
#ifndef CONFIG_READSTEPS_H
#define CONFIG_READSTEPS_H

#include "config/lines.h"
#include "config/reading.h"

#define CONF_KEYS (2u * 65536u) /* topic KEYs that a map can have */

/* The file and section that the next line belongs to. */
struct conf_step {
    struct conf_reading *reading;
    const char *file;
    const struct conf_section_kind *kind; /* NULL: unknown, or none yet */
    struct conf_section *section;         /* NULL: its keys are passed over */
    uint64_t line;
    uint8_t keys[CONF_KEYS / 8]; /* those that the section has */
};

/* An error at the step's line. */
void conf_step_say(const struct conf_step *step, struct span key, struct span text);

/* Fills in the defaults of a section. */
void conf_section_init(const struct conf_reading *reading, const struct conf_section_kind *kind,
                       struct conf_section *section);

void conf_step_section(struct conf_step *step, const struct conf_line *line);
void conf_step_pair(struct conf_step *step, const struct conf_line *line);

#endif
