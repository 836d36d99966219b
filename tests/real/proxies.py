"""What today's proxies get wrong when they change a prefix in front of Apache mod_dav: a probe of the mapping.

Public `/files/` in front of Apache `/dav/`. What passes is said by every check; what was written is looked up on the
file system, what Apache holds is asked from Apache directly.
"""

import os
import time
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import backends
import report
import servers
import web

ABSENT = object()


class Probe:
    """The gateway, Apache behind it, and shorthands for both."""

    def __init__(self, check):
        self.check = check
        self.apache = servers.Apache()
        self.gateway = servers.Gateway("/files/", self.apache.at["/dav/"])
        self.direct = self.apache.at["/dav/"]
        self.public = self.gateway.url
        self.origin = self.public[: -len("/files/")]
        self.files = self.apache.files["/dav/"]
        self.answers = []

    def ask(self, method, path, body=None, headers=None, **more):
        """A request through the gateway; every answer is kept for the last check."""
        answer = web.request(method, self.public + path, body, headers, **more)
        self.answers.append((method, path, answer))
        return answer

    def status(self, name, want, method, path, body=None, headers=None, **more):
        wanted = want if isinstance(want, tuple) else (want,)
        answer = self.ask(method, path, body, headers, **more)
        self.check.check(name, answer.status in wanted, f"{answer.status} instead of {want}: {answer.body[:200]!r}")
        return answer

    def put(self, path, content=b"content"):
        web.request("PUT", self.direct + web.escape(path), content)

    def mkdir(self, path):
        web.request("MKCOL", self.direct + web.escape(path))

    def content(self, path):
        try:
            with open(os.path.join(self.files, path), "rb") as data:
                return data.read()
        except OSError:
            return None

    def tree(self):
        """Every path behind the whole server, so that a write anywhere is seen."""
        return sorted(
            os.path.join(top, name)
            for base in (self.files, self.apache.files["/"], os.path.join(self.apache.base, "site"))
            for top, directories, names in os.walk(base)
            for name in directories + names
            if name != ".DAV" and "/.DAV" not in top
        )


def if_tags(probe):
    """No proxy of today maps the tags of `If`: a lost update, or a lock holder locked out."""
    check, status = probe.check, probe.status
    probe.put("if.txt", b"one")
    etag = web.request("HEAD", probe.direct + "if.txt")["ETag"]
    url, wrong = probe.public + "if.txt", '"wrong-etag"'
    status("If: tagged wrong ETag is refused", 412, "PUT", "if.txt", b"lost", {"If": f"<{url}> ([{wrong}])"})
    check.equal("If: after the refusal the content is the old one", probe.content("if.txt"), b"one")
    status(
        "If: tagged by path, wrong ETag is refused", 412, "PUT", "if.txt", b"x", {"If": f"</files/if.txt> ([{wrong}])"}
    )
    status("If: tagged right ETag is accepted", 204, "PUT", "if.txt", b"two", {"If": f"<{url}> ([{etag}])"})
    etag = web.request("HEAD", probe.direct + "if.txt")["ETag"]
    encoded = f"<{probe.origin}/%66iles/if.txt> ([{etag}])"
    status("If: tag with a percent-encoded prefix is accepted", 204, "PUT", "if.txt", b"thr", {"If": encoded})
    foreign = {"If": f"<http://other.example/files/if.txt> ([{wrong}])"}
    status("If: tag of a foreign host is refused", 400, "PUT", "if.txt", b"x", foreign)
    inner = {"If": f"<{probe.origin}/dav/if.txt> ([{wrong}])"}
    status("If: tag with the internal prefix is refused", 400, "PUT", "if.txt", b"x", inner)

    answer, token = web.lock(url)
    check.equal("lock: LOCK through the gateway", answer.status, 200)
    check.equal("lock: the content is still that of the last right write", probe.content("if.txt"), b"thr")
    status("lock: PUT without the token is refused", 423, "PUT", "if.txt", b"x")
    status("lock: PUT with the tagged token is accepted", 204, "PUT", "if.txt", b"fou", {"If": f"<{url}> (<{token}>)"})
    status("lock: PUT with the untagged token is accepted", 204, "PUT", "if.txt", b"fiv", {"If": f"(<{token}>)"})
    probe.put("other.txt")
    status("lock: COPY onto the locked file without the token", 423, "COPY", "other.txt", None, {"Destination": url})
    tagged = {"Destination": url, "If": f"<{url}> (<{token}>)"}
    status("lock: COPY onto it with the token tagged with the destination", 204, "COPY", "other.txt", None, tagged)
    status("lock: refresh with the token", 200, "LOCK", "if.txt", None, {"If": f"(<{token}>)", "Timeout": "Second-900"})
    check.equal("lock: UNLOCK", web.unlock(url, token).status, 204)

    probe.mkdir("locked col/")
    probe.put("locked col/in.txt")
    _, token = web.lock(probe.public + "locked%20col/", depth="infinity")
    member = "locked%20col/in.txt"
    status("lock: a member of a locked collection without the token", 423, "DELETE", member)
    tagged = {"If": f"<{probe.public}locked%20col/> (<{token}>)"}
    status("lock: a member, token tagged with the collection", 204, "DELETE", member, None, tagged)
    web.unlock(probe.public + "locked%20col/", token)


