"""Is what the gateway authorised what the back end opens? Thousands of request targets, most of them odd, through the gateway at real
servers: each either is refused, or the server opens the very resource whose path stands in the access log (section 2.1, P-1 to P-11).

The files of the back end are decoys for each other: names that one server takes for another name (`%2f` in a name, `a;x`, `a.`,
`A`, decomposed letters), and every file holds its own path. So whoever opens another one than was meant is caught by what it reads.
Then the same with PUT and DELETE and with the Destination of COPY: what has changed on the disk is what was authorised, and nothing else.
"""

import itertools
import json
import os
import random
import socket
import sys
import time
import unicodedata
from urllib.parse import quote, unquote_to_bytes

import dav_servers
import dav_servers_python
import report
import servers

TARGETS = int(os.environ.get("DAVGATE_TEST_TARGETS", "5000"))
WRITES = max(60, TARGETS // 12)
SEED = 20260

FOLDERS = ["d", "d/e", "D", "d;x", "d%2fe", "é", unicodedata.normalize("NFD", "é"), "a b", "d.", "..d", "%2e%2e"]
NAMES = ["a", "A", "a;x", "a%2fb", "%61", "a b", "a+b", "b", "a.", "a~", "..a", "a..", "a%00", "a?b", "a#b", "é", "%2e", "ä%C3", "index.html"]

# How the characters of a name can be written, and what stands between names.
SEPARATORS = ["/"] * 60 + ["//", "/./", "/x/../", "%2f", "%2F", "\\", "%5c", ";/", "/%2e/", "/%2e%2e/", "/..;/", "/.%2e/", "%2f..%2f", "/?/", "/%20/"]
ENDS = [""] * 60 + ["/", "//", "/.", "/..", ";x", ";", "%00", "%00.txt", "?", "?x=/../a", "#x", "%23", "%3f", ".", "%20", " ", "\t", "%0a", "::$DATA",
                     "%c0%af", "%c0%ae", "%e0%80%af", "%u002f", "%ff", "%252e", "%25", "%", "%zz", "%4", "/..%00/", "~1", "/DELETE", "/manage_main"]


def written(name, chance, generator):
    """`name` as somebody may write it in a URL: each byte as it is, or percent-encoded, once or twice."""
    out = ""
    for byte in name.encode():
        plain = chr(byte)
        roll = generator.random()
        if byte > 127 or roll < chance:
            code = f"%{byte:02x}" if generator.random() < 0.5 else f"%{byte:02X}"
            out += code.replace("%", "%25") if generator.random() < 0.06 else code
        elif plain in "%?# " and generator.random() < 0.95:
            out += f"%{byte:02X}"
        else:
            out += plain
    return out


def targets(count, generator):
    """`count` targets below the prefix, no two the same."""
    known = [name for name in NAMES] + [f"{folder}/{name}" for folder in FOLDERS for name in NAMES]
    seen = set()
    while len(seen) < count:
        parts = generator.choice(known).split("/")
        if generator.random() < 0.25:
            parts.insert(generator.randrange(len(parts)), generator.choice(FOLDERS + ["..", ".", "", "x"]))
        chance = generator.choice([0, 0, 0.1, 0.5, 1])
        text = written(parts[0], chance, generator)
        for part in parts[1:]:
            text += generator.choice(SEPARATORS) + written(part, chance, generator)
        text += generator.choice(ENDS)
        if generator.random() < 0.1:
            at = generator.randrange(len(text) + 1)
            text = text[:at] + generator.choice(["%2e", "..", "%2f", "/", ";", "\\", "%", "%c3", "\x01", "\x7f", "é"]) + text[at:]
        if text not in seen:
            seen.add(text)
            yield text


class Line:
    """One connection that is opened anew whenever it was closed."""

    def __init__(self, port):
        self.port, self.file = port, None

    def ask(self, method, target, body=None, headers=()):
        """The status and the body of the answer."""
        for _ in range(2):
            if self.file is None:
                self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=30)
                self.file = self.socket.makefile("rb")
            lines = [f"{method} {target} HTTP/1.1".encode("utf-8", "surrogateescape"), b"Host: dav.test", *[line.encode() for line in headers]]
            if body is not None:
                lines.append(f"Content-Length: {len(body)}".encode())
            try:
                self.socket.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + (body or b""))
                first = self.file.readline()
            except OSError:
                first = b""
            if first:
                return self.rest(first)
            self.close()
        raise AssertionError(f"no answer to {method} {target!r}")

    def rest(self, first):
        status, length, chunked, close = int(first.split()[1]), 0, False, False
        while (line := self.file.readline()) not in (b"\r\n", b""):
            name, value = line.split(b":", 1)
            name, value = name.strip().lower(), value.strip().lower()
            length = int(value) if name == b"content-length" else length
            chunked = chunked or (name == b"transfer-encoding" and value == b"chunked")
            close = close or (name == b"connection" and value == b"close")
        body = b""
        if chunked:
            while size := int(self.file.readline(), 16):
                body += self.file.read(size)
                self.file.readline()
            self.file.readline()
        elif status not in (204, 304):
            body = self.file.read(length)
        if close:
            self.close()
        return status, body

    def close(self):
        if self.file is not None:
            self.file.close()
            self.socket.close()
            self.file = None


