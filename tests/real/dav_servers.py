"""Back ends that a gateway stands before, beside servers.py's Apache: nginx, lighttpd, SabreDAV, rclone, davgate's
embedded one; those written in Python are in dav_servers_python.py. Each listens on loopback, on free ports, and keeps
everything in a directory of its own.

What comes out of each: `url` of a writable folder, `profile` as the gateway calls it, `user` whom it wants to see
itself, `files` (the directory behind `url`) or None, and what it lacks.
"""

import base64
import os
import pwd

import servers
import web


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
            headers["Authorization"] = self.authorization()
        return web.request(method, self.url + web.escape(path), body, headers)

    def authorization(self):
        """What the back end's own account is shown with."""
        return "Basic " + base64.b64encode(":".join(self.user).encode()).decode()

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

    def __init__(self, more=""):
        """`more`: lines of configuration, as servers.Apache takes them."""
        self.apache = servers.Apache(more=more)
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


NGINX = """
daemon off;
pid {base}/pid;
error_log {base}/error.log warn;
{user}
worker_processes 1;
load_module {module};
events {{ worker_connections 1024; }}
http {{
  {log}
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
      {inside}
    }}
  }}
}}
"""


class Nginx(BackEnd):
    """nginx with dav-ext: it locks nothing, has no PROPPATCH, and its entity tags are strong."""

    name = "nginx"
    profile = "nginx"
    lacks = ("PROPPATCH",)

    def __init__(self, log="access_log off;", inside=""):
        """`log`, `inside`: lines of configuration, about logs and about what is below `url`; `{base}` in them is the directory."""
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
            log, inside = log.replace("{base}", self.base), inside.replace("{base}", self.base)
            out.write(NGINX.format(base=self.base, port=port, module=module, user=user, log=log, inside=inside))
        self.process = servers.start([servers.need("nginx"), "-e", self.log, "-c", config], self.log)
        servers.wait_for(port, self.process, self.log)

    own = staticmethod(give)


LIGHTTPD = """
server.modules = ( "mod_webdav" )
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{base}"
server.errorlog = "{base}/error.log"
server.upload-dirs = ( "{base}/uploads" )
# Without a type a file has no entity tag.
mimetype.assign = ( "" => "application/octet-stream" )
{user}
$HTTP["url"] =~ "^/dav(/|$)" {{
  webdav.activate = "enable"
  webdav.is-readonly = "disable"
  webdav.sqlite-db-name = "{base}/locks/db"
}}
"""


class Lighttpd(BackEnd):
    """lighttpd with mod_webdav and a database for properties and locks: class 2."""

    name = "lighttpd"
    profile = "lighttpd"

    def __init__(self):
        self.base = servers.scratch("lighttpd")
        port = servers.free_port()
        self.url = f"http://127.0.0.1:{port}/dav/"
        self.files = os.path.join(self.base, "dav")
        self.log = os.path.join(self.base, "error.log")
        for name in ("dav", "locks", "uploads"):
            os.mkdir(os.path.join(self.base, name))
            give(os.path.join(self.base, name))
        module = "/usr/lib/lighttpd/mod_webdav.so"
        if not os.path.exists(module):
            raise RuntimeError(f"{module} is missing: the Debian package lighttpd-mod-webdav has it")
        config = os.path.join(self.base, "lighttpd.conf")
        user = 'server.username = "www-data"\nserver.groupname = "www-data"' if os.geteuid() == 0 else ""
        with open(config, "w") as out:
            out.write(LIGHTTPD.format(base=self.base, port=port, user=user))
        with open(self.log, "w"):
            give(self.log)
        self.process = servers.start([servers.need("lighttpd"), "-D", "-f", config], self.log)
        servers.wait_for(port, self.process, self.log)

    own = staticmethod(give)


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


class RcloneServer(BackEnd):
    """`rclone serve webdav`: class 2 of golang.org/x/net, whose tokens are no URIs."""

    name = "rclone"
    profile = "rclone"

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

    def __init__(self):
        self.demo = servers.Demo()
        self.base, self.log, self.process = self.demo.base, self.demo.log, self.demo.process
        self.url, self.files = self.demo.backend, self.demo.files

    def behind(self):
        return {"embedded": self.files}


ALL = [Apache, Nginx, Lighttpd, Sabre, RcloneServer, Embedded]
