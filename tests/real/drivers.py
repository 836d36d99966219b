"""Real WebDAV clients behind one interface: mkdir, put, get, list, move, copy, delete, lock, unlock on a base URL.

Paths are relative to the base URL, as the user would type them (never percent-encoded). Whatever the client complains
about is raised as ClientError. A client that has no operation of its own for a step leaves the method out.
"""

import json
import os
import re
import shlex
import subprocess
import tempfile
import time
from urllib.parse import unquote, urlsplit

import servers
import web


class ClientError(Exception):
    pass


def call(arguments, cwd=None, feed=None, timeout=60, env=None):
    """Runs a program with a UTF-8 locale and a home of its own; its output, or ClientError."""
    done = subprocess.run(
        arguments,
        cwd=cwd,
        input=feed,
        stdin=subprocess.DEVNULL if feed is None else None,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
        env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})},
    )
    if done.returncode:
        raise ClientError(f"exit {done.returncode}: {(done.stderr or done.stdout).strip()[-200:]}")
    return done.stdout


class Curl:
    name = "curl"

    def __init__(self, url, user=None):
        """`user`: name and password."""
        self.url = url
        self.program = servers.need("curl")
        self.options = ["-u", ":".join(user)] if user else []

    def _call(self, method, path, *more, want=(200, 201, 204, 207)):
        out = tempfile.mktemp()
        try:
            arguments = [self.program, "-sS", "-o", out, "-D", "-", "-X", method, *self.options, *more, self.url + web.escape(path)]
            headers = call(arguments)
            status = int(re.findall(r"^HTTP/\S+ (\d+)", headers, re.M)[-1])
            with open(out, "rb") if os.path.exists(out) else open(os.devnull, "rb") as body:
                content = body.read()
        finally:
            if os.path.exists(out):
                os.unlink(out)
        if status not in want:
            raise ClientError(f"{method} {path}: {status}")
        return headers, content

    def mkdir(self, path):
        self._call("MKCOL", path + "/")

    def put(self, local, path):
        self._call("PUT", path, "-T", local)

    def get(self, path, local):
        with open(local, "wb") as out:
            out.write(self._call("GET", path)[1])

    def list(self, path):
        content = self._call("PROPFIND", path + "/", "-H", "Depth: 1")[1]
        answer = type("Body", (web.Answer,), {"__init__": lambda self: None})()
        answer.body = content
        base = urlsplit(self.url).path + path + "/"
        names = []
        for href in map(unquote, answer.hrefs()):
            if not href.startswith(base):
                raise ClientError(f"href {href} is outside {base}")
            names.append(href[len(base) :].rstrip("/"))
        return [name for name in names if name]

    def move(self, source, target):
        self._call("MOVE", source, "-H", "Destination: " + self.url + web.escape(target))

    def copy(self, source, target):
        self._call("COPY", source, "-H", "Destination: " + self.url + web.escape(target))

    def delete(self, path):
        self._call("DELETE", path)

    def rmdir(self, path):
        self._call("DELETE", path + "/")

    def lock(self, path):
        body = (
            '<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
            "<D:locktype><D:write/></D:locktype><D:owner>me</D:owner></D:lockinfo>"
        )
        more = ["-H", "Content-Type: application/xml", "-H", "Depth: 0", "--data-binary", body]
        headers = self._call("LOCK", path, *more)[0]
        return re.search(r"^Lock-Token: <(.*)>", headers, re.M | re.I).group(1)

    def unlock(self, path, token):
        self._call("UNLOCK", path, "-H", f"Lock-Token: <{token}>")


class Cadaver:
    name = "cadaver"

    def __init__(self, url, user=None):
        """`user`: name and password."""
        self.url = url
        self.program = servers.need("cadaver")
        self.home = servers.scratch("cadaver")
        if user:
            netrc = os.path.join(self.home, ".netrc")
            with open(netrc, "w") as out:
                out.write(f"machine {urlsplit(url).hostname} login {user[0]} password {user[1]}\n")
            os.chmod(netrc, 0o600)

    @staticmethod
    def _quote(text):
        return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'

    def _call(self, *command):
        line = " ".join([command[0], *map(self._quote, command[1:])])
        out = call([self.program, self.url], feed=line + "\nquit\n", env={"HOME": self.home}, cwd=self.home)
        if re.search(r"failed|Could not|error|not found|refused", out, re.I) or "dav:/" not in out:
            raise ClientError(f"{line}: {out[-300:]}")
        return out

    def mkdir(self, path):
        self._call("mkcol", path)

    def put(self, local, path):
        self._call("put", local, path)

    def get(self, path, local):
        self._call("get", path, local)

    def list(self, path):
        out = self._call("ls", path + "/")
        names = []
        for line in out.splitlines():
            found = re.match(r"(Coll:|Exec:|\*?\s)\s*(.+?)\s+\d+\s+\w{3}\s+\d+ .*$", line)
            if found:
                names.append(found.group(2))
        return names

    def move(self, source, target):
        self._call("move", source, target)

    def copy(self, source, target):
        self._call("copy", source, target)

    def delete(self, path):
        self._call("delete", path)

    def rmdir(self, path):
        self._call("rmcol", path)

    def lock(self, path):
        """The token stays inside this cadaver, so it lives until unlock."""
        self.holder = subprocess.Popen(
            [self.program, self.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "LC_ALL": "C.UTF-8", "HOME": self.home},
            start_new_session=True,
        )
        servers.look_after(self.holder)
        self.holder.stdin.write(f"lock {self._quote(path)}\n")
        self.holder.stdin.flush()
        return None

    def unlock(self, path, _token):
        out, _ = self.holder.communicate(f"unlock {self._quote(path)}\nquit\n", timeout=30)
        if "failed" in out or "succeeded" not in out:
            raise ClientError(out[-300:])