def downloads(probe):
    """Text substitution changes files that are downloaded and drops their ETag, length and ranges."""
    inner = f'{probe.direct}a /dav/b <D:href xmlns:D="DAV:">/dav/c</D:href> {probe.public}d'
    pages = {
        "page.html": f'<html><body><a href="/dav/x">{inner}</a></body></html>',
        "data.xml": f'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"><D:href>{inner}</D:href></D:multistatus>',
        "style.css": f"a {{ background: url(/dav/bild.png) }} /* {inner} */",
        "broken.xml": f"<D:multistatus><D:href>/dav/x</D:href> & not closed {inner}",
    }
    for name, text in pages.items():
        content = (text * 3).encode()
        probe.check.equal(f"download {name}: upload", probe.ask("PUT", name, content).status, 201)
        probe.check.equal(f"download {name}: what was uploaded", probe.content(name), content)
        want, got = web.request("GET", probe.direct + name), probe.ask("GET", name)
        probe.check.equal(f"download {name}: byte-identical", got.body, content)
        for header in ("ETag", "Content-Length", "Last-Modified", "Content-Type", "Accept-Ranges"):
            probe.check.equal(f"download {name}: {header}", got[header], want[header])
    time.sleep(1.1)  # Apache calls the ETag of a file younger than a second weak
    name, content = "page.html", (pages["page.html"] * 3).encode()
    part = probe.status("download: a Range is 206", 206, "GET", name, None, {"Range": "bytes=5-60"})
    probe.check.equal("download: the Range holds those bytes", part.body, content[5:61])
    probe.check.equal("download: Content-Range", part["Content-Range"], f"bytes 5-60/{len(content)}")
    etag = probe.ask("HEAD", name)["ETag"]
    probe.status("download: If-None-Match is 304", 304, "GET", name, None, {"If-None-Match": etag})
    probe.status("upload: If-Match with the ETag seen through the gateway", 204, "PUT", name, b"x", {"If-Match": etag})
    probe.status("upload: the old ETag is 412", 412, "PUT", name, b"y", {"If-Match": etag})


def text_of(answer, path):
    """The serialised child of the first element found at `path`, namespaces written out."""
    found = answer.xml().find(path)
    return ABSENT if found is None else ElementTree.canonicalize(ElementTree.tostring(found), rewrite_prefixes=True)


