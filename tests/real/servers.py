"""Starts what the tests talk to: Apache httpd, the gateway, its demo. Loopback only, free ports, everything in one
temporary directory, everything stopped at the end. Nothing is taken from the machine's own server configuration.
"""

import atexit
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
DAVGATE = os.environ.get("DAVGATE_BIN", os.path.join(TARGET, "ci", "davgate"))
CACHE = os.environ.get("DAVGATE_TEST_CACHE", os.path.expanduser("~/.cache/davgate-tests"))

_processes = []
_ports = set()
_directories = []


def need(program):
    """The full path of a program; a missing one fails the part loudly."""
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise RuntimeError(f"{program} is not installed: `tests/run` installs it")
    return path


def scratch(prefix):
    """A directory that every user may enter (Apache runs as www-data when the tests run as root)."""
    path = tempfile.mkdtemp(prefix=f"davgate-{prefix}-")
    os.chmod(path, 0o755)
    _directories.append(path)
    return path


def free_port():
    """A port that nobody listens on, and that was not given before: who was given it may not listen yet."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in _ports:
            _ports.add(port)
            return port


def wait_for(port, process, log, seconds=20):
    """Waits until the port answers; a process that ended first is an error that shows its log."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode}: {tail(log)}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{process.args[0]} does not listen on {port}: {tail(log)}")


def tail(path, count=1500):
    try:
        with open(path, errors="replace") as log:
            return log.read()[-count:]
    except OSError:
        return ""


def start(arguments, log, **more):
    """A child in its own process group, so that its children end with it."""
    with open(log, "ab") as out:
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, **more
        )
    _processes.append(process)
    return process


def look_after(process):
    """A child somebody else started: ended with the others at the latest."""
    _processes.append(process)


def stop(process, seconds=5):
    if process.poll() is None:
        for sign in (signal.SIGINT, signal.SIGKILL):
            try:
                os.killpg(process.pid, sign)
            except ProcessLookupError:
                pass
            try:
                process.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                continue
    if process in _processes:
        _processes.remove(process)


@atexit.register
def _stop_all():
    for process in list(_processes):
        stop(process, 2)
    for path in _directories:
        shutil.rmtree(path, ignore_errors=True)


APACHE = """
ServerRoot {base}
ServerName 127.0.0.1
PidFile {base}/pid
DefaultRuntimeDir {base}
Mutex file:{base} default
ErrorLog {base}/error.log
LogLevel warn
{user}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule alias_module {modules}/mod_alias.so
LoadModule autoindex_module {modules}/mod_autoindex.so
LoadModule dir_module {modules}/mod_dir.so
LoadModule env_module {modules}/mod_env.so
LoadModule mime_module {modules}/mod_mime.so
LoadModule setenvif_module {modules}/mod_setenvif.so
LoadModule dav_module {modules}/mod_dav.so
LoadModule dav_fs_module {modules}/mod_dav_fs.so
TypesConfig /etc/mime.types
StartServers 1
ThreadsPerChild 25
DirectoryIndex disabled
DavLockDB {base}/locks/db
LimitRequestBody 0
DavDepthInfinity On
# As Debian ships it: these clients cannot follow a redirect.
BrowserMatch "MS FrontPage" redirect-carefully
BrowserMatch "^WebDrive" redirect-carefully
BrowserMatch "^WebDAVFS/1.[01234]" redirect-carefully
BrowserMatch "^gnome-vfs/1.0" redirect-carefully
BrowserMatch "^gvfs/1" redirect-carefully
BrowserMatch "^XML Spy" redirect-carefully
BrowserMatch "^Dreamweaver-WebDAV-SCM1" redirect-carefully
<Directory />
  Options Indexes
  Require all denied
</Directory>
Listen 127.0.0.1:{root_port}
<VirtualHost 127.0.0.1:{root_port}>
  DocumentRoot {base}/root
  <Directory {base}/root>
    Dav On
    Require all granted
  </Directory>
</VirtualHost>
Listen {address}:{dav_port}
<VirtualHost *:{dav_port}>
  DocumentRoot {base}/site
  Alias /dav {base}/dav
  <Directory {base}/site>
    Require all granted
  </Directory>
  <Directory {base}/dav>
    Dav On
    {who}
  </Directory>
</VirtualHost>
"""

# Loaded only where the back end asks for passwords itself.
APACHE_USERS = """
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authn_file_module {modules}/mod_authn_file.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule auth_basic_module {modules}/mod_auth_basic.so
"""


def password_file(users):
    """An htpasswd file with sha-crypt for {name: password}, which Apache and the gateway read; its path."""
    path = os.path.join(scratch("users"), "users")
    with open(path, "w") as out:
        for name, password in users.items():
            made = subprocess.run(
                [need("openssl"), "passwd", "-5", "-stdin"], input=password, capture_output=True, text=True, check=True
            )
            out.write(f"{name}:{made.stdout.strip()}\n")
    return path


