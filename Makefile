# Sedge: the whole build. `make help` lists the targets.
#
# CC, CFLAGS, PREFIX, DESTDIR, SAN, CROSS, CPU, WERROR and V are the caller's; `flags` are ours
# and are added. Objects go under build/<variant>/, so plain, clang and sanitizer builds live
# side by side; `make` leaves build/sedge, build/sn-pub and its like.

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS ?= -O2 -g -D_FORTIFY_SOURCE=2
SAN    ?=# SAN=address,undefined
MBEDTLS ?=# a tree of another Mbed TLS, include/ and library/ or lib/, instead of the system's
PREFIX ?= /usr/local
, := ,
BUILD  ?= build/$(CC)$(if $(SAN),-$(subst $(,),-,$(SAN)))$(if $(MBEDTLS),-mbedtls)
Q      := $(if $(V),,@)

warn  := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
         -Wmissing-prototypes -Wvla -Wcast-qual -Wwrite-strings -Wundef -Wformat=2
hard  := -fstack-protector-strong -fPIE
flags  = -std=c11 -I. -MMD -MP $(warn) $(if $(WERROR),-Werror) \
         $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all,$(hard)) \
         $(MBEDTLS:%=-isystem %/include)
link   = $(if $(SAN),-fsanitize=$(SAN),-pie -Wl$(,)-z$(,)relro$(,)-z$(,)now) $(LDFLAGS)
sub   := --no-print-directory
jobs  := -j$(shell nproc)

# Packages, lowest first; a package's tests see it and what stands below it.
base_src   := $(filter-out %_small.c,$(wildcard base/*.c))
sn_src     := $(wildcard sn/*.c)
mqtt_src   := $(wildcard mqtt/*.c)
config_src := $(wildcard config/*.c config/options/*.c)
hub_src    := $(wildcard gateway/hub/*.c)
edge_src   := $(wildcard gateway/edge/*.c)
cmd_src    := $(wildcard gateway/cmd/*.c)
node_src   := $(wildcard firmware/*.c)
posix_src  := $(wildcard firmware/ports/posix/*.c)
tool_src   := $(filter-out tools/sn-%,$(wildcard tools/*.c tools/*/*.c))
packages   := base sn mqtt config hub edge node posix tool

# The reference of gateway.conf, made from the option table; a system story compares.
docs: build/sedge
	$(Q)build/sedge dump --reference >docs/config.md

# Images of emulated nodes and the node library's budget: targets `node` and `size`.
-include firmware/node.mk

