"""The curl lines of the README, and those that a demo prints, run against a demo that the test starts.

Every `sh` block of README.md is read; a line that starts with `curl` and ends in a comment with a status (`# 201`, or
`# 201 Created`) is run, in order, with the demo's address put in place of 127.0.0.1:8080, and its status compared. The demo prints each of its own lines with the status to expect
below it (`-> 201 Created`).
"""

import os
import re
import subprocess

import report
import servers

ADDRESS = "127.0.0.1:8080"


def lines():
    """(command, status) of every curl line; a backslash at the end joins lines."""
    with open(os.path.join(servers.ROOT, "README.md"), encoding="utf-8") as readme:
        text = readme.read()
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            found = re.match(r"(curl .*?)\s+#\s*(\d{3})\b", line.strip())
            if found:
                yield found.group(1), found.group(2)


def printed(demo):
    """(command, status) of every line that the demo told to try."""
    with open(demo.log, encoding="utf-8") as log:
        guide = [line.strip() for line in log]
    for command, promise in zip(guide, guide[1:]):
        if command.startswith("curl ") and promise.startswith("-> "):
            yield command, promise[3:6]


def of_the_demo(check):
    demo = servers.Demo()
    commands = list(printed(demo))
    check.check("the demo prints what to try", len(commands) >= 5, servers.tail(demo.log))
    for command, want in commands:
        done = subprocess.run(
            ["bash", "-c", f"curl() {{ command curl -sS \"$@\"; }}\n{command}"],
            cwd=demo.base,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        check.equal(f"demo: {command}", done.stdout[:12], f"HTTP/1.1 {want}", done.stderr[-200:])


def run(check):
    servers.need("curl")
    of_the_demo(check)
    demo = servers.Demo()
    commands = list(lines())
    check.check("README.md has curl lines with expected statuses", len(commands) >= 3, f"{len(commands)} lines")
    where = servers.scratch("readme")
    shell = 'curl() { command curl -sS -o /dev/null -w "%{http_code}" "$@"; }\n'
    for command, want in commands:
        there = command.replace(ADDRESS, f"127.0.0.1:{demo.port}").replace("localhost:8080", f"127.0.0.1:{demo.port}")
        done = subprocess.run(
            ["bash", "-c", shell + there],
            cwd=where,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        check.equal(command, done.stdout[-3:], want, done.stderr[-200:])


if __name__ == "__main__":
    report.main("readme", run)
