"""What the profiles of src/backend/ say of each kind of back end, asked of the real one: so the data is evidence.

What passes: a habit that a profile claims shows at its server, and one that it does not claim does not. Of those that only
say how far a server is trusted (TRUST), less may be claimed than there is; what could be claimed is told.
`python3 tests/real/habits.py nginx zope` for some.
"""

import os
import re
import socket
import sys
import time
from urllib.parse import urlsplit

import dav_servers_python
import report
import servers
import web

BACK_ENDS = ["apache", "nginx", "lighttpd", "zope", "plone", "radicale", "sabredav", "wsgidav", "rclone", "embedded"]
SOURCES = os.path.join(servers.ROOT, "src", "backend")
STORED = (200, 201, 204)


def claims():
    """{profile: {field: value as written}} of the sources; what a profile takes over from another one is among it."""
    profiles = {}
    for name in sorted(os.listdir(SOURCES)):
        if not name.endswith(".rs"):
            continue
        with open(os.path.join(SOURCES, name), encoding="utf-8") as file:
            text = re.sub(r"//.*", "", file.read())
        for constant, body in re.findall(r"pub static (\w+): Profile = Profile \{(.*?)\n?\};", text, re.S):
            base = re.search(r"\.\.([A-Z]+)\s*$", body)
            fields = dict(profiles[base.group(1)]) if base else {}
            # Values over several lines have no blank line and no other field in them, but for those of Conditions.
            field = r"^ ?(?:   )?(\w+): (.*?),?\s*$(?=\n    \w+:|\n    \.\.|\Z)"
            fields.update((name, " ".join(value.split())) for name, value in re.findall(field, body, re.S | re.M))
            profiles[constant] = fields
    return {fields["name"].strip('"'): fields for fields in profiles.values()}


def conditions(value):
    """The conditions that are claimed, of what stands in the source."""
    claimed = {"absent", "present", "version"} if "HTTP" in value else set()
    for name, truth in re.findall(r"(\w+): (true|false)", value):
        claimed = claimed | {name} if truth == "true" else claimed - {name}
    return claimed


class Subject:
    """A back end to be asked, with a new folder for every habit."""

    def __init__(self, back_end):
        self.back_end, self.folder = back_end, None

    def begin(self, habit):
        self.folder = f"{habit}/"
        self.back_end.folder(self.folder)

    def name(self, name):
        return f"{self.folder}{name}{self.back_end.extension}"

    def put(self, name="doc"):
        """Makes a document; its path."""
        self.back_end.put(self.name(name), f"as {name} was")
        return self.name(name)

    def write(self, path, text="written", **headers):
        """PUT with these header fields; the status."""
        headers = {**self.back_end.kind, **headers}
        return self.back_end.ask("PUT", path, self.back_end.document(path, text), **headers).status

    def is_there(self, path):
        return self.back_end.ask("PROPFIND", path, Depth="0").status == 207

    def brings(self, source, escaped, method=None, **headers):
        """COPY, or MOVE where there is no COPY, to a path that is escaped already; the status."""
        method = method or ("MOVE" if "COPY" in self.back_end.lacks else "COPY")
        return self.back_end.ask(method, source, Destination=self.back_end.url + escaped, **headers).status

    def lock(self, path, owner="ann"):
        body = (
            '<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/>'
            f"</D:locktype><D:owner>{owner}</D:owner></D:lockinfo>"
        )
        answer = self.back_end.ask("LOCK", path, body, Depth="0", Timeout="Second-600", **web.XML)
        return answer, (answer["Lock-Token"] or "").strip("<>")

    def tag(self, path):
        """The entity tag as the answer to HEAD writes it."""
        return self.back_end.ask("HEAD", path)["ETag"]

    def raw(self, data, wait=0.5):
        """Bytes on one connection; what comes back within `wait` of the last of it, and whether the connection is closed."""
        parts = urlsplit(self.back_end.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=wait) as connection:
            connection.sendall(data)
            got = b""
            try:
                while piece := connection.recv(65536):
                    got += piece
            except TimeoutError:
                return got, False
            return got, True

    def head(self, method, path, *lines):
        """The head of a request as bytes."""
        parts = urlsplit(self.back_end.url)
        own = [f"Authorization: {self.back_end.authorization()}"] if self.back_end.user else []
        lines = [f"{method} {parts.path}{web.escape(path)} HTTP/1.1", f"Host: {parts.netloc}", *own, *lines, "", ""]
        return "\r\n".join(lines).encode()


def reserved(s):
    """Names that are the server's own are no files like others."""
    if s.back_end.name == "apache":
        s.back_end.ask("PROPPATCH", s.put(), PROPPATCH, **web.XML)  # makes its directory
        return s.back_end.ask("GET", f"{s.folder}.DAV/").status == 403
    if s.back_end.name == "radicale":
        return s.write(f"{s.folder}.Radicale.props") not in STORED
    # A GET is for the source, on the port for that.
    return s.back_end.ask("POST", f"{s.folder}manage_main").status in (200, 302)


