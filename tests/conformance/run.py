#!/usr/bin/env python3
"""Runs the conformance tests, prints TAP, makes docs/conformance.md:
tests/conformance/run.py [WORD-OF-A-NAME | STATEMENT | FILE]...

With words only the tests that fit run, and the page is left alone. Exit 1 if a test failed, a
statement has neither test nor reason, or the page was not as it is made.
"""

import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))

import concurrent.futures
import inspect
import os
import tempfile
import traceback

import client_connect
import client_flow
import client_violations
import peer
import sedge
import server_3_1
import server_connect
import server_data
import server_operation
import server_pitfalls
import server_publish
import server_subscribe
import sn_capacity
import sn_connect
import sn_deliver
import sn_discover
import sn_forward
import sn_frame
import sn_group
import sn_peer
import sn_publish
import sn_register
import sn_sleep
import sn_states
import sn_subscribe
import sn_will
import statements

PAGE = sedge.ROOT / "docs/conformance.md"
AT_ONCE = 8  # most of them wait

# Whose statements a file's tests show, and what they are given.
FILES = {
    server_data: ("S", peer.ServerBox),
    server_connect: ("S", peer.ServerBox),
    server_publish: ("S", peer.ServerBox),
    server_subscribe: ("S", peer.ServerBox),
    server_operation: ("S", peer.ServerBox),
    server_pitfalls: ("S", peer.ServerBox),
    server_3_1: ("S", peer.ServerBox),
    client_connect: ("C", peer.ClientBox),
    client_flow: ("C", peer.ClientBox),
    client_violations: ("C", peer.ClientBox),
    sn_frame: ("G", sn_peer.NodeBox),
    sn_discover: ("G", sn_peer.NodeBox),
    sn_group: ("G", sn_peer.NodeBox),
    sn_connect: ("G", sn_peer.NodeBox),
    sn_will: ("G", sn_peer.NodeBox),
    sn_register: ("G", sn_peer.NodeBox),
    sn_publish: ("G", sn_peer.NodeBox),
    sn_subscribe: ("G", sn_peer.NodeBox),
    sn_deliver: ("G", sn_peer.NodeBox),
    sn_sleep: ("G", sn_peer.NodeBox),
    sn_forward: ("G", sn_peer.NodeBox),
    sn_capacity: ("G", sn_peer.NodeBox),
    sn_states: ("G", sn_peer.NodeBox),
}


class Test:
    def __init__(self, module, name, function):
        self.side, self.box = FILES[module]
        self.file = module.__name__
        self.name = name.strip("_").replace("_", " ")
        self.function, self.states = function, function.states
        self.conf = getattr(module, "CONF", {})
        self.passed, self.why = False, ""

    def fits(self, words):
        return all(word in self.name or word in (self.file, *self.states) for word in words)

    def run(self, ports):
        with tempfile.TemporaryDirectory(prefix="sedge-") as folder:
            box = self.box(folder, ports)
            box.conf = self.conf
            try:
                self.function(box)
                box.survived()
                self.passed = True
            except Exception as error:
                self.why = "".join(traceback.format_exception(error)) + box.failure()
            finally:
                box.end()
        return self


def tests():
    for module in FILES:
        for name, function in vars(module).items():
            if inspect.isfunction(function) and hasattr(function, "states"):
                yield Test(module, name, function)


def run(chosen):
    ports = peer.Ports()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for number, test in enumerate(pool.map(lambda test: test.run(ports), chosen), 1):
            for line in test.why.splitlines():
                print("#", line)
            print(f"{'ok' if test.passed else 'not ok'} {number} - {test.name}", flush=True)


def complaints(done):
    """What keeps the page from being whole. Writes it when all passed."""
    lists = statements.load()
    known = statements.by_id(lists)
    yield from statements.read_reasons(known)
    statements.read_units(known)
    for test in done:
        for number in test.states:
            if number not in known or test.side not in known[number].who:
                yield f"{test.name}: no statement {number} {test.side}"
            else:
                known[number].tests.append((test.side, test.name, test.passed))
    for statement in known.values():
        for side in statement.lacks():
            yield f"{statement.id}: neither test nor reason for the {statements.SIDES[side]}"
    made = statements.page(lists)
    if all(test.passed for test in done) and (not PAGE.exists() or PAGE.read_text() != made):
        PAGE.write_text(made)
        yield "docs/conformance.md was not as it is made; it is now"


def main():
    words = sys.argv[1:]
    done = [test for test in tests() if test.fits(words)]
    run(done)
    wrong = [] if words else list(complaints(done))
    for text in wrong:
        print("not ok -", text)
    passed = sum(test.passed for test in done)
    counts = (passed, len(done) - passed + len(wrong), 0)
    if os.environ.get("COUNTS"):
        with open(os.environ["COUNTS"], "a", encoding="ascii") as file:
            print(*counts, file=file)
    print("{} passed, {} failed, {} skipped".format(*counts))
    return 1 if counts[1] or not passed else 0


sys.exit(main())
