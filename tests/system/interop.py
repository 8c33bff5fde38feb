"""Programs of tests/interop: a client library each, told what to do line by line (steps.h)."""

import os
import shutil

from sedge import ROOT, WAIT_S, Failed, Program, Skipped, expect_equal

NPM = ROOT / "build/npm"
KINDS = ("message ", "lost")  # lines that answer nothing


def compiled(name):
    return lambda port: [ROOT / "build/interop" / name, port]


def python(name):
    # its library is Debian's, which another python3 first in PATH would not find
    return lambda port: ["/usr/bin/python3", ROOT / "tests/interop" / name, port]


def node(name, url="{}"):
    return lambda port: [*javascript(name), url.format(port)]


def javascript(name):
    if not shutil.which("node"):
        raise Skipped("node is not installed")
    if not (NPM / "installed").exists():
        raise Skipped("npm packages are not installed: no npm, or no way to its registry")
    return ["node", ROOT / "tests/interop" / name]


class Library(Program):
    """One program; `ask` gives a line and returns its answer."""

    def __init__(self, box, command, *options):
        env = {**os.environ, "NODE_PATH": str(NPM / "node_modules")}
        super().__init__([*command, *options], box.dir, env=env, text_in=True)
        self.answered = 0

    def _answers(self):
        return [line for line in self.lines if not line.startswith(KINDS)]

    def tell(self, line):
        self.write(line + "\n")

    def answer(self, wait_s=WAIT_S):
        """To the line told first of those that have none yet."""
        at, self.answered = self.answered, self.answered + 1
        with self.changed:
            self.changed.wait_for(lambda: len(self._answers()) > at or not self.open, wait_s)
            answers = self._answers()
        if len(answers) <= at:
            raise Failed(f"no answer, exit {self.process.poll()}; {self.said()}")
        return answers[at]

    def ask(self, line, *answers, wait_s=WAIT_S):
        """Fails unless the answer is one of `answers`; a final * stands for any rest."""
        self.tell(line)
        got = self.answer(wait_s)
        if not any(got == a or (a[-1] == "*" and got.startswith(a[:-1])) for a in answers):
            raise Failed(f"{line[:80]!r}: wanted {' or '.join(answers)}, got {got!r}")

    def steps(self, *pairs):
        for line, answer in pairs:
            self.ask(line, answer)

    def messages(self, count, wait_s=WAIT_S):
        """The first `count` messages: (topic, qos, retain, text)."""
        found = self.wait_lines(r"^message (\S+) (\d) (\d) (.*)$", count, wait_s)
        return [(m[1], int(m[2]), int(m[3]), m[4]) for m in found]

    def expect_messages(self, *wanted):
        expect_equal(self.messages(len(wanted)), list(wanted), f"messages at {self.name}")

    def said(self):
        return super().said() if all(len(line) < 999 for line in self.lines) else self.name