PROPPATCH = (
    '<?xml version="1.0"?><D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><c xmlns="urn:x">red</c></D:prop></D:set>'
    "</D:propertyupdate>"
)


def cuts_destination(s):
    """A name at Destination ends at a delimiter that is percent-encoded."""
    cut = []
    for number, escape in enumerate(("%3B", "%3F", "%23")):
        short = s.name(f"short{number}")
        s.brings(s.put(f"source{number}"), web.escape(short) + escape + "tail" + s.back_end.extension)
        cut.append(s.is_there(short))
    return any(cut)


def atomic_put(s):
    """Half an upload leaves nothing behind, neither while it comes nor after it broke off."""
    path, seen = s.name("half"), []
    parts = urlsplit(s.back_end.url)
    connection = socket.create_connection((parts.hostname, parts.port))
    connection.sendall(s.head("PUT", path, "Content-Length: 400000") + b"x" * 200000)
    time.sleep(0.5)
    seen.append(s.is_there(path))
    connection.close()
    time.sleep(0.5)
    seen.append(s.is_there(path))
    return not any(seen)


def published(s):
    """The name of a method behind that of a resource is a page, which does what the method does."""
    path = s.put()
    s.back_end.ask("POST", f"{path}/DELETE")
    return not s.is_there(path)


def put_replaces(s):
    """PUT on a collection replaces what it holds."""
    path = s.put()
    s.write(s.folder, "another")
    return not s.is_there(path)


def no_infinity(s):
    """A PROPFIND of Depth infinity is answered with less than all, as if that were all; or with nothing."""
    if "MKCOL" in s.back_end.lacks:
        s.put()
        top = s.back_end.ask("PROPFIND", "", Depth="infinity")
    else:
        s.back_end.folder(f"{s.folder}a/")
        s.back_end.put(f"{s.folder}a/doc", "deep")
        top = s.back_end.ask("PROPFIND", s.folder, Depth="infinity")
    if top.status != 207:
        return REFUSED
    return not any("/doc" in href for href in top.hrefs())


REFUSED = "refused"
NO_LOCK = "<DAV:no-lock>"


def matches_slashes(s):
    """MKCOL wants the slash of a collection, and both URLs of COPY are alike."""
    made = s.back_end.ask("MKCOL", f"{s.folder}made").status
    copied = s.brings(s.put(), web.escape(f"{s.folder}copied/"), "COPY")
    return (made, copied) == (409, 409)


def keeps_kind(s):
    """COPY of a file onto a collection is a conflict."""
    s.back_end.folder(f"{s.folder}taken/")
    return s.brings(s.put(), web.escape(f"{s.folder}taken"), "COPY", Overwrite="T") == 409


def makes_again(s):
    """MKCOL of a folder that is there succeeds."""
    s.back_end.folder(f"{s.folder}twice/")
    return s.back_end.ask("MKCOL", f"{s.folder}twice/").status in STORED


def redirects_moved(s):
    """Where something was moved away from, PROPFIND is redirected."""
    path = s.put()
    status = s.brings(path, web.escape(s.name("moved")), "MOVE")
    assert status in STORED, f"MOVE: {status}"
    return s.back_end.ask("PROPFIND", path, Depth="0").status in (301, 302, 307, 308)


def closes_after_head(s):
    """After HEAD of a file, of a folder or of nothing the connection is closed, or has more than a head on it."""
    bad = False
    for path in (s.put(), s.folder, s.name("missing")):
        got, closed = s.raw(s.head("HEAD", path))
        said = b"connection: close" in got.lower() or got.startswith(b"HTTP/1.0")
        bad |= (closed and not said) or got.partition(b"\r\n\r\n")[2] != b""
    return bad


def bare_entity_tags(s):
    """An ETag that clients are given has no quotes."""
    return not (s.tag(s.put()) or '""').endswith('"')


def lock_null(s):
    """A locked URL with nothing there has neither entity tag nor date, and is in PROPFIND all the same."""
    path = s.name("null")
    if s.lock(path)[0].status not in STORED:
        return False
    wanted = '<?xml version="1.0"?><propfind xmlns="DAV:"><prop><getetag/><getlastmodified/></prop></propfind>'
    found = s.back_end.ask("PROPFIND", path, wanted, Depth="0", **web.XML)
    texts = [found.xml().findtext(f".//{web.DAV}{name}") for name in ("getetag", "getlastmodified")]
    return found.status == 207 and not any(texts)


