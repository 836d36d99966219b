"""Whole sessions of real clients through a prefix change, with difficult names; every step is verified on the file
system behind Apache.

What passes: a step whose direct run (client straight at Apache) is right is right through the gateway too. A step that
fails directly may fail through the gateway; only the ones listed here may fail directly.
"""

import os
import sys
import time

import drivers
import report
import servers
import web

NAMES = {
    "plain": "plain.txt",
    "space": "with space.txt",
    "percent": "100% sure.txt",
    "percent hex": "percent%41.txt",
    "ampersand": "a&b.txt",
    "hash": "hash#tag.txt",
    "question": "why?.txt",
    "plus": "one+one=2.txt",
    "umlauts": "Grüße aus Köln.txt",
    "emoji": "party 🎉.txt",
    "NFD": "u\u0308ber a\u0308.txt",
}

# (client, step, name of a name or "*"): seen with the client straight at Apache, so no matter of the gateway.
FAIL_DIRECTLY = {
    ("davfs2", "list", "*"): "readdir fails with EINVAL on some kernels",
    ("cadaver", "rmdir", "ampersand"): "asks for %26, finds & in the href, and takes it for another resource",
    ("cadaver", "rmdir", "plus"): "asks for %2B, finds + in the href, and takes it for another resource",
}

CONTENT = b"one line & <two> %41\n" * 40


def read(path):
    with open(path, "rb") as data:
        return data.read()


class Directory:
    """What is stored, in a directory behind the server."""

    def __init__(self, files):
        self.files = files

    def exists(self, path):
        return os.path.exists(os.path.join(self.files, path))

    def is_folder(self, path):
        return os.path.isdir(os.path.join(self.files, path))

    def content(self, path):
        """None where there is no file."""
        return read(os.path.join(self.files, path)) if os.path.isfile(os.path.join(self.files, path)) else None


def session(client, store, url, names=None, **headers):
    """Runs every step; yields (step, name key, error or None). `store` tells what is behind `url`; `headers` go with requests beside
    the client's."""
    local = os.path.join(servers.scratch("local"), "local.txt")
    back = local + ".back"
    with open(local, "wb") as out:
        out.write(CONTENT)

    def attempt(action):
        try:
            return action() and None
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    def comes(true):
        """Waits a little: davfs2 and gvfs answer before the server has everything."""
        for _ in range(30):
            if true():
                return True
            time.sleep(0.1)
        return False

    def there(path):
        return comes(lambda: store.exists(path))

    def gone(path):
        return comes(lambda: not store.exists(path))

    def holds(path):
        if not comes(lambda: store.content(path) == CONTENT):
            raise AssertionError(f"{path!r} holds {(store.content(path) or b'nothing')[:60]!r}")

    for key, name in (names or NAMES).items():
        directory, copied, moved = f"dir {name}", f"copy of {name}", f"moved {name}"
        inside = f"{directory}/{name}"

        def mkdir():
            client.mkdir(directory)
            assert there(directory) and store.is_folder(directory), "no such directory"

        def put():
            client.put(local, inside)
            holds(inside)

        def listing():
            names = client.list(directory)
            assert name in names, f"{name!r} is not in {names!r}"

        def get():
            if os.path.exists(back):
                os.unlink(back)
            client.get(inside, back)
            assert read(back) == CONTENT, f"got {read(back)[:60]!r}"

        def copy():
            client.copy(inside, f"{directory}/{copied}")
            holds(f"{directory}/{copied}")
            holds(inside)

        def move():
            client.move(inside, f"{directory}/{moved}")
            holds(f"{directory}/{moved}")
            assert gone(inside), "the source is still there"

        def lock():
            token = client.lock(f"{directory}/{moved}")
            target = url + web.escape(f"{directory}/{moved}")
            until = time.monotonic() + 5
            while True:  # cadaver sends its LOCK while this looks
                status = web.request("PUT", target, CONTENT, headers).status
                if status == 423 or time.monotonic() > until:
                    break
                time.sleep(0.1)
            assert status == 423, f"PUT without the token: {status}"
            client.unlock(f"{directory}/{moved}", token)
            status = web.request("PUT", target, CONTENT, headers).status
            assert status in (200, 201, 204), f"PUT after the unlock: {status}"

        def delete():
            client.delete(f"{directory}/{moved}")
            assert gone(f"{directory}/{moved}"), "the file is still there"
            client.delete(f"{directory}/{copied}")
            assert gone(f"{directory}/{copied}"), "the copy is still there"

        def rmdir():
            getattr(client, "rmdir", client.delete)(directory)
            assert gone(directory), "the directory is still there"

        steps = [("mkdir", mkdir), ("put", put), ("list", listing), ("get", get), ("copy", copy), ("move", move)]
        if hasattr(client, "lock"):
            steps.append(("lock", lock))
        for step, action in [*steps, ("delete", delete), ("rmdir", rmdir)]:
            yield step, key, attempt(action)


