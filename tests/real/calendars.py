"""Calendars and address books through the gateway: Radicale, SabreDAV and xandikos, asked by caldav, tsdav and vdirsyncer.

What passes: each step of each client that succeeds straight at the server succeeds through the gateway, with the same to be seen; what fails
directly is no matter of the gateway, and said. No request is refused on the way, and no URL lost. README.md has the table. Then the calendar that
config/shared-calendars.yaml shares (calendar_scene.py).
`python3 tests/real/calendars.py [WORD...]` runs what has one of the words in its name; `--write` puts what was measured into the README.
"""

import os
import sys
from urllib.parse import urlsplit

import calendar_clients
import calendar_scene
import calendar_servers
import report
import servers
from calendar_servers import USERS

ALL = [{"path": "/**", "allow": ["all"], "to": "authenticated"}]
README = os.path.join(servers.ROOT, "README.md")
EXAMPLE = os.path.join(servers.ROOT, "config", "shared-calendars.yaml")
MARKS = ("<!-- calendars: kept by tests/run calendars -->", "<!-- /calendars -->")
# What the README calls a server, how it is started alone and behind a gateway, and its `urls`.
ROWS = [
    ("Radicale 3.9", lambda: calendar_servers.Radicale(False), lambda: calendar_servers.Radicale(True), ("internal", "external")),
    ("SabreDAV 1.8", calendar_servers.Sabre, calendar_servers.Sabre, ("internal",)),
    ("xandikos 0.4", calendar_servers.Xandikos, calendar_servers.Xandikos, ("internal",)),
]


def gateway(server, urls="internal"):
    """In front of a server, found by its well-known URLs, with the same users and passwords."""
    backend = {"url": server.url, "profile": server.profile, "urls": urls, **server.behind}
    path = "/calendars/"
    return servers.Gateway(path, backend, identity={"basic": {"htpasswd": servers.password_file(USERS)}},
        well_known={"caldav": path, "carddav": path}, access=ALL)


class Example(servers.Gateway):
    """A gateway with the example, but for addresses and the file of passwords."""

    def __init__(self, server, urls):
        self.base = servers.scratch("gateway")
        self.port = servers.free_port()
        self.url = f"http://127.0.0.1:{self.port}/calendars/"
        self.log = os.path.join(self.base, "log")
        self.config = os.path.join(self.base, "davgate.yaml")
        with open(EXAMPLE) as text:
            config = text.read()
        for old, new in [
            ("127.0.0.1:8080", f"127.0.0.1:{self.port}"),
            ("/etc/davgate/users.htpasswd", servers.password_file(USERS)),
            ("url: http://127.0.0.1:5232/\n", f"url: {server.url}\n      urls: {urls}\n"),
        ]:
            assert config.count(old) == 1, f"{EXAMPLE}: {old!r}"
            config = config.replace(old, new)
        with open(self.config, "w") as out:
            out.write(config)
        self.start()


def origin(url):
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


def session(client, url):
    """{step: value or Failed}, of all steps of a client of ann's."""
    driver = client(url, "ann", USERS["ann"])
    done = {}
    for step in client.steps:
        try:
            done[step] = driver.do(step)
        except calendar_clients.Failed as error:
            done[step] = error
    driver.stop()
    return done


def compared(check, name, directly, through, doors):
    """The steps of a client with and without the gateway; how many of them passed directly, and how many through it."""
    good = [step for step, value in directly.items() if not isinstance(value, calendar_clients.Failed)]
    for step, value in directly.items():
        if step not in good:
            check.note(f"{name}: {step} fails directly, and is not counted: {str(value)[:150]}")
        else:
            check.equal(f"{name}: {step}", through[step], value)
    # Clients ask without a password first, and look what is above the calendars.
    refused = [line for line in doors.access() if line["verdict"] == "deny" and line["status"] != 401 and line["rule"] != "P-11"]
    refused = [f"{line['method']} {line['path']} {line['rule']}" for line in refused]
    check.equal(f"{name}: nothing is refused", refused, [])
    check.equal(f"{name}: every URL is understood", doors.unmapped(), [])
    return len(good), len([step for step in good if through[step] == directly[step]])


def sessions(check, words):
    """Every client at every server, directly and then through a gateway; the lines of the table that are whole."""
    table = []
    for kind, alone, behind, ways in ROWS:
        rows = {urls: [] for urls in ways}
        for client in calendar_clients.ALL:
            directly = None
            for urls in ways:
                name = f"{client.name} at {kind}, {urls}"
                if words and not any(word in name for word in words):
                    continue
                if directly is None:
                    server = alone()
                    directly = session(client, server.url)
                    servers.stop(server.process)
                server = behind()
                doors = gateway(server, urls)
                counts = compared(check, name, directly, session(client, origin(doors.url)), doors)
                rows[urls].append("{0}/{2}, {1}/{2}".format(*counts, len(directly)))
                doors.stop()
                servers.stop(server.process)
        for urls, cells in rows.items():
            keys = f"`profile: {behind.profile}`" if hasattr(behind, "profile") else f"`profile: radicale`, `urls: {urls}`"
            if len(cells) == len(calendar_clients.ALL):
                table.append(f"| {kind} | {keys} | {' | '.join(cells)} |")
    return table


def table_of(check, lines):
    """What was measured stands in the README."""
    with open(README) as text:
        page = text.read()
    before, rest = page.split(MARKS[0])
    table, after = rest.split(MARKS[1])
    if "--write" in sys.argv:
        head = "\n".join(table.strip().splitlines()[:2])
        with open(README, "w") as out:
            out.write(before + MARKS[0] + "\n" + head + "\n" + "\n".join(lines) + "\n" + MARKS[1] + after)
    for line in lines:
        check.note(line)
        check.check(f"the README has: {line}", "--write" in sys.argv or line in table.splitlines(), table)


def shared(check, urls):
    radicale = calendar_servers.Radicale(True)
    doors = Example(radicale, urls)
    calendar_scene.scene(check, origin(doors.url), doors, radicale)
    doors.stop()
    servers.stop(radicale.process)


def run(check):
    words = [word for word in sys.argv[1:] if word != "--write"]
    for urls in ("internal", "external"):
        if not words or any(word in f"shared, {urls}" for word in words):
            shared(calendar_scene.Named(check, f"shared, {urls}"), urls)
    table_of(check, sessions(check, words))


if __name__ == "__main__":
    report.main("calendars", run)