def dead_properties(probe):
    """Values of dead properties and lock owners belong to the client, whatever URLs they hold."""
    probe.put("prop.txt")
    value = (
        f'{probe.direct}prop.txt <D:href xmlns:D="DAV:">/dav/prop.txt</D:href>'
        f"<x:href>/files/prop.txt</x:href><x:response><D:href xmlns:D='DAV:'>{probe.public}p</D:href></x:response>"
    )
    body = (
        f'<?xml version="1.0"?><Z:propertyupdate xmlns:Z="DAV:" xmlns:x="urn:x"><Z:set><Z:prop><x:note>{value}</x:note>'
        "</Z:prop></Z:set></Z:propertyupdate>"
    )
    answer = probe.status("dead property: PROPPATCH", 207, "PROPPATCH", "prop.txt", body, web.XML)
    probe.check.equal("dead property: the href of the PROPPATCH answer", answer.hrefs(), ["/files/prop.txt"])
    ask = '<propfind xmlns="DAV:"><prop><note xmlns="urn:x"/></prop></propfind>'
    through = probe.ask("PROPFIND", "prop.txt", ask, {"Depth": "0", **web.XML})
    direct = web.propfind(probe.direct + "prop.txt", "0", ask)
    want = ElementTree.canonicalize(f'<x:note xmlns:x="urn:x">{value}</x:note>', rewrite_prefixes=True)
    probe.check.equal("dead property: stored as it was sent", text_of(direct, ".//{urn:x}note"), want)
    probe.check.equal("dead property: read as it was sent", text_of(through, ".//{urn:x}note"), want)

    owner = f'<D:href>{probe.direct}me</D:href><D:href>/dav/me</D:href> /files/me <o:x xmlns:o="urn:o">/dav/</o:x>'
    want = ElementTree.canonicalize(f'<D:owner xmlns:D="DAV:">{owner}</D:owner>', rewrite_prefixes=True)
    locked, token = web.lock(probe.public + "prop.txt", owner)
    probe.check.equal("lock owner: in the LOCK answer as it was sent", text_of(locked, ".//{DAV:}owner"), want)
    ask = '<propfind xmlns="DAV:"><prop><lockdiscovery/></prop></propfind>'
    found = probe.ask("PROPFIND", "prop.txt", ask, {"Depth": "0", **web.XML})
    probe.check.equal("lock owner: in the lock discovery as it was sent", text_of(found, ".//{DAV:}owner"), want)
    shown = found.xml().findtext(".//{DAV:}locktoken/{DAV:}href")
    probe.check.equal("lock token: the same in header and lock discovery", shown, token)
    web.unlock(probe.public + "prop.txt", token)


def prefixes(probe):
    """Namespace prefixes are arbitrary; hrefs of every member come out under the public prefix."""
    names = [
        "plain.txt",
        "a b.txt",
        "100%.txt",
        "a&b.txt",
        "h#h.txt",
        "q?q.txt",
        "ü.txt",
        "🎉.txt",
        "u\u0308.txt",
        "p%41.txt",
    ]
    probe.mkdir("list/")
    for name in names:
        probe.put("list/" + name)
    probe.mkdir("list/files/")
    probe.mkdir("list/dav/")
    want = sorted(
        ["/files/list/", "/files/list/files/", "/files/list/dav/", *("/files/list/" + name for name in names)]
    )
    bodies = {
        "D:": '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>',
        "the default namespace": '<propfind xmlns="DAV:"><prop><resourcetype/></prop></propfind>',
        "ns0:": '<ns0:propfind xmlns:ns0="DAV:"><ns0:prop><ns0:displayname/></ns0:prop></ns0:propfind>',
        "lp1: for DAV: and D: for something else": '<lp1:propfind xmlns:lp1="DAV:" xmlns:D="urn:d"><lp1:prop><D:href/>'
        "<lp1:getetag/></lp1:prop></lp1:propfind>",
        "allprop": '<D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>',
        "propname": '<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>',
        "no body": None,
    }
    for name, body in bodies.items():
        answer = probe.ask("PROPFIND", "list/", body, {"Depth": "1", **(web.XML if body else {})})
        hrefs = sorted(map(unquote, answer.hrefs())) if answer.status == 207 else answer.status
        probe.check.equal(f"PROPFIND with {name}: every href under the public prefix", hrefs, want)
        probe.check.check(f"PROPFIND with {name}: no internal URL", probe.direct.encode() not in answer.body)
    answer = web.propfind(probe.origin + "/files/list/", "1")
    for href in answer.hrefs():
        status = web.request("HEAD", probe.origin + href).status
        probe.check.equal(f"the href {href} leads back to its resource", status, 200)


