"""Two users with real clients, side by side: homes, a shared folder, a hidden folder in it, and a folder that takes uploads and
shows nothing. In front of a back end that lets everybody do everything, and of one that asks for passwords itself.

What passes: what the rules grant works and is on the file system behind Apache; what they do not, the client is refused, and the
file system shows that nothing has happened.
"""

import base64
import os
import sys
import threading
import time

import drivers
import report
import servers
import web

PASSWORDS = {"ann": "ann-pass-phrase", "bob": "bob:secret"}
CLIENTS = [drivers.Cadaver, drivers.Rclone, drivers.Gvfs]

ACCESS = [
    {"path": "/shared/hidden/**", "deny": ["all"], "to": "everyone"},
    {"path": "/shared/**", "allow": ["read", "write"], "to": "group:team"},
    {"path": "/drop", "allow": ["read", "bind"], "to": "authenticated"},
    {"path": "/home/{user}/**", "allow": ["all"], "to": "authenticated"},
    {"path": "/home", "allow": ["read"], "to": "authenticated"},
    {"path": "/", "allow": ["read"], "to": "authenticated"},
]
GROUPS = {"team": ["ann", "bob"]}

FILES = {
    "home/ann/old.txt": b"ann's old file\n",
    "home/bob/old.txt": b"bob's old file\n",
    "shared/plan.txt": b"the plan of all\n",
    "shared/hidden/secret.txt": b"the secret\n",
    "drop/earlier.txt": b"uploaded before\n",
}


def furnish(apache):
    """The files that are there at the beginning; the directory that holds them."""
    base = apache.files["/dav/"]
    for path, content in FILES.items():
        whole = os.path.join(base, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "wb") as out:
            out.write(content)
    for directory, _, names in os.walk(base):
        for name in ["", *names]:
            apache.own(os.path.join(directory, name))
    return base


