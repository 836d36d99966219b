"""Starts the back ends that lock tests stand a gateway before, beside servers.py's Apache: nginx, Zope, SabreDAV, WsgiDAV,
Radicale, rclone, and davgate's embedded one. Each listens on loopback, on free ports, and keeps everything in a directory of
its own.

What comes out of each: `url` of a writable folder, `profile` as the gateway calls it, `user` whom it
wants to see itself, `files` (the directory behind `url`) or None, and what it lacks.
"""

import base64
import json
import os
import pwd
import subprocess
from urllib.parse import unquote, urlsplit

import servers
import web


def tool(venv, program):
    """A program of one of the Python environments that tests/run makes."""
    path = os.path.join(servers.CACHE, venv, "bin", program)
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"{path} is missing: `tests/run` installs it")
    return path


class BackEnd:
    """What they have in common. A test writes through a gateway and looks here at what became of it."""

    profile = "generic"
    user = None  # name and password that the back end itself asks for
    lacks = ()  # methods it does not have
    extension = ".txt"
    kind = {}  # header fields that its documents need

    def behind(self):
        """The gateway's `backend`, in one piece."""
        got = {"url": self.url, "profile": self.profile}
        if self.user:
            secret = os.path.join(self.base, "password")
            with open(secret, "w") as out:
                out.write(self.user[1])
            os.chmod(secret, 0o600)
            got["credentials"] = {"service": {"user": self.user[0], "password_file": secret}}
        return got

    def ask(self, method, path="", body=None, **headers):
        """A request straight at the back end. `path` is not escaped yet."""
        if self.user:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(self.user).encode()).decode()
        return web.request(method, self.url + web.escape(path), body, headers)

    def read(self, path):
        """The bytes that are stored; None where nothing is."""
        try:
            with open(os.path.join(self.files, path), "rb") as data:
                return data.read()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def document(self, path, text):
        """What to store at that path so that it is told from other texts."""
        return text.encode()

    def put(self, path, text):
        """Straight to the back end."""
        status = self.ask("PUT", path, self.document(path, text), **self.kind).status
        assert status in (200, 201, 204), f"{self.name}: PUT {path}: {status}"

    def folder(self, path):
        """Makes a folder, straight at the back end."""
        status = self.ask("MKCOL", path).status
        assert status == 201, f"{self.name}: MKCOL {path}: {status}"

    def everything(self, path):
        """{path: bytes} of all files in and below a folder; None where there is no folder."""
        top = os.path.join(self.files, path)
        if not os.path.isdir(top):
            return None
        found = {}
        for directory, folders, names in os.walk(top):
            folders[:] = [name for name in folders if name != ".DAV"]
            for name in [*names, *(f"{folder}/" for folder in folders)]:
                whole = os.path.relpath(os.path.join(directory, name), self.files)
                if not name.startswith((".davfs", ".sabredav")):
                    found[whole] = b"" if name.endswith("/") else self.read(whole)
        return found

    def own(self, path):
        """Gives a path that the tests made to the user the back end runs as."""

    def stop(self):
        servers.stop(self.process)


def give(path):
    """To the user that web servers run as when the tests run as root."""
    if os.geteuid() == 0:
        owner = pwd.getpwnam("www-data")
        os.chown(path, owner.pw_uid, owner.pw_gid)


class Apache(BackEnd):
    """mod_dav: class 2, compares users where it sees them; here it sees nobody."""

    name = "apache"
    profile = "apache"

    def __init__(self):
        self.apache = servers.Apache()
        self.base, self.process, self.log = self.apache.base, self.apache.process, self.apache.log
        self.url, self.files, self.own = self.apache.at["/dav/"], self.apache.files["/dav/"], self.apache.own


