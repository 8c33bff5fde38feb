/* config/options/rows.h - short words for the rows of the option table; for config/options/ only.
 */
#ifndef CONFIG_OPTIONS_ROWS_H
#define CONFIG_OPTIONS_ROWS_H

#include "config/conf.h"
#include "config/options.h"

#define FLAG     CONF_KIND_FLAG
#define NUMBER   CONF_KIND_NUMBER
#define US       CONF_KIND_US
#define MS       CONF_KIND_MS
#define SECONDS  CONF_KIND_SECONDS
#define SIZE     CONF_KIND_SIZE
#define FACTOR   CONF_KIND_FACTOR
#define RATE     CONF_KIND_RATE
#define RANGE    CONF_KIND_RANGE
#define MS_RANGE CONF_KIND_MS_RANGE
#define PAIR     CONF_KIND_PAIR
#define WORD     CONF_KIND_WORD
#define TEXT     CONF_KIND_TEXT
#define HEX      CONF_KIND_HEX
#define FILTER   CONF_KIND_FILTER
#define TOPIC    CONF_KIND_TOPIC
#define MOUNT    CONF_KIND_MOUNT
#define NAME     CONF_KIND_NAME
#define SECRET   CONF_KIND_SECRET
#define ENDPOINT CONF_KIND_ENDPOINT
#define PREFIX   CONF_KIND_PREFIX
#define IP       CONF_KIND_IP
#define URL      CONF_KIND_URL
#define PROXY    CONF_KIND_PROXY
#define RULE     CONF_KIND_RULE
#define ENTRY    CONF_KIND_ENTRY
#define AREA     CONF_KIND_AREA

#define ONE   CONF_ONE
#define MANY  CONF_MANY
#define COMMA CONF_COMMA

#define LIVE    CONF_LIVE
#define NEW     CONF_NEW
#define RESTART CONF_RESTART

#define YES     CONF_EFFECT_ALL
#define NOT_YET CONF_EFFECT_NOT_YET

/* Placeholders. */
#define NONE CONF_NO_VALUES
#define G    CONF_BIT(CONF_GATEWAY)
#define L    CONF_BIT(CONF_LISTENER)
#define N    CONF_BIT(CONF_NODE)
#define C    CONF_BIT(CONF_CLIENT_ID)
#define U    CONF_BIT(CONF_USER)
#define T    CONF_BIT(CONF_TAIL)

/* In milliseconds. */
#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

/* After the last row. */
#define END         \
    {               \
        .key = NULL \
    }

extern const struct conf_option conf_rows_gateway[];
extern const struct conf_option conf_rows_limits[];
extern const struct conf_option conf_rows_store[];
extern const struct conf_option conf_rows_log[];
extern const struct conf_option conf_rows_listener[];
extern const struct conf_option conf_rows_broker[];
extern const struct conf_option conf_rows_upstream[];
extern const struct conf_option conf_rows_topics[];
extern const struct conf_option conf_rows_node[];
extern const struct conf_option conf_rows_group[];
extern const struct conf_option conf_rows_user[];
extern const struct conf_option conf_rows_acl[];
extern const struct conf_option conf_rows_web[];
extern const struct conf_option conf_rows_metrics[];
extern const struct conf_option conf_rows_homeassistant[];
extern const struct conf_option conf_rows_entity[];

#endif
