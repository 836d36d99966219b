"""What each back end is worth to litmus, directly and through the gateway: the numbers of README.md's section "Back ends".

What passes: for each back end, with the configuration that the README recommends for it, every litmus test that passes at
the back end passes through the gateway; the suites that the gateway repairs pass as a whole (WHOLE); the README's table
is what was measured, and each cell of its table in words names tests that there are. Radicale holds calendars, of which litmus knows
nothing. `python3 tests/real/table.py nginx zope` for some; `--write` puts what was measured into the README.
"""

import os
import re
import sys

import litmus
import lock_lab
import lock_litmus
import report
import servers
import web

USER = lock_litmus.USER
README = os.path.join(servers.ROOT, "README.md")
MARKS = ("<!-- litmus: kept by tests/run table -->", "<!-- /litmus -->")
WORDS = ("<!-- words: read by tests/run table -->", "<!-- /words -->")

# Back end, what the README calls it, who locks, and more of its route.
ROWS = [
    ("apache", "Apache 2.4 mod_dav", "default", {}),
    ("nginx", "nginx 1.22, dav-ext 3.0", "emulate", {"dead_properties": "discard"}),
    ("lighttpd", "lighttpd 1.4 mod_webdav", "emulate", {}),
    ("rclone", "rclone 1.60 serve webdav", "emulate", {"dead_properties": "discard"}),
    ("sabredav", "SabreDAV 1.8", "default", {}),
    ("wsgidav", "WsgiDAV 4.4", "default", {}),
    ("zope", "Zope 5.14", "emulate", {}),
    ("plone", "Plone 6.0", "emulate", {}),
    ("embedded", "embedded", "default", {}),
]

# Suites of which every test passes through the gateway, though not all do at the back end, or fewer are run there.
WHOLE = {
    "nginx": ("basic", "copymove", "locks", "http"),
    "lighttpd": ("props",),
    "rclone": ("basic", "copymove", "locks", "http"),
    "zope": ("locks",),
    "plone": ("locks",),
}
TESTS = {"basic": 16, "copymove": 13, "props": 30, "locks": 41, "http": 4}


def configuration(back_end, mode, more):
    """The route's keys that matter, as the README writes them."""
    behind = back_end.behind()
    keys = [f"profile: {behind['profile']}" if "profile" in behind else "embedded: DIR"]
    if mode != "default":
        keys.append(f"locking: {mode}")
    keys += [f"{key}: {value}" for key, value in more.items()]
    return ", ".join(f"`{key}`" for key in keys)


def counts(results):
    """passed/run of each suite, in their order, as litmus counts them."""
    found = [re.search(r"of (\d+) tests run: (\d+) passed", results[suite][1]) for suite in litmus.SUITES]
    return ", ".join(f"{count.group(2)}/{count.group(1)}" if count else "-" for count in found)


VALUE = (
    '<?xml version="1.0"?><D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><p xmlns="urn:x"><q>red</q></p></D:prop></D:set>'
    "</D:propertyupdate>"
)
NAMED = '<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop><p xmlns="urn:x"/></D:prop></D:propfind>'


def loses_values(check, title, gateway):
    """What the README says of lighttpd and litmus does not try: of a property that is XML nothing is left but its name."""
    alice = lock_lab.User(gateway, "alice")
    alice("PUT", "value", b"x")
    set_, found = alice("PROPPATCH", "value", VALUE, **web.XML), alice("PROPFIND", "value", NAMED, Depth="0", **web.XML)
    lost = found.xml().find(".//{urn:x}p") is not None and b"red" not in found.body
    check.check(f"{title}: XML in the value of a property is lost", set_.status in (200, 204, 207) and lost, found.body)