lib  = $(1:%=$(BUILD)/lib/%.a)
objs = $(patsubst %.c,$(BUILD)/%.o,$(1))
core_src := $(wildcard base/*.c) $(sn_src) $(mqtt_src) $(filter-out config/load.c,$(config_src)) $(hub_src)
core_obj := $(call objs,$(core_src))

edge_pkgs := libevent libserialport sqlite3 libargon2
edge_libs  = $(shell pkg-config --libs $(edge_pkgs)) -lwslay -lcjson $(MBEDTLS:%=-L%/library -L%/lib) \
             -lmbedtls -lmbedx509 -lmbedcrypto -lpthread
test_libs  = $(shell pkg-config --libs cmocka) -lm

programs := sedge sn-pub sn-sub sn-sim sn-dump
examples := mqtt-client

## Build the programs: build/sedge, build/sn-pub, build/sn-sub, build/sn-sim, build/sn-dump, and the example build/mqtt-client
all: $(programs:%=build/%) $(examples:%=build/%)

# The links point at the variant made last.
$(programs:%=build/%) $(examples:%=build/%): build/%: $(BUILD)/bin/% FORCE
	$(Q)ln -sf $(patsubst build/%,%,$<) $@
FORCE:

## Install what is missing to build, build, and start the gateway (Ctrl-C ends it)
run:
	$(Q)tools/deps.sh build
	$(Q)[ -e build/sedge ] || echo "Building; it says nothing until it is done."
	$(Q)$(MAKE) $(sub) $(jobs) all
	$(Q)tools/run.sh

## Install the Debian packages that are missing, saying what and why
deps:
	$(Q)tools/deps.sh

## Install the programs and a first configuration; PREFIX, DESTDIR
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/doc/sedge
	install -m 755 $(programs:%=build/%) $(DESTDIR)$(PREFIX)/bin
	install -m 644 README.md config/gateway.conf $(DESTDIR)$(PREFIX)/share/doc/sedge
	for page in docs/man/*; do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done

$(BUILD)/bin/sedge: $(call objs,$(cmd_src)) $(call lib,edge hub sn mqtt config base)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(link) -o $@ $^ $(edge_libs)
$(BUILD)/bin/mqtt-client: $(BUILD)/mqtt/examples/mqtt_client.o $(call lib,mqtt base)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(link) -o $@ $^
$(BUILD)/bin/sn-dump: libs := -lpcap
$(BUILD)/bin/sn-%: $(BUILD)/tools/sn-%.o $(call lib,tool posix node sn base)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(link) -o $@ $^ $(libs)

# Only the edge, the programs and the tests may see the operating system.
system := $(BUILD)/gateway/edge/%.o $(BUILD)/gateway/cmd/%.o $(BUILD)/config/load.o \
          $(BUILD)/firmware/ports/posix/%.o $(BUILD)/tools/%.o $(BUILD)/tests/%.o \
          $(BUILD)/mqtt/examples/%.o
$(system): flags += -D_GNU_SOURCE

$(BUILD)/%.o: %.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(flags) $(CFLAGS) -c -o $@ $<

define package
$$(BUILD)/lib/$(1).a: $$(call objs,$$($(1)_src))
	$$(Q)mkdir -p $$(@D)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach p,$(packages),$(eval $(call package,$(p))))

# Tests: one program for each tests/RING/test_*.c, linked with what its ring may see.
ring_libs_base     := base
ring_libs_sn       := sn base
ring_libs_mqtt     := mqtt base
ring_libs_config   := config base
ring_libs_firmware := node sn base
ring_libs_hub      := hub sn mqtt config base
ring_libs_edge     := edge hub sn mqtt config base
ring_libs_tools    := tool posix node sn base
ring_libs_sim      := hub sn mqtt config node base
rings := base sn mqtt config firmware hub edge tools sim
ring_tests = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/$(1)/test_*.c))
tests := $(foreach r,$(rings),$(call ring_tests,$(r)))

define ring
$$(call ring_tests,$(1)): %: %.o $$(call objs,$$(filter-out tests/$(1)/test_%,$$(wildcard tests/$(1)/*.c))) \
		$$(BUILD)/tests/support.o $$(call lib,$$(ring_libs_$(1)))
	$$(Q)$$(CC) $$(link) -o $$@ $$^ $$(test_libs) $(if $(filter edge,$(1)),$$(edge_libs))
check-$(1): $$(call ring_tests,$(1))
endef
$(foreach r,$(rings),$(eval $(call ring,$(r))))

## Run units and simulation with one compiler; SAN=address,undefined for the sanitizers
check: $(tests)
	$(Q)tests/run $(tests)

# make check-sn, make check-sn/test_packet
$(rings:%=check-%): check-%:
	$(Q)tests/run $^
$(patsubst $(BUILD)/tests/%,check-%,$(tests)): check-%: $(BUILD)/tests/%
	$(Q)tests/run $<

## Install what is missing, do everything that tests, and close with the counts
test:
	$(Q)tools/test.sh

interop := libmosquitto paho_sync paho_async
preloads := build/system/disk_faults.so build/system/serial_pty.so
## Try the real programs with mosquitto's clients, ptys and emulated nodes
system: all $(node_images) $(interop:%=build/interop/%) build/npm/installed $(preloads)
	$(Q)tests/system/run.py $(STORY)

build/system/%.so: tests/system/%.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(warn) $(CFLAGS) -fPIC -shared -o $@ $<

## A cluster of three RabbitMQ nodes, six gateways; a node is killed and comes back
fleet: all
	$(Q)tests/system/run.py a_fleet

KILLS ?= 200
## Kill the gateway KILLS (200) times at random moments under load; SEED=N repeats a run
soak: all
	$(Q)KILLS=$(KILLS) SEED=$(SEED) tests/system/run.py random_moments

# Client libraries behind the lines of tests/interop/steps.h.
build/interop/libmosquitto: libs := -lmosquitto
build/interop/paho_sync: libs := -lpaho-mqtt3c
build/interop/paho_async: libs := -lpaho-mqtt3a
$(interop:%=build/interop/%): build/interop/%: $(call objs,tests/interop/%.c tests/interop/steps.c)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(link) -o $@ $^ $(libs) -lpthread
# Where npm cannot bring them, what needs them is skipped.
build/npm/installed: tests/interop/package.json
	$(Q)mkdir -p $(@D) && cp $< $(@D)
	$(Q)if (cd $(@D) && npm install --no-package-lock --ignore-scripts --no-audit --no-fund \
		--fetch-retries=1 --loglevel=error); then touch $@; else echo "no npm packages"; fi

## Hold every statement of MQTT to the real gateway; makes docs/conformance.md
conformance: all
	$(Q)tests/conformance/run.py $(TEST)

# The fuzzers, and the packages under them, as one variant with libFuzzer.
fuzzers := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60
## Fuzz every decoder, FUZZ_SECONDS (60) each
fuzz:
	$(Q)$(MAKE) $(sub) $(jobs) BUILD=build/fuzz CC=clang SAN=fuzzer-no-link,address,undefined fuzzers
	$(Q)tools/fuzz.sh $(FUZZ_SECONDS) build/fuzz/fuzz/*
fuzz-smoke:
	$(Q)$(MAKE) $(sub) fuzz FUZZ_SECONDS=10
fuzzers: $(fuzzers) $(BUILD)/fuzz-seeds
$(BUILD)/fuzz-seeds: $(BUILD)/tests/fuzz/seeds.o
	$(Q)$(CC) $(subst fuzzer-no-link$(,),,$(link)) -o $@ $^
	$(Q)$@ $(BUILD)/seeds
$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(call lib,tool edge hub sn mqtt config base)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(subst fuzzer-no-link,fuzzer,$(link)) -o $@ $^ -Wl,--as-needed $(edge_libs)

benches := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))
## Measure CPU, latency and memory beside mosquitto; ROWS=cpu,idle for some (docs/performance.md)
bench: all $(benches)
	$(Q)tests/bench/bench.py $(BUILD)/bench $(ROWS)
$(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(call lib,sn mqtt base)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(link) -o $@ $^

## Print what the bus does on a virtual line, beside its design; FRAMES=10000000 tries so many on a bad one
sim-bus: $(BUILD)/sim/bus
	$(Q)$< $(FRAMES)
$(BUILD)/sim/bus: $(call objs,tests/sim/tables/bus.c tests/sim/bus.c tests/support.c) $(call lib,sn base)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(link) -o $@ $^ $(test_libs)

## Measure which lines of the cores the tests run
cov:
	$(Q)rm -rf build/cov
	$(Q)$(MAKE) $(sub) $(jobs) BUILD=build/cov CFLAGS='-O0 -g --coverage' LDFLAGS=--coverage check
	$(Q)tools/cov.sh build/cov $(core_src)

## Hold form, layers, purity, sizes and clang-tidy
lint:
	$(Q)$(MAKE) $(sub) $(jobs) --keep-going format-check layers wire sizes map pure tidy

## Prove that includes point downward
layers:
	$(Q)tools/layers.sh
## Prove that the cores call nothing but base/ and memory functions, and keep no state
pure: $(core_obj)
	$(Q)tools/pure.sh $(core_obj)
# Received octets are read through base/bytes.h alone; no file outgrows its wall; the map is whole.
wire sizes map:
	$(Q)tools/$@.sh

# clang-tidy, one stamp for each file; the object carries the headers it depends on.
tidy_src := $(core_src) $(edge_src) $(cmd_src) config/load.c $(node_src) $(posix_src) $(wildcard tools/*.c tools/*/*.c mqtt/examples/*.c)
## Run clang-tidy on files that changed
tidy: $(tidy_src:%=$(BUILD)/tidy/%.ok)
$(BUILD)/tidy/%.c.ok: $(BUILD)/%.o .clang-tidy
	$(Q)mkdir -p $(@D)
	$(Q)clang-tidy --quiet $*.c -- -std=c11 -I. -D_GNU_SOURCE 2>$@.log || { cat $@.log; exit 1; }
	$(Q)touch $@

## Check the form of every file (clang-format)
format-check:
	$(Q)clang-format --dry-run -Werror $(sources)
## Bring every file into form
format:
	$(Q)clang-format -i $(sources)
sources = $(shell find base sn mqtt config gateway firmware tools tests -name '*.[ch]')

## Show this list
help:
	@awk '/^## /{t=substr($$0,4);next} t!=""{split($$0,a,":");printf "  %-14s %s\n",a[1],t;t=""}' Makefile \
		firmware/node.mk

## Remove everything built
clean:
	$(Q)rm -rf build

.PHONY: all docs run deps install check test system fleet soak conformance fuzz fuzz-smoke fuzzers bench cov sim-bus lint layers wire \
        sizes map pure tidy format format-check help clean FORCE \
        $(rings:%=check-%)

-include $(shell find build $(BUILD) -name '*.d' 2>/dev/null)
