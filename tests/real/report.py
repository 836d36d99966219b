"""A tiny test registry: what goes in is a name and a check, what comes out is one line each and a total.

`ok NAME` or `FAIL NAME: WHY` as soon as it is known; the last line is `N passed, N failed`, which tests/run adds up.
"""

import sys
import time
import traceback
from contextlib import contextmanager


class Report:
    """Counts the checks of one part. `only` (command line words) restricts it to names holding one of them."""

    def __init__(self, part):
        self.part = part
        self.passed = 0
        self.failed = []
        self.started = time.monotonic()

    def ok(self, name):
        self.passed += 1
        print(f"ok {self.part}: {name}", flush=True)

    def fail(self, name, why):
        self.failed.append(name)
        why = " | ".join(line.strip() for line in str(why).splitlines() if line.strip())
        print(f"FAIL {self.part}: {name}: {why[:600]}", flush=True)

    def note(self, text):
        print(f"-- {self.part}: {text}", flush=True)

    def check(self, name, good, why=""):
        if good:
            self.ok(name)
        else:
            self.fail(name, why or "not true")
        return bool(good)

    def equal(self, name, got, want, more=""):
        return self.check(name, got == want, f"got {got!r}, expected {want!r} {more}")

    @contextmanager
    def step(self, name):
        """A block that passes when it ends without an exception."""
        try:
            yield
        except AssertionError as error:
            self.fail(name, str(error) or traceback.format_exc(limit=-1))
        except Exception as error:  # a broken tool is a failed test, not a lost run
            self.fail(name, f"{type(error).__name__}: {error}")
        else:
            self.ok(name)

    def end(self):
        """Prints the total and gives the exit code."""
        seconds = time.monotonic() - self.started
        if self.failed:
            self.note("failed: " + "; ".join(self.failed[:40]))
        self.note(f"{seconds:.0f} s")
        print(f"{self.passed} passed, {len(self.failed)} failed", flush=True)
        return 1 if self.failed or not self.passed else 0


def main(part, run):
    """Runs `run(report)`; whatever escapes it is one more failure."""
    report = Report(part)
    try:
        run(report)
    except Exception as error:
        traceback.print_exc()
        report.fail("the part itself", f"{type(error).__name__}: {error}")
    sys.exit(report.end())
