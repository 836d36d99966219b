"""Calendar clients behind one interface: caldav (PyPI), tsdav (npm) and vdirsyncer (PyPI) take named steps at the URL from which they
discover the rest. `steps` are in their order; each gives what a user would see, without URLs, or raises Failed.
"""

import json
import os
import select
import subprocess

import servers

PYTHON = os.path.join(servers.CACHE, "calendars", "bin", "python")
NPM = os.path.join(servers.CACHE, "npm-tsdav", "node_modules")


class Failed(Exception):
    """What the client said."""


class Talking:
    """A client that is a program of ours around a library: a line in, a line out."""

    def __init__(self, url, user, password):
        self.log = os.path.join(servers.scratch("client"), "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([*self.command, url, user, password], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                start_new_session=True, env={**os.environ, "DAVGATE_NPM": NPM, "LC_ALL": "C.UTF-8"})
        servers.look_after(self.process)

    def do(self, step, *arguments, seconds=60):
        self.process.stdin.write(json.dumps([step, *arguments]).encode() + b"\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            raise RuntimeError(f"{self.name} ended, or takes too long: {servers.tail(self.log)}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["value"]

    def stop(self):
        servers.stop(self.process)
        self.process.stdin.close()
        self.process.stdout.close()


class Caldav(Talking):
    name = "caldav"
    command = [PYTHON, os.path.join(servers.HERE, "client_caldav.py")]
    steps = ("discover", "make", "names", "put", "events", "get", "change", "query", "expand", "multiget", "sync", "read_sync", "freebusy", "todo",
        "rename", "delete", "remove")


class Tsdav(Talking):
    name = "tsdav"
    command = ["node", os.path.join(servers.HERE, "client_tsdav.mjs")]
    steps = ("discover", "make", "names", "put", "events", "get", "change", "stale", "query", "multiget", "sync", "read_sync", "addresses", "delete",
        "remove", "contacts", "make_book", "put_cards", "cards", "change_card", "delete_card")


EVENT = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//davgate//tests//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n"
    "DTSTART:20260105T100000Z\r\nDTEND:20260105T110000Z\r\nSUMMARY:{text}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{text}\r\nN:{text};;;;\r\nEND:VCARD\r\n"
PAIR = """[general]
status_path = "{base}/status"
[pair p]
a = "here"
b = "there"
collections = {collections}
conflict_resolution = {resolution}
metadata = ["displayname"]
[storage here]
type = "filesystem"
path = "{base}/files"
fileext = "{extension}"
[storage there]
type = "{kind}"
url = "{url}"
username = "{user}"
password = "{password}"
"""


class Folder:
    """One vdirsyncer with a folder of its own, beside a collection at the server; `null` is the collection at the URL itself."""

    def __init__(self, url, user, password, kind="caldav", collection="team"):
        self.base = servers.scratch("vdirsyncer")
        self.whole = {"url": url, "user": user, "password": password, "kind": kind, "base": self.base}
        self.whole["collections"] = json.dumps([collection]) if collection else "null"
        self.extension, self.text, self.field = (".ics", EVENT, "SUMMARY:") if kind == "caldav" else (".vcf", CARD, "FN:")
        self.folder = os.path.join(self.base, "files", collection or "")
        os.makedirs(self.folder)

    def call(self, *arguments, resolution="null"):
        config = os.path.join(self.base, "config")
        with open(config, "w") as out:
            out.write(PAIR.format(**self.whole, extension=self.extension, resolution=resolution))
        program = os.path.join(os.path.dirname(PYTHON), "vdirsyncer")
        done = subprocess.run([program, "-c", config, *arguments], input="y\n" * 4, capture_output=True, text=True, timeout=120,
            env={**os.environ, "LC_ALL": "C.UTF-8", "HOME": self.base})
        if done.returncode:
            raise Failed((done.stderr or done.stdout).strip()[-300:])

    def write(self, uid, text):
        """A file, in place of the one with that uid."""
        path = self.found(uid) or os.path.join(self.folder, uid + self.extension)
        with open(path, "w", newline="") as out:
            out.write(self.text.format(uid=uid, text=text))

    def found(self, uid):
        for name in os.listdir(self.folder):
            with open(os.path.join(self.folder, name), newline="") as text:
                if f"UID:{uid}\r\n" in text.read().replace("\r\n", "\n").replace("\n", "\r\n"):
                    return os.path.join(self.folder, name)
        return None

    def remove(self, uid):
        os.unlink(self.found(uid))

    def texts(self):
        found = []
        for name in os.listdir(self.folder):
            if name.endswith(self.extension):
                with open(os.path.join(self.folder, name)) as text:
                    found += [line[len(self.field):].rstrip() for line in text if line.startswith(self.field)]
        return sorted(found)


class Vdirsyncer:
    """Two folders of one user, which meet at the server."""

    name = "vdirsyncer"
    calendar = ("discover", "up", "down", "change", "conflict", "resolve", "delete", "displayname")
    steps = (*calendar, *(f"contacts: {step}" for step in calendar))

    def __init__(self, url, user, password):
        self.pairs = {}
        for prefix, kind, collection in (("", "caldav", "team"), ("contacts: ", "carddav", "people")):
            self.pairs[prefix] = [Folder(url, user, password, kind, collection) for _ in range(2)]

    def do(self, step):
        prefix, name = ("contacts: ", step[len("contacts: "):]) if step.startswith("contacts: ") else ("", step)
        return getattr(self, name)(*self.pairs[prefix])

    def discover(self, first, second):
        first.call("discover")
        second.call("discover")

    def up(self, first, _):
        for uid in ("one", "two", "a b", "käse"):
            first.write(uid, f"text {uid}")
        first.call("sync")

    def down(self, _, second):
        second.call("sync")
        return second.texts()

    def change(self, first, second):
        first.write("one", "changed")
        second.write("three", "new")
        for folder in (first, second, first):
            folder.call("sync")
        return [first.texts(), second.texts()]

    def conflict(self, first, second):
        first.write("two", "by the first")
        second.write("two", "by the second")
        first.call("sync")
        try:
            second.call("sync")
        except Failed as error:
            return "conflict" in str(error)
        return False

    def resolve(self, first, second):
        second.call("sync", resolution='"a wins"')
        first.call("sync")
        return [first.texts(), second.texts()]

    def delete(self, first, second):
        second.remove("three")
        second.call("sync")
        first.call("sync")
        return first.texts()

    def displayname(self, first, second):
        with open(os.path.join(first.folder, "displayname"), "w") as out:
            out.write("Team & friends")
        first.call("metasync", resolution='"a wins"')
        second.call("metasync", resolution='"b wins"')
        with open(os.path.join(second.folder, "displayname")) as text:
            return text.read()

    def stop(self):
        """Nothing of it runs between the steps."""


ALL = (Caldav, Tsdav, Vdirsyncer)