class Apache:
    """Apache httpd with mod_dav on two loopback ports: files at `/` on one, at `/dav/` on the other. With `users`, a password
    file, `/dav/` wants Basic. `more` are lines of configuration, in which `{base}` and `{modules}` stand for the directories.

    `at["/"]` and `at["/dav/"]` are the URLs, `files["/"]` and `files["/dav/"]` the directories behind them.
    """

    def __init__(self, users=None, more="", address="127.0.0.1"):
        self.base = scratch("apache")
        ports = {"root_port": free_port(), "dav_port": free_port()}
        for name in ("root", "dav", "site", "locks"):
            os.mkdir(os.path.join(self.base, name))
        user = ""
        if os.geteuid() == 0:
            user = "User www-data\nGroup www-data"
            owner = pwd.getpwnam("www-data")
            for name in ("root", "dav", "locks"):
                os.chown(os.path.join(self.base, name), owner.pw_uid, owner.pw_gid)
        config = os.path.join(self.base, "httpd.conf")
        modules = "/usr/lib/apache2/modules"
        with open(config, "w") as out:
            who = "Require all granted"
            if users:
                out.write(APACHE_USERS.format(modules=modules))
                who = f'AuthType Basic\n    AuthName Files\n    AuthUserFile "{users}"\n    Require valid-user'
            out.write(APACHE.format(address=address, base=self.base, user=user, modules=modules, who=who, **ports))
            out.write(more.format(base=self.base, modules=modules))
        self.at = {
            "/": f"http://127.0.0.1:{ports['root_port']}/",
            "/dav/": f"http://127.0.0.1:{ports['dav_port']}/dav/",
        }
        self.files = {"/": os.path.join(self.base, "root"), "/dav/": os.path.join(self.base, "dav")}
        self.log = os.path.join(self.base, "error.log")
        self.process = start([need("apache2"), "-f", config, "-D", "FOREGROUND"], self.log)
        for port in ports.values():
            wait_for(port, self.process, self.log)

    def own(self, path):
        """Gives a path made by the tests to the user Apache runs as."""
        if os.geteuid() == 0:
            owner = pwd.getpwnam("www-data")
            os.chown(path, owner.pw_uid, owner.pw_gid)


class Gateway:
    """`davgate run` with one route: public prefix `path` in front of `backend`; `more` is merged into the route.

    `backend` is a URL, a directory that the embedded back end serves, or the route's whole `backend`. `identity` is who says
    who is asking, `credentials` whom the back end sees, `locks` where locks are kept, `well_known` where services begin.
    """

    def __init__(
        self, path, backend, profile="apache", timeouts=None, identity=None, credentials=None, locks=None, well_known=None, **more
    ):
        self.base = scratch("gateway")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}{path}"
        self.log = os.path.join(self.base, "log")
        if isinstance(backend, str):
            backend = {"embedded": backend} if backend.startswith("/") else {"url": backend, "profile": profile}
        route = {"name": "files", "path": path, "backend": dict(backend), **more}
        if timeouts:
            route["backend"]["timeouts"] = timeouts
        if credentials:
            route["backend"]["credentials"] = credentials
        self.admin = f"http://127.0.0.1:{free_port()}"
        config = {
            "listeners": [{"address": f"127.0.0.1:{self.port}"}],
            "admin": {"address": self.admin[len("http://") :]},
            "routes": [route],
            **({"identity": identity} if identity else {}),
            **({"locks": locks} if locks else {}),
            **({"well_known": well_known} if well_known else {}),
        }
        self.config = os.path.join(self.base, "davgate.yaml")
        with open(self.config, "w") as out:
            json.dump(config, out, indent=1)  # JSON is YAML
        if not os.access(DAVGATE, os.X_OK):
            raise RuntimeError(f"{DAVGATE} is missing: `tests/run build` makes it")
        self.start()

    def start(self):
        """Also after a stop or a kill: on the same port, with the same configuration."""
        self.process = start([DAVGATE, "run", self.config], self.log)
        wait_for(self.port, self.process, self.log)

    def kill(self):
        """At once, without a word."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        stop(self.process)

    def access(self):
        """The access log's lines so far, parsed; what stands before and between them on standard error is left out."""
        with open(self.log, errors="replace") as log:
            lines = [json.loads(line) for line in log if line.startswith("{")]
        return [line for line in lines if line.get("log") != "audit"]

    def unmapped(self):
        """The counters of URLs in answers that could not be mapped, where they are not 0."""
        with urllib.request.urlopen(f"{self.admin}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        counters = [line for line in lines if line.startswith("davgate_unmapped_hrefs_total{")]
        assert counters, "the metrics have no davgate_unmapped_hrefs_total"
        return [line for line in counters if line.split()[-1] != "0"]

    def memory(self, key="VmRSS"):
        """Bytes of a line of /proc/PID/status."""
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith(key + ":"):
                    return int(line.split()[1]) * 1024
        raise RuntimeError(f"no {key} for process {self.process.pid}")

    def forget_peak(self):
        """Sets the peak of resident memory (VmHWM) back to what is resident now."""
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as refs:
            refs.write("5")

    def stop(self):
        stop(self.process)


class Demo:
    """`davgate demo`: the gateway at `url`, its embedded back end on a listener of its own at `backend`."""

    def __init__(self):
        self.base = scratch("demo")
        self.port, backend_port = free_port(), free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.backend = f"http://127.0.0.1:{backend_port}/"
        self.files = os.path.join(self.base, "files")
        self.log = os.path.join(self.base, "log")
        os.mkdir(self.files)
        if not os.access(DAVGATE, os.X_OK):
            raise RuntimeError(f"{DAVGATE} is missing: `tests/run build` makes it")
        listen = ["--listen", f"127.0.0.1:{self.port}", "--backend-listen", f"127.0.0.1:{backend_port}"]
        self.process = start([DAVGATE, "demo", *listen, "--dir", self.files], self.log)
        wait_for(self.port, self.process, self.log)
        wait_for(backend_port, self.process, self.log)


def remove(path):
    """Removes a tree in which mod_dav may still be removing its own temporary file: it does so after it has answered."""
    until = time.monotonic() + 5
    while os.path.exists(path):
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            if time.monotonic() > until:
                raise
