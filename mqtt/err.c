#include "mqtt/err.h"

#include <stddef.h>

#define MQTT_ERR_WORDS(name, text) [name] = (text),
static const char *const words[MQTT_ERR_COUNT] = {MQTT_ERRS(MQTT_ERR_WORDS)};

const char *mqtt_err_name(enum mqtt_err err)
{
    return (size_t)err < MQTT_ERR_COUNT ? words[err] : "unknown error";
}
