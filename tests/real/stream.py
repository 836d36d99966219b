"""Bodies stream with flat memory: big uploads and downloads, and a listing of 20,000 members, whole and half hidden.

What passes: every byte arrives (a checksum on both sides) and the gateway's peak of resident memory rises by less than
32 MiB for bodies, by less than 8 MiB for the listing. DAVGATE_TEST_BIG is the size in bytes (1 GiB when not set).
"""

import http.client
import os
import socket
import time
import zlib
from urllib.parse import unquote, urlsplit

import backends
import report
import servers
import web

BIG = int(os.environ.get("DAVGATE_TEST_BIG", 1 << 30))
BLOCK = 1 << 20
MIB = 1 << 20
MEMBERS = 20_000
NOISE = os.urandom(BLOCK - 8)


def blocks(size):
    """Blocks that differ from each other, so that a lost, doubled or swapped one is seen."""
    for number in range(size // BLOCK):
        yield number.to_bytes(8, "big") + NOISE
    if size % BLOCK:
        yield NOISE[: size % BLOCK]


def checksum(pieces):
    value = size = 0
    for piece in pieces:
        value = zlib.crc32(piece, value)
        size += len(piece)
    return size, value


def pieces_of(source):
    while piece := source.read(BLOCK):
        yield piece


def upload(url, chunked):
    """A PUT written block by block; the status of the answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=300)
    connection.putrequest("PUT", parts.path, skip_accept_encoding=True)
    connection.putheader("Transfer-Encoding" if chunked else "Content-Length", "chunked" if chunked else str(BIG))
    connection.endheaders()
    for block in blocks(BIG):
        if chunked:
            connection.sock.sendall(b"%x\r\n" % len(block))
            connection.sock.sendall(block)
            connection.sock.sendall(b"\r\n")
        else:
            connection.sock.sendall(block)
    if chunked:
        connection.sock.sendall(b"0\r\n\r\n")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def download(url):
    """A GET read block by block; status, size, checksum and whether it was chunked."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=300)
    connection.request("GET", parts.path)
    answer = connection.getresponse()
    size, value = checksum(pieces_of(answer))
    connection.close()
    return answer.status, size, value, answer.headers.get("Transfer-Encoding") == "chunked"


class Measured:
    """A block during which the gateway's peak of resident memory may rise by `limit` bytes."""

    def __init__(self, check, gateway, name, limit):
        self.check, self.gateway, self.name, self.limit = check, gateway, name, limit

    def __enter__(self):
        self.gateway.forget_peak()
        self.before, self.started = self.gateway.memory("VmRSS"), time.monotonic()

    def __exit__(self, kind, *_):
        if kind:
            return
        risen = self.gateway.memory("VmHWM") - self.before
        seconds = time.monotonic() - self.started
        seen = f"{self.before / MIB:.1f} + {risen / MIB:.1f} MiB, {seconds:.1f} s"
        text = f"{self.name}: memory rises by less than {self.limit // MIB} MiB ({seen})"
        self.check.check(text, risen < self.limit, f"{risen / MIB:.1f} MiB")


def big_bodies(check, gateway, files, label):
    """PUT with Content-Length and chunked, GET with Content-Length; `files` is the directory behind the route."""
    want = checksum(blocks(BIG))
    stored = os.path.join(files, "big")
    for kind, chunked in (("Content-Length", False), ("chunked", True)):
        name = f"{label}: PUT, {kind}"
        with Measured(check, gateway, name, 32 * MIB):
            status = upload(gateway.url + "big", chunked)
        check.equal(f"{name}: created", status, 201)
        with open(stored, "rb") as content:
            check.equal(f"{name}: every byte of {BIG} arrived", checksum(pieces_of(content)), want)
        if not chunked:
            name = f"{label}: GET, Content-Length"
            with Measured(check, gateway, name, 32 * MIB):
                status, *got, was_chunked = download(gateway.url + "big")
            check.equal(f"{name}: 200", status, 200)
            check.equal(f"{name}: every byte arrived", tuple(got), want)
            check.equal(f"{name}: is not chunked", was_chunked, False)
        os.unlink(stored)


def chunked_download(check):
    """GET of a chunked body: Apache sends files with a length, so a small back end sends this one."""

    def answer(connection, _request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        for block in blocks(BIG):
            connection.sendall(b"%x\r\n" % len(block))
            connection.sendall(block)
            connection.sendall(b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)

    backend = backends.Backend(answer)
    gateway = servers.Gateway("/files/", backend.url, profile="generic")
    with Measured(check, gateway, "GET, chunked", 32 * MIB):
        status, *got, was_chunked = download(gateway.url + "big")
    check.equal("GET, chunked: 200", status, 200)
    check.equal("GET, chunked: every byte arrived", tuple(got), checksum(blocks(BIG)))
    check.equal("GET, chunked: is chunked", was_chunked, True)
    gateway.stop()
    backend.close()


def hrefs_of(source):
    """The hrefs of a multistatus read in pieces, and its size."""
    hrefs, rest, size = [], b"", 0
    for piece in pieces_of(source):
        size += len(piece)
        parts = (rest + piece).split(b"</D:href>")
        for part in parts[:-1]:
            hrefs.append(part.rpartition(b"<D:href>")[2].decode())
        rest = parts[-1]
    return hrefs, size, rest


def listing(check, gateway, name, want):
    """PROPFIND Depth 1 of the directory with many files: these URLs come out, and the memory stays flat."""
    web.propfind(gateway.url + "many/", "0")
    parts = urlsplit(gateway.url)
    with Measured(check, gateway, f"PROPFIND of {MEMBERS} members, {name}", 8 * MIB):
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=300)
        connection.request("PROPFIND", parts.path + "many/", headers={"Depth": "1", "Content-Length": "0"})
        answer = connection.getresponse()
        hrefs, size, rest = hrefs_of(answer)
        connection.close()
    check.note(f"the listing has {size} bytes")
    check.equal(f"PROPFIND of the listing, {name}: 207", answer.status, 207)
    check.check(f"PROPFIND of the listing, {name}: it is whole", rest.rstrip().endswith(b"</D:multistatus>"), rest[-100:])
    found = [unquote(href.replace("&amp;", "&")) for href in hrefs]
    check.check(
        f"PROPFIND of the listing, {name}: every member once, mapped",
        len(found) == len(want) and set(found) == want,
        f"{len(found)} of {len(want)}; not expected: {sorted(set(found) - want)[:3]}",
    )


def listings(check, apache, limits):
    """The directory with 20,000 files: without access control, and where everybody may read every second file only."""
    many = os.path.join(apache.files["/dav/"], "many")
    os.mkdir(many)
    names = [f"ein Name mit Umlauten äöü und & {number:05}.txt" for number in range(MEMBERS)]
    for name in names:
        open(os.path.join(many, name), "w").close()
    apache.own(many)
    access = [
        {"path": r"~^/many/.*[13579]\.txt$", "deny": ["all"], "to": "everyone"},
        {"path": "/**", "allow": ["all"], "to": "everyone"},
    ]
    for name, rules, shown in (("all shown", {}, names), ("every second one hidden", {"access": access}, names[::2])):
        gateway = servers.Gateway("/files/", apache.at["/dav/"], limits=limits, **rules)
        listing(check, gateway, name, {"/files/many/", *("/files/many/" + name for name in shown)})
        gateway.stop()


def run(check):
    apache = servers.Apache()
    behind = apache.files["/dav/"]
    limits = {"body": f"{4 * BIG}"}

    def gateway_to(backend, **more):
        gateway = servers.Gateway("/files/", backend, limits=limits, **more)
        web.request("PUT", gateway.url + "warm", b"up" * 100_000)
        web.request("GET", gateway.url + "warm")
        return gateway

    listings(check, apache, limits)
    gateway = gateway_to(apache.at["/dav/"])
    big_bodies(check, gateway, behind, "Apache")
    gateway.stop()
    # A back end of which nothing is known gets an upload with a limit from a file, once it is whole.
    gateway = gateway_to(apache.at["/dav/"], profile="generic")
    big_bodies(check, gateway, behind, "spooled")
    gateway.stop()
    directory = servers.scratch("embedded")
    gateway = gateway_to(directory)
    big_bodies(check, gateway, directory, "embedded back end")
    gateway.stop()
    chunked_download(check)


if __name__ == "__main__":
    report.main("stream", run)
