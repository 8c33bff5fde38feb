#!/usr/bin/env python3
"""Runs the system stories and prints TAP: tests/system/run.py [WORD-OF-A-NAME]...

A story is a function of a file stories_*.py; its name is what it says. Exit 1 if one failed.
"""

import sys

sys.dont_write_bytecode = True

import inspect
import os
import pathlib
import tempfile
import time
import traceback

import sedge
import stories_access
import stories_border
import stories_broker
import stories_bus
import stories_client
import stories_command
import stories_control
import stories_daemon
import stories_discovery
import stories_disk
import stories_doctor
import stories_fleet
import stories_hostile
import stories_interop
import stories_interop_brokers
import stories_interop_tools
import stories_kill
import stories_line
import stories_names
import stories_presets
import stories_proxy
import stories_outage
import stories_registry
import stories_sleep
import stories_store
import stories_tls
import stories_tools
import stories_transparent
import stories_transport
import stories_trial
import stories_upstream
import stories_way
import stories_ws

FILES = (
    stories_border,
    stories_sleep,
    stories_hostile,
    stories_broker,
    stories_bus,
    stories_discovery,
    stories_line,
    stories_names,
    stories_upstream,
    stories_doctor,
    stories_trial,
    stories_presets,
    stories_proxy,
    stories_way,
    stories_transparent,
    stories_ws,
    stories_tls,
    stories_transport,
    stories_store,
    stories_disk,
    stories_kill,
    stories_outage,
    stories_registry,
    stories_access,
    stories_client,
    stories_command,
    stories_control,
    stories_daemon,
    stories_interop,
    stories_interop_brokers,
    stories_fleet,
    stories_interop_tools,
    stories_tools,
)


def stories(words):
    for module in FILES:
        for name, function in vars(module).items():
            mine = inspect.isfunction(function) and function.__module__ == module.__name__
            if mine and not name.startswith("_") and all(word in name for word in words):
                yield name.replace("_", " "), function


def comment(text):
    for line in text.splitlines():
        print("#", line)


def tell(number, name, function):
    """One story in a folder of its own; returns passed, failed, skipped."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sedge-") as folder:
        box = sedge.Box(folder)
        try:
            function(box)
            result, why = "ok", ""
        except sedge.Skipped as skip:
            result, why = "ok", f" # SKIP {skip}"
        except Exception as error:
            result, why = "not ok", ""
            comment("".join(traceback.format_exception(error)))
            comment(box.failure())
        finally:
            box.end()
    print(f"{result} {number} - {name}{why}")
    for note in box.notes:
        comment(note)
    comment(f"{time.monotonic() - start:.1f} s")
    sys.stdout.flush()
    return [result == "ok" and not why, result != "ok", bool(why)]


def main():
    counts = [0, 0, 0]
    for number, (name, function) in enumerate(stories(sys.argv[1:]), 1):
        counts = [a + b for a, b in zip(counts, tell(number, name, function))]
    print(f"1..{sum(counts)}")
    if os.environ.get("COUNTS"):
        with pathlib.Path(os.environ["COUNTS"]).open("a", encoding="ascii") as file:
            print(*counts, file=file)
    print("{} passed, {} failed, {} skipped".format(*counts))
    return 1 if counts[1] or not sum(counts) else 0


sys.exit(main())