class Rclone:
    name = "rclone"

    def __init__(self, url, user=None):
        """`user`: name and password."""
        self.program = servers.need("rclone")
        self.options = ["--config", os.devnull, "--webdav-url", url, "--retries", "1", "--low-level-retries", "1"]
        if user:
            obscured = call([self.program, "obscure", user[1]]).strip()
            self.options += ["--webdav-user", user[0], "--webdav-pass", obscured]

    def _call(self, *arguments):
        return call([self.program, *self.options, *arguments])

    def mkdir(self, path):
        self._call("mkdir", f":webdav:{path}")

    def put(self, local, path):
        self._call("copyto", local, f":webdav:{path}")

    def get(self, path, local):
        self._call("copyto", f":webdav:{path}", local)

    def list(self, path):
        return [line.rstrip("/") for line in self._call("lsf", f":webdav:{path}").splitlines()]

    def move(self, source, target):
        self._call("moveto", f":webdav:{source}", f":webdav:{target}")

    def copy(self, source, target):
        self._call("copyto", f":webdav:{source}", f":webdav:{target}")

    def delete(self, path):
        self._call("deletefile", f":webdav:{path}")

    def rmdir(self, path):
        self._call("purge", f":webdav:{path}")


class Talker:
    """A client library in a process of its own that takes JSON lines (client_webdavclient3.py, client_npm.mjs)."""

    def talk(self, arguments, env=None):
        self.process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})},
            start_new_session=True,
        )
        servers.look_after(self.process)

    def _call(self, *arguments):
        self.process.stdin.write(json.dumps(arguments).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the client ended"}
        if "error" in answer:
            raise ClientError(answer["error"])
        return answer["value"]

    def mkdir(self, path):
        self._call("mkdir", "/" + path)

    def put(self, local, path):
        self._call("put", local, "/" + path)

    def get(self, path, local):
        self._call("get", "/" + path, local)

    def list(self, path):
        return self._call("list", "/" + path)

    def move(self, source, target):
        self._call("move", "/" + source, "/" + target)

    def copy(self, source, target):
        self._call("copy", "/" + source, "/" + target)

    def delete(self, path):
        self._call("delete", "/" + path)

    def close(self):
        servers.stop(self.process)


class WebdavClient3(Talker):
    name = "webdavclient3"

    def __init__(self, url, user=()):
        """`user`: name and password."""
        python = os.path.join(servers.CACHE, "venv", "bin", "python")
        if not os.path.exists(python):
            raise RuntimeError("webdavclient3 is not installed: `tests/run` installs it")
        self.talk([python, os.path.join(servers.HERE, "client_webdavclient3.py"), url.rstrip("/"), *user])


class NpmWebdav(Talker):
    name = "npm webdav"

    def __init__(self, url, user=()):
        """`user`: name and password."""
        modules = os.path.join(servers.CACHE, "npm", "node_modules")
        if not os.path.isdir(os.path.join(modules, "webdav")):
            raise RuntimeError("npm webdav is not installed: `tests/run` installs it")
        script = os.path.join(servers.HERE, "client_npm.mjs")
        self.talk([servers.need("node"), script, url.rstrip("/"), *user], {"DAVGATE_NPM": modules})

    def lock(self, path):
        return self._call("lock", "/" + path)

    def unlock(self, path, token):
        self._call("unlock", "/" + path, token)


class Davfs2:
    """The mounted file system. It locks a file while it is open for writing; a lock of its own it does not offer."""

    name = "davfs2"

    def __init__(self, url, user=()):
        """`user`: name and password."""
        self.base = servers.scratch("davfs2")
        self.mount = os.path.join(self.base, "mount")
        os.mkdir(self.mount)
        config = os.path.join(self.base, "davfs2.conf")
        with open(config, "w") as out:
            out.write(
                "ask_auth 0\nuse_locks 1\ndelay_upload 0\ndir_refresh 0\nfile_refresh 0\ngui_optimize 0\n"
                f"cache_dir {self.base}/cache\nbackup_dir lost\nsecrets {self.base}/secrets\n"
            )
        with open(os.path.join(self.base, "secrets"), "w") as out:
            out.write(" ".join([url, *map(json.dumps, user)]) + "\n" if user else "")
        os.chmod(os.path.join(self.base, "secrets"), 0o600)
        os.mkdir(os.path.join(self.base, "cache"))
        os.chmod(os.path.join(self.base, "cache"), 0o777)  # mount.davfs gives up root
        call([servers.need("mount.davfs"), "-o", f"conf={config}", url, self.mount], timeout=60)

    @staticmethod
    def possible():
        """Why this machine cannot mount, or None."""
        if os.geteuid() != 0:
            return "only root may mount"
        with open("/proc/self/status") as status:
            capabilities = int(re.search(r"^CapEff:\s*(\w+)", status.read(), re.M).group(1), 16)
        if not capabilities >> 21 & 1:
            return "no CAP_SYS_ADMIN, as in a container"
        try:
            os.close(os.open("/dev/fuse", os.O_RDWR))
        except OSError as error:
            return f"/dev/fuse: {error}"
        return None

    def _at(self, path):
        return os.path.join(self.mount, path)

    def mkdir(self, path):
        os.mkdir(self._at(path))

    def put(self, local, path):
        call(["cp", local, self._at(path)])
        time.sleep(0.3)  # the upload follows the close

    def get(self, path, local):
        call(["cp", self._at(path), local])

    def list(self, path):
        return os.listdir(self._at(path))

    def move(self, source, target):
        os.rename(self._at(source), self._at(target))

    def copy(self, source, target):
        call(["cp", self._at(source), self._at(target)])
        time.sleep(0.3)

    def delete(self, path):
        call(["rm", self._at(path)])

    def rmdir(self, path):
        os.rmdir(self._at(path))

    def close(self):
        call(["umount", self.mount], timeout=60)


class Gvfs:
    """GNOME's gio in a session bus of its own, driven through one shell."""

    name = "gvfs"

    def __init__(self, url, user=None):
        """`user`: name and password."""
        self.url = url.replace("http://", f"dav://{user[0]}@" if user else "dav://").rstrip("/")
        home = servers.scratch("gvfs")
        run = os.path.join(home, "run")
        os.mkdir(run, 0o700)
        servers.need("gio")
        env = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": home, "XDG_RUNTIME_DIR": run, "GVFS_DISABLE_FUSE": "1"}
        env["XDG_DATA_HOME"] = os.path.join(home, "data")
        self.shell = subprocess.Popen(
            [servers.need("dbus-run-session"), "--", "bash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=env,
            start_new_session=True,
        )
        servers.look_after(self.shell)
        self._call("gio", "mount", self.url, feed=f"{user[1]}\n" if user else "")

    def _call(self, *arguments, feed=""):
        line = " ".join(map(shlex.quote, arguments))
        self.shell.stdin.write(f"timeout 30 {line} <<<{shlex.quote(feed)}; code=$?; echo; echo @@$code\n")
        self.shell.stdin.flush()
        lines = []
        while True:
            got = self.shell.stdout.readline()
            if not got:
                raise ClientError(f"the session ended: {''.join(lines)[-300:]}")
            if got.startswith("@@"):
                break
            lines.append(got)
        if got.strip() != "@@0":
            raise ClientError(f"{line}: {got.strip()} {''.join(lines)[-300:]}")
        return "".join(lines)

    def _at(self, path):
        return f"{self.url}/{web.escape(path)}"

    def mkdir(self, path):
        self._call("gio", "mkdir", self._at(path))

    def put(self, local, path):
        self._call("gio", "copy", "-T", local, self._at(path))

    def get(self, path, local):
        self._call("gio", "copy", "-T", self._at(path), local)

    def list(self, path):
        return [line for line in self._call("gio", "list", self._at(path)).splitlines() if line]

    def move(self, source, target):
        self._call("gio", "move", "-T", self._at(source), self._at(target))

    def copy(self, source, target):
        self._call("gio", "copy", "-T", self._at(source), self._at(target))

    def delete(self, path):
        self._call("gio", "remove", self._at(path))

    def close(self):
        servers.stop(self.shell)


ALL = [Curl, Cadaver, Rclone, WebdavClient3, NpmWebdav, Davfs2, Gvfs]