def measured(check, name, title, mode, more):
    """One row of the table."""
    combination = lock_lab.Combination(name, mode, "memory")
    try:
        back_end = combination.back_end
        direct = {suite: litmus.run_suite(suite, back_end.url, back_end.user) for suite in litmus.SUITES}
        gateway = combination.gateway(access=lock_lab.EVERYTHING, **more)
        through = {suite: litmus.run_suite(suite, gateway.url, USER) for suite in litmus.SUITES}
        if name == "lighttpd":
            loses_values(check, title, gateway)
    finally:
        combination.stop()
    for suite in litmus.SUITES:
        for test, before in direct[suite][0].items():
            after = through[suite][0].get(test, {"results": ["missing"], "text": "ended before it"})
            label = f"{title}: {suite} {test} [{' '.join(before['results'])} -> {' '.join(after['results'])}]"
            worse = before["results"][-1:] == ["pass"] != after["results"][-1:]
            check.check(label, not worse, after["text"])
        if suite in WHOLE.get(name, ()):
            after = through[suite][0].items()
            bad = [f"{test}: {found['text']}" for test, found in after if found["results"][-1:] != ["pass"]]
            passed = lock_litmus.passes(through[suite])
            check.equal(f"{title}: {suite}, all of it", passed, TESTS[suite], f"{through[suite][1]} {bad}")
    return f"| {title} | {configuration(back_end, mode, more)} | {counts(direct)} | {counts(through)} |"


def words(check):
    """Every cell of the README's table in words ends in the names of its tests, which there are."""
    with open(README, encoding="utf-8") as file:
        table = file.read().partition(WORDS[0] + "\n")[2].partition(WORDS[1])[0].splitlines()
    with open(os.path.join(servers.ROOT, "tests", "run"), encoding="utf-8") as file:
        parts = re.search(r"^ALL=\((.*?)\)", file.read(), re.S | re.M).group(1).split()
    check.check("README.md, Back ends: a row for each", len(table) == len(ROWS) + 3, f"{len(table)} lines")
    for row in table[2:]:
        title, *cells = [cell.strip() for cell in row.strip("|").split("|")]
        for number, cell in enumerate(cells):
            groups = re.findall(r"\(((?:`[\w.]+`(?:, )?)+)\)", cell)
            names = [name for group in groups for name in re.findall(r"`([\w.]+)`", group)]
            there = [name in parts or os.path.exists(os.path.join(servers.ROOT, "tests", name)) for name in names]
            good = not cell or (cell.endswith(")") and names and all(there))
            check.check(f"README.md, Back ends: {title}, cell {number + 1} names its tests", good, f"{cell}: {names}")


def told():
    """The README before the table, its rows by their title, and the README after it."""
    with open(README, encoding="utf-8") as file:
        text = file.read()
    found = re.fullmatch(f"(.*{MARKS[0]}\n)(.*)({MARKS[1]}.*)", text, re.S)
    if not found:
        raise RuntimeError(f"README.md has no {MARKS[0]}")
    before, table, after = found.groups()
    return before, table.splitlines(), after


def main(check):
    wanted = [word for word in sys.argv[1:] if not word.startswith("-")]
    rows = [row for row in ROWS if not wanted or row[0] in wanted]
    table = {}
    for row in rows:
        try:
            table[row[1]] = measured(check, *row)
            check.note(table[row[1]])
        except Exception as error:
            check.fail(f"{row[1]}: ended early", f"{type(error).__name__}: {error}")
    words(check)
    before, lines, after = told()
    head, known = lines[:2], {line.split("|")[1].strip(): line for line in lines[2:]}
    if "--write" in sys.argv:
        new = head + [line for line in ({**known, **table}.get(row[1]) for row in ROWS) if line]
        with open(README, "w", encoding="utf-8") as file:
            file.write(before + "".join(f"{line}\n" for line in new) + after)
        return
    for title, line in table.items():
        check.equal(f"README.md, Back ends: {title}", known.get(title), line)
    check.equal("README.md, Back ends: nothing else", sorted(known), sorted(row[1] for row in ROWS))


if __name__ == "__main__":
    report.main("table", main)
