"""Sync tokens of a real Radicale, which knows nothing of the gateway's rules, for a user who is granted more later.

What passes: bob, who may not read what begins with `hid`, syncs; once he may, a token from before is refused, and the
next sync shows what is there; the same rules again, or another process, change nothing (spec F-8, F-9).
"""

import os
import re

import report
import servers
import web

IDENTITY = {"trusted_header": {"user": "X-User", "from": ["127.0.0.1"]}}
HIDING = {"path": "/ann/cal/hid*", "deny": ["read"], "to": "user:bob"}
ALL = {"path": "/**", "allow": ["all"], "to": "authenticated"}
FOLDER = "ann/cal/"

EVENT = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//davgate//test//EN\r
BEGIN:VEVENT\r
UID:{name}\r
DTSTAMP:20260101T000000Z\r
DTSTART:20260101T000000Z\r
SUMMARY:{text}\r
END:VEVENT\r
END:VCALENDAR\r
"""

CONFIGURATION = """[server]
hosts = 127.0.0.1:{port}
[auth]
type = http_x_remote_user
[rights]
type = authenticated
[storage]
filesystem_folder = {base}/collections
[web]
type = none
"""


class Radicale:
    """Radicale on a loopback port, which believes whoever is named in X-Remote-User."""

    def __init__(self):
        self.base = servers.scratch("radicale")
        self.log = os.path.join(self.base, "log")
        port = servers.free_port()
        self.url = f"http://127.0.0.1:{port}/"
        config = os.path.join(self.base, "config")
        with open(config, "w") as out:
            out.write(CONFIGURATION.format(port=port, base=self.base))
        python = os.path.join(servers.CACHE, "radicale", "bin", "python")
        self.process = servers.start([python, "-m", "radicale", "--config", config], self.log)
        servers.wait_for(port, self.process, self.log)


def start(radicale, rules, epochs=True):
    named = {"header": "X-Remote-User"}
    more = {"access": [*rules, ALL], "sync_epochs": epochs}
    return servers.Gateway("/files/", radicale.url, "radicale", identity=IDENTITY, credentials=named, **more)


def put(gateway, name, text="text"):
    headers = {"X-User": "ann", "Content-Type": "text/calendar"}
    body = EVENT.format(name=name, text=text).encode()
    return web.request("PUT", f"{gateway.url}{FOLDER}{name}.ics", body, headers).status


def sync(gateway, user, token=""):
    """Status, names of the members that changed, and the new token."""
    body = (
        f'<D:sync-collection xmlns:D="DAV:"><D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>'
        "<D:prop><D:getetag/></D:prop></D:sync-collection>"
    )
    headers = {"X-User": user, "Depth": "0", "Content-Type": "application/xml"}
    answer = web.request("REPORT", gateway.url + FOLDER, body.encode(), headers)
    found = re.search(r"<(?:\w+:)?sync-token>([^<]*)<", answer.body.decode())
    changed = sorted(href.rsplit("/", 1)[-1] for href in answer.hrefs()) if answer.status == 207 else []
    if answer.status == 403:
        changed = ["valid-sync-token"] if b"valid-sync-token" in answer.body else []
    return answer.status, changed, found and found.group(1)


def one_after_the_other(check, radicale):
    gateway = start(radicale, [HIDING])
    made = web.request("MKCALENDAR", gateway.url + FOLDER, headers={"X-User": "ann"})
    check.equal("MKCALENDAR", made.status, 201)
    check.equal("PUT", [put(gateway, "a"), put(gateway, "hid")], [201, 201])
    status, changed, first = sync(gateway, "bob")
    check.equal("bob begins", (status, changed), (207, ["a.ics"]))
    check.check("with a wrapped token", first.startswith("urn:davgate:st:"), first)
    asked = b'<D:propfind xmlns:D="DAV:"><D:prop><D:sync-token/></D:prop></D:propfind>'
    found = web.propfind(gateway.url + FOLDER, body=asked, X_User="bob")
    check.check("PROPFIND has the same", first.encode() in found.body, found.body)
    check.equal("bob goes on, nothing is new", sync(gateway, "bob", first), (207, [], first))
    put(gateway, "a", "other")
    status, changed, second = sync(gateway, "bob", first)
    check.equal("bob goes on", (status, changed), (207, ["a.ics"]))
    check.check("with another token", second != first, second)
    check.equal("ann has no use for it", sync(gateway, "ann", second)[:2], (403, ["valid-sync-token"]))
    gateway.stop()
    gateway = start(radicale, [HIDING])
    check.equal("after a restart it counts", sync(gateway, "bob", second), (207, [], second))
    gateway.stop()
    gateway = start(radicale, [])
    check.equal("granted more: it does not", sync(gateway, "bob", second)[:2], (403, ["valid-sync-token"]))
    status, changed, third = sync(gateway, "bob")
    check.equal("and bob sees it all", (status, changed), (207, ["a.ics", "hid.ics"]))
    check.equal("and goes on from there", sync(gateway, "bob", third), (207, [], third))
    gateway.stop()


def without_epochs(check, radicale):
    """The twin: why the option is there."""
    gateway = start(radicale, [HIDING], epochs=False)
    status, changed, token = sync(gateway, "bob")
    check.equal("without epochs: bob begins", (status, changed), (207, ["a.ics"]))
    gateway.stop()
    gateway = start(radicale, [], epochs=False)
    check.equal("without epochs: what he may see by now stays unseen", sync(gateway, "bob", token)[:2], (207, []))
    gateway.stop()


def run(check):
    radicale = Radicale()
    one_after_the_other(check, radicale)
    without_epochs(check, radicale)


if __name__ == "__main__":
    report.main("sync", run)
