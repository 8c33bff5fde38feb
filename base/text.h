/* base/text.h - words and numbers into a writer, for dumps and messages of the pure cores. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/bytes.h"

void write_text(struct writer *w, const char *text);
void write_decimal(struct writer *w, uint64_t value);

/* Two lower-case hexadecimal digits for each octet, no blanks. */
void write_hex(struct writer *w, struct span octets);

/* Base64 with padding. [RFC 4648, 4] */
void write_base64(struct writer *w, struct span octets);

/* `octets` as text a terminal can take: printable ASCII and well-formed UTF-8 as they are, the
 * rest as \xNN. */
void write_printable(struct writer *w, struct span octets);

/* `octets` as a JSON string with its quotes. What is not well-formed UTF-8 as a whole is written
 * octet for octet, those above 0x7F as \u00NN. */
void write_json_text(struct writer *w, struct span octets);

/* Ends the text with a NUL, at the last octet if it was full. `w` must have room for one octet. */
void write_end(struct writer *w);

#endif
