"""Back ends that write public URLs (`urls: external`): Zope, told by the request line that its VirtualHostMonster takes apart, and Radicale, told
by X-Script-Name; Radicale with rewriting as well (spec R-8, Z-16, Z-17, section 2.1).

What passes: every URL of an answer is public, Destination, If and XML bodies are understood, and what a client tells of virtual hosts, script
names or users reaches nobody, nor does what Zope would take from another folder (Z-10). First, that the back ends do without the gateway what is kept from clients.
`python3 tests/real/external.py`
"""

import http.client
import time
from urllib.parse import unquote, urlsplit

import dav_servers_python
import report
import servers
import sync
import web

WANTED = '<?xml version="1.0"?><propfind xmlns="DAV:"><prop><resourcetype/><getetag/></prop></propfind>'
PROPERTY = '<propertyupdate xmlns="DAV:"><set><prop><x xmlns="urn:x">1</x></prop></set></propertyupdate>'
NAMES = ("plain.txt", "a b.txt", "café.txt", "100%.txt", "a+b&c.txt")


ANN = {"X-User": "ann"}


def ask(method, url, body=None, headers=None):
    """By ann."""
    return web.request(method, url, body, {**ANN, **(headers or {})})


def paths(answer):
    """The decoded paths of the responses, sorted."""
    return sorted(unquote(urlsplit(href).path) for href in answer.hrefs())


def zope_directly(check, zope):
    """Why the names are reserved: whoever may write request lines to Zope says where it is."""
    url = zope.url.replace("/dav/", "/VirtualHostBase/http/evil.example:80/VirtualHostRoot/_vh_evil/dav/")
    answer = web.request("PROPFIND", url, WANTED, {"Depth": "0", "Authorization": zope.authorization(), **web.XML})
    check.equal("Zope, directly: a client says what its URLs are", paths(answer), ["/evil/dav/"])
    zope.put("out.txt", "out")
    answer = zope.ask("MOVE", "out.txt", Destination=zope.url + "../escaped.txt", Overwrite="T")
    check.equal("Zope, directly: .. in Destination leaves the folder", answer.status, 201)
    check.equal("and the document is there", web.request("GET", zope.url.replace("/dav/", "/escaped.txt"), headers={
        "Authorization": zope.authorization()}).status, 200)


def on_zope(check, zope):
    gateway = servers.Gateway("/pub/team a/".replace(" ", "%20"), {**zope.behind(), "urls": "external"}, identity=sync.IDENTITY,
        access=[{"path": "/**", "allow": ["all"], "to": "authenticated"}])
    top = "/pub/team a/"
    for name in NAMES:
        if "&" not in name:  # which Zope refuses in a name
            status = ask("PUT", gateway.url + web.escape(name), name.encode()).status
            check.equal(f"Zope: PUT {name}", status, 201)
            check.equal(f"Zope: GET {name}", ask("GET", gateway.url + web.escape(name)).body, name.encode())
    check.equal("Zope: MKCOL", ask("MKCOL", gateway.url + "col/").status, 201)
    listed = ask("PROPFIND", gateway.url, WANTED, {"Depth": "1", **web.XML})
    stored = sorted(top + name for name in NAMES if "&" not in name)
    shown = [path for path in paths(listed) if path.startswith(top) and not path.endswith("/")]
    check.equal("Zope: a listing names public URLs", [path for path in shown if path in stored], stored)
    check.check("Zope: and no others", all(path.startswith(top) for path in paths(listed)), paths(listed))
    moved = ask("MOVE", gateway.url + "plain.txt", headers={"Destination": gateway.url + "col/moved%20.txt"})
    check.equal("Zope: MOVE", moved.status, 201)
    check.check("Zope: its Location is public", (moved["Location"] or gateway.url).startswith(gateway.url), moved["Location"])
    check.equal("Zope: what was moved", ask("GET", gateway.url + "col/moved%20.txt").body, b"plain.txt")
    check.equal("Zope: and is gone", ask("GET", gateway.url + "plain.txt").status, 404)
    changed = ask("PROPPATCH", gateway.url + "a%20b.txt", '<propertyupdate xmlns="DAV:"><set><prop><x xmlns="urn:x">1</x>'
        "</prop></set></propertyupdate>", web.XML)
    check.equal("Zope: PROPPATCH names the resource", (changed.status, paths(changed)), (207, [top + "a b.txt"]))
    answer, token = web.lock(gateway.url + "a%20b.txt", **ANN)
    check.equal("Zope: LOCK", answer.status, 200)
    tagged = {"If": f"<{gateway.url}a%20b.txt> (<{token}>)"}
    put = ask("PUT", gateway.url + "a%20b.txt", b"two", tagged)
    check.equal("Zope: PUT with a tagged If", put.status, 204)
    check.equal("Zope: MOVE with a tagged If", ask("MOVE", gateway.url + "a%20b.txt", headers={
        **tagged, "Destination": gateway.url + "c.txt"}).status, 201)
    web.unlock(gateway.url + "c.txt", token, **ANN)
    closed_on_zope(check, zope, gateway)
    acquisition(check, zope, gateway)
    gateway.stop()


