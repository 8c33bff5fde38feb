"""Statements, the tests that name them, the reasons where there is none, and the page of it all."""

import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
SIDES = {"S": "server", "C": "client", "G": "gateway"}
LISTS = ("mqtt-3.1.1", "mqtt-3.1", "pitfalls", "mqtt-sn-1.2")

ELSEWHERE = "Node library:"  # how a reason begins that is no gap of the gateway

HEAD = """# Conformance

Made by `make conformance`, which fails when this page was not as it is made, a test fails, or a statement
has neither a test nor a reason. Each row is a statement in our words; *who* must hold it is the server (S),
the client (C) or both (SC), of MQTT-SN the gateway (G). Tests are functions of `tests/conformance/`, which
speak octets with the real gateway: over TCP as clients of its broker (S) and as the broker its upstream
connects to (C), over UDP as nodes (G). *Also* names unit tests that cite the statement. A number in the
column of results stands for a reason, below its table.
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


def _meant(known, pattern, sides):
    """Statements of that id; where it ends in *, those that begin so and bind all the sides."""
    if not pattern.endswith("*"):
        return [known[pattern]] if pattern in known else []
    like = [s for number, s in known.items() if number.startswith(pattern[:-1])]
    return [s for s in like if set(sides) <= set(s.who)]


def read_reasons(known):
    """reasons.txt: ID SIDES TEXT. Complaints about rows that fit no statement."""
    for line in (HERE / "reasons.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern, sides, text = line.split(" ", 2)
        meant = _meant(known, pattern, sides)
        if not meant or not all(set(sides) <= set(s.who) for s in meant):
            yield f"reasons.txt: no statement {pattern} {sides}"
            continue
        for statement in meant:
            statement.reasons.update(dict.fromkeys(sides, text))


def cited(comment):
    """Ids in what stands between brackets: [MQTT-3.8.4-1 to -5, 3.9.3-1]."""
    section, last = "", 0
    for to, part, number in re.findall(r"(to )?(?:MQTT-)?(\d+\.\d+\.\d+)?-(\d+)", comment):
        section = part or section
        first = last + 1 if to else int(number)
        last = int(number)
        yield from (f"MQTT-{section}-{n}" for n in range(first, last + 1))


def cited_sn(source):
    """SN-001, SN-001 to SN-004, wherever they stand."""
    for first, last in re.findall(r"\bSN-(\d{3})(?: to SN-(\d{3}))?", source):
        yield from (f"SN-{n:03}" for n in range(int(first), int(last or first) + 1))


def read_units(known):
    """Unit tests that cite a statement."""
    for path in sorted(TESTS.glob("*/test_*.c")):
        source = path.read_text(encoding="utf-8")
        numbers = set(cited_sn(source))
        for comment in re.findall(r"\[(MQTT-\d[^]]*)\]", source):
            numbers.update(cited(comment))
        for number in numbers & set(known):
            known[number].also.add(f"{path.parent.name}/{path.stem}")


def _row(statement, notes):
    tests = [f"{side}: {name}" for side, name, _ in statement.tests]
    results = ["passed" if statement.holds() else "FAILED"] if tests else []
    shown = {side for side, _, _ in statement.tests}
    for side, text in sorted(statement.reasons.items()):
        if side in shown:
            continue
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


def _elsewhere(statement):
    """It binds the node library alone, which has tests of its own."""
    return any(text.startswith(ELSEWHERE) for text in statement.reasons.values())


def _counts(lists):
    yield "| | statements | tested | by a reason alone | the node library's | server, client, gateway sides |"
    yield "|---|---|---|---|---|---|"
    for one in lists:
        tested = [s for s in one.statements if s.tests]
        untested = [s for s in one.statements if not s.tests]
        others = [s for s in untested if _elsewhere(s)]
        sides = [sum(side in s.who for s in one.statements) for side in SIDES]
        counts = (len(one.statements), len(tested), len(untested) - len(others), len(others))
        cells = (one.title, *map(str, counts), ", ".join(map(str, sides)))
        yield "| " + " | ".join(cells) + " |"
    yield ""


def page(lists):
    sections = [line for one in lists for line in _section(one)]
    return "\n".join([HEAD, *_counts(lists), *sections]).rstrip() + "\n"
