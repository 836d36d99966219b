"""Clients that hold a lock, as people use them: take it, write under it, let it go.

What goes in is the URL of a gateway and who it is; `take(path)` locks, `write(content)` stores while the lock is
held, `release()` ends it. A client that does not succeed raises ClientError or AssertionError.
"""

import os
import re
import subprocess
import time
from xml.etree import ElementTree

import drivers
import lock_lab
import servers
import web
from drivers import ClientError


class Office:
    """The requests that LibreOffice sends for a document that is opened, saved twice and closed."""

    name = "office"

    def __init__(self, gateway, user):
        self.ask = lock_lab.User(gateway, user)

    def _expect(self, what, answer, *want):
        if answer.status not in want:
            raise ClientError(f"{what}: {answer.status} {answer.body[:200]}")
        return answer

    def take(self, path):
        self.path = path
        options = self._expect("OPTIONS", self.ask("OPTIONS", path), 200, 204)
        classes = [word.strip() for word in (options["DAV"] or "").split(",")]
        if "2" not in classes:
            raise ClientError(f"OPTIONS: DAV: {options['DAV']}, so it would open the document read-only")
        wanted = (
            '<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><resourcetype/>'
            "<lockdiscovery/><supportedlock/></prop></propfind>"
        )
        found = self._expect("PROPFIND", self.ask("PROPFIND", path, wanted, Depth="0", **web.XML), 207)
        tree = ElementTree.fromstring(found.body)
        kinds = {
            (entry.find(".//{DAV:}exclusive") is not None, entry.find(".//{DAV:}write") is not None)
            for entry in tree.iter("{DAV:}lockentry")
        }
        if (True, True) not in kinds:
            raise ClientError(f"no exclusive write lock in supportedlock: {found.body[:600]}")
        if tree.find(".//{DAV:}activelock") is not None:
            raise ClientError("somebody else has it open")
        answer, self.token = self.ask.lock(path, depth="infinity", seconds=180)
        self._expect("LOCK", answer, 200, 201)
        body = ElementTree.fromstring(answer.body)
        if not self.token or self.token not in [
            node.text.strip() for node in body.findall(".//{DAV:}locktoken/{DAV:}href")
        ]:
            raise ClientError(f"LOCK: {answer['Lock-Token']} is not in {answer.body[:600]}")
        if b"mailto:alice@example.org" not in answer.body and self.ask.name == "alice":
            raise ClientError(f"LOCK: the owner is not in {answer.body[:600]}")
        self._expect("GET", self.ask("GET", path), 200)

    def write(self, content):
        extra = {"Content_Type": "text/calendar"} if self.path.endswith(".ics") else {}
        for _ in range(2):
            self._expect("PUT", self.ask("PUT", self.path, content, If=f"(<{self.token}>)", **extra), 200, 201, 204)
            self._expect("a refresh", self.ask.refresh(self.path, self.token, 180), 200)

    def release(self):
        self._expect("UNLOCK", self.ask.unlock(self.path, self.token), 204)

    def close(self):
        pass


class CadaverHolder:
    """One cadaver that stays open between its commands, since a lock lives in it."""

    name = "cadaver"

    def __init__(self, gateway, user):
        cadaver = drivers.Cadaver(gateway.url, (user, lock_lab.USERS[user]))
        self.home, self.quote = cadaver.home, cadaver._quote
        self.output = os.path.join(cadaver.home, "output")
        with open(self.output, "wb") as out:
            self.process = subprocess.Popen(
                [servers.need("stdbuf"), "-o0", cadaver.program, gateway.url],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
                env={**os.environ, "LC_ALL": "C.UTF-8", "HOME": cadaver.home},
                cwd=cadaver.home,
            )
        servers.look_after(self.process)
        self._said(0, 20)

    def _said(self, before, seconds):
        """What it has said since, up to its next prompt."""
        until = time.monotonic() + seconds
        said = ""
        while time.monotonic() < until:
            with open(self.output, errors="replace") as out:
                out.seek(before)
                said = out.read()
            if re.search(r"dav:\S*> $|Enter locktoken: $", said):
                return said
            time.sleep(0.01)
        raise ClientError(f"cadaver does not come back: {said[-300:]}")

    def command(self, *words, token=""):
        """What cadaver says to one command. `token` is what it is told when it asks for one."""
        before = os.path.getsize(self.output)
        self._type(" ".join([words[0], *map(self.quote, words[1:])]))
        said = self._said(before, 20)
        if said.endswith("Enter locktoken: "):
            before = os.path.getsize(self.output)
            self._type(token)
            said = self._said(before, 20)
        if "succeeded" not in said:
            raise ClientError(f"{' '.join(words)}: {said[-300:]}")
        return said

    def _type(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def take(self, path):
        self.path = path
        self.command("lock", path)

    def steal(self, path):
        """Takes over the lock that is there."""
        self.path = path
        return self.command("steal", path)

    def write(self, content):
        local = os.path.join(self.home, "local")
        with open(local, "wb") as out:
            out.write(content)
        self.command("put", local, self.path)

    def release(self):
        self.command("unlock", self.path)

    def close(self):
        servers.stop(self.process)


class NpmHolder:
    """npm webdav, which leaves the `If` header to whoever uses it."""

    name = "npm webdav"

    def __init__(self, gateway, user):
        self.client = drivers.NpmWebdav(gateway.url, (user, lock_lab.USERS[user]))
        self.local = os.path.join(servers.scratch("npm"), "local")

    def take(self, path):
        self.path = path
        self.token = self.client.lock(path)

    def write(self, content):
        with open(self.local, "wb") as out:
            out.write(content)
        self.client._call("putLocked", self.local, "/" + self.path, self.token)

    def release(self):
        self.client.unlock(self.path, self.token)

    def close(self):
        self.client.close()


class MountHolder:
    """davfs2: locks a file while it is open for writing, uploads when it is closed. It says a weak entity tag back as a
    strong one, so a document of mod_dav must be a second old."""

    name = "davfs2"

    def __init__(self, gateway, user):
        self.ask = lock_lab.User(gateway, user)
        self.client = drivers.Davfs2(gateway.url, (user, lock_lab.USERS[user]))
        self.file = None

    def take(self, path):
        until = time.monotonic() + 5
        while (self.ask("HEAD", path)["ETag"] or "").startswith("W/") and time.monotonic() < until:
            time.sleep(0.1)
        self.file = open(self.client._at(path), "r+b", buffering=0)

    def write(self, content):
        self.file.seek(0)
        self.file.write(content)
        self.file.truncate()
        self.file.close()

    def release(self):
        time.sleep(0.5)  # the UNLOCK follows the upload

    def close(self):
        if self.file and not self.file.closed:
            self.file.close()
        self.client.close()


def alices(check):
    """Every client that alice may hold a lock with here."""
    kinds = [Office, CadaverHolder, NpmHolder]
    why = drivers.Davfs2.possible()
    if why:
        check.note(f"davfs2: NOT TESTED, this machine cannot mount: {why}")
    else:
        kinds.append(MountHolder)
    return kinds
