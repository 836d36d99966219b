"""A write that is permitted for what is there, and what is there changes: Apache's own conditions, and the gateway's use of them (A-12).

First straight at Apache: that it evaluates each condition on each method as the profile says. Then through the gateway, with
somebody between it and Apache who changes the resource after the question and before the write.
"""

import os
import time

import backends
import report
import servers
import web

ACCESS = [
    {"path": "/*/kept/**", "deny": ["unbind", "write"], "to": "user:editor"},
    {"path": "/**", "allow": ["read", "bind"], "to": "user:maker"},
    {"path": "/**", "allow": ["read", "write-content", "unbind"], "to": "user:editor"},
]
LOCKINFO = (
    '<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
    "<D:locktype><D:write/></D:locktype></D:lockinfo>"
)
PROBE = (
    '<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop><D:resourcetype/><D:getetag/><D:getlastmodified/>'
    "</D:prop></D:propfind>"
)


class Between:
    """Between gateway and Apache: passes every request on, and calls `meddle` after it has passed the answer to a PROPFIND."""

    def __init__(self, origin):
        self.origin = origin
        self.meddle = None
        self.listener = backends.Backend(self.answer)
        self.url = self.listener.url

    def answer(self, connection, request):
        method, target, _ = request.line.split(" ")
        headers = {
            name: value for name, value in request.headers.items()
            if name not in ("host", "connection", "content-length", "transfer-encoding", "expect")
        }
        if "expect" in request.headers:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "destination" in headers:
            headers["destination"] = headers["destination"].replace(f":{self.listener.port}/", f":{self.port()}/")
        got = web.request(method, self.origin + target, request.body or None, headers)
        if method == "PROPFIND" and self.meddle:
            meddle, self.meddle = self.meddle, None
            meddle()
        kept = [f"{name}: {got[name]}" for name in ("Content-Type", "Lock-Token", "Location") if got[name]]
        connection.sendall(backends.plain(f"{got.status} Status", got.body, *kept))

    def port(self):
        return self.origin.rsplit(":", 1)[1]

    def heard(self, name):
        """Values of a header of the last request."""
        return self.listener.requests[-1].headers.get(name)


def etag(url):
    return web.propfind(url).property("{DAV:}getetag").text


def strong(url):
    """Waits until the entity tag is strong: about a second after the last write."""
    until = time.monotonic() + 5
    while etag(url).startswith("W/"):
        assert time.monotonic() < until, "it stays weak"
        time.sleep(0.1)
    return etag(url)


def lock(url, **headers):
    return web.request("LOCK", url, LOCKINFO, {"Depth": "0", **web.XML, **headers})


def directly(check, apache):
    """What the profile says of mod_dav."""
    url = apache.at["/dav/"] + "direct"
    absent, present = {"If-None-Match": "*"}, {"If-Match": "*"}
    check.equal("If-Match: * on a PUT of nothing", web.request("PUT", url, "a", present).status, 412)
    check.equal("If-None-Match: * on a PUT of nothing", web.request("PUT", url, "a", absent).status, 201)
    check.equal("If-None-Match: * on a PUT of something", web.request("PUT", url, "b", absent).status, 412)
    weak = etag(url)
    check.check("an entity tag is weak after a write", weak.startswith("W/"), weak)
    check.equal("If-Match with a weak tag", web.request("PUT", url, "b", {"If-Match": weak}).status, 412)
    check.equal("If with a weak tag", web.request("PUT", url, "b", {"If": f"([{weak}])"}).status, 204)
    tagged = f"<{url}> ([{etag(url)}])"
    check.equal("If with a weak tag, tagged", web.request("PUT", url, "b", {"If": tagged}).status, 204)
    check.equal("If with another weak tag", web.request("PUT", url, "b", {"If": '([W/"1-2"])'}).status, 412)
    aside = url + "-aside"
    web.request("PUT", aside, "a")
    headers = {"If": f'<{aside}> ([W/"1-2"])'}
    check.equal("If with another weak tag on DELETE, tagged", web.request("DELETE", aside, None, headers).status, 412)
    headers = {"If": f"<{aside}> ([{etag(aside)}])"}
    check.equal("If with a weak tag on DELETE, tagged", web.request("DELETE", aside, None, headers).status, 204)
    now = strong(url)
    check.equal("If-Match with another tag", web.request("PUT", url, "c", {"If-Match": '"1-2"'}).status, 412)
    check.equal("If-Match with the tag", web.request("PUT", url, "c", {"If-Match": now}).status, 204)
    check.equal("If-Match on DELETE, another tag", web.request("DELETE", url, None, {"If-Match": '"1-2"'}).status, 412)
    check.equal("If-None-Match: * on a LOCK of something", lock(url, **absent).status, 412)
    check.equal("If-Match: * on a LOCK of nothing", lock(url + "-none", **present).status, 412)
    got = lock(url + "-new", **absent)
    check.equal("If-None-Match: * on a LOCK of nothing", got.status, 200)
    token = f"(<{(got['Lock-Token'] or '').strip('<>')}>)"
    nothing = web.propfind(url + "-new", body=PROBE)
    found = [nothing.property(f"{{DAV:}}{name}").text for name in ("getetag", "getlastmodified")]
    check.equal("what is locked and not there has neither tag nor date", found, [None, None])
    answer = web.request("PUT", url + "-new", "a", {"If": token, **absent})
    check.equal("If-None-Match: * on a PUT of it", answer.status, 201)
    headers = {"If": f"{token[:-1]} [{etag(url + '-new')}])"}
    check.equal("If with a token and a weak tag", web.request("PUT", url + "-new", "a", headers).status, 204)
    folder = apache.at["/dav/"] + "folder"
    web.request("MKCOL", folder + "/")
    check.equal("If-Match: * on a LOCK of a folder", lock(folder + "/", **present).status, 200)
    check.equal("If-Match on DELETE", web.request("DELETE", url, None, {"If-Match": strong(url)}).status, 204)


