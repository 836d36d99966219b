"""Reads HTTP/1 as RFC 9112 writes it and in no other way: what a client sends, what a gateway sends on, what comes back.

In: bytes. Out: the messages in them, and where they stop being messages. Nothing here is the gateway's: it is the second opinion
that the gateway is held against.
"""

import re
from dataclasses import dataclass, field

TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
TARGET = re.compile(rb"[!\"$-;=?-~]+\Z")
DIGITS = re.compile(rb"[0-9]+\Z")
SIZE = re.compile(rb"[0-9A-Fa-f]+\Z")
EXTENSION = re.compile(rb"[ \t]*;[\t\x20-\x7e\x80-\xff]*\Z")


class Bad(Exception):
    """These bytes are no message."""


class Short(Exception):
    """These bytes may become a message, but stop before its end."""


@dataclass
class Request:
    """One request: `body` without its framing; `whole` where its end was seen; `at` where it begins. `clear` where everybody reads it
    in the same way; else it is read as pingora reads it.
    """

    method: str
    target: str
    version: str
    fields: list
    body: bytes = b""
    whole: bool = True
    length: str = "none"
    mark: str = field(init=False)
    at: int = 0
    clear: bool = True

    def __post_init__(self):
        self.mark = (self.get(b"user-agent") or b"").decode("latin-1")

    def get(self, name):
        found = [value for other, value in self.fields if other == name]
        return found[0] if found else None

    def all(self, name):
        return [value for other, value in self.fields if other == name]


def line(data, at, with_cr=False):
    """The line at `at` and where the next begins. `with_cr`: CR may stand in it."""
    end = data.find(b"\n", at)
    if end < 0:
        raise Short
    if data[end - 1 : end] != b"\r" or end - 1 < at or (b"\r" in data[at : end - 1] and not with_cr):
        raise Bad("line end")
    return data[at : end - 1], end + 1


def head(data, at):
    """First line and fields (names in lower case) of the message at `at`, and where its body begins."""
    first, at = line(data, at, with_cr=True)
    fields = []
    while True:
        text, at = line(data, at)
        if not text:
            return first, fields, at
        name, colon, value = text.partition(b":")
        if not colon or not TOKEN.match(name) or not VALUE.match(value):
            raise Bad("header line")
        fields.append((name.lower(), value.strip(b" \t")))


def tolerant_line(data, at):
    """Whatever stands before the next CRLF."""
    end = data.find(b"\r\n", at)
    if end < 0:
        raise Short
    return data[at:end], end + 2


def chunks(data, at, strict=False, tolerant=False):
    """The body in chunks at `at`, and what follows it. `strict`: as it is sent by someone who has no choices to make. `tolerant`: as
    pingora reads them: whatever follows the size up to CRLF is an extension, no digits are 0, whatever follows the last chunk up to an
    empty line is a trailer.
    """
    body, next_line = b"", tolerant_line if tolerant else line
    while True:
        text, at = next_line(data, at)
        size = re.match(rb"[0-9A-Fa-f]*", text).group()
        odd = not size or (text != size and (strict or not EXTENSION.match(text[len(size) :])))
        if len(size) > 16 or (odd and not tolerant):
            raise Bad("chunk size")
        count = int(size or b"0", 16)
        if count == 0:
            break
        if count >= 1 << 63:
            raise Bad("chunk size")
        if len(data) < at + count + 2:
            if data[at + count :] not in (b"", b"\r"):
                raise Bad("chunk end")
            raise Short
        body += data[at : at + count]
        if data[at + count : at + count + 2] != b"\r\n":
            raise Bad("chunk end")
        at += count + 2
    while True:
        text, at = next_line(data, at)
        if not text:
            return body, at
        name, colon, value = text.partition(b":")
        if tolerant:
            continue
        if strict or not colon or not TOKEN.match(name) or not VALUE.match(value):
            raise Bad("trailer")


