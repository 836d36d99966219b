"""One combination that locks are tested in: a back end, who decides about locks, and where they are kept.

What goes in are three names; what comes out is a running gateway with two users, alice and bob, before a running back
end. Modes: `plain` is a gateway that is told nothing about locks; `default` one that has a store and leaves the mode
of the route to the profile; `observe`, `emulate` and `off` are the route's `locking`.
"""

import argparse
import base64
from urllib.parse import unquote, urlsplit

import dav_servers
import dav_servers_python
import servers
import stores
import web

MODES = ("plain", "default", "observe", "emulate", "off")
USERS = {"alice": "alice-pass-phrase", "bob": "bob-pass-phrase"}
EVERYTHING = [{"path": "/**", "allow": ["all"], "to": "authenticated"}]
# Without `unlock`: who has it may end the locks of others (L-66).
EDITORS = [{"path": "/**", "allow": ["read", "write"], "to": "authenticated"}]


def basic(user, password=None):
    """The value of Authorization."""
    return "Basic " + base64.b64encode(f"{user}:{password or USERS[user]}".encode()).decode()


class Combination:
    """A back end and a store, started; `gateway()` puts gateways before them. `users` are {name: password}. Ends
    with `stop()`.
    """

    def __init__(self, back_end, mode="plain", store=None, users=None):
        if mode not in MODES:
            raise RuntimeError(f"no mode {mode!r}; there are: {', '.join(MODES)}")
        self.mode = mode
        self.store = stores.Store("none" if mode in ("plain", "off") else store or "memory")
        self.users = users or USERS
        self.back_end = dav_servers_python.started(back_end, self.users)
        self.gateways = []
        self.identity = {"realm": "Files", "basic": {"htpasswd": servers.password_file(self.users)}}
        self.title = f"{back_end}, {mode}" + ("" if self.store.name == "none" else f", {self.store.name}")

    def gateway(self, access=None, **more):
        """One more gateway at /files/; they share the store."""
        if self.mode in ("observe", "emulate", "off"):
            more["locking"] = self.mode
        gateway = servers.Gateway(
            "/files/",
            self.back_end.behind(),
            identity=self.identity,
            access=access or EDITORS,
            **({"locks": self.store.locks} if self.store.locks else {}),
            **more,
        )
        self.gateways.append(gateway)
        return gateway

    def stop(self):
        for gateway in self.gateways:
            gateway.stop()
        self.back_end.stop()
        self.store.stop()


class User:
    """Sends requests to a gateway as one of the users: `alice("PUT", "a b.txt", b"...")`."""

    def __init__(self, gateway, name, password=None):
        self.url, self.name = gateway.url, name
        self.authorization = basic(name, password)

    def __call__(self, method, path, body=None, timeout=60, **headers):
        """`path` is not escaped yet; `_` in a header's name is `-`; Destination is a path too."""
        headers = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        if "Destination" in headers:
            headers["Destination"] = self.url + web.escape(headers["Destination"])
        headers["Authorization"] = self.authorization
        return web.request(method, self.url + web.escape(path), body, headers, timeout)

    def lock(self, path, depth="0", scope="exclusive", seconds=600, timeout=60, **headers):
        """The answer and the token, without brackets."""
        body = (
            f'<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:{scope}/></D:lockscope><D:locktype>'
            f"<D:write/></D:locktype><D:owner><D:href>mailto:{self.name}@example.org</D:href></D:owner></D:lockinfo>"
        )
        more = {"Depth": depth, "Timeout": f"Second-{seconds}", **web.XML, **headers}
        answer = self("LOCK", path, body, timeout, **more)
        return answer, (answer["Lock-Token"] or "").strip("<>")

    def refresh(self, path, token, seconds=600, timeout=60):
        return self("LOCK", path, None, timeout, If=f"(<{token}>)", Timeout=f"Second-{seconds}")

    def unlock(self, path, token, timeout=60):
        return self("UNLOCK", path, None, timeout, Lock_Token=f"<{token}>")


def active(answer):
    """{path: [token or None]} of the locks in a multistatus: what is locked there, and with which tokens that are
    shown.
    """
    found = {}
    for response in answer.xml().iter(f"{web.DAV}response"):
        path = unquote(urlsplit(response.findtext(f"{web.DAV}href")).path)
        found[path] = [
            (lock.findtext(f"{web.DAV}locktoken/{web.DAV}href") or "").strip() or None
            for lock in response.iter(f"{web.DAV}activelock")
        ]
    return found


LOCKDISCOVERY = '<?xml version="1.0"?><propfind xmlns="DAV:"><prop><lockdiscovery/></prop></propfind>'


def chosen(description, combinations):
    """The (back end, mode, store) of the command line; each option takes names with commas between. Without any option,
    `combinations`."""
    parser = argparse.ArgumentParser(description=description)
    names = [kind.name for kind in [*dav_servers_python.ALL, dav_servers.ApacheUsers]]
    parser.add_argument("--back-end", help="of " + ", ".join(names))
    parser.add_argument("--mode", help="of " + ", ".join(MODES))
    parser.add_argument("--store", help="of " + ", ".join(stores.NAMES))
    got = parser.parse_args()
    if not (got.back_end or got.mode or got.store):
        return combinations
    parts = [(got.back_end or "nginx"), (got.mode or "emulate"), (got.store or "memory")]
    back_ends, modes, kept = (part.split(",") for part in parts)
    return [(back_end, mode, store) for back_end in back_ends for mode in modes for store in kept]