class Session:
    """One user with one client: what may be done, and what may not."""

    def __init__(self, check, title, make, me, url, base):
        self.check, self.me, self.url, self.base = check, me, url, base
        self.other = next(name for name in PASSWORDS if name != me)
        self.title = f"{title}, {make.name}, {me}"
        self.client = make(url, (me, PASSWORDS[me]))
        self.mine = f"{make.name} of {me}"
        self.local = os.path.join(servers.scratch("local"), "local.txt")
        self.content = f"written by {self.mine}\n".encode() * 20
        with open(self.local, "wb") as out:
            out.write(self.content)

    def at(self, path):
        return os.path.join(self.base, path)

    def read(self, path):
        try:
            with open(self.at(path), "rb") as data:
                return data.read()
        except FileNotFoundError:
            return None

    def holds(self, path, content, seconds=3):
        """gvfs answers before the server has everything."""
        until = time.monotonic() + seconds
        while self.read(path) != content and time.monotonic() < until:
            time.sleep(0.05)
        assert self.read(path) == content, f"{path} holds {self.read(path)!r}"

    def raw(self, method, path, body=None, who=None, **headers):
        who = who or self.me
        basic = base64.b64encode(f"{who}:{PASSWORDS[who]}".encode()).decode()
        return web.request(method, self.url + web.escape(path), body, {"Authorization": f"Basic {basic}", **headers})

    def untouched(self):
        """Nothing of what this user may not change has changed, and nothing he may not read has come to where he may."""
        for path in (f"home/{self.other}/old.txt", "shared/hidden/secret.txt", "drop/earlier.txt"):
            assert self.read(path) == FILES[path], f"{path} holds {self.read(path)!r}"
        kept = [name for name in os.listdir(self.at("shared/hidden")) if name != ".DAV"]
        assert kept == ["secret.txt"], f"the hidden folder holds {kept}"
        for directory, folders, names in os.walk(self.at(f"home/{self.other}")):
            planted = [name for name in folders + names if self.mine in name]
            assert not planted, f"{planted} in {directory}"
        secrets = {FILES["shared/hidden/secret.txt"], FILES[f"home/{self.other}/old.txt"], FILES["drop/earlier.txt"]}
        for directory, _, names in os.walk(self.at(f"home/{self.me}")):
            for name in names:
                assert self.read(os.path.join(directory, name)) not in secrets, f"{name} in {directory} is not this user's"

    def may(self, name, action):
        with self.check.step(f"{self.title}: {name}"):
            action()

    def may_not(self, name, action):
        """The client is refused, and nothing has happened. Some clients report what they were refused as an empty answer."""
        with self.check.step(f"{self.title} may not: {name}"):
            try:
                got = action()
            except (drivers.ClientError, AssertionError):
                got = None
            assert not got, f"got {got!r}"
            self.untouched()

    def get(self, path):
        """The content as the client gets it."""
        back = self.local + ".back"
        if os.path.exists(back):
            os.unlink(back)
        self.client.get(path, back)
        with open(back, "rb") as data:
            return data.read()

    def granted(self, folder):
        """Everything that can be done in a folder that one may write."""
        client, name = self.client, f"{folder}/{self.mine}"

        def put():
            client.put(self.local, f"{name}.txt")
            self.holds(f"{name}.txt", self.content)

        def read():
            assert self.get(f"{name}.txt") == self.content, "another content"

        def listing():
            names = client.list(folder)
            assert f"{self.mine}.txt" in names, f"{names}"
            assert "hidden" not in names, f"the hidden folder is in {names}"

        def copy():
            client.copy(f"{name}.txt", f"{name} copy.txt")
            self.holds(f"{name} copy.txt", self.content)

        def move():
            client.move(f"{name} copy.txt", f"{name} moved.txt")
            self.holds(f"{name} moved.txt", self.content)
            self.holds(f"{name} copy.txt", None)

        def delete():
            client.delete(f"{name} moved.txt")
            self.holds(f"{name} moved.txt", None)

        def folders():
            client.mkdir(f"{name} folder")
            assert os.path.isdir(self.at(f"{name} folder")), "no such folder"
            getattr(client, "rmdir", client.delete)(f"{name} folder")
            assert not os.path.exists(self.at(f"{name} folder")), "the folder is still there"

        def lock():
            token = client.lock(f"{name}.txt")
            status, until = 0, time.monotonic() + 5
            while status != 423 and time.monotonic() < until:  # cadaver sends its LOCK while this looks
                status = self.raw("PUT", f"{name}.txt", self.content).status
                time.sleep(0.05)
            assert status == 423, f"PUT without the token: {status}"
            client.unlock(f"{name}.txt", token)
            status = self.raw("PUT", f"{name}.txt", self.content).status
            assert status == 204, f"PUT after the unlock: {status}"

        steps = [put, read, listing, copy, move, delete, folders]
        for step in [*steps, lock] if hasattr(client, "lock") else steps:
            self.may(f"{step.__name__} in {folder}", step)

    def refused(self):
        """What only somebody else may do, or nobody."""
        client, mine = self.client, f"home/{self.me}/{self.mine}"
        theirs, hidden = f"home/{self.other}", "shared/hidden"
        for folder, old in ((theirs, "old.txt"), (hidden, "secret.txt")):
            taken = f"{mine} taken.txt"
            self.may_not(f"list {folder}", lambda: client.list(folder))
            self.may_not(f"read in {folder}", lambda: self.get(f"{folder}/{old}"))
            self.may_not(f"write in {folder}", lambda: client.put(self.local, f"{folder}/{self.mine}.txt"))
            self.may_not(f"overwrite in {folder}", lambda: client.put(self.local, f"{folder}/{old}"))
            self.may_not(f"make a folder in {folder}", lambda: client.mkdir(f"{folder}/{self.mine}"))
            self.may_not(f"copy from {folder}", lambda: client.copy(f"{folder}/{old}", taken))
            self.may_not(f"move from {folder}", lambda: client.move(f"{folder}/{old}", taken))
            self.may_not(f"copy to {folder}", lambda: client.copy(f"{mine}.txt", f"{folder}/{self.mine}.txt"))
            self.may_not(f"move to {folder}", lambda: client.move(f"{mine}.txt", f"{folder}/{old}"))
            self.may_not(f"delete in {folder}", lambda: client.delete(f"{folder}/{old}"))
            self.may_not(f"delete {folder}", lambda: getattr(client, "rmdir", client.delete)(folder))
        self.may("what was to be moved is still there", lambda: self.holds(f"{mine}.txt", self.content))
        self.may_not("delete all that is shared", lambda: self.raw("DELETE", "shared/").status < 400)
        self.may_not("copy all that is shared", lambda: self.copies_all("COPY"))
        self.may_not("move all that is shared", lambda: self.copies_all("MOVE"))

        def alike():
            answers = [self.raw("GET", path) for path in ("shared/hidden/secret.txt", "shared/hidden/none", "shared/none")]
            headers = [sorted(item for item in answer.headers.items() if item[0] != "Date") for answer in answers]
            told = [(answer.status, header, answer.body) for answer, header in zip(answers, headers)]
            assert told[0] == told[1] == told[2] and told[0][0] == 404, f"{told}"

        self.may("what is hidden looks like what is not there", alike)

    def copies_all(self, method):
        target = self.url + web.escape(f"home/{self.me}/{self.mine} all/")
        return self.raw(method, "shared/", Destination=target).status < 400

    def upload_only(self):
        client, name = self.client, f"drop/{self.mine}.txt"

        def upload():
            try:
                client.put(self.local, name)
            except drivers.ClientError as error:  # rclone looks for what it has written, and is told that it is not there
                self.check.note(f"{self.title}: says after the upload: {' '.join(str(error).split())[-120:]}")
            self.holds(name, self.content)

        self.may("upload", upload)
        self.may_not("list what was uploaded", lambda: client.list("drop"))
        self.may_not("read an upload", lambda: self.get("drop/earlier.txt"))
        self.may_not("read the own upload", lambda: self.get(name))
        self.may_not("replace an upload", lambda: client.put(self.local, "drop/earlier.txt"))
        self.may_not("delete an upload", lambda: client.delete("drop/earlier.txt"))
        self.may_not("take an upload", lambda: client.move("drop/earlier.txt", f"home/{self.me}/{self.mine} taken.txt"))

    def run(self):
        def homes():
            names = self.client.list("home")
            assert names == [self.me], f"{names}"

        try:
            self.may("sees the own home only", homes)
            self.granted(f"home/{self.me}")
            self.granted("shared")
            self.refused()
            self.upload_only()
        except Exception as error:
            self.check.fail(f"{self.title}: the session", f"{type(error).__name__}: {error}")
        finally:
            if hasattr(self.client, "close"):
                self.client.close()