def overtaken(check, apache):
    """Through the gateway, undisturbed and overtaken."""
    base = apache.at["/dav/"]
    between = Between(base[: -len("/dav/")])
    identity = {"trusted_header": {"user": "X-Remote-User", "from": ["127.0.0.1"]}}
    gateway = servers.Gateway("/files/", between.url, identity=identity, access=ACCESS)

    def by(user, method, name, body=None, **headers):
        more = {key.replace("_", "-"): value for key, value in headers.items()}
        return web.request(method, gateway.url + name, body, {"X-Remote-User": user, **more}).status

    def directly_put(name, text="from elsewhere"):
        return lambda: web.request("PUT", base + name, text)

    def content(name):
        with open(os.path.join(apache.files["/dav/"], name)) as file:
            return file.read()

    check.equal("made", by("maker", "PUT", "a", "one"), 201)
    check.equal("with If-None-Match", between.heard("if-none-match"), "*")
    check.equal("made again", by("maker", "PUT", "a", "two"), 403)
    check.equal("written, the tag being weak", by("editor", "PUT", "a", "two"), 204)
    check.check("with If", '/dav/a> ([W/"' in (between.heard("if") or ""), between.heard("if"))
    strong(base + "a")
    check.equal("written, the tag being strong", by("editor", "PUT", "a", "three"), 204)
    check.check("with If-Match", (between.heard("if-match") or "").startswith('"'), between.heard("if-match"))
    got = web.request("LOCK", gateway.url + "l", LOCKINFO, {"X-Remote-User": "maker", "Depth": "0", **web.XML})
    check.equal("locked where nothing is", got.status, 200)
    token = f"(<{(got['Lock-Token'] or '').strip('<>')}>)"
    check.equal("and then made", by("maker", "PUT", "l", "one", If=token), 201)
    check.equal("but not made again", by("maker", "PUT", "l", "two", If=token), 403)

    between.meddle = directly_put("b")
    check.equal("made, but somebody else was faster", by("maker", "PUT", "b", "mine"), 403)
    check.equal("and keeps what they wrote", content("b"), "from elsewhere")
    between.meddle = directly_put("m")
    check.equal("locked, but somebody else was faster", by("maker", "LOCK", "m", LOCKINFO, Content_Type="text/xml"), 403)
    between.meddle = directly_put("b", "from elsewhere again")
    check.equal("written, but somebody else wrote meanwhile", by("editor", "PUT", "b", "mine"), 409)
    check.equal("and keeps that", content("b"), "from elsewhere again")
    between.meddle = lambda: web.request("DELETE", base + "b")
    check.equal("written, but somebody else deleted it", by("editor", "PUT", "b", "mine"), 403)
    check.check("and it stays away", not os.path.exists(os.path.join(apache.files["/dav/"], "b")))

    directly_put("c")()
    strong(base + "c")

    def becomes_folder():
        web.request("DELETE", base + "c")
        web.request("MKCOL", base + "c/")
        web.request("MKCOL", base + "c/kept/")

    between.meddle = becomes_folder
    check.equal("deleted, but it has become a folder (Apache wants a slash)", by("editor", "DELETE", "c"), 301)
    check.check("which stays", os.path.isdir(os.path.join(apache.files["/dav/"], "c", "kept")))
    directly_put("e")()
    strong(base + "e")
    between.meddle = directly_put("e", "new")
    check.equal("deleted, though somebody else wrote meanwhile", by("editor", "DELETE", "e"), 204)

    between.meddle = directly_put("d")
    destination = gateway.url + "d"
    check.equal("copied, but somebody else was faster", by("maker", "COPY", "a", Destination=destination), 403)
    check.equal("and keeps what they wrote, too", content("d"), "from elsewhere")
    check.equal("copied", by("maker", "COPY", "a", Destination=gateway.url + "f"), 201)


def run(check):
    apache = servers.Apache()
    directly(check, apache)
    overtaken(check, apache)


if __name__ == "__main__":
    report.main("race", run)
