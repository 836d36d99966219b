"""What is sent: thousands of byte streams that two readers may cut at different places. In: how many, and a seed. Out: cases.

A case is what one client sends on one connection. Its requests are marked by their User-Agent, `c12-0`, `c12-1` and so on; a
request that hides in another's body or header has a mark as well (`c12-s`), so that it is known wherever it turns up.
"""

import itertools
import random
from dataclasses import dataclass

METHODS = ["GET", "PUT", "PROPFIND", "POST", "LOCK", "MOVE", "COPY", "OPTIONS"]
ASKS = b'<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop><D:resourcetype/></D:prop></D:propfind>'
WAIT = 0.15


@dataclass
class Case:
    """`steps`: bytes to send; a number, seconds to wait for an answer; ("if100", bytes), sent after a 100 only."""

    name: str
    steps: list
    number: int = 0
    sent: bytes = b""
    got: bytes = b""
    hung: bool = False


def fields_of(method, number):
    """The lines that a request with this method must have besides Host."""
    if method in ("MOVE", "COPY"):
        return [f"Destination: http://dav.test/files/w/{number % 8}-copy", "Overwrite: T"]
    return ["Depth: 0"] if method in ("PROPFIND", "LOCK") else []


def target_of(method, number):
    if method == "LOCK":
        return f"/files/locks/{number}"  # so that no lock is in another request's way
    return f"/files/w/{number % 8}" if method in ("PUT", "POST", "MOVE", "DELETE") else f"/files/open/{number % 10}"


def head(method, number, lines=(), mark="0", version="1.1", target=None, host="Host: dav.test"):
    """A head of a request, `lines` last; each line may be bytes with whatever in it."""
    out = [f"{method} {target or target_of(method, number)} HTTP/{version}", host, f"User-Agent: c{number}-{mark}"]
    out = [line.encode() for line in [*out, *fields_of(method, number)]]
    out += [line if isinstance(line, bytes) else line.encode("latin-1") for line in lines]
    return b"\r\n".join(line for line in out if line) + b"\r\n\r\n"


def last(number):
    """The request that ends each connection, unless it is taken for something else."""
    return head("GET", number, ["Connection: close"], mark="z")


def smuggled(number, generator):
    """A request that must not count as one unless it stands alone: forbidden ones, and one that anybody may make."""
    method, target = generator.choice(
        [("DELETE", "/dav/victim"), ("DELETE", "/files/victim"), ("GET", "/files/secret/0"), ("GET", "/dav/secret/0")]
        + [("GET", "/files/open/7"), ("PUT", "/dav/victim"), ("GET", "/dav/open/7")]
    )
    return head(method, number, mark="s", target=target, lines=["Content-Length: 0"] if method == "PUT" else [])


def chunk(data):
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


LENGTHS = ["", "{n}", "0", "5", "+{n}", "-{n}", "{n}, {n}", "{n} 0", "0x{n}", "{n}.0", "9223372036854775808", "18446744073709551617"]
LENGTHS += ["{n}\r\nContent-Length: {n}", "{n}\r\nContent-Length: 0", "0\r\nContent-Length: {n}", "\u00b2", "{n}\x0b", "0{n}", "1e2",
    "{n};", '"{n}"']
CODINGS = ["", "chunked", "Chunked", "CHUNKED", "chunked ", "\tchunked", " chunked", "chunked, chunked", "gzip, chunked", "chunked, gzip"]
CODINGS += ["identity", "chunked, identity", "identity, chunked", "xchunked", "chunked;q=1", '"chunked"', "chunked\x00", "\x0bchunked",
    "chunke", "chun\rked"]
CODINGS += [",chunked", "chunked,", "chunked\r\nTransfer-Encoding: identity", "identity\r\nTransfer-Encoding: chunked", "\r\n chunked",
    "c\u212aunked", "chunked\xa0"]
# How a header line can be written: name and value go in.
WRITINGS = ["{name}: {value}"] * 6 + ["{name}:{value}", "{name}:\t{value}\t", "{name} : {value}", "{name}\t: {value}",
    " {name}: {value}", "\t{name}: {value}"]
WRITINGS += ["{name}:\r\n {value}", "{name}: {value}\n", "X-A: b\n{name}: {value}", "X-A: b\r{name}: {value}", "{name}\x00: {value}",
    "\x0b{name}: {value}"]
WRITINGS += ["{name}: {value}\x00", "X: {name}: {value}", "{name}\r\n: {value}", "{name}\x85: {value}",
    "X-A: b\x00\r\n{name}: {value}", "\n{name}: {value}"]
WRITINGS += ["X-A: b\r\n \r\n{name}: {value}", "{name}_: {value}", ":{name}: {value}", "{name}: {value}\r",
    "Content_Length: 3\r\n{name}: {value}", "\xef\xbb\xbf{name}: {value}"]