def side_by_side(check, title, make, url, base):
    """The sessions of both users at the same time."""
    sessions = [Session(check, title, make, me, url, base) for me in PASSWORDS]
    threads = [threading.Thread(target=session.run) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def run(check):
    users = servers.password_file(PASSWORDS)
    wanted = [word for word in sys.argv[1:] if not word.startswith("-")]
    setups = {
        "passwords at the gateway": (None, {"basic": {"htpasswd": users}}),
        "passwords at the back end": (users, {"backend": {"verify": "/files/"}}),
    }
    for title, (backend_users, source) in setups.items():
        apache = servers.Apache(backend_users)
        base = furnish(apache)
        identity = {"realm": "Files", **source, "groups": GROUPS}
        gateway = servers.Gateway("/files/", apache.at["/dav/"], identity=identity, access=ACCESS)
        for make in CLIENTS:
            if wanted and make.name not in wanted:
                continue
            try:
                side_by_side(check, title, make, gateway.url, base)
            except Exception as error:
                check.fail(f"{title}, {make.name}: the sessions", f"{type(error).__name__}: {error}")
        status = web.request("GET", gateway.url + "home/ann/old.txt").status
        check.equal(f"{title}: nobody in particular", status, 401)
        wrong = {"Authorization": "Basic " + base64.b64encode(b"ann:wrong").decode()}
        status = web.request("GET", gateway.url + "home/ann/old.txt", headers=wrong).status
        check.equal(f"{title}: a wrong password", status, 401)
        check.equal(f"{title}: no URL that could not be mapped", gateway.unmapped(), [])
        gateway.stop()


if __name__ == "__main__":
    report.main("users", run)