class ApacheUsers(Apache):
    """mod_dav that asks for alice's and bob's passwords itself: the gateway hands them on."""

    name = "apache-users"

    def __init__(self, users):
        """`users`: {name: password}."""
        self.apache = servers.Apache(servers.password_file(users))
        self.base, self.process, self.log = self.apache.base, self.apache.process, self.apache.log
        self.url, self.files, self.own = self.apache.at["/dav/"], self.apache.files["/dav/"], self.apache.own
        self.first = next(iter(users.items()))

    def behind(self):
        return {"url": self.url, "profile": self.profile}

    def ask(self, method, path="", body=None, **headers):
        basic = base64.b64encode(":".join(self.first).encode()).decode()
        return web.request(method, self.url + web.escape(path), body, {"Authorization": f"Basic {basic}", **headers})


def listed(back_end, path):
    """`everything` of a back end whose files are not in a directory: as PROPFIND and GET show them."""
    # Nothing but the type: once it is locked, Zope's answer to more is no XML.
    wanted = '<?xml version="1.0"?><propfind xmlns="DAV:"><prop><resourcetype/></prop></propfind>'
    answer = back_end.ask("PROPFIND", path, wanted, Depth="1", **web.XML)
    if answer.status == 404:
        return None
    base, found = urlsplit(back_end.url).path, {}
    for href in answer.hrefs():
        name = unquote(urlsplit(href).path)[len(base) :]
        if name.rstrip("/") == path.rstrip("/"):
            continue
        content = None if name.endswith("/") else back_end.read(name)
        found[name] = b"" if content is None else content
        if name.endswith("/"):
            found.update(listed(back_end, name) or {})
    return found


NGINX = """
daemon off;
pid {base}/pid;
error_log {base}/error.log warn;
{user}
worker_processes 1;
load_module {module};
events {{ worker_connections 1024; }}
http {{
  access_log off;
  server_tokens off;
  client_body_temp_path {base}/body;
  fastcgi_temp_path {base}/t1;
  proxy_temp_path {base}/t2;
  scgi_temp_path {base}/t3;
  uwsgi_temp_path {base}/t4;
  client_max_body_size 0;
  keepalive_requests 100000;
  server {{
    listen 127.0.0.1:{port};
    location /dav/ {{
      root {base};
      dav_methods PUT DELETE MKCOL COPY MOVE;
      dav_ext_methods PROPFIND OPTIONS;
      dav_access user:rw group:rw all:r;
    }}
  }}
}}
"""


class Nginx(BackEnd):
    """nginx with dav-ext: it locks nothing, has no PROPPATCH, and its entity tags are strong."""

    name = "nginx"
    profile = "nginx"
    lacks = ("PROPPATCH",)

    def __init__(self):
        self.base = servers.scratch("nginx")
        port = servers.free_port()
        self.url = f"http://127.0.0.1:{port}/dav/"
        self.files = os.path.join(self.base, "dav")
        self.log = os.path.join(self.base, "error.log")
        for name in ("dav", "body"):
            os.mkdir(os.path.join(self.base, name))
            give(os.path.join(self.base, name))
        module = "/usr/lib/nginx/modules/ngx_http_dav_ext_module.so"
        if not os.path.exists(module):
            raise RuntimeError(f"{module} is missing: the Debian package libnginx-mod-http-dav-ext has it")
        config = os.path.join(self.base, "nginx.conf")
        user = "user www-data;" if os.geteuid() == 0 else ""
        with open(config, "w") as out:
            out.write(NGINX.format(base=self.base, port=port, module=module, user=user))
        self.process = servers.start([servers.need("nginx"), "-e", self.log, "-c", config], self.log)
        servers.wait_for(port, self.process, self.log)

    own = staticmethod(give)


ZOPE_CONF = """
%define INSTANCE {base}/zope
instancehome $INSTANCE
webdav-source-port {port}
<zodb_db main>
  <filestorage>
    path $INSTANCE/var/Data.fs
  </filestorage>
  mount-point /
</zodb_db>
<environment>
  CHAMELEON_CACHE $INSTANCE/var/cache
</environment>
"""

