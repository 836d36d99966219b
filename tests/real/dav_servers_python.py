"""Back ends written in Python: Zope, Plone, WsgiDAV, Radicale; each from an environment that tests/run makes. Like those of
dav_servers.py; `started` gives any back end by its name."""

import json
import os
import shutil
import subprocess
from urllib.parse import unquote, urlsplit

import dav_servers
import servers
import web
from dav_servers import BackEnd


def tool(venv, program):
    """A program of one of the Python environments that tests/run makes."""
    path = os.path.join(servers.CACHE, venv, "bin", program)
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"{path} is missing: `tests/run` installs it")
    return path


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


ZOPE_CONF = """
%define INSTANCE {base}/zope
instancehome $INSTANCE
webdav-source-port {port}
<zodb_db main>
  <filestorage>
    path $INSTANCE/var/Data.fs
    blob-dir $INSTANCE/var/blobs
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
    {told}
    egg:Zope#httpexceptions
    zope

[filter:told]
paste.filter_factory = waitress_told:factory
path = {base}/requests.log
"""


class Zope(BackEnd):
    """Zope 5 on a WebDAV source port, with one account. Its locks take any token in PUT; its owner element breaks
    the XML.
    """

    name = "zope"
    profile = "zope"
    user = ("admin", "zope-pass-phrase")
    files = None
    site = ""  # where below the root the folder is made

    def __init__(self, told=False):
        """`told`: every request is told in the file requests.log, by waitress_told.py."""
        self.base = servers.scratch(self.name)
        port = servers.free_port()
        self.log = os.path.join(self.base, "log")
        instance = self.instance(self.base, port, told)
        self.prepare(instance)
        ini = os.path.join(instance, "etc", "zope.ini")
        more = {"PYTHONPATH": servers.HERE} if told else {}
        command = [tool(self.name, "runwsgi"), ini]
        self.process = servers.start(command, self.log, cwd=instance, env={**os.environ, **more})
        self.url = f"http://127.0.0.1:{port}/{self.site}"
        servers.wait_for(port, self.process, self.log, 120)
        made = self.ask("MKCOL", "dav/").status
        if made != 201:
            raise RuntimeError(f"{self.name}: MKCOL dav: {made}: {servers.tail(self.log)}")
        self.url += "dav/"

    def instance(self, base, port, told=False):
        """Makes an instance that listens on `port`; its directory."""
        instance = os.path.join(base, "zope")
        make = [tool(self.name, "mkwsgiinstance"), "-d", instance, "-u", ":".join(self.user)]
        with open(os.path.join(base, "log"), "ab") as out:
            subprocess.run(make, stdout=out, stderr=out, stdin=subprocess.DEVNULL, check=True)
        for name, text in (("zope.conf", ZOPE_CONF), ("zope.ini", ZOPE_INI)):
            with open(os.path.join(instance, "etc", name), "w") as out:
                out.write(text.format(base=base, port=port, told="told" if told else ""))
        return instance

    def prepare(self, instance):
        """What is done before the server starts: nothing."""

    def read(self, path):
        got = self.ask("GET", path)
        return got.body if got.status == 200 else None

    def everything(self, path):
        return listed(self, path)


PLONE_SITE = """
import transaction
from AccessControl.SecurityManagement import newSecurityManager
from Products.CMFPlone.factory import addPloneSite

newSecurityManager(None, app.acl_users.getUser("admin").__of__(app.acl_users))
addPloneSite(app, "site", title="Site", setup_content=False, default_language="en")
transaction.commit()
"""


class Plone(Zope):
    """Plone 6 on Zope, on a WebDAV source port. What is moved leaves a redirect behind; text files are documents, whose bytes
    come back with more around them. Its empty site, which takes a while to make, is kept in the cache.
    """

    name = "plone"
    profile = "plone"
    site = "site/"

    def prepare(self, instance):
        kept = os.path.join(servers.CACHE, "plone-site")
        if not os.path.isdir(kept):
            base = servers.scratch("plone-site")
            made = self.instance(base, servers.free_port())
            self.script(made, PLONE_SITE)
            # Another run may make one at the same time: whole, or not at all.
            whole = f"{kept}.{os.getpid()}"
            shutil.copytree(os.path.join(made, "var"), whole)
            try:
                os.rename(whole, kept)
            except OSError:
                shutil.rmtree(whole)
        shutil.copytree(kept, os.path.join(instance, "var"), dirs_exist_ok=True)

    def script(self, instance, text):
        """Runs a program inside of the instance, which must not be running."""
        path = os.path.join(instance, "script.py")
        with open(path, "w") as out:
            out.write(text)
        command = [tool(self.name, "zconsole"), "run", os.path.join(instance, "etc", "zope.conf"), path]
        with open(self.log, "ab") as out:
            done = subprocess.run(command, cwd=instance, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(f"Plone: the script did not end well: {servers.tail(self.log)}")

    def read(self, path):
        """Without the head that is put before a document."""
        content = super().read(path)
        if content is None or b"Portal-Type: " not in content:
            return content
        return content.partition(b"\n\n")[2]


class WsgiDav(BackEnd):
    """WsgiDAV: class 2; it compares users where it sees them, and here sees nobody."""

    name = "wsgidav"
    profile = "wsgidav"

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
    """Radicale: a calendar instead of files. It locks nothing and has no COPY; what it stores it writes in its
    own way.
    """

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


ALL = [*dav_servers.ALL, Zope, Plone, WsgiDav, Radicale]


def started(name, users):
    """The back end of that name. `users`: {name: password} for one that has users of its own."""
    if name == dav_servers.ApacheUsers.name:
        return dav_servers.ApacheUsers(users)
    for kind in ALL:
        if kind.name == name:
            return kind()
    raise RuntimeError(
        f"no back end {name!r}; there are: {', '.join(kind.name for kind in [*ALL, dav_servers.ApacheUsers])}"
    )
