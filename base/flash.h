/* base/flash.h - constant tables where code memory is apart from data memory.
 *
 * On AVR a const table lies in RAM unless it is marked and read from program
 * memory; everywhere else this is a plain constant and a plain read.
 */
#ifndef BASE_FLASH_H
#define BASE_FLASH_H

#include <stdint.h>

#ifdef __AVR__
#include <avr/pgmspace.h>
#define FLASH PROGMEM
static inline uint8_t flash_u8(const uint8_t *at)
{
    return pgm_read_byte(at);
}
static inline uint16_t flash_u16(const uint16_t *at)
{
    return pgm_read_word(at);
}
#else
#define FLASH
static inline uint8_t flash_u8(const uint8_t *at)
{
    return *at;
}
static inline uint16_t flash_u16(const uint16_t *at)
{
    return *at;
}
#endif

#endif