def destinations(probe):
    """A Destination is mapped like the request line, or refused with nothing written anywhere."""
    probe.put("src.txt", b"source")
    probe.mkdir("col/")
    authority = probe.origin[len("http://") :]
    good = {
        "absolute URI": f"{probe.origin}/files/dst.txt",
        "percent-encoded prefix": f"{probe.origin}/%66iles/dst.txt",
        "percent-encoded prefix, all of it": f"{probe.origin}/%66%69%6C%65%73/dst.txt",
        "absolute path": "/files/dst.txt",
        "https of the same host": f"https://{authority}/files/dst.txt",
        "upper-case scheme": f"HTTP://{authority}/files/dst.txt",
        "doubled slash": f"{probe.origin}//files//dst.txt",
    }
    for name, destination in good.items():
        probe.status(f"COPY, Destination {name}", 201, "COPY", "src.txt", None, {"Destination": destination})
        probe.check.equal(f"COPY, Destination {name}: written in the right place", probe.content("dst.txt"), b"source")
        probe.status(
            f"MOVE, Destination {name}",
            201,
            "MOVE",
            "dst.txt",
            None,
            {"Destination": destination.replace("dst", "mov")},
        )
        probe.check.equal(f"MOVE, Destination {name}: written in the right place", probe.content("mov.txt"), b"source")
        probe.check.equal(f"MOVE, Destination {name}: the source is gone", probe.content("dst.txt"), None)
        for left in ("mov.txt", "dst.txt"):
            web.request("DELETE", probe.direct + left)
    bad = {
        "outside the public prefix": (f"{probe.origin}/other/dst.txt", (502,)),
        "with the internal prefix": (f"{probe.origin}/dav/dst.txt", (502,)),
        "in a sibling that starts alike": (f"{probe.origin}/filesx/dst.txt", (502,)),
        "of the back end itself": (f"{probe.direct}dst.txt", (502,)),
        "on a foreign host": ("http://other.example/files/dst.txt", (502,)),
        "on a host that starts alike": (f"http://{authority}.evil.example/files/dst.txt", (400, 502)),
        "relative": ("dst.txt", (400,)),
        "without scheme": (f"//{authority}/files/dst.txt", (400,)),
        "with another scheme": (f"ftp://{authority}/files/dst.txt", (400,)),
        "with a user": (f"http://me@{authority}/files/dst.txt", (400,)),
        "with a query": (f"{probe.origin}/files/dst.txt?x", (400,)),
        "with a fragment": (f"{probe.origin}/files/dst.txt#x", (400,)),
        "with dots": (f"{probe.origin}/files/../dst.txt", (400,)),
        "with encoded dots": (f"{probe.origin}/files/%2e%2e/dst.txt", (400,)),
        "with an encoded slash": (f"{probe.origin}/files%2Fdst.txt", (400,)),
        "with an encoded escape": (f"{probe.origin}/files/%2e%2e%2fdst.txt", (400,)),
        "empty": ("", (400,)),
        "that is the source": (f"{probe.origin}/files/src.txt", (403,)),
        "that is the source, encoded": (f"{probe.origin}/files/%73rc.txt", (403,)),
        "that is the root": (f"{probe.origin}/files/", (403,)),
    }
    before = probe.tree()
    for method in ("COPY", "MOVE"):
        for name, (destination, want) in bad.items():
            probe.status(
                f"{method}, Destination {name} is refused", want, method, "src.txt", None, {"Destination": destination}
            )
            probe.check.equal(f"{method}, Destination {name}: nothing written", probe.tree(), before)
    probe.status("COPY with New-uri and no Destination", 400, "COPY", "src.txt", None, {"New-uri": "/dav/dst.txt"})
    inside = {"Destination": f"{probe.origin}/files/col/sub/"}
    probe.status("MOVE of a collection into itself", 403, "MOVE", "col/", None, inside)
    probe.check.equal("after all refusals: nothing written", probe.tree(), before)
    probe.put("there.txt", b"old")
    onto = {"Destination": probe.public + "there.txt"}
    probe.status("COPY onto a file with Overwrite: F", 412, "COPY", "src.txt", None, {**onto, "Overwrite": "F"})
    probe.check.equal("COPY with Overwrite: F wrote nothing", probe.content("there.txt"), b"old")
    probe.status("COPY onto a file without Overwrite", 204, "COPY", "src.txt", None, onto)
    probe.check.equal("COPY without Overwrite wrote", probe.content("there.txt"), b"source")