def closed_on_zope(check, zope, gateway):
    """What clients may try, and its twin."""
    before = zope.everything("")
    plain = {"Destination": gateway.url + "d.txt"}
    check.equal("twin: MOVE inside", ask("MOVE", gateway.url + "c.txt", headers=plain).status, 201)
    check.equal("twin: MOVE back", ask("MOVE", gateway.url + "d.txt", headers={"Destination": gateway.url + "c.txt"}).status, 201)
    outside = [gateway.url + "../x.txt", gateway.url + "%2e%2e/x.txt", gateway.url + "col/..%2f..%2fx.txt"]
    for destination in outside:
        answer = ask("MOVE", gateway.url + "c.txt", headers={"Destination": destination, "Overwrite": "T"})
        check.equal(f"Zope: MOVE to {destination[len(gateway.url):]}", answer.status, 400)
    for target in ("VirtualHostRoot/c.txt", "VirtualHostBase/http/evil.test:80/VirtualHostRoot/c.txt", "_vh_x/c.txt", "c.txt/DELETE",
                   "c.txt/manage_delObjects", "manage_main"):
        check.equal(f"Zope: GET {target}", ask("GET", gateway.url + target).status, 404)
    for query in ("DELETE:method=1", ":method=DELETE", "manage_delObjects:method=1"):
        check.equal(f"Zope: GET ?{query}", ask("GET", gateway.url + "c.txt?" + query).status, 400)
    check.equal("Zope: all is as it was", sorted(zope.everything("")), sorted(before))