def authorised(path):
    """The bytes of the resource's path below the prefix, from the access log's canonical path."""
    assert path.startswith("/files/"), path
    return unquote_to_bytes(path[len("/files/") :])


def prepare(back_end):
    """Makes the decoys; what the server does not take as a name is left out. The paths that are there."""
    made = []
    for folder in FOLDERS:
        status = back_end.ask("MKCOL", folder + "/").status
        if status not in (201, 405):
            continue
        made.append(folder + "/")
    for folder, name in itertools.product(["", *made], NAMES):
        path = folder + name
        if back_end.ask("PUT", path, path.encode(), **back_end.kind).status in (200, 201, 204):
            made.append(path)
    return made


def same(one, other, folder_too=True):
    """Paths that name the same resource: but for a slash at the end, and the form of composed letters."""
    def form(path):
        text = path.decode("utf-8", "surrogateescape")
        return unicodedata.normalize("NFC", text.rstrip("/") if folder_too else text)
    return form(one) == form(other)


def reads(tests, name, back_end, gateway, generator):
    """GET of each target: refused, or what the log says was opened."""
    line, asked = Line(gateway.port), []
    for target in targets(TARGETS, generator):
        status, body = line.ask("GET", "/files/" + target)
        asked.append((target, status, body))
    line.close()
    told = gateway.told(len(asked))
    wrong, opened, refused = [], 0, 0
    for (target, status, body), log in zip(asked, told):
        if log["status"] != status:
            wrong.append(f"{target!r}: the log says {log['status']}, the client got {status}")
        elif status == 200 and not is_page(body):
            opened += 1
            meant = authorised(log["path"])
            # A server may show a folder's page in place of the folder: `collection_get` says whether that may be.
            page = meant.endswith(b"/") and body == meant + b"index.html"
            if not same(body, meant) and not page:
                wrong.append(f"{target!r}: {log['path']} was authorised, {body!r} was opened")
        elif log["verdict"] == "deny":
            refused += 1
    tests.equal(f"{name}: {len(asked)} targets: what is opened was authorised", wrong[:8], [], f"{len(wrong)} in all")
    tests.check(f"{name}: enough of them are opened", opened >= TARGETS // 10, f"{opened} opened, {refused} refused")
    tests.check(f"{name}: enough of them are refused", refused >= TARGETS // 20, f"{opened} opened, {refused} refused")
    tests.note(f"{name}: of {len(asked)} targets {opened} were opened, {refused} refused by the gateway")


def naive(tests, name, back_end, generator):
    """The twin: who takes the decoded target for what is opened, as a rule in front of the server might, is wrong."""
    port, prefix = back_end.url.split("/")[2].rsplit(":", 1)[1], "/" + back_end.url.split("/", 3)[3]
    line, wrong = Line(int(port)), 0
    who = [f"Authorization: {back_end.authorization()}"] if back_end.user else []
    for target in targets(TARGETS // 4, generator):
        status, body = line.ask("GET", prefix + target, headers=who)
        opened = status == 200 and not is_page(body)
        wrong += opened and not same(body, unquote_to_bytes(target.split("?")[0]))
    line.close()
    tests.check(f"{name}: a naive reading of the same targets is wrong", wrong > 0)
    tests.note(f"{name}: a naive reading is wrong {wrong} times in {TARGETS // 4}")


def writes(tests, name, back_end, gateway, generator):
    """PUT, then DELETE of each, and COPY to each: what changes is what was authorised."""
    wrong, done = [], 0
    line = Line(gateway.port)
    before = back_end.everything("")
    for target in targets(WRITES, generator):
        if target.split("?")[0].rstrip("/") in ("", "DELETE"):
            continue
        for method, headers, body in (
            ("COPY", (f"Destination: http://dav.test/files/{target}", "Overwrite: T", "Depth: 0"), None),
            ("PUT", (), b"written"),
            ("DELETE", (), None),
        ):
            if any(ord(char) < 33 or ord(char) == 127 for char in target) and headers:
                continue
            source = "/files/a" if method == "COPY" else "/files/" + target
            status, _ = line.ask(method, source, body, headers)
            after = back_end.everything("")
            changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
            log = gateway.told(1)[0]
            if changed:
                done += 1
                meant = gateway.audited(log)["destination"] if method == "COPY" else log["path"]
                meant = authorised(meant)
                if not status < 300 or any(not (same(path.encode("utf-8", "surrogateescape"), meant) or below(path, meant)) for path in changed):
                    wrong.append(f"{method} {target!r}: {status}, {meant!r} was authorised, {sorted(changed)[:3]} changed")
            if changed and method == "DELETE":
                restore(back_end, before)
                after = back_end.everything("")
            before = after
    line.close()
    tests.equal(f"{name}: what {WRITES} targets change was authorised", wrong[:8], [], f"{len(wrong)} in all")
    tests.check(f"{name}: enough of them change something", done >= WRITES // 4, f"{done} did")
    tests.note(f"{name}: {done} writes changed something")


def is_page(body):
    """Whether this is a listing of a folder, or another page of the server's own."""
    return body.lstrip()[:9].lower().startswith((b"<!doctype", b"<html"))


def restore(back_end, before):
    """Puts back what a DELETE took away, past the gateway."""
    for path, data in sorted(before.items()):
        whole = os.path.join(back_end.files, path)
        if path.endswith("/"):
            os.makedirs(whole, exist_ok=True)
        elif not os.path.exists(whole):
            os.makedirs(os.path.dirname(whole), exist_ok=True)
            with open(whole, "wb") as out:
                out.write(data)
        back_end.own(whole)


def below(path, folder):
    """Whether a path lies below a folder that was authorised as a whole."""
    return path.encode("utf-8", "surrogateescape").startswith(folder.rstrip(b"/") + b"/")


class Gateway(servers.Gateway):
    """One whose logs are read as they grow."""

    read = 0
    begun = ""

    def start(self):
        super().start()
        self.lines, self.audit = [], {}

    def follow(self):
        with open(self.log, errors="replace") as log:
            log.seek(self.read)
            text = self.begun + log.read()
            self.read = log.tell()
        *whole, self.begun = text.split("\n")
        for line in whole:
            if line.startswith("{"):
                line = json.loads(line)
                if line.get("log") == "audit":
                    self.audit[line["request_id"]] = line
                else:
                    self.lines.append(line)

    def told(self, count, seconds=20):
        """The access log's lines of the next `count` requests."""
        for _ in range(seconds * 100):
            self.follow()
            if len(self.lines) >= count:
                told, self.lines = self.lines[:count], self.lines[count:]
                return told
            time.sleep(0.01)
        raise AssertionError(f"{len(self.lines)} lines in the access log, {count} requests")

    def audited(self, line):
        """The audit log's line of the same request."""
        for _ in range(500):
            if line["request_id"] in self.audit:
                return self.audit[line["request_id"]]
            time.sleep(0.01)
            self.follow()
        raise AssertionError(f"{line['request_id']} is not in the audit log")


def main(only):
    tests = report.Report("paths")
    for make in (dav_servers.Apache, dav_servers.Nginx, dav_servers_python.Zope):
        name = make.name
        if only and name not in only:
            continue
        with tests.step(f"{name}: the back end and its decoys"):
            back_end = make()
            made = prepare(back_end)
            assert len(made) > 60, f"{len(made)} made: {made}, PUT: {back_end.ask('PUT', 'a', b'a').status}"
            everybody = [{"path": "/**", "allow": ["all"], "to": "everyone"}]
            gateway = Gateway("/files/", back_end.behind(), locking="off", access=everybody)
            naive(tests, name, back_end, random.Random(SEED))
            reads(tests, name, back_end, gateway, random.Random(SEED))
            if back_end.files:
                writes(tests, name, back_end, gateway, random.Random(SEED + 1))
            gateway.stop()
            back_end.stop()
    return tests.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
