"""litmus where the gateway has a part in locking: all suites, at the back end and through the gateway.

What passes, for a back end, a mode and a store: a test that passes at the back end passes through the gateway. One
that does not may stay as it is or be repaired; those of the suite `locks` must pass where the gateway says that locks
work (PERFECT).
`python3 tests/real/lock_litmus.py --back-end nginx --mode emulate --store file`
"""

import litmus
import lock_lab
import report

USER = ("alice", lock_lab.USERS["alice"])

# How many tests of a suite pass at the back end itself, at least: fewer is a broken lab, more a newer version.
DIRECT = {
    "apache": {"basic": 16, "copymove": 13, "props": 30, "locks": 39, "http": 4},
    "nginx": {"basic": 15, "copymove": 10, "props": 10, "locks": 2, "http": 4},
    "zope": {"basic": 15, "copymove": 13, "props": 30, "locks": 28, "http": 4},
    "sabredav": {"basic": 16, "copymove": 13, "props": 30, "locks": 41, "http": 3},
    "wsgidav": {"basic": 16, "copymove": 13, "props": 30, "locks": 41, "http": 4},
    "rclone": {"basic": 15, "copymove": 12, "props": 10, "locks": 30, "http": 4},
    "embedded": {"basic": 15, "copymove": 13, "props": 29, "locks": 41, "http": 4},
}

# Where `locks` must be 41 of 41: (back end, mode).
LOCK_TESTS = 41
PERFECT = {
    ("apache", "observe"),
    ("apache", "emulate"),
    ("nginx", "emulate"),
    ("zope", "emulate"),
    ("embedded", "default"),
    ("embedded", "emulate"),
}

# What `tests/run locks` runs; a back end is measured directly once.
COMBINATIONS = [
    ("apache", "observe", "memory"),
    ("apache", "emulate", "file"),
    ("nginx", "emulate", "memory"),
    ("nginx", "emulate", "file"),
    ("nginx", "emulate", "redis"),
    ("zope", "emulate", "memory"),
    ("embedded", "default", "memory"),
    ("embedded", "emulate", "file"),
    ("sabredav", "observe", "memory"),
    ("wsgidav", "observe", "memory"),
    ("rclone", "emulate", "memory"),
]


def passes(found):
    """How many of a suite's tests passed at last; a warning is no failure."""
    return sum(test["results"][-1:] == ["pass"] for test in found[0].values())


def directly(check, back_end):
    """The back end's own results, and that they are what is known of it."""
    results = {suite: litmus.run_suite(suite, back_end.url, back_end.user) for suite in litmus.SUITES}
    for suite, found in results.items():
        least = DIRECT[back_end.name][suite]
        check.check(
            f"{back_end.name} directly, {suite}: at least {least} pass",
            passes(found) >= least,
            f"{passes(found)}: {found[1]}",
        )
    return results


def through(check, combination, direct):
    """Each test through a gateway: as good as directly, or better. Rows for the table."""
    name, mode = combination.back_end.name, combination.mode
    # A suite that sets a property is then about locks again (owner_modify).
    keeps_none = mode == "emulate" and "PROPPATCH" in combination.back_end.lacks
    more = {"dead_properties": "discard"} if keeps_none else {}
    gateway = combination.gateway(access=lock_lab.EVERYTHING, **more)
    rows = []
    for suite in litmus.SUITES:
        got = litmus.run_suite(suite, gateway.url, USER)
        perfect = suite == "locks" and (name, mode) in PERFECT
        if mode == "off" and suite == "locks":
            told = sorted({result for test in got[0].values() for result in test["results"]})
            check.check(f"{combination.title}: locks: nothing is locked", "41" not in got[1], f"{told} {got[1]}")
            continue
        for test in sorted(direct[suite][0].keys() | got[0].keys()):
            want = direct[suite][0].get(test, {"results": []})["results"]
            found = got[0].get(test, {"results": ["missing"], "text": ""})
            last = found["results"][-1:]
            label = (
                f"{combination.title}: {suite} {test} [{' '.join(want) or 'not run'} -> {' '.join(found['results'])}]"
            )
            if perfect:
                good = last == ["pass"]
            else:
                good = last == ["pass"] or not want or want[-1:] != ["pass"]
            check.check(label, good, found["text"] or f"directly {want}")
        if perfect:
            count = (passes(got), len(got[0]))
            check.equal(f"{combination.title}: locks, all of them", count, (LOCK_TESTS, LOCK_TESTS), got[1])
        rows.append((suite, f"{passes(direct[suite])}/{len(direct[suite][0])}", f"{passes(got)}/{len(got[0])}"))
    gateway.stop()
    return rows


def run(check, combinations):
    known, table = {}, []
    for name, mode, store in combinations:
        title = f"{name}, {mode}, {store}"
        try:
            combination = lock_lab.Combination(name, mode, store)
        except Exception as error:
            check.fail(f"{title}: the start", f"{type(error).__name__}: {error}")
            continue
        try:
            if name not in known:
                known[name] = directly(check, combination.back_end)
            table.append((combination.title, through(check, combination, known[name])))
        except Exception as error:
            check.fail(f"{title}: ended early", f"{type(error).__name__}: {error}")
        finally:
            combination.stop()
    check.note("litmus, passed/run, at the back end -> through the gateway:")
    for title, rows in table:
        check.note(f"{title:30} " + "  ".join(f"{suite} {before} -> {after}" for suite, before, after in rows))


if __name__ == "__main__":
    report.main("lock litmus", lambda check: run(check, lock_lab.chosen(__doc__, COMBINATIONS)))
