#include "sn/err.h"

#define SN_ERR_TEXT(name, text) text,

const char *sn_err_name(enum sn_err err)
{
    static const char *const texts[] = {SN_ERRS(SN_ERR_TEXT)};

    return (unsigned)err < SN_ERR_COUNT ? texts[err] : "unknown error";
}