def class_2(s):
    """It says that it locks, and what is locked is not written without the token."""
    path = s.put()
    token = s.lock(path)[1]
    classes = [word.strip() for word in (s.back_end.ask("OPTIONS", path)["DAV"] or "").split(",")]
    return "2" in classes and bool(token) and s.write(path) == 423


def keeps_owner(s):
    """An element in the owner of a lock is there again, with its attribute."""
    path = s.put()
    s.lock(path, '<m:mark xmlns:m="urn:m" at="1">ann</m:mark>')
    found = s.back_end.ask("PROPFIND", path, LOCKDISCOVERY, Depth="0", **web.XML)
    try:
        mark = found.xml().find(f".//{web.DAV}owner/{{urn:m}}mark")
    except SyntaxError:
        return False
    return mark is not None and (mark.get("at"), mark.text) == ("1", "ann")


LOCKDISCOVERY = '<?xml version="1.0"?><propfind xmlns="DAV:"><prop><lockdiscovery/></prop></propfind>'


def one_condition(s):
    """A list of two conditions, one of them the token of the lock, passes though it is false, or does not though it is true."""
    path = s.put()
    token = s.lock(path)[1]
    false = [f'(<{token}> ["wrong"])', f"(<{token}> <urn:uuid:0>)"]
    true = [f"(<{token}> Not {NO_LOCK})", f"(Not {NO_LOCK} <{token}>)"]
    passed = [s.write(path, If=header) in STORED for header in false + true]
    return bool(token) and passed != [False, False, True, True]


def if_is_a_key(s):
    """An If that is true keeps a document from being made, whatever it is."""
    other, locked = s.put("other"), s.put("locked")
    token, urls = s.lock(locked)[1], [s.back_end.url + web.escape(path) for path in (other, locked)]
    true = [f"(Not {NO_LOCK})", f"<{urls[0]}> ([{s.tag(other)}])", f"<{urls[1]}> (<{token}>)"]
    made = [s.write(s.name(f"new{number}"), If=header) in STORED for number, header in enumerate(true)]
    return not any(made) and s.write(s.name("new")) in STORED


def owner_is_repr(s):
    """The owner of a lock comes back as Python prints bytes."""
    return b">b'ann'<" in s.lock(s.put())[0].body


def acquires(s):
    """What is in a folder is found in the folders in it."""
    if "MKCOL" in s.back_end.lacks:
        return False
    path = s.put("above")
    s.back_end.folder(f"{s.folder}below/")
    return s.back_end.ask("GET", f"{s.folder}below/{os.path.basename(path)}").status == 200


def errors_from_base(s):
    """An error names what is locked by its path from where the back end's URLs begin, without a slash before it."""
    path = s.put("locked")
    if "LOCK" in s.back_end.lacks or not s.lock(path)[1]:
        return False
    answer = s.back_end.ask("PUT", path, b"x", **s.back_end.kind)
    named = re.search(rb"<(?:\w+:)?href>([^<]*)<", answer.body)
    return answer.status == 423 and bool(named) and not named.group(1).startswith((b"/", b"http"))


def folder_data(s):
    """Every folder has the folder itself in it, as a document."""
    return s.is_there(f"{s.folder}_data")


def half_quoted(s):
    """Where the URL of a folder holds a `%`, those of its members are not encoded."""
    s.back_end.folder("half quoted/")
    path = f"half quoted/\u00e9 x{s.back_end.extension}"
    s.back_end.put(path, "x")
    body = s.back_end.ask("PROPFIND", "half quoted/", Depth="1").body
    return not any(web.escape(path.split("/")[1]).encode() in text for text in (body, body.replace(b"%c3%a9", b"%C3%A9")))


def public_urls(s):
    """How it learns public URLs."""
    base = urlsplit(s.back_end.url).path
    target = f"/VirtualHostBase/http/public.example:80{base}VirtualHostRoot/_vh_public/{s.folder}"
    more = {"Authorization": s.back_end.authorization()} if s.back_end.user else {}
    asked = {"VirtualHost": ({}, target), "ScriptName": ({"X-Script-Name": "/public"}, None)}
    for way, (headers, target) in asked.items():
        url = s.back_end.url + s.folder
        found = web.request("PROPFIND", url, None, {"Depth": "0", **more, **headers}, target=target)
        if found.status == 207 and all(href.startswith("/public/") for href in found.hrefs()):
            return way
    return "Configured"


def methods(s):
    """It announces exactly these."""
    return {word.strip() for word in (s.back_end.ask("OPTIONS", s.put())["Allow"] or "").split(",")}