def lengths(generator):
    """Content-Length and Transfer-Encoding: every form of the one with every form of the other, each method in turn."""
    rows = list(itertools.product(LENGTHS, CODINGS))
    generator.shuffle(rows)
    for number, (length, coding) in enumerate(itertools.cycle(rows)):
        method, version = generator.choice(METHODS), generator.choice(["1.1"] * 5 + ["1.0"])
        writings = [generator.choice(WRITINGS if generator.random() < 0.4 else WRITINGS[:6]) for _ in range(2)]
        yield f"lengths {length!r} {coding!r}", (lambda n, a=length, b=coding, m=method, v=version, w=writings: _lengths(n, a, b, m, v,
            w, generator))


def _lengths(number, length, coding, method, version, writings, generator):
    inner = smuggled(number, generator)
    plain = ASKS if method == "PROPFIND" else b"hello"
    layout = generator.randrange(5)
    if layout == 0:  # the chunks end at once, the length covers what follows
        body = b"0\r\n\r\n" + inner
        said = len(body)
    elif layout == 1:  # the length ends within the first chunk
        body = chunk(plain + b"\r\n0\r\n\r\n" + inner) + b"0\r\n\r\n"
        said = body.index(b"\r\n") + 2
    elif layout == 2:  # one body, whichever way
        body = chunk(plain) + b"0\r\n\r\n"
        said = len(body)
    elif layout == 3:  # a plain body, and a request behind it
        body, said = plain + inner, len(plain)
    else:  # no body is expected, a request follows
        body, said = inner, 0
    fields = []
    if length:
        fields.append(("Content-Length", length.format(n=said)))
    if coding:
        fields.append(("Transfer-Encoding", coding))
    if generator.random() < 0.5:
        fields.reverse()
    lines = [writing.format(name=name, value=value) for writing, (name, value) in zip(writings, fields)]
    return [head(method, number, [line.encode("utf-8") for line in lines], version=version) + body]


SIZES = ["{x}", "{X}", "0{x}", "0000000000{x}", "00000000000000000{x}", "+{x}", "-{x}", "0x{x}", " {x}", "{x} ", "\t{x}", "{x}\t", "",
    "{x}h", "{x}.0", "{x},"]
SIZES += ["10000000000000000{x}", "1000000000000000{x}", "100000000{x}", "7fffffffffffffff", "8000000000000000", "ffffffffffffffff",
    "fffffffffffffffb", "\x00{x}", "{x}\x00"]
EXTENSIONS = [""] * 8 + [";a", ";a=b", ';a="q"', ' ; a="b;c"', ';a="q\r\nX"', ";a=b\nc", ";a\rb", ";" * 50, ";a=" + "b" * 3000, ';a="',
    ";\x00", "; a = b", ";\x80", " a", ";a\r\n", ";\n5"]
ENDS = ["\r\n"] * 12 + ["\n", "\r", "\n\r", "", "\r\r\n", " \r\n"]
LASTS = ["0"] * 10 + ["00", "0000000000000000", "00000000000000000", "0;a", "-0", "+0", "0x0", " 0", "0 ", ""]
TRAILERS = [""] * 6 + ["X-T: 1\r\n", "Content-Length: 5\r\n", "Host: evil\r\n", "Authorization: Basic YTpi\r\n",
    "Destination: /files/victim\r\n"]
TRAILERS += ["Transfer-Encoding: chunked\r\n", "no colon\r\n", " fold\r\n", "X: a\r\n b\r\n", "X: a\nY: b\r\n", "X : a\r\n",
    "X: \x00\r\n", "User-Agent: c0-t\r\n"]
TRAILERS += ["X: " + "a" * 4000 + "\r\n", "GET /files/open/1 HTTP/1.1\r\nHost: x\r\nUser-Agent: c{n}-t\r\n"]


def chunked(generator):
    """Chunks: sizes, extensions, line ends, the last chunk, trailers; then another request."""
    while True:
        picked = [generator.choice(forms) for forms in (SIZES, EXTENSIONS, ENDS, ENDS, LASTS, TRAILERS, ENDS)]
        if generator.random() < 0.7:  # one oddity at a time tells more
            keep = generator.randrange(len(picked))
            usual = ["{x}", "", "\r\n", "\r\n", "0", "", "\r\n"]
            picked = [form if place == keep else usual[place] for place, form in enumerate(picked)]
        yield f"chunks {picked}", (lambda n, p=picked: _chunked(n, p, generator))


def _chunked(number, picked, generator):
    size, extension, end, after, last, trailer, final = picked
    trailer = trailer.replace("{n}", str(number))
    method = generator.choice(["PUT", "PUT", "POST", "PROPFIND", "GET", "MOVE", "LOCK"])
    inner = smuggled(number, generator)
    data = ASKS if method == "PROPFIND" else generator.choice([b"hello", inner, b"x\r\n0\r\n\r\n" + inner])
    text = size.format(x=f"{len(data):x}", X=f"{len(data):X}") + extension + end
    body = text.encode("latin-1") + data + after.encode() + last.encode() + end.encode() + trailer.encode("latin-1") + final.encode()
    rest = generator.choice([inner, head("GET", number, mark="1"), b""])
    return [head(method, number, ["Transfer-Encoding: chunked"]) + body + rest]


