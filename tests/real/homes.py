"""Homes made by davgate at a real Radicale, whose only user is davgate's account, and at Apache.

What passes: the first request of a user makes the home, once; a calendar can be made in it; nobody's home is made by
somebody else; with a home that cannot be made the request goes on, and the well-known URL leads there (spec RM-15, RM-20).
"""

import concurrent.futures
import os

import report
import servers
import web

CONFIGURATION = """[server]
hosts = 127.0.0.1:{port}
[auth]
type = htpasswd
htpasswd_filename = {base}/users
htpasswd_encryption = plain
[rights]
type = from_file
file = {base}/rights
[storage]
filesystem_folder = {base}/collections
[web]
type = none
"""

# The account may do everything, but for one home.
RIGHTS = """[refused]
user: gateway
collection: carl(/.*)?
permissions:
[account]
user: gateway
collection: .*
permissions: RrWw
"""

IDENTITY = {"trusted_header": {"user": "X-User", "from": ["127.0.0.1"]}}
ACCESS = [
    {"path": "/{user}/**", "allow": ["all"], "to": "authenticated"},
    {"path": "/", "allow": ["unbind"], "to": "authenticated"},
]


class Radicale:
    """Radicale on a loopback port, with one account."""

    def __init__(self):
        self.base = servers.scratch("radicale-homes")
        self.log = os.path.join(self.base, "log")
        port = servers.free_port()
        self.url = f"http://127.0.0.1:{port}/"
        config = os.path.join(self.base, "config")
        for name, text in [
            ("config", CONFIGURATION.format(port=port, base=self.base)),
            ("rights", RIGHTS),
            ("users", "gateway:secret-of-the-gateway\n"),
            ("password", "secret-of-the-gateway\n"),
        ]:
            with open(os.path.join(self.base, name), "w") as out:
                out.write(text)
        python = os.path.join(servers.CACHE, "radicale", "bin", "python")
        self.process = servers.start([python, "-m", "radicale", "--config", config], self.log)
        servers.wait_for(port, self.process, self.log)

    def has(self, name):
        """Whether there is a collection of this name."""
        return os.path.isdir(os.path.join(self.base, "collections", "collection-root", name))


def homes(check, radicale):
    password = os.path.join(radicale.base, "password")
    account = {"service": {"user": "gateway", "password_file": password}}
    more = {"access": ACCESS, "auto_home": "/{user}/"}
    gateway = servers.Gateway("/radicale/", radicale.url, "radicale", identity=IDENTITY, credentials=account, **more)
    url = gateway.url
    check.equal("no home yet", [radicale.has("ann"), radicale.has("bob")], [False, False])
    other = web.request("PROPFIND", url + "ann/", headers={"X-User": "bob", "Depth": "0"})
    check.equal("bob asks for ann's", (other.status, radicale.has("ann")), (404, False))
    nobody = web.request("PROPFIND", url + "ann/", headers={"Depth": "0"})
    check.equal("nobody asks for ann's", (nobody.status, radicale.has("ann")), (404, False))
    first = web.request("PROPFIND", url + "ann/", headers={"X-User": "ann", "Depth": "0"})
    check.equal("ann asks for hers", (first.status, radicale.has("ann")), (207, True))
    made = web.request("MKCALENDAR", url + "ann/cal/", headers={"X-User": "ann"})
    check.equal("and makes a calendar in it", made.status, 201)
    inside = web.request("MKCALENDAR", url + "bob/cal/", headers={"X-User": "bob"})
    check.equal("bob begins with the calendar", (inside.status, radicale.has("bob")), (201, True))
    refused = web.request("PROPFIND", url + "carl/", headers={"X-User": "carl", "Depth": "0"})
    told = refused.status in (403, 404)
    check.check("carl's cannot be made, and he is told what the back end says", told, refused.status)
    check.equal("and it is not there", radicale.has("carl"), False)
    gone = web.request("DELETE", url + "ann/", headers={"X-User": "ann"})
    check.equal("ann takes hers away", (gone.status, radicale.has("ann")), (200, False))
    again = web.request("PROPFIND", url + "ann/", headers={"X-User": "ann", "Depth": "0"})
    check.equal("and it stays away", (again.status, radicale.has("ann")), (404, False))
    gateway.stop()
    gateway = servers.Gateway("/radicale/", radicale.url, "radicale", identity=IDENTITY, credentials=account, **more)
    again = web.request("PROPFIND", gateway.url + "ann/", headers={"X-User": "ann", "Depth": "0"})
    check.equal("until davgate starts anew", (again.status, radicale.has("ann")), (207, True))
    gateway.stop()


def folders(check, apache):
    """Homes in a folder of Apache's where nobody may make anything; many first requests at once; a name that is no ASCII."""
    rules = [
        {"path": "/home/{user}/**", "allow": ["all"], "to": "authenticated"},
        {"path": "/home/", "allow": ["read"], "to": "authenticated"},
    ]
    more = {"access": rules, "auto_home": "/home/{user}/"}
    named = {"header": "X-Remote-User"}
    gateway = servers.Gateway("/files/", apache.at["/dav/"], identity=IDENTITY, credentials=named, **more)
    folder = os.path.join(apache.files["/dav/"], "home")
    early = web.request("PUT", gateway.url + "home/ann/a", b"a", {"X-User": "ann"})
    check.equal("without a folder for homes there is none", (early.status, os.path.isdir(folder)), (409, False))
    os.mkdir(folder)
    apache.own(folder)
    own = web.request("MKCOL", gateway.url + "home/dora/", headers={"X-User": "dora"})
    check.equal("dora may not make her own", (own.status, os.listdir(folder)), (403, []))
    user = {"X-User": "b \u00fc".encode()}

    def put(number):
        return web.request("PUT", f"{gateway.url}home/b%20%C3%BC/{number}", b"x", user).status

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = sorted(set(pool.map(put, range(8))))
    check.equal("eight uploads at once find a home", (made, os.listdir(folder)), ([201], ["b \u00fc"]))
    gateway.stop()


def run(check):
    homes(check, Radicale())
    folders(check, servers.Apache())


if __name__ == "__main__":
    report.main("homes", run)
