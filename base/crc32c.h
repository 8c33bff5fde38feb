/* base/crc32c.h - CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected), the one checksum.
 *
 * crc32c_of("123456789") is 0xE3069283 (RFC 3720, B.4). Two sources give the same
 * function: crc32c.c with a nibble table for the gateway; a node may build
 * crc32c_small.c, 32 octets of code for an octet and no table.
 */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stdint.h>

#include "base/bytes.h"

#define CRC32C_START 0xFFFFFFFFu

/* The running value after one more octet; begin with CRC32C_START. */
uint32_t crc32c_add(uint32_t crc, uint8_t octet);

/* The checksum of a running value. */
static inline uint32_t crc32c_end(uint32_t crc)
{
    return ~crc;
}

uint32_t crc32c_of(struct span octets);

#endif
