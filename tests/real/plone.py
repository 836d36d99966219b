"""The example config/plone-editors.yaml in front of a real Plone 6: the web site is open, WebDAV is for editors, below one folder (spec Z-1 to Z-20).

What passes: a visitor reads pages whose links are public, an editor works by WebDAV, and what either may not do reaches nothing: WebDAV on the
site, methods called as pages, what is in other folders, sources for those who may only read.
`python3 tests/real/plone.py`
"""

import base64
import os
import re

import dav_servers_python
import report
import servers
import web

EXAMPLE = os.path.join(servers.ROOT, "config", "plone-editors.yaml")
PASSWORD = "plone-pass-phrase-1"
USERS = {"ann": ["Editor", "Contributor"], "bert": ["Editor", "Contributor"], "guest": ["Reader"]}
WANTED = '<?xml version="1.0"?><propfind xmlns="DAV:"><prop><resourcetype/></prop></propfind>'
PEOPLE = f"""
import transaction
from AccessControl.SecurityManagement import newSecurityManager
from plone.dexterity.utils import createContentInContainer
from zope.component.hooks import setSite

newSecurityManager(None, app.acl_users.getUser("admin").__of__(app.acl_users))
setSite(app["site"])
site = app["site"]
for name, roles in {USERS!r}.items():
    site.acl_users.userFolderAddUser(name, {PASSWORD!r}, [*roles, "Member"], [])
for name in ("documents", "news"):
    folder = createContentInContainer(site, "Folder", id=name, title=name)
    if site.portal_workflow.getChainFor(folder):
        site.portal_workflow.doActionFor(folder, "publish")
site.documents.manage_permission("Add Folders", ["Contributor", "Manager"], acquire=1)
transaction.commit()
"""


class Plone(dav_servers_python.Plone):
    """With users, two folders that visitors may see, and a second port for browsers."""

    def instance(self, base, port, told=False):
        self.web = servers.free_port()
        instance = super().instance(base, port, told)
        path = os.path.join(instance, "etc", "zope.ini")
        with open(path) as ini:
            text = ini.read()
        with open(path, "w") as out:
            out.write(text.replace(f"listen = 127.0.0.1:{port}", f"listen = 127.0.0.1:{port} 127.0.0.1:{self.web}"))
        return instance

    def prepare(self, instance):
        super().prepare(instance)
        self.script(instance, PEOPLE)


def by(name, password=PASSWORD, **more):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode(), **more}


def gateway_of(plone):
    """The example, with the ports and the site of these tests."""
    base, port = servers.scratch("plone-gateway"), servers.free_port()
    with open(EXAMPLE) as example:
        text = example.read()
    source = re.match(r"http://127.0.0.1:(\d+)/", plone.url)[1]
    for there, here in (("127.0.0.1:8080", f"127.0.0.1:{port}"), ("127.0.0.1:8081/Plone/", f"127.0.0.1:{plone.web}/site/"),
                        ("127.0.0.1:8082/Plone/documents/", f"127.0.0.1:{source}/site/documents/"),
                        ("https://www.example.org", f"http://127.0.0.1:{port}")):
        assert there in text, f"{EXAMPLE} has no {there}"
        text = text.replace(there, here)
    path, log = os.path.join(base, "davgate.yaml"), os.path.join(base, "log")
    with open(path, "w") as out:
        out.write(text)
    process = servers.start([servers.DAVGATE, "run", path], log)
    servers.wait_for(port, process, log)
    return process, f"http://127.0.0.1:{port}/"


def site(check, url, ends):
    """What visitors see, and what is closed."""
    page = web.request("GET", url)
    check.equal("a visitor reads the site", page.status, 200)
    links = re.findall(rb'(?:href|src|action)="(http://[^/"]+)', page.body)
    check.check("its links are public", links and {link.decode() for link in links if b"127.0.0.1" in link} == {url[:-1]}, set(links))
    check.equal("a visitor reads the folder's page", web.request("GET", url + "documents").status, 200)
    for method in ("PROPFIND", "PUT", "MKCOL", "DELETE", "MOVE", "COPY", "LOCK", "UNLOCK", "PROPPATCH"):
        more = {"Destination": url + "moved"} if method in ("MOVE", "COPY") else {}
        answer = web.request(method, url + "documents", headers=by("admin", "zope-pass-phrase", **more))
        check.equal(f"the site has no {method}, for nobody", answer.status, 405)
        check.check(f"and says so of {method}", "PROPFIND" not in (answer["Allow"] or ""), answer["Allow"])
    options = web.request("OPTIONS", url)
    check.equal("OPTIONS of the site shows no WebDAV", (options.status, options["DAV"], options["MS-Author-Via"]), (200, None, None))
    admin = by("admin", "zope-pass-phrase")
    for target in ("documents/DELETE", "documents/manage_delObjects?ids:list=x", "manage_main", "documents/PROPFIND",
                   "VirtualHostBase/http/evil.test:80/VirtualHostRoot/", "_vh_evil/"):
        check.equal(f"GET {target}", web.request("GET", url + target, headers=admin).status, 404)
    for query in ("DELETE:method=1", "manage_delObjects:method=1&ids:list=documents", ":action=DELETE"):
        check.equal(f"GET ?{query}", web.request("GET", url + "documents?" + query, headers=admin).status, 400)
    rpc = b"<?xml version='1.0'?><methodCall><methodName>objectIds</methodName><params/></methodCall>"
    answer = web.request("POST", url, rpc, {**admin, "Content-Type": "text/xml"})
    check.equal("POST of a remote call", answer.status, 415)
    check.check("all is still there", ends.ask("GET", "../documents/").status in (200, 204))


