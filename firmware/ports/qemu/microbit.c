/* BBC micro:bit: the nRF51's UART. The real chip has no SysTick; QEMU's has one. */
#include "firmware/ports/qemu/board.h"

enum {
    STARTRX = 0x000,
    STARTTX = 0x008,
    RXDRDY = 0x108,
    TXDRDY = 0x11C,
    INTENSET = 0x304,
    ENABLE = 0x500,
    RXD = 0x518,
    TXD = 0x51C,
    BAUDRATE = 0x524
};

const uint32_t board_hz = 16000000;
const uint32_t board_uart_irq = 2;

static volatile uint32_t *uart(uint32_t offset)
{
    return board_register(0x40002000 + offset);
}

void board_uart_init(void)
{
    *uart(ENABLE) = 4;
    *uart(BAUDRATE) = 0x01D7E000; /* 115200 */
    *uart(STARTRX) = 1;
    *uart(STARTTX) = 1;
    *uart(INTENSET) = 1u << 2; /* RXDRDY */
}

void board_uart_put(uint8_t octet)
{
    *uart(TXDRDY) = 0;
    *uart(TXD) = octet;
    while (*uart(TXDRDY) == 0) {
    }
}

bool board_uart_take(uint8_t *octet)
{
    if (*uart(RXDRDY) == 0) {
        return false;
    }
    *uart(RXDRDY) = 0;
    *octet = (uint8_t)*uart(RXD);
    return true;
}
