/* tools/dump/pcapng.h - writes capture files that Wireshark reads: a section header, one interface,
 * and a block for each packet. (libpcap writes the older pcap only.)
 *
 * Ownership: the file is the caller's. Errors stay in the FILE: ask ferror.
 */
#ifndef TOOLS_DUMP_PCAPNG_H
#define TOOLS_DUMP_PCAPNG_H

#include <stdio.h>

#include "base/bytes.h"

/* The head of a file whose frames are of `link`. */
void dump_pcapng_begin(FILE *file, int link);

/* `full` is the frame's length on the wire, `frame` what is there of it. */
void dump_pcapng_frame(FILE *file, uint64_t time_us, struct span frame, size_t full);

#endif