def acquisition(check, zope, gateway):
    """What a folder above holds is not there below it (Z-10)."""
    for folder in ("priv/", "open/"):
        zope.folder(folder)
    zope.put("priv/s.txt", "secret")
    rules = {"identity": sync.IDENTITY, "access": [{"path": "/**", "allow": ["all"], "to": "authenticated"}]}
    other = servers.Gateway("/in/", zope.behind(), **rules)
    trusting = servers.Gateway("/in/", {**zope.behind(), "acquisition": "trust"}, **rules)
    check.equal("acquisition, directly", zope.ask("GET", "open/priv/s.txt").status, 200)
    check.equal("acquisition, with trust", ask("GET", trusting.url + "open/priv/s.txt").status, 200)
    trusting.stop()
    for how, url in (("external", gateway.url), ("internal", other.url)):
        for method, body in (("GET", None), ("HEAD", None), ("PROPFIND", None), ("PUT", b"x"), ("DELETE", None)):
            answer = ask(method, url + "open/priv/s.txt", body, {"Depth": "0"} if method == "PROPFIND" else {})
            check.equal(f"acquisition, {how}: {method}", answer.status, 404)
        for method, body in (("GET", None), ("HEAD", None), ("PROPFIND", None), ("PROPPATCH", PROPERTY), ("DELETE", None)):
            for name in ("priv", "virtual_hosting"):  # the second is an object that finds its members itself
                answer = ask(method, url + "open/" + name, body, {"Depth": "0"} if method == "PROPFIND" else {})
                check.equal(f"acquisition, {how}: {method} of the last name {name}", answer.status, 404)
        for target in ("open/priv/", "open/priv/objectIds", "open/priv/s.txt/get_size"):
            check.equal(f"acquisition, {how}: GET {target}", ask("GET", url + target).status, 404)
        moved = ask("MOVE", url + "priv/s.txt", headers={"Destination": url + "open/priv/t.txt"})
        check.equal(f"acquisition, {how}: MOVE to it", moved.status, 404)
        moved = ask("MOVE", url + "open/priv/s.txt", headers={"Destination": url + "open/t.txt"})
        check.equal(f"acquisition, {how}: MOVE from it", moved.status, 404)
        check.equal(f"acquisition, {how}: a folder of its own", ask("MKCOL", url + "open/priv/").status, 201)
        put, deleted = slow_put(url + "open/priv/s.txt", lambda: ask("DELETE", url + "open/priv/").status)
        check.equal(f"acquisition, {how}: it goes while a PUT comes", (put, deleted), (404, 204))
        check.equal(f"acquisition, {how}: it is as it was", zope.read("priv/s.txt"), b"secret")
        check.equal(f"acquisition, {how}: twin", ask("GET", url + "priv/s.txt").body, b"secret")
        check.equal(f"acquisition, {how}: twin, of the same name", ask("MKCOL", url + f"open/{how}/").status, 201)
        check.equal(f"acquisition, {how}: twin, in a new folder", ask("PUT", url + f"open/{how}/priv", b"own").status, 201)
        check.equal(f"acquisition, {how}: twin, and there it is", ask("GET", url + f"open/{how}/priv").body, b"own")
    other.stop()


