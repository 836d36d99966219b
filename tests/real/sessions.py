"""Sessions of real clients at every kind of back end, with the keys that README.md recommends for it; Apache has a part of its own (clients).

What passes: a step of a client that is right straight at the back end is right through the gateway, and what is stored is looked at past both.
`python3 tests/real/sessions.py zope gvfs` for some.
"""

import sys
import time

import clients
import drivers
import lock_lab
import report
import table
import web

NAMES = {key: clients.NAMES[key] for key in ("plain", "space", "percent", "umlauts")}
WANTED = '<?xml version="1.0"?><propfind xmlns="DAV:"><prop><resourcetype/></prop></propfind>'
# This server answers nobody any more after a session of this client, whatever is between them.
ENDS = {("lighttpd", "npm webdav")}
# What a client does not do only because it came further than it does directly: (back end, client, step).
FURTHER = {("plone", "davfs2", "rmdir"): "it has listed the folder by then, with `_data` in it, which nobody can delete; directly COPY failed before"}


class Stored:
    """What is stored, asked of the back end itself."""

    def __init__(self, back_end, folder):
        self.back_end, self.folder = back_end, folder

    def _found(self, path):
        return self.back_end.ask("PROPFIND", self.folder + path, WANTED, Depth="0", **web.XML)

    def exists(self, path):
        return self._found(path).status == 207

    def is_folder(self, path):
        answer = self._found(path)
        return answer.status == 207 and b"collection" in answer.body

    def content(self, path):
        return self.back_end.read(self.folder + path)


def one_client(check, make, combination, gateway):
    back_end, title = combination.back_end, f"{combination.back_end.name}, {make.name}"
    outcomes = []
    user = ("alice", lock_lab.USERS["alice"])
    for how, url, who in (("d", back_end.url, back_end.user), ("t", gateway.url, user)):
        folder = f"{how}-{make.name.replace(' ', '-')}/"
        back_end.folder(folder)
        headers = {"Authorization": lock_lab.basic(*who)} if who else {}
        try:
            outcomes.append(clients.whole(make, Stored(back_end, folder), url + folder, NAMES, who, **headers))
        except Exception as error:
            # A client that cannot even begin there.
            if outcomes:
                raise
            check.note(f"{title}: no session directly: {' '.join(str(error).split())[:160]}")
            return
    direct, through = outcomes
    right = [place for place, error in direct.items() if not error]
    check.note(f"{title}: {len(right)} of {len(direct)} steps right directly, "
        f"{sum(not error for error in through.values())} through the gateway")
    for (step, key), error in through.items():
        if (back_end.name, make.name, step) in FURTHER:
            check.note(f"{title}: {step}, {key}: {error or 'right'}: {FURTHER[back_end.name, make.name, step]}")
        elif (step, key) in right:
            check.check(f"{title}: {step}, {key}", not error, error)


def finder(check, combination, gateway):
    """macOS's Finder sends files in chunks, without a Content-Length, which some servers refuse or store empty."""
    back_end = combination.back_end
    headers = {"Authorization": lock_lab.basic("alice"), "Transfer-Encoding": "chunked", "User-Agent": "WebDAVFS/3.0.0"}
    body = b"sent in chunks"
    headers["X-Expected-Entity-Length"] = str(len(body))
    answer = web.request("PUT", gateway.url + "finder.txt", web.chunked(body), headers)
    stored = back_end.read("finder.txt")
    check.equal(f"{back_end.name}: a PUT in chunks", (answer.status in (200, 201, 204), stored), (True, body), answer.status)


def run(check):
    words = set(sys.argv[1:])
    kinds = {name for name, *_ in table.ROWS}
    for name, _, mode, more in table.ROWS:
        if name == "apache" or words & kinds and name not in words:
            continue
        combination = lock_lab.Combination(name, mode, "memory")
        with check.step(f"{name}: Finder"):
            finder(check, combination, combination.gateway(access=lock_lab.EVERYTHING, **more))
        combination.stop()
        for make in drivers.ALL:
            if words - kinds and make.name not in words:
                continue
            if make is drivers.Davfs2 and make.possible():
                check.note(f"davfs2: NOT TESTED, this machine cannot mount: {make.possible()}")
                continue
            if (name, make.name) in ENDS:
                continue
            started = time.monotonic()
            combination = lock_lab.Combination(name, mode, "memory")
            try:
                one_client(check, make, combination, combination.gateway(access=lock_lab.EVERYTHING, **more))
            except Exception as error:
                check.fail(f"{name}, {make.name}: the session", f"{type(error).__name__}: {error}")
            finally:
                combination.stop()
            check.note(f"{name}, {make.name}: {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    report.main("sessions", run)