def evaluated(s):
    """The conditions that it evaluates before it writes."""
    path, found = s.put(), set()
    before = s.back_end.read(path)
    if s.write(path, "no", **{"If-None-Match": "*"}) == 412 and s.back_end.read(path) == before:
        if s.write(s.name("absent"), "yes", **{"If-None-Match": "*"}) in STORED:
            found.add("absent")
    gone = s.name("gone")
    if s.write(path, "yes", **{"If-Match": "*"}) in STORED and s.write(gone, "no", **{"If-Match": "*"}) == 412:
        if not s.is_there(gone):
            found.add("present")
    time.sleep(1.2)  # mod_dav's entity tags are weak while they are new
    here = f"<{s.back_end.url}{web.escape(path)}>"
    for name, field, value in (("version", "If-Match", "%s"), ("weak_version", "If", f"{here} ([%s])")):
        tag = s.tag(path)
        if tag and s.write(path, "no", **{field: value % '"wrong"'}) == 412:
            if s.write(path, "yes", **{field: value % tag}) in STORED:
                found.add(name)
    return found


HABITS = [
    cuts_destination, atomic_put, published, put_replaces, no_infinity, matches_slashes, keeps_kind, makes_again,
    redirects_moved, closes_after_head, bare_entity_tags, lock_null, class_2, keeps_owner, one_condition, if_is_a_key, owner_is_repr,
    acquires, half_quoted, errors_from_base, folder_data,
]  # fmt: skip

# What only says how far a server is trusted: not to claim it costs time or comfort, and nothing else.
TRUST = {"atomic_put", "class_2", "keeps_owner"}

# Where the server at hand is not what the profile says, and why that stands: (back end, habit).
OTHERWISE = {
    ("plone", "acquires"): "since 6.0.8 it does not of documents, but of what the site itself holds, as the part plone shows",
    ("sabredav", "keeps_owner"): "this is 1.8, which keeps the text alone; 4 keeps all",
    ("zope", "one_condition"): "if_is_a_key says more",
    ("plone", "one_condition"): "if_is_a_key says more",
}

# What the part detect is about.
OF_DETECT = {"name", "title", "signs", "start"}

# What takes MOVE, COPY or MKCOL is not asked of a server that has none.
NEEDS = {"makes_again": "MKCOL", "keeps_kind": "COPY", "matches_slashes": "MKCOL", "cuts_destination": None}


def one(check, name, claimed):
    back_end = dav_servers_python.started(name, {})
    seen = set()
    try:
        for habit in HABITS:
            field, subject = habit.__name__, Subject(back_end)
            default = "true" if field == "class_2" else "false"
            value = claimed.get(field, default)
            says = value not in ("false", "&[]")
            seen.add(field)
            label = f"{name}: {'' if says else 'not '}{field}"
            if NEEDS.get(field) in back_end.lacks:
                check.check(f"{label}: it has no {NEEDS[field]}", not says)
                continue
            with check.step(label):
                subject.begin(field)
                does = habit(subject)
                if does == REFUSED:  # the client hears it, whoever refuses
                    does = says
                if field in TRUST and does and not says:
                    check.note(f"{label}, but it does")
                    continue
                if (name, field) in OTHERWISE:
                    assert bool(does) != says, "it is as the profile says after all"
                    check.note(f"{label}: {OTHERWISE[name, field]}")
                    continue
                assert bool(does) == says, f"{habit.__doc__.strip()} {'No' if says else 'Yes'}."
        seen.add("conditions")
        with check.step(f"{name}: conditions"):
            subject = Subject(back_end)
            subject.begin("conditions")
            says, does = conditions(claimed.get("conditions", "")), evaluated(subject)
            assert says <= does, f"it claims {sorted(says)} and evaluates {sorted(does)}"
            if does - says:
                check.note(f"{name}: conditions: it evaluates {sorted(does - says)} too")
        seen.add("public_urls")
        with check.step(f"{name}: public_urls"):
            subject = Subject(back_end)
            subject.begin("urls")
            says = claimed.get("public_urls", "Configured").rpartition("::")[2]
            does = public_urls(subject)
            assert does == says, f"it is {does}, not {says}"
        for field, asks in (("reserved", reserved), ("methods", methods)):
            seen.add(field)
            if field not in claimed:
                continue
            with check.step(f"{name}: {field}"):
                subject = Subject(back_end)
                subject.begin(field)
                does = asks(subject)
                if field == "methods":
                    says = {word.upper() for word in re.findall(r"[A-Z][a-z]+\b", claimed[field].partition("&[")[2])}
                    assert does <= says, f"it announces {sorted(does - says)} too"
                else:
                    assert does, "the name is one like any other"
        check.equal(f"{name}: every claim has a check", sorted(claimed.keys() - seen - OF_DETECT), [])
    finally:
        back_end.stop()


def main(check):
    profiles = claims()
    check.equal("every profile has a server", sorted(profiles.keys() - {"generic"}), sorted(BACK_ENDS))
    for name in sys.argv[1:] or BACK_ENDS:
        try:
            one(check, name, profiles[name])
        except Exception as error:
            check.fail(f"{name}: ended early", f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    report.main("habits", main)