ZOPE_INI = """
[app:zope]
use = egg:Zope#main
zope_conf = %(here)s/zope.conf

[server:main]
use = egg:waitress#main
listen = 127.0.0.1:{port}
threads = 4

[pipeline:main]
pipeline =
    egg:Zope#httpexceptions
    zope
"""


class Zope(BackEnd):
    """Zope 5 on a WebDAV source port, with one account. Its locks take any token in PUT; its owner element breaks the XML."""

    name = "zope"
    profile = "zope"
    user = ("admin", "zope-pass-phrase")
    files = None

    def __init__(self):
        self.base = servers.scratch("zope")
        port = servers.free_port()
        self.log = os.path.join(self.base, "log")
        instance = os.path.join(self.base, "zope")
        make = [tool("zope", "mkwsgiinstance"), "-d", instance, "-u", ":".join(self.user)]
        with open(self.log, "ab") as out:
            subprocess.run(make, stdout=out, stderr=out, stdin=subprocess.DEVNULL, check=True)
        for name, text in (("zope.conf", ZOPE_CONF), ("zope.ini", ZOPE_INI)):
            with open(os.path.join(instance, "etc", name), "w") as out:
                out.write(text.format(base=self.base, port=port))
        ini = os.path.join(instance, "etc", "zope.ini")
        self.process = servers.start([tool("zope", "runwsgi"), ini], self.log, cwd=instance)
        self.url = f"http://127.0.0.1:{port}/"
        servers.wait_for(port, self.process, self.log, 60)
        made = self.ask("MKCOL", "dav/").status
        if made != 201:
            raise RuntimeError(f"Zope: MKCOL dav: {made}: {servers.tail(self.log)}")
        self.url += "dav/"

    def read(self, path):
        got = self.ask("GET", path)
        return got.body if got.status == 200 else None

    def everything(self, path):
        return listed(self, path)


SABRE = """<?php
require_once 'Sabre/autoload.php';
date_default_timezone_set('UTC');
$server = new Sabre\\DAV\\Server(new Sabre\\DAV\\FSExt\\Directory('%(base)s/dav'));
$server->setBaseUri('/dav/');
$server->addPlugin(new Sabre\\DAV\\Locks\\Plugin(new Sabre\\DAV\\Locks\\Backend\\File('%(base)s/locks')));
$server->exec();
"""


class Sabre(BackEnd):
    """SabreDAV in PHP's own server: class 2, and whoever has a token may use it."""

    name = "sabredav"
    profile = "sabredav"

    def __init__(self):
        self.base = servers.scratch("sabre")
        port = servers.free_port()
        self.url = f"http://127.0.0.1:{port}/dav/"
        self.files = os.path.join(self.base, "dav")
        os.mkdir(self.files)
        self.log = os.path.join(self.base, "log")
        script = os.path.join(self.base, "index.php")
        with open(script, "w") as out:
            out.write(SABRE % {"base": self.base})
        # Deprecations of an old library would stand in front of its answers.
        settings = ["-d", "error_reporting=0", "-d", "display_errors=0", "-d", "post_max_size=0"]
        command = [servers.need("php"), *settings, "-S", f"127.0.0.1:{port}", script]
        self.process = servers.start(command, self.log, env={**os.environ, "PHP_CLI_SERVER_WORKERS": "4"})
        servers.wait_for(port, self.process, self.log)


class WsgiDav(BackEnd):
    """WsgiDAV: class 2; it compares users where it sees them, and here sees nobody."""

    name = "wsgidav"

    def __init__(self):
        self.base = servers.scratch("wsgidav")
        port = servers.free_port()
        self.url = f"http://127.0.0.1:{port}/dav/"
        self.files = os.path.join(self.base, "dav")
        os.mkdir(self.files)
        self.log = os.path.join(self.base, "log")
        config = {
            "host": "127.0.0.1",
            "port": port,
            "provider_mapping": {"/dav": self.files},
            "simple_dc": {"user_mapping": {"*": True}},
            "lock_storage": True,
            "property_manager": True,
            "verbose": 1,
        }
        path = os.path.join(self.base, "wsgidav.json")
        with open(path, "w") as out:
            json.dump(config, out)
        self.process = servers.start([tool("wsgidav", "wsgidav"), "--config", path], self.log)
        servers.wait_for(port, self.process, self.log)


