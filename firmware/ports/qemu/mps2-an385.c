/* Arm MPS2 AN385: the CMSDK UART 0. It has no FIFO; QEMU holds octets back until one is read. */
#include "firmware/ports/qemu/board.h"

enum { DATA = 0x00, STATE = 0x04, CTRL = 0x08, INTCLEAR = 0x0C, BAUDDIV = 0x10 };
enum { TX_FULL = 1, RX_FULL = 2, TX_ENABLE = 1, RX_ENABLE = 2, RX_INTERRUPT = 8, RX_PENDING = 2 };

const uint32_t board_hz = 25000000;
const uint32_t board_uart_irq = 0;

static volatile uint32_t *uart(uint32_t offset)
{
    return board_register(0x40004000 + offset);
}

void board_uart_init(void)
{
    *uart(BAUDDIV) = board_hz / 115200;
    *uart(CTRL) = TX_ENABLE | RX_ENABLE | RX_INTERRUPT;
}

void board_uart_put(uint8_t octet)
{
    while ((*uart(STATE) & TX_FULL) != 0) {
    }
    *uart(DATA) = octet;
}

bool board_uart_take(uint8_t *octet)
{
    *uart(INTCLEAR) = RX_PENDING;
    if ((*uart(STATE) & RX_FULL) == 0) {
        return false;
    }
    *octet = (uint8_t)*uart(DATA);
    return true;
}
