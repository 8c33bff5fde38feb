/* board.h - an emulated Cortex-M board: one UART, a millisecond clock, an exit code.
 *
 * Boards of qemu-system-arm, one file each: mps2-an385 (Cortex-M3), microbit (Cortex-M0).
 * Received octets wait in a ring of BOARD_RING; what comes when it is full is lost.
 */
#ifndef FIRMWARE_PORTS_QEMU_BOARD_H
#define FIRMWARE_PORTS_QEMU_BOARD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "base/bytes.h"

enum { BOARD_RING = 512 }; /* a power of two */

/* Milliseconds since reset; wraps. */
uint32_t board_ms(void);

/* Microseconds since reset; wraps. */
uint32_t board_us(void);

/* Sends, waiting for the UART. */
void board_write(struct span octets);

/* Takes a received octet; false if there is none. */
bool board_read(uint8_t *octet);

/* Sleeps until an octet waits or `ms` have passed. */
void board_wait(uint32_t ms);

/* Ends the emulation; qemu-system-arm exits with `code` (semihosting). */
noreturn void board_exit(int code);

/* board.c, for startup.c. */
void board_init(void);
void board_on_tick(void);
void board_on_uart(void);

/* The board's own file, for board.c and startup.c. */
enum { BOARD_IRQS = 4 };        /* interrupts in the vector table; board_on_uart serves them all */
extern const uint32_t board_hz; /* of SysTick */
extern const uint32_t board_uart_irq; /* below BOARD_IRQS */
void board_uart_init(void);
void board_uart_put(uint8_t octet);
bool board_uart_take(uint8_t *octet);

static inline volatile uint32_t *board_register(uint32_t address)
{
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): a register is its address */
    return (volatile uint32_t *)(uintptr_t)address;
}

#endif