RADICALE = """
[server]
hosts = 127.0.0.1:{port}
[auth]
type = none
[rights]
type = authenticated
[storage]
filesystem_folder = {base}/storage
[web]
type = none
[logging]
level = warning
"""

EVENT = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//davgate//tests//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n"
    "DTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nSUMMARY:{text}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


class Radicale(BackEnd):
    """Radicale: a calendar instead of files. It locks nothing and has no COPY; what it stores it writes in its own way."""

    name = "radicale"
    profile = "radicale"
    user = ("files", "whatever")  # it believes every password
    lacks = ("COPY", "PROPPATCH", "MKCOL", "overwriting")
    extension = ".ics"
    kind = {"Content-Type": "text/calendar"}

    def __init__(self):
        self.base = servers.scratch("radicale")
        port = servers.free_port()
        self.log = os.path.join(self.base, "log")
        config = os.path.join(self.base, "config")
        with open(config, "w") as out:
            out.write(RADICALE.format(base=self.base, port=port))
        self.process = servers.start([tool("radicale", "radicale"), "--config", config], self.log)
        servers.wait_for(port, self.process, self.log)
        self.url = f"http://127.0.0.1:{port}/files/"
        self.files = None

    def document(self, path, text):
        return EVENT.format(uid=os.path.basename(path), text=text).encode()

    def folder(self, path):
        status = self.ask("MKCALENDAR", path).status
        assert status == 201, f"Radicale: MKCALENDAR {path}: {status}"

    def read(self, path):
        """Only the summary: that is all of a document that the tests choose."""
        got = self.ask("GET", path)
        if got.status != 200:
            return None
        summary = [line for line in got.body.split(b"\r\n") if line.startswith(b"SUMMARY:")]
        return self.document(path, summary[0][len(b"SUMMARY:") :].decode()) if summary else got.body

    def everything(self, path):
        return listed(self, path)


class RcloneServer(BackEnd):
    """`rclone serve webdav`: class 2 of golang.org/x/net, whose tokens are no URIs."""

    name = "rclone"

    def __init__(self):
        self.base = servers.scratch("rclone")
        port = servers.free_port()
        self.url = f"http://127.0.0.1:{port}/dav/"
        self.files = os.path.join(self.base, "dav")
        os.mkdir(self.files)
        self.log = os.path.join(self.base, "log")
        options = ["--config", os.devnull, "--addr", f"127.0.0.1:{port}", "--baseurl", "/dav", "--dir-cache-time", "0s"]
        self.process = servers.start([servers.need("rclone"), "serve", "webdav", self.files, *options], self.log)
        servers.wait_for(port, self.process, self.log)


class Embedded(BackEnd):
    """The back end inside davgate: a directory. Asked directly, it is the one of a demo beside the gateway."""

    name = "embedded"
    lacks = ("PROPPATCH",)

    def __init__(self):
        self.demo = servers.Demo()
        self.base, self.log, self.process = self.demo.base, self.demo.log, self.demo.process
        self.url, self.files = self.demo.backend, self.demo.files

    def behind(self):
        return {"embedded": self.files}


ALL = [Apache, Nginx, Zope, Sabre, WsgiDav, Radicale, RcloneServer, Embedded]


def started(name, users):
    """The back end of that name. `users`: {name: password} for one that has users of its own."""
    if name == ApacheUsers.name:
        return ApacheUsers(users)
    for kind in ALL:
        if kind.name == name:
            return kind()
    raise RuntimeError(f"no back end {name!r}; there are: {', '.join(kind.name for kind in [*ALL, ApacheUsers])}")
