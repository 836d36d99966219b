"""What two users with different rights are told of one directory of a real Apache, which itself knows no users.

What passes: ann, who may do everything, gets Apache's answers; bob, who may not read what begins with `hid`, gets the same
without it: in listings of every depth, by its own URL, and in what DELETE could not do (spec F-1, F-4, F-6, A-22, A-32).
"""

import os
from urllib.parse import unquote

import report
import servers
import web

ACCESS = [
    {"path": "/d/hid*/**", "deny": ["read"], "to": "user:bob"},
    {"path": "/**", "allow": ["all"], "to": "user:ann"},
    {"path": "/**", "allow": ["read", "write"], "to": "user:bob"},
]
IDENTITY = {"trusted_header": {"user": "X-User", "from": ["127.0.0.1"]}}
FILES = ["d/a.txt", "d/sub/b.txt", "d/sub/hid.txt", "d/hid/x.txt", "d/hid/deep/y.txt", "d/hidden.txt", "d/hi.txt", "e.txt"]


def make_tree(apache):
    base = apache.files["/dav/"]
    servers.remove(os.path.join(base, "d"))
    for name in FILES:
        path = os.path.join(base, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as out:
            out.write(f"text of {name}\n")
    for folder, _, names in os.walk(base):
        for path in (folder, *(os.path.join(folder, name) for name in names)):
            apache.own(path)


def listings(check, gateway):
    """PROPFIND of every depth: who gets to know of what."""
    visible = {"d/", "d/a.txt", "d/hi.txt", "d/sub/", "d/sub/b.txt", "d/sub/hid.txt"}
    hidden = {"d/hid/", "d/hidden.txt", "d/hid/x.txt", "d/hid/deep/", "d/hid/deep/y.txt"}
    for depth in ("0", "1", "infinity"):
        for user in ("ann", "bob"):
            answer = web.propfind(gateway.url + "d/", depth, X_User=user)
            want = {"/files/" + path for path in visible | (hidden if user == "ann" else set())}
            if depth != "infinity":
                most = 2 if depth == "0" else 3
                want = {path for path in want if path.strip("/").count("/") < most}
            got = [unquote(href) for href in answer.hrefs()] if answer.status == 207 else answer.status
            name = f"PROPFIND Depth {depth} by {user}"
            check.equal(f"{name}: each once", sorted(got), sorted(want))
            if user == "bob":
                told = [word for word in (b"hid/", b"hidden", b"deep") if word in answer.body]
                check.equal(f"{name}: nothing of the rest is told", told, [])


def by_their_own_urls(check, gateway):
    """What is hidden is as if it were not there, answer for answer."""

    def everything(answer):
        return answer.status, sorted((name, value) for name, value in answer.headers.items() if name != "Date"), answer.body

    for method in ("GET", "HEAD", "PROPFIND", "OPTIONS"):
        headers = {"X-User": "bob", "Depth": "0"} if method == "PROPFIND" else {"X-User": "bob"}
        for path in ("d/hidden.txt", "d/hid/", "d/hid/none"):
            hidden = web.request(method, gateway.url + path, headers=headers)
            check.equal(f"{method} {path} by bob", hidden.status, 404)
            missing = web.request(method, gateway.url + "d/none", headers=headers)
            if method != "OPTIONS":  # Apache has options for what is not there
                check.equal(f"{method} {path} by bob: as if it were not there", everything(hidden), everything(missing))
        answer = web.request(method, gateway.url + "d/hidden.txt", headers={**headers, "X-User": "ann"})
        check.check(f"{method} by ann, twin", answer.status in (200, 207), answer.status)


def failures(check, gateway, apache):
    """What DELETE could not do is told to bob without a name that he may not know, and never as a success."""
    # Of a lock known to be ann's, bob hears from the gateway, and the back end hears of nothing (L-38).
    answer, token = web.lock(gateway.url + "d/hid/x.txt", **{"X-User": "ann"})
    check.check("ann has the lock", token, answer.status)
    name = "DELETE of a tree with ann's lock in it by bob"
    answer = web.request("DELETE", gateway.url + "d/", headers={"X-User": "bob"})
    submit = answer.xml().find(f"{web.DAV}lock-token-submitted") if answer.status == 423 else None
    check.check(f"{name}: 423, for want of a token", submit is not None, f"{answer.status} {answer.body[:300]}")
    told = [] if submit is None else [unquote(href.text) for href in submit]
    check.equal(f"{name}: told of what he asked for", told, ["/files/d/"])
    check.check(f"{name}: told of nothing hidden", b"hid" not in answer.body, answer.body)
    left = [path for path in FILES if not os.path.exists(os.path.join(apache.files["/dav/"], path))]
    check.equal(f"{name}: everything is there", left, [])
    answer = web.unlock(gateway.url + "d/hid/x.txt", token, **{"X-User": "ann"})
    check.equal(f"{name}: the twin, ann ends her lock", answer.status, 204)
    # Of one made past the gateway, and nobody's, they hear from Apache, which keeps it for a new file at its path.
    answer, token = web.lock(apache.at["/dav/"] + "d/hid/x.txt")
    check.check("there is a lock that the gateway does not know", token, answer.status)
    for user, where in (("bob", "/files/d/"), ("ann", "/files/d/hid/x.txt")):
        name = f"DELETE of a tree with a locked file by {user}"
        answer = web.request("DELETE", gateway.url + "d/", headers={"X-User": user})
        check.equal(f"{name}: 424 with a multistatus", answer.status, 424)
        text = answer.body.decode()
        check.check(f"{name}: the failure stays", "423" in text or "424" in text, text)
        hrefs = [unquote(href) for href in answer.hrefs()]
        check.check(f"{name}: told of {where}", where in hrefs, hrefs)
        told = [href for href in hrefs if "/hid/" in href and user == "bob"]
        check.equal(f"{name}: and of nothing hidden", told, [])
        locked = os.path.join(apache.files["/dav/"], "d/hid/x.txt")
        check.check(f"{name}: the locked file is there", os.path.exists(locked))
        make_tree(apache)


def tokens(check, gateway):
    """The token of a lock is for who made it, and for who may unlock it."""
    answer, token = web.lock(gateway.url + "d/a.txt", **{"X-User": "bob"})
    check.check("bob's LOCK has its token in header and body", token and token in answer.body.decode(), answer.body)

    def shown(user):
        answer = web.propfind(gateway.url + "d/a.txt", X_User=user)
        return answer.status, b"activelock" in answer.body, token.encode() in answer.body

    check.equal("bob sees his own token", shown("bob"), (207, True, True))
    check.equal("ann sees it, who may unlock", shown("ann"), (207, True, True))
    headers = {"If": f"(<{token}>)", "Timeout": "Second-300", "X-User": "bob"}
    answer = web.request("LOCK", gateway.url + "d/a.txt", headers=headers)
    check.check("bob refreshes it, and is told of it", token in answer.body.decode(), answer.status)
    answer = web.request("UNLOCK", gateway.url + "d/a.txt", headers={"Lock-Token": f"<{token}>", "X-User": "bob"})
    check.equal("bob unlocks it", answer.status, 204)
    _, token = web.lock(gateway.url + "d/a.txt", **{"X-User": "ann"})
    check.equal("bob sees ann's lock, but not its token", shown("bob"), (207, True, False))


def run(check):
    apache = servers.Apache()
    make_tree(apache)
    limits = {"propfind_depth": "infinity"}
    gateway = servers.Gateway("/files/", apache.at["/dav/"], identity=IDENTITY, access=ACCESS, limits=limits)
    listings(check, gateway)
    by_their_own_urls(check, gateway)
    failures(check, gateway, apache)
    tokens(check, gateway)
    gateway.stop()


if __name__ == "__main__":
    report.main("answers", run)
