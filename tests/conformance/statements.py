"""Statements, the tests that name them, the reasons where there is none, and the page of it all."""

import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
SIDES = {"S": "server", "C": "client"}
LISTS = ("mqtt-3.1.1", "mqtt-3.1", "pitfalls")

HEAD = """# Conformance

Made by `make conformance`, which fails when this page was not as it is made, a test fails, or a statement
has neither a test nor a reason. Each row is a statement in our words; *who* must hold it is the server (S),
the client (C) or both (SC). Tests are functions of `tests/conformance/`, which speak octets over TCP with
the real gateway: as clients of its broker (S), as the broker its upstream connects to (C). *Also* names
unit tests that cite the statement. A number in the column of results stands for a reason, below its table.
"""


def states(*ids):
    """Decorates a test: what it shows to hold."""

    def named(function):
        function.states = ids
        return function

    return named


class Statement:
    def __init__(self, number, who, text):
        self.id, self.who, self.text = number, who, text
        self.tests = []  # (side, name, passed)
        self.reasons = {}  # side to text
        self.also = set()

    def lacks(self):
        """Sides that have neither a test nor a reason."""
        shown = {side for side, _, _ in self.tests} | set(self.reasons)
        return [side for side in self.who if side not in shown]

    def holds(self):
        return all(passed for _, _, passed in self.tests)


class List:
    """One file of statements: `# title`, a comment, a row for each."""

    def __init__(self, name):
        lines = (HERE / f"{name}.txt").read_text(encoding="utf-8").splitlines()
        comment = [line[1:].strip() for line in lines if line.startswith("#")]
        self.title, self.about = comment[0], " ".join(comment[1:]).strip()
        rows = [line.split(" ", 2) for line in lines if line and not line.startswith("#")]
        self.statements = [Statement(*row) for row in rows]


def load():
    return [List(name) for name in LISTS]


def by_id(lists):
    return {s.id: s for one in lists for s in one.statements}


def read_reasons(known):
    """reasons.txt: ID SIDES TEXT. Complaints about rows that fit no statement."""
    for line in (HERE / "reasons.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        number, sides, text = line.split(" ", 2)
        if number not in known or not set(sides) <= set(known[number].who):
            yield f"reasons.txt: no statement {number} {sides}"
            continue
        for side in sides:
            known[number].reasons[side] = text


def cited(comment):
    """Ids in what stands between brackets: [MQTT-3.8.4-1 to -5, 3.9.3-1]."""
    section, last = "", 0
    for to, part, number in re.findall(r"(to )?(?:MQTT-)?(\d+\.\d+\.\d+)?-(\d+)", comment):
        section = part or section
        first = last + 1 if to else int(number)
        last = int(number)
        yield from (f"MQTT-{section}-{n}" for n in range(first, last + 1))


def read_units(known):
    """Unit tests that cite a statement."""
    for path in sorted(TESTS.glob("*/test_*.c")):
        source = path.read_text(encoding="utf-8")
        for comment in re.findall(r"\[(MQTT-\d[^]]*)\]", source):
            for number in cited(comment):
                if number in known:
                    known[number].also.add(f"{path.parent.name}/{path.stem}")


def _row(statement, notes):
    tests = [f"{side}: {name}" for side, name, _ in statement.tests]
    results = ["passed" if statement.holds() else "FAILED"] if tests else []
    for side, text in sorted(statement.reasons.items()):
        if text not in notes:
            notes.append(text)
        results.append(f"{side} ({notes.index(text) + 1})")
    cells = (
        statement.id,
        statement.who,
        statement.text.replace("|", "\\|"),
        "<br>".join(tests),
        ", ".join(results),
        "<br>".join(sorted(statement.also)),
    )
    return "| " + " | ".join(cells) + " |"


def _section(one):
    notes = []
    rows = [_row(statement, notes) for statement in one.statements]
    yield f"## {one.title}\n"
    yield f"{one.about}\n"
    yield "| statement | who | what it says | tests | result | also |"
    yield "|---|---|---|---|---|---|"
    yield from rows
    if notes:
        yield ""
    for number, text in enumerate(notes, 1):
        yield f"{number}. {text}"
    yield ""


def _counts(lists):
    yield "| | statements | tested | by a reason alone | server sides | client sides |"
    yield "|---|---|---|---|---|---|"
    for one in lists:
        rows = one.statements
        tested = sum(bool(s.tests) for s in rows)
        sides = [sum(side in s.who for s in rows) for side in SIDES]
        cells = (one.title, len(rows), tested, len(rows) - tested, *sides)
        yield "| " + " | ".join(map(str, cells)) + " |"
    yield ""


def page(lists):
    sections = [line for one in lists for line in _section(one)]
    return "\n".join([HEAD, *_counts(lists), *sections]).rstrip() + "\n"
