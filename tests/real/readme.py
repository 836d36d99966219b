"""The curl lines of the README, and those that a demo prints, run against a demo that the test starts; and its lines of
`davgate locks`, against a gateway that locks.

Every `sh` block of README.md is read; a line that starts with `curl` and ends in a comment with a status (`# 201`, or
`# 201 Created`) is run, in order, with the demo's address put in place of 127.0.0.1:8080, and its status compared. The
demo prints each of its own lines with the status to expect below it (`-> 201 Created`). Each line of
`davgate locks` is run as it stands, TOKEN being that of a lock.
"""

import json
import os
import re
import subprocess

import report
import servers
import web

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


# What is told by each of the lines, in their order: a word of the line, what its output has, and what it has not.
LOCKS = [
    ("list", ["/files/reports/a.txt", "/files/b.txt"], []),
    ("--path", ["/files/reports/a.txt"], ["/files/b.txt"]),
    ("show", ["user      ann", "depth     0"], []),
    ("release", ["released: ", "/files/reports/a.txt"], []),
]


def lock_lines():
    """Every line of the README that begins with `davgate locks`, without its comment."""
    with open(os.path.join(servers.ROOT, "README.md"), encoding="utf-8") as readme:
        return [line.split("#")[0].strip() for line in readme if line.startswith("davgate locks ")]


def locking():
    """A gateway that locks by itself, whose file names a token for administrators."""
    files = servers.scratch("files")
    os.mkdir(os.path.join(files, "reports"))
    identity = {"trusted_header": {"user": "X-User", "from": ["127.0.0.1"]}}
    gateway = servers.Gateway("/files/", files, identity=identity, locking="emulate")
    gateway.stop()
    with open(gateway.config, encoding="utf-8") as file:
        config = json.load(file)
    config["admin"]["token_file"] = "admin.token"
    for path, text in ((gateway.config, json.dumps(config)), (os.path.join(gateway.base, "admin.token"), "t" * 40)):
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
    gateway.start()
    return gateway


def of_locks(check):
    commands = lock_lines()
    check.equal("README.md has the lines of `davgate locks`", len(commands), len(LOCKS), f"{commands}")
    gateway = locking()
    wanted = (("reports/a.txt", "ann"), ("b.txt", "bob"))
    locked = [web.lock(gateway.url + path, **{"X-User": user}) for path, user in wanted]
    token = locked[0][1]
    check.equal("two locks for them", [answer.status for answer, _ in locked], [201, 201])
    for command, (word, there, missing) in zip(commands, LOCKS):
        done = subprocess.run(
            ["bash", "-c", f'davgate() {{ command "{servers.DAVGATE}" "$@"; }}\n{command.replace("TOKEN", token)}'],
            cwd=gateway.base,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        told = done.stdout
        good = word in command and all(text in told for text in there) and not any(text in told for text in missing)
        check.check(command, done.returncode == 0 and good, f"{done.returncode} {told} {done.stderr}")
    answer = web.request("PUT", gateway.url + "reports/a.txt", b"bob's", {"X-User": "bob"})
    check.check("what was released may be written", answer.status in (200, 201, 204), f"{answer.status}")
    answer = web.request("PUT", gateway.url + "b.txt", b"ann's", {"X-User": "ann"})
    check.equal("what was not may not", answer.status, 423)
    gateway.stop()


def run(check):
    servers.need("curl")
    of_the_demo(check)
    of_locks(check)
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