def slow_put(url, meanwhile):
    """The status of a PUT whose body comes in two parts, and what `meanwhile` came to between them."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    try:
        connection.putrequest("PUT", parts.path)
        for name, value in {**ANN, "Content-Type": "text/plain", "Content-Length": "4"}.items():
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(b"ab")
        time.sleep(1)  # davgate has asked where it leads to
        between = meanwhile()
        connection.send(b"cd")
        return connection.getresponse().status, between
    finally:
        connection.close()


def on_radicale(check, urls):
    radicale = sync.Radicale()
    rules = [
        {"path": "/ann/**", "deny": ["all"], "to": "user:carl"},
        {"path": "/ann/**", "deny": ["write"], "to": "user:bob"},
        {"path": "/**", "allow": ["all"], "to": "authenticated"},
    ]
    backend = {"url": radicale.url, "profile": "radicale", "urls": urls}
    # X-Script-Name takes a prefix as it stands.
    top = "/calendars/" if urls == "external" else "/cal endars/"
    gateway = servers.Gateway(web.escape(top), backend, identity=sync.IDENTITY,
        credentials={"header": "X-Remote-User"}, access=rules)
    folder = gateway.url + sync.FOLDER
    by = lambda user, **more: {"X-User": user, **more}  # noqa: E731
    name = f"Radicale, {urls}"
    check.equal(f"{name}: MKCALENDAR", web.request("MKCALENDAR", folder, headers=by("ann")).status, 201)
    check.equal(f"{name}: PUT", [sync.put(gateway, "a"), sync.put(gateway, "b")], [201, 201])
    listed = web.propfind(folder, "1", WANTED, X_User="bob")
    names = [top + sync.FOLDER + one for one in ("", "a.ics", "b.ics")]
    check.equal(f"{name}: a listing names public URLs", paths(listed), names)
    href = [one for one in listed.hrefs() if one.endswith("a.ics")][0]
    body = ('<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/><C:calendar-data/></D:prop>'
        f"<D:href>{href}</D:href></C:calendar-multiget>")
    found = web.request("REPORT", folder, body, by("bob", Depth="1", **web.XML))
    check.equal(f"{name}: multiget", (found.status, paths(found), b"BEGIN:VEVENT" in found.body), (207, [names[1]], True))
    status, changed, _ = sync.sync(gateway, "bob")
    check.equal(f"{name}: sync-collection", (status, changed), (207, ["a.ics", "b.ics"]))
    event = sync.EVENT.format(name="chunks", text="in chunks").encode()
    chunks = by("ann", **{"Transfer-Encoding": "chunked", "Content-Type": "text/calendar"})
    check.equal(f"{name}: PUT in chunks", web.request("PUT", folder + "chunks.ics", web.chunked(event), chunks).status, 201)
    check.check(f"{name}: which is whole", b"in chunks" in web.request("GET", folder + "chunks.ics", headers=by("ann")).body)
    check.equal(f"{name}: and goes", web.request("DELETE", folder + "chunks.ics", headers=by("ann")).status, 200)
    directly = web.request("OPTIONS", radicale.url, headers={"X-Remote-User": "ann"})
    options = web.request("OPTIONS", folder, headers=by("ann"))
    classes = [word.strip() for word in (options["DAV"] or "").split(",")]
    check.check(f"{name}, directly: it says class 2 and has no locks", "2" in directly["DAV"] and "LOCK" not in directly["Allow"])
    check.check(f"{name}: class 2 is not claimed", "2" not in classes and "calendar-access" in classes, options["DAV"])
    moved = web.request("MOVE", folder + "a.ics", headers=by("ann", Destination=folder + "c.ics"))
    check.equal(f"{name}: MOVE", moved.status, 201)
    check.equal(f"{name}: what was moved", web.request("GET", folder + "c.ics", headers=by("ann")).status, 200)
    for user, method, expected in (("bob", "GET", 200), ("bob", "DELETE", 403), ("carl", "GET", 404), ("carl", "DELETE", 403)):
        answer = web.request(method, folder + "c.ics", headers=by(user))
        check.equal(f"{name}: {method} by {user}", answer.status, expected)
    for cut in ("%3Bx.ics", "d%3Bx.ics", "d.ics%3Fx", "d%23x.ics"):
        answer = web.request("MOVE", folder + "c.ics", headers=by("ann", Destination=folder + cut))
        check.equal(f"{name}: MOVE to {cut}", answer.status, 400)
    for header in ("X-Script-Name", "X_Script_Name", "X-Remote-User", "X_Remote_User", "Remote-User", "X-Forwarded-Host"):
        answer = web.propfind(folder, "0", WANTED, **{"X-User": "bob"} | {header: "/evil" if "cript" in header else "ann"})
        check.equal(f"{name}: bob with {header}", (answer.status, paths(answer)), (207, [names[0]]))
        answer = web.request("DELETE", folder + "c.ics", headers=by("bob", **{header: "ann"}))
        check.equal(f"{name}: DELETE by bob with {header}", answer.status, 403)
    check.equal(f"{name}: it is still there", web.request("GET", folder + "c.ics", headers=by("ann")).status, 200)
    check.equal(f"{name}: twin: DELETE by ann", web.request("DELETE", folder + "c.ics", headers=by("ann")).status, 200)
    gateway.stop()
    servers.stop(radicale.process)


def run(check):
    zope = dav_servers_python.Zope()
    zope_directly(check, zope)
    on_zope(check, zope)
    zope.stop()
    for urls in ("external", "internal"):
        on_radicale(check, urls)


if __name__ == "__main__":
    report.main("external", run)