def documents(check, url):
    """An editor's work."""
    folder, ann = url + "dav/", by("ann")
    check.equal("nobody may not", web.propfind(folder).status, 401)
    wrong = by("ann", "wrong")
    check.equal("nor who has a wrong password", web.request("PROPFIND", folder, headers=wrong).status, 401)
    for method in ("PROPFIND", "GET", "PUT", "DELETE"):
        answer = web.request(method, folder + "guest.txt", b"x" if method == "PUT" else None, by("guest"))
        check.check(f"who is no editor may not {method}", answer.status in (403, 404), answer.status)
    listed = web.request("PROPFIND", folder, WANTED, {**ann, "Depth": "1", **web.XML})
    check.equal("an editor lists the folder", (listed.status, "/dav/" in listed.hrefs()), (207, True))
    check.equal("PUT", web.request("PUT", folder + "note.txt", b"one", {**ann, "Content-Type": "text/plain"}).status, 201)
    source = web.request("GET", folder + "note.txt", headers=ann)
    check.equal("GET shows the source", (source.status, b"one" in source.body), (200, True))
    check.equal("which is for nobody's cache", source["Cache-Control"], "private")
    check.check("the site shows it, or asks who is there", web.request("GET", url + "documents/note.txt").status in (200, 302))
    answer, token = web.lock(folder + "note.txt", **ann)
    check.equal("LOCK", answer.status, 200)
    taken = web.request("PUT", folder + "note.txt", b"two", {**by("bert"), "Content-Type": "text/plain"})
    check.equal("the lock holds another editor off", taken.status, 423)
    bogus = web.request("PUT", folder + "note.txt", b"two", {**by("bert"), "If": "(<opaquelocktoken:bogus>)"})
    check.check("whatever token is shown", bogus.status in (412, 423), bogus.status)
    held = {**ann, "If": f"(<{token}>)", "Content-Type": "text/plain"}
    check.equal("and not its holder", web.request("PUT", folder + "note.txt", b"two", held).status, 204)
    check.equal("UNLOCK", web.unlock(folder + "note.txt", token, **ann).status, 204)
    check.equal("MKCOL", web.request("MKCOL", folder + "drafts/", headers=ann).status, 201)
    moved = web.request("MOVE", folder + "note.txt", headers={**ann, "Destination": folder + "drafts/note.txt"})
    check.equal("MOVE", moved.status, 201)
    gone = web.request("PROPFIND", folder + "note.txt", WANTED, {**ann, "Depth": "0", **web.XML})
    check.equal("what was moved is gone, and leads nowhere", gone.status, 404)
    check.equal("and is there", b"two" in web.request("GET", folder + "drafts/note.txt", headers=ann).body, True)
    for destination in ("../stolen.txt", "%2e%2e/stolen.txt"):
        answer = web.request("MOVE", folder + "drafts/note.txt", headers={**ann, "Destination": folder + destination})
        check.equal(f"MOVE to {destination}", answer.status, 400)
    answer = web.request("MOVE", folder + "drafts/note.txt", headers={**ann, "Destination": url + "stolen.txt"})
    check.check("MOVE out of the folder", answer.status in (403, 502), answer.status)
    data = web.request("GET", folder + "drafts/_data", headers=ann)
    check.equal("the folder's data are shown", data.status, 200)
    answer = web.request("DELETE", folder + "drafts/_data", headers=ann)
    check.equal("and stay with it", (answer.status, b"folder-data" in answer.body), (403, True))
    # Not all that GET shows: its `id` would give the folder another name.
    answer = web.request("PUT", folder + "drafts/_data", b"title: Plans\n\n", {**ann, "Content-Type": "text/plain"})
    check.check("they may be written", answer.status in (200, 204), answer.status)
    check.equal("which changes the folder", b"title: Plans" in web.request("GET", folder + "drafts/_data", headers=ann).body, True)
    check.equal("DELETE", web.request("DELETE", folder + "drafts/", headers=ann).status, 204)


def elsewhere(check, url, ends):
    """What is in other folders of the site is not found by way of this one (Z-10), nor is the phantom of Plone's folders."""
    folder, ann = url + "dav/", by("ann")
    check.note(f"directly, acquisition: {ends.ask('GET', '../documents/news/x.txt').status}")
    for method in ("GET", "PROPFIND", "DELETE"):
        answer = web.request(method, folder + "news/x.txt", headers=ann)
        check.equal(f"{method} of another folder's", answer.status, 404)
    check.check("which is still there", b"news" in ends.ask("GET", "../news/x.txt").body)


def run(check):
    plone = Plone()
    status = plone.ask("PUT", "../news/x.txt", b"news", **{"Content-Type": "text/plain"}).status
    assert status == 201, f"PUT news/x.txt: {status}"
    process, url = gateway_of(plone)
    site(check, url, plone)
    documents(check, url)
    elsewhere(check, url, plone)
    servers.stop(process)
    plone.stop()


if __name__ == "__main__":
    report.main("plone", run)
