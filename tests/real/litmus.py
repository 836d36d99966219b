"""litmus, all five suites, directly and through the gateway: every single test must have the same result.

What passes: for each back end and each mapping, the line of every litmus test (pass, FAIL, SKIPPED, WARNING) is equal,
and so is what becomes of COPY and MOVE between all kinds of resources, which litmus tries in part.
"""

import itertools
import os
import re
import subprocess

import report
import servers
import web

SUITES = ["basic", "copymove", "props", "locks", "http"]
PROGRAMS = "/usr/libexec/litmus"
HTDOCS = "/usr/share/litmus/htdocs"

# Where the gateway does better, and how: the back end's results, then the gateway's.
BETTER = {
    # The embedded back end cuts a fragment off the request target and deletes what is left; the gateway refuses it.
    ("basic", "09 delete_fragment"): (["WARNING", "pass"], ["pass"]),
}


def run_suite(suite, url, user=()):
    """{test: [results]} of one suite: the verdict, and a WARNING for every warning it printed. `user`: name and password."""
    program = os.path.join(PROGRAMS, suite)
    if not os.access(program, os.X_OK):
        raise RuntimeError(f"{program} is missing: the Debian package `litmus` has it")
    where = servers.scratch("litmus")
    done = subprocess.run(
        [program, "--htdocs", HTDOCS, url, *(user or ())], cwd=where, capture_output=True, text=True, errors="replace", timeout=300
    )
    results, entry = {}, None
    for line in re.split(r"[\r\n]+", done.stdout):
        found = re.match(r"\s*(\d+)\. (\w+)[. ]*(.*)", line)  # suites run some tests twice: the number tells them apart
        if found:
            number, test, line = found.groups()
            entry = results.setdefault(f"{int(number):02} {test}", {"results": [], "text": ""})
        verdict = re.search(r"\b(WARNING|FAIL|SKIPPED|XFAIL|pass)\b", line)
        if entry is not None and verdict and not line.startswith(("->", "<-")):
            entry["results"].append(verdict.group(1))
            entry["text"] += f" {line.strip()}"
    summary = re.findall(r"<- summary for `\w+': (.*)", done.stdout)
    return results, (summary or [f"no summary: {done.stdout[-300:]} {done.stderr[-300:]}"])[0]


def compare(check, label, direct, through):
    """One check per litmus test."""
    for suite in SUITES:
        want, want_summary = direct[suite]
        got, got_summary = run_suite(suite, through)
        for test, expected in want.items():
            found = got.get(test, {"results": "missing", "text": ""})
            name = f"{label} {suite} {test} [{' '.join(expected['results'])}]"
            wanted = expected["results"]
            if BETTER.get((suite, test), (None,))[0] == wanted:
                wanted = BETTER[suite, test][1]
                name += " better"
            check.equal(name, found["results"], wanted, found["text"])
        check.equal(f"{label} {suite}: {want_summary}", (sorted(got), got_summary), (sorted(want), want_summary))


def direct_results(check, label, url, least):
    """The back end's own results; `least` of all tests pass, so that equal never means equally broken."""
    results = {suite: run_suite(suite, url) for suite in SUITES}
    for suite, (_, summary) in results.items():
        check.note(f"direct, {label}: {suite}: {summary}")
    passed = sum(found["results"][-1:] == ["pass"] for tests, _ in results.values() for found in tests.values())
    check.check(f"{label} directly: at least {least} tests pass", passed >= least, f"{passed} passed")
    return results


def pairs(check, label, direct, through, files, own):
    """COPY and MOVE of a file and a collection, named with and without slash, onto everything: status and outcome."""
    differ, count = [], 0
    targets = ("file2", "col2/", "col2", "new", "new/", "file2/")
    for case in itertools.product(("COPY", "MOVE"), ("file", "col/", "col"), targets, ("T", "F")):
        method, source, target, overwrite = case
        outcomes = []
        for url in (direct, through):
            servers.remove(files)
            os.makedirs(os.path.join(files, "col"))
            os.mkdir(os.path.join(files, "col2"))
            for name in ("file", "file2", "col/in", "col2/in2"):
                with open(os.path.join(files, name), "w") as out:
                    out.write(name)
            for top, _, names in os.walk(files):
                for path in [top, *(os.path.join(top, name) for name in names)]:
                    own(path)
            headers = {"Destination": url + target, "Overwrite": overwrite}
            status = web.request(method, url + source, headers=headers).status
            left = sorted(os.path.join(top, name) for top, _, names in os.walk(files) for name in names)
            outcomes.append((status, [path for path in left if "/.DAV/" not in path and "/.davfs.tmp" not in path]))
        count += 1
        if outcomes[0] != outcomes[1]:
            differ.append((*case, outcomes[0][0], outcomes[1][0]))
    check.equal(f"{label} {count} COPY and MOVE, status and what is left", differ, [])


def run(check):
    apache = servers.Apache()
    at_dav = direct_results(check, "Apache /dav/", apache.at["/dav/"], 104)
    at_root = direct_results(check, "Apache /", apache.at["/"], 104)
    mappings = [("/files/", "/dav/", at_dav), ("/files/", "/", at_root), ("/", "/dav/", at_dav)]
    for public, internal, direct in mappings:
        gateway = servers.Gateway(public, apache.at[internal])
        compare(check, f"{public} -> Apache {internal}:", direct, gateway.url)
        pairs(
            check,
            f"{public} -> Apache {internal}:",
            apache.at[internal],
            gateway.url,
            apache.files[internal],
            apache.own,
        )
        gateway.stop()

    demo = servers.Demo()
    direct = direct_results(check, "embedded back end", demo.backend, 102)
    gateway = servers.Gateway("/files/", demo.files)
    compare(check, "/files/ -> embedded back end:", direct, gateway.url)
    pairs(check, "/files/ -> embedded back end:", demo.backend, gateway.url, demo.files, lambda path: None)
    gateway.stop()
    gateway = servers.Gateway("/files/", demo.backend, profile="generic")
    compare(check, "/files/ -> embedded back end over HTTP:", direct, gateway.url)


if __name__ == "__main__":
    report.main("litmus", run)
