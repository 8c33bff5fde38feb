#include "base/crc32c.h"

#define POLYNOMIAL 0x82F63B78u /* 0x1EDC6F41, reflected */

uint32_t crc32c_add(uint32_t crc, uint8_t octet)
{
    crc ^= octet;
    for (unsigned i = 8; i != 0; i--) {
        crc = crc >> 1 ^ (POLYNOMIAL & -(crc & 1));
    }
    return crc;
}

uint32_t crc32c_of(struct span octets)
{
    uint32_t crc = CRC32C_START;

    for (size_t i = 0; i < octets.len; i++) {
        crc = crc32c_add(crc, octets.at[i]);
    }
    return crc32c_end(crc);
}