def whole(make, store, url, names=None, user=None, **headers):
    """{(step, name): error or None} of one client's session, in an empty place of its own."""
    client = make(url, user) if user else make(url)
    try:
        return {(step, key): error for step, key, error in session(client, store, url, names, **headers)}
    finally:
        if hasattr(client, "close"):
            client.close()


def clean(path):
    for name in os.listdir(path):
        servers.remove(os.path.join(path, name))


def one_client(check, make, apache, gateway):
    files = apache.files["/dav/"]
    clean(files)
    direct = whole(make, Directory(files), apache.at["/dav/"])
    broken = {}
    for (step, key), error in direct.items():
        if error:
            broken[step, key] = error
            known = {(make.name, step, key), (make.name, step, "*")} & set(FAIL_DIRECTLY)
            if not known:
                check.fail(f"{make.name} {step} {key}, straight at Apache", error)
    check.note(f"{make.name}, straight at Apache: {len(direct) - len(broken)} of {len(direct)} steps right")
    for (step, key), error in sorted(broken.items()):
        check.note(f"{make.name} {step} {key} fails directly: {' '.join(error.split())[:160]}")
    if not gateway:
        return
    clean(files)
    seen = len(gateway.access())
    through = whole(make, Directory(files), gateway.url)
    check.equal(f"{make.name}: no URL that could not be mapped", gateway.unmapped(), [])
    time.sleep(0.2)
    told = [(line["method"], line["path"], line["status"], line.get("rule")) for line in gateway.access()[seen:]]
    check.check(f"{make.name}: the access log has the session", len(told) >= len(through), f"{len(told)} lines")
    # gvfs asks for the parents of what it mounts.
    refused = [line for line in told if line[3] and line[:2] != ("PROPFIND", "/")]
    check.equal(f"{make.name}: nothing was refused and nothing failed", refused, [])
    for (step, key), error in through.items():
        name = f"{make.name}: {step}, {key}"
        if error is None:
            check.ok(name)
        elif (step, key) in broken:
            check.note(f"{name}: fails as it does directly")
        else:
            check.fail(name, error)


def run(check):
    apache = servers.Apache()
    gateway = servers.Gateway("/files/", apache.at["/dav/"]) if "--direct" not in sys.argv else None
    wanted = [word for word in sys.argv[1:] if not word.startswith("-")]
    for make in drivers.ALL:
        if wanted and make.name not in wanted:
            continue
        if make is drivers.Davfs2 and make.possible():
            check.note(f"davfs2: NOT TESTED, this machine cannot mount: {make.possible()}")
            continue
        started = time.monotonic()
        try:
            one_client(check, make, apache, gateway)
        except Exception as error:
            check.fail(f"{make.name}: the session", f"{type(error).__name__}: {error}")
        check.note(f"{make.name}: {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    report.main("clients", run)
