# node.mk - the node library for a microcontroller: emulated boards, and its size.
#
# make node                the examples for every board: build/node/BOARD/thermometer.elf, gauge.elf
# make node-check          sn-pub, sn-sub and the images without the real gateway
# make size                octets of codec, frame and library for CPU
# CROSS=arm-none-eabi- CPU=cortex-m0plus are the caller's.

CROSS ?= arm-none-eabi-
CPU   ?= cortex-m0plus

node_boards := mps2-an385 microbit
node_images := $(foreach b,$(node_boards),$(patsubst %,build/node/$(b)/%.elf,thermometer gauge))
node_flags  := -std=c11 -I. -MMD -MP -mcpu=$(CPU) -mthumb -Os -g -ffreestanding -DNDEBUG \
               -ffunction-sections -fdata-sections $(warn) $(if $(WERROR),-Werror)

# What a node links: the library, codec and frames, the checksum without a table if there is one.
node_core := $(wildcard firmware/*.c) sn/packet.c sn/frame.c sn/bus.c \
             $(or $(wildcard base/crc32c_small.c),base/crc32c.c)
node_port := $(addprefix firmware/ports/qemu/,board.c startup.c)
node_size := $(node_core:%.c=build/node/size/%.o)

build/node/size/%.o: %.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(node_flags) -c -o $@ $<

define node_board
build/node/$(1)/%.o: %.c
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CROSS)gcc $$(node_flags) -DBOARD='"$(1)"' -c -o $$@ $$<

build/node/$(1)/%.elf: build/node/$(1)/firmware/examples/%/main.o \
		$$(patsubst %.c,build/node/$(1)/%.o,$$(node_core) $$(node_port) firmware/ports/qemu/$(1).c) \
		firmware/ports/qemu/$(1).ld firmware/ports/qemu/sections.ld
	$$(Q)$$(CROSS)gcc -mcpu=$$(CPU) -mthumb -nostartfiles -nostdlib -Wl,--gc-sections \
		-Lfirmware/ports/qemu -T firmware/ports/qemu/$(1).ld -Wl,-Map,$$(@:.elf=.map) \
		-o $$@ $$(filter %.o,$$^) -lc -lgcc
endef
$(foreach b,$(node_boards),$(eval $(call node_board,$(b))))

## Build the example node for emulated boards; CROSS, CPU
node: $(node_images)

## Try sn-pub, sn-sub and the emulated boards with a gateway of a page
node-check: build/sn-pub build/sn-sub $(node_images)
	$(Q)tests/firmware/alone.py

## Print the node library's octets of code and data; CROSS, CPU
size: $(node_size)
	$(Q)echo "octets for $(CPU), -Os"
	$(Q)$(CROSS)size -A $^ | awk -f firmware/size.awk

.PHONY: node node-check size