def places(probe):
    """The bare prefix and other answers that carry URLs in their headers."""
    bare = probe.origin + "/files"
    answer = web.request("OPTIONS", bare)
    probe.check.equal("OPTIONS of the bare prefix is no redirect", answer.status, 200)
    probe.check.check("OPTIONS of the bare prefix says DAV", "1" in (answer["DAV"] or ""), str(answer["DAV"]))
    for depth in ("0", "1"):
        answer = web.propfind(bare, depth)
        probe.check.equal(f"PROPFIND Depth {depth} of the bare prefix is no redirect", answer.status, 207)
        if answer.status == 207:
            probe.check.check(
                "... its first href is the collection", answer.hrefs()[0] == "/files/", str(answer.hrefs()[:1])
            )
    web.request("MKCOL", probe.direct + "dir/")
    for method, headers in (("PROPFIND", {"Depth": "0"}), ("GET", {}), ("DELETE", {})):
        answer = probe.ask(method, "dir", None, headers)
        location = answer["Location"]
        good = answer.status < 300 or (
            answer.status in (301, 307, 308) and location in ("/files/dir/", probe.public + "dir/")
        )
        probe.check.check(f"{method} of a collection without slash", good, f"{answer.status} {location}")
    for method, path in (("PUT", "new%20one.txt"), ("MKCOL", "new%20dir/")):
        answer = probe.status(f"{method} of a new name", 201, method, path, b"x" if method == "PUT" else None)
        location = answer["Location"]
        good = location in (None, f"/files/{path}", probe.public + path)
        probe.check.check(f"{method}: Location is public", good, str(location))
    probe.mkdir("par/")
    probe.put("par/child.txt")
    _, token = web.lock(probe.public + "par/child.txt")
    answer = probe.status("DELETE of a collection with a locked member", (207, 423, 424), "DELETE", "par/")
    if b"multistatus" in answer.body:
        good = all(href.startswith("/files/par/") for href in answer.hrefs())
        probe.check.check("... the member it names is public", good, str(answer.hrefs()))
    probe.check.equal("... and the member is still there", probe.content("par/child.txt"), b"content")
    web.unlock(probe.public + "par/child.txt", token)


def reports(check):
    """hrefs in REPORT bodies; Apache has no such report, so the back end is one that records."""
    hrefs = ["/dav/cal/a%20b.ics", "/dav/cal/b.ics"]

    def answer(connection, _request):
        body = backends.multistatus(*hrefs)
        connection.sendall(backends.plain("207 Multi-Status", body, "Content-Type: application/xml; charset=utf-8"))

    backend = backends.Backend(answer)
    gateway = servers.Gateway("/files/", backend.url, profile="generic", reports=["CALDAV:calendar-multiget"])
    body = (
        '<q:calendar-multiget xmlns:q="urn:ietf:params:xml:ns:caldav" xmlns="DAV:"><prop><getetag/></prop>'
        "<href>/files/cal/a%20b.ics</href><href>{}cal/b.ics</href></q:calendar-multiget>"
    )
    got = web.request("REPORT", gateway.url + "cal/", body.format(gateway.url), {"Depth": "1", **web.XML})
    check.equal("REPORT: the answer comes through", got.status, 207)
    sent = [request for request in backend.requests if request.method == "REPORT"]
    if check.check("REPORT: reached the back end", len(sent) == 1, f"{len(sent)} requests"):
        root = ElementTree.fromstring(sent[0].body)
        paths = [urlsplit(node.text).path for node in root.iter("{DAV:}href")]
        check.equal("REPORT: hrefs in the body are internal", paths, hrefs)
    if got.status == 207:
        want = ["/files/cal/a%20b.ics", "/files/cal/b.ics"]
        check.equal("REPORT: hrefs in the answer are public", got.hrefs(), want)
    count = len(backend.requests)
    outside = web.request(
        "REPORT", gateway.url + "cal/", body.format("http://other.example/"), {"Depth": "1", **web.XML}
    )
    check.check("REPORT: an href of a foreign host never comes out as ours", outside.status != 500, str(outside.status))
    reached = [request for request in backend.requests[count:] if b"/dav/cal/b.ics" in request.body]
    check.equal("REPORT: an href of a foreign host is not mapped", reached, [])
    gateway.stop()
    backend.close()


def run(check):
    probe = Probe(check)
    for group in (if_tags, downloads, dead_properties, prefixes, destinations, places):
        try:
            group(probe)
        except Exception as error:
            check.fail(f"{group.__name__}: ended early", f"{type(error).__name__}: {error}")
    inner = probe.direct[: -len("/dav/")][len("http://") :]
    leaks = [
        f"{method} {path}: {name}"
        for method, path, answer in probe.answers
        for name, value in answer.headers.items()
        if inner in value or "/dav/" in value
    ]
    check.equal("no answer names the back end in a header", leaks, [])
    check.equal("no URL of an answer could not be mapped", probe.gateway.unmapped(), [])
    reports(check)


if __name__ == "__main__":
    report.main("proxies", run)