ODD_LINES = ["X-A: 1\r\n Content-Length: 5", "X-A: 1\nContent-Length: 5", "X-A: 1\rContent-Length: 5", "X-A: a\0b", "X A: 1",
    "X(A): 1", ": 1", "Depth", "X-\xe9: 1", "\xe9: 1"]
ODD_LINES += ["Host: dav.test", "Host: evil", "host: dav.test", "Connection: Content-Length", "Connection: close, Transfer-Encoding",
    "Connection: User-Agent", "Connection: Host"]
ODD_LINES += ["Connection: close", "Connection: keep-alive", "Connection: Destination, If", "Proxy-Connection: keep-alive",
    "Keep-Alive: 5", "TE: trailers", "Trailer: Content-Length"]
ODD_LINES += ["Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAA"]
ODD_LINES += ["Content_Length: 40", "Transfer_Encoding: chunked", "Content-Length\0: 40", "X-HTTP-Method-Override: DELETE",
    "X-Original-URL: /dav/victim", "X-Rewrite-URL: /dav/victim"]
ODD_LINES += ["Content-Type: multipart/byteranges; boundary=a", "Range: bytes=0-1,2-3", "Content-Encoding: chunked",
    "Expect: 100-continue", "If: (<a>)", "X: " + "a" * 4000]
ODD_FIRSTS = ["{m}  {t} HTTP/1.1", "{m} {t}  HTTP/1.1", "{m}\t{t} HTTP/1.1", " {m} {t} HTTP/1.1", "{m} {t} HTTP/1.1 ",
    "{m} {t} HTTP/1.2", "{m} {t} HTTP/2.0", "{m} {t} HTTP/0.9", "{m} {t}"]
ODD_FIRSTS += ["{m} {t} http/1.1", "{m} {t} HTTP/1.1\rX: 1", "{m} {t}\0 HTTP/1.1", "{m} http://dav.test{t} HTTP/1.1",
    "{m} http://evil{t} HTTP/1.1", "{m} //dav.test{t} HTTP/1.1", "{m} {t}#x HTTP/1.1"]
ODD_FIRSTS += ["{m} {t} HTTP/1.1\n", "{m} {t} HTTP/01.1", "{m} {t} HTTP/1.10", "{m} {t} HTTP/1.1, HTTP/1.1", "{m} {t}\x0bHTTP/1.1",
    "{l} {t} HTTP/1.1", "\r\n{m} {t} HTTP/1.1", "\n{m} {t} HTTP/1.1"]
ODD_FIRSTS += ["{m} {t} HTTP/1.1 HTTP/1.1", "{m} {t} {t} HTTP/1.1", "{m}:{t} HTTP/1.1", "\0{m} {t} HTTP/1.1",
    "CONNECT dav.test:80 HTTP/1.1", "TRACE {t} HTTP/1.1", "{m} * HTTP/1.1", "PRI * HTTP/2.0"]


def heads(generator):
    """Odd request lines and header lines, a body or not, and another request behind."""
    rows = [("", line) for line in ODD_LINES] + [(first, "") for first in ODD_FIRSTS]
    rows += list(itertools.product(ODD_FIRSTS, ODD_LINES))[:: 1 + len(ODD_FIRSTS) // 12]
    for first, line in itertools.cycle(rows):
        yield f"head {first!r} {line[:60]!r}", (lambda n, f=first, o=line: _heads(n, f, o, generator))


def _heads(number, first, line, generator):
    method = generator.choice(METHODS)
    inner = smuggled(number, generator)
    body = inner if generator.random() < 0.5 and method in ("PUT", "POST") else b""
    lines = [line.encode("latin-1")] + ([f"Content-Length: {len(body)}"] if body else [])
    lines.reverse() if generator.random() < 0.5 else None
    text = head(method, number, lines)
    if first:
        old = text.split(b"\r\n", 1)[0]
        new = first.format(m=method, l=method.lower(), t=target_of(method, number)).encode("latin-1")
        text = text.replace(old, new, 1)
    if generator.random() < 0.1:
        text = text.replace(b"\r\n", b"\n")
    return [text + body + generator.choice([inner, head("GET", number, mark="1"), b""])]


def sample(count, seed, families):
    """`count` cases: of each family the share that stands with it. Numbered from 1."""
    number, cases = itertools.count(1), []
    for family, share in families:
        generator = random.Random(f"{seed} {family.__name__}")
        rows = family(generator)
        for name, make in itertools.islice(rows, max(4, int(count * share))):
            this = next(number)
            cases.append(Case(name, make(this), this))
    return cases