def request(data, at, strict=False):
    """The request at `at`, and where the next may begin. A body that stops early makes a request that is not whole."""
    first, fields, at = head(data, at)
    words = first.split(b" ")
    # What stands between the first blank and the last is the target: pingora takes it so, and davgate judges it.
    words = [words[0], b" ".join(words[1:-1]), words[-1]]
    if not TOKEN.match(words[0]) or not words[1]:
        raise Bad("request line")
    if words[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise Bad("version")
    got = Request(words[0].decode(), words[1].decode("latin-1"), words[2].decode(), fields)
    got.clear = bool(TARGET.match(words[1]))
    lengths, codings, hosts = (got.all(name) for name in (b"content-length", b"transfer-encoding", b"host"))
    if len(hosts) > 1 or (not hosts and got.version == "HTTP/1.1"):
        raise Bad("host")
    if codings:
        if lengths or got.version == "HTTP/1.0" or len(codings) > 1 or codings[0].lower() != b"chunked":
            raise Bad("coding")
        got.length = "chunked"
    elif lengths:
        if len(lengths) > 1 or not DIGITS.match(lengths[0]) or int(lengths[0]) >= 1 << 63:
            raise Bad("length")
        got.length = "known"
    if strict:
        exact(got, first)
    try:
        at = body_of(got, data, at, strict)
    except Short:
        got.whole, at = False, len(data)
    except Bad as why:
        got.whole, got.broken, at = False, str(why), len(data)
    return got, at


def body_of(got, data, at, strict):
    """Reads the body at `at`; where it ends."""
    if got.length == "known":
        count = int(got.get(b"content-length"))
        got.body, got.whole = data[at : at + count], len(data) >= at + count
        return min(at + count, len(data))
    if got.length == "none":
        return at
    try:
        got.body, end = chunks(data, at, strict)
    except (Bad, Short):
        if strict:
            raise
        got.clear = False
        got.body, end = chunks(data, at, tolerant=True)
    return end


def exact(got, first):
    """What somebody may send on who leaves a reader no choice at all."""
    if got.version != "HTTP/1.1" or not re.fullmatch(rb"[A-Z-]+ /[!-~]* HTTP/1\.1", first) or b"#" in first:
        raise Bad("request line")
    if len(got.all(b"host")) != 1 or len(got.all(b"user-agent")) > 1 or got.get(b"expect") not in (None, b"100-continue"):
        raise Bad("fields")
    if got.length == "known" and not re.fullmatch(rb"0|[1-9][0-9]*", got.get(b"content-length")):
        raise Bad("length")
    if got.length == "chunked" and got.get(b"transfer-encoding") != b"chunked":
        raise Bad("coding")
    if got.all(b"trailer") or got.all(b"upgrade") or got.all(b"te"):
        raise Bad("fields")


def requests(data, strict=False):
    """All requests of a connection, and why reading stopped before its end (None where it did not)."""
    at, found = 0, []
    while True:
        while not strict and data[at : at + 2] == b"\r\n":
            at += 2
        if at >= len(data):
            return found, None
        begin = at
        try:
            got, at = request(data, at, strict)
        except Bad as why:
            return found, str(why)
        except Short:
            return found, "short"
        got.at = begin
        found.append(got)
        if not got.whole:
            return found, getattr(got, "broken", "short")


@dataclass
class Answer:
    """One final answer; `interim` are the statuses of the 1xx before it."""

    status: int
    fields: list
    body: bytes
    whole: bool
    interim: list

    def all(self, name):
        return [value for other, value in self.fields if other == name]

    def get(self, name):
        return next(iter(self.all(name)), None)


def answers(data, methods):
    """The answers in what a client received, one for each of the methods it may have asked with, and the bytes left over."""
    found, at, interim, methods = [], 0, [], iter(methods)
    while at < len(data):
        try:
            first, fields, at = head(data, at)
        except (Bad, Short):
            return found, data[at:]
        match = re.fullmatch(rb"HTTP/1\.1 ([1-5][0-9][0-9]) ?[\t -~]*", first)
        if not match:
            return found, first
        answer = Answer(int(match[1]), fields, b"", True, interim)
        if answer.status < 200:
            interim.append(answer.status)
            continue
        interim = []
        lengths, codings = answer.all(b"content-length"), answer.all(b"transfer-encoding")
        length, coding = answer.get(b"content-length"), answer.get(b"transfer-encoding")
        once = len(lengths) + len(codings) < 2 and (length is None or DIGITS.match(length)) and coding in (None, b"chunked")
        if not once or (coding and answer.status == 204):
            return found, b"framing: " + first + b" " + b", ".join(lengths + codings)
        if next(methods, None) == "HEAD" or answer.status in (204, 304):
            pass
        elif coding is not None:
            try:
                answer.body, at = chunks(data, at)
            except (Bad, Short):
                answer.whole, at = False, len(data)
        elif length is not None:
            answer.body = data[at : at + int(length)]
            at += int(length)
            answer.whole = at <= len(data)
        else:
            answer.body, at = data[at:], len(data)
        found.append(answer)
    return found, b""
