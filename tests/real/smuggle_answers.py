"""The other direction: a back end that frames its answers badly must not give one client another's answer. A scripted back end answers
some requests with bytes that two readers cut at different places; honest clients share its connections, and each answer is its own.
"""

import itertools
import re
import socket
import threading
import time

import smuggle_wire

# What a client must never see: it stands where an answer to the next request would be looked for.
POISON = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nPOISON"
OK = b"HTTP/1.1 200 OK\r\n"
LATE = b"<late>"
CLOSE = b"<close>"

FRAMINGS = {
    "two lengths": OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "two different lengths": OK + b"Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello" + POISON,
    "a list of lengths": OK + b"Content-Length: 5, 5\r\n\r\nhello" + POISON,
    "a list of different lengths": OK + b"Content-Length: 0, 5\r\n\r\nhello" + POISON,
    "plus": OK + b"Content-Length: +5\r\n\r\nhello" + POISON,
    "minus": OK + b"Content-Length: -5\r\n\r\nhello" + POISON,
    "no number": OK + b"Content-Length: five\r\n\r\nhello" + POISON,
    "no length value": OK + b"Content-Length:\r\n\r\nhello" + POISON,
    "length over 2^64": OK + b"Content-Length: 18446744073709551621\r\n\r\nhello" + POISON,
    "length and chunks": OK + b"Content-Length: 15\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + POISON,
    "chunks and length": OK + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + POISON,
    "gzip, chunked": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + POISON,
    "chunked, gzip": OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + POISON,
    "identity": OK + b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "chunked twice": OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + POISON,
    "xchunked": OK + b"Transfer-Encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + POISON,
    "blank before the colon": OK + b"Content-Length : 5\r\n\r\nhello" + POISON,
    "folded": OK + b"X-A: b\r\n Content-Length: 50\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "bare LF": OK + b"X-A: b\nContent-Length: 50\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "bare CR": OK + b"X-A: b\rContent-Length: 50\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "NUL": OK + b"X-A: b\0\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "chunk size with 0x": OK + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n" + POISON,
    "chunk size over 2^64": OK + b"Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n" + POISON,
    "chunk extension with LF": OK + b"Transfer-Encoding: chunked\r\n\r\n5;a\nb\r\nhello\r\n0\r\n\r\n" + POISON,
    "chunk without its end": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n" + POISON,
    "no chunk size": OK + b"Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n" + POISON,
    "trailers": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nContent-Length: 9\r\nHTTP/1.1 200 OK\r\n\r\n" + POISON,
    "cut short": OK + b"Content-Length: 50\r\n\r\nhello" + CLOSE,
    "cut in a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel" + CLOSE,
    "cut in the head": OK + b"Content-Le" + CLOSE,
    "no length": OK + b"\r\nhello" + CLOSE,
    "more than its length": OK + b"Content-Length: 5\r\n\r\nhello" + POISON,
    "more, later": OK + b"Content-Length: 5\r\n\r\nhello" + LATE + POISON,
    "a 408, later": OK + b"Content-Length: 5\r\n\r\nhello" + LATE + b"HTTP/1.1 408 Slow\r\nContent-Length: 6\r\n\r\nPOISON",
    "half an answer, later": OK + b"Content-Length: 5\r\n\r\nhello" + LATE + POISON[:30],
    "line end behind": OK + b"Content-Length: 5\r\n\r\nhello\r\n" + POISON,
    "two answers, the first empty": OK + b"Content-Length: 0\r\n\r\n" + POISON,
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "HTTP/1.0 that stays": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "HTTP/1.0 in chunks": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + POISON,
    "HTTP/2": b"HTTP/2 200 OK\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "HTTP/0.9": b"hello" + CLOSE,
    "not HTTP": b"ICY 200 OK\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "a status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "a status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "status 000": b"HTTP/1.1 000 OK\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "line end before": b"\r\n" + OK + b"Content-Length: 5\r\n\r\nhello" + POISON,
    "100 first": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello" + POISON,
    "100 with a length": b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello" + POISON,
    "100 with chunks": b"HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello" + POISON,
    "100 with a body": b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello" + OK + b"Content-Length: 5\r\n\r\nhello" + POISON,
    "many 1xx": b"HTTP/1.1 102 Processing\r\n\r\n" * 30
    + b"HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello" + POISON,
    "199": b"HTTP/1.1 199 What\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello" + POISON,
    "101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n" + POISON,
    "204 with a length": b"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "204 with chunks": b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + POISON,
    "204 with more": b"HTTP/1.1 204 No\r\n\r\n" + POISON,
    "205 with a body": b"HTTP/1.1 205 Reset\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "304 with a body": b"HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "304 with chunks": b"HTTP/1.1 304 Same\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + POISON,
    "304 with more, later": b"HTTP/1.1 304 Same\r\n\r\n" + LATE + POISON,
    "a length only, as to HEAD": OK + b"Content-Length: 5\r\n\r\n" + POISON,
    "chunks only, as to HEAD": OK + b"Transfer-Encoding: chunked\r\n\r\n" + POISON,
    "an error that closes": b"HTTP/1.1 413 Big\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "an error that does not": b"HTTP/1.1 500 Oh\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "header names that hide": OK + b"Content-Length\xa0: 50\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "an HTTP head in a value": OK + b"X-A: HTTP/1.1 200 OK\\r\\n\r\nLocation: /dav/a%0d%0aSet-Cookie: a\r\nContent-Length: 5\r\n\r\nhello" + POISON,
    "Location with a line end": b"HTTP/1.1 302 Go\r\nLocation: /dav/a\r\n\tb\r\nContent-Length: 0\r\n\r\n" + POISON,
    "Connection names a field": OK + b"Connection: Content-Length, keep-alive\r\nContent-Length: 5\r\n\r\nhello" + POISON,
}
METHODS = ["GET", "HEAD", "PUT", "PROPFIND", "OPTIONS", "DELETE"]
ROWS = list(itertools.product(METHODS, FRAMINGS))


class BackEnd:
    """Answers `/dav/open/...` with `this is open/...`, `/dav/row/N` with the bytes of row N; keeps its connections open."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.connections, self.requests = 0, 0
        threading.Thread(target=self._accept, daemon=True).start()

    def behind(self):
        return {"url": f"http://127.0.0.1:{self.port}/dav/", "profile": "generic", "timeouts": {"read": "2s"}}

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        data = b""
        try:
            while piece := connection.recv(65536):
                data += piece
                try:
                    request, end = smuggle_wire.request(data, 0, strict=True)
                except smuggle_wire.Short:
                    continue
                if not request.whole:
                    continue
                data = data[end:]
                self.requests += 1
                if not self._answer(connection, request):
                    break
        except (OSError, smuggle_wire.Bad):
            pass
        connection.close()

    @staticmethod
    def _answer(connection, request):
        """Whether the connection stays open."""
        row = re.fullmatch(r"/dav/row/([0-9]+)", request.target)
        if not row:
            body = f"this is {request.target[5:]}".encode()
            connection.sendall(OK + b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            return True
        now, _, late = FRAMINGS[ROWS[int(row[1])][1]].partition(LATE)
        connection.sendall(now.removesuffix(CLOSE))
        if late:
            time.sleep(0.03)
            connection.sendall(late)
        return not now.endswith(CLOSE)

    def close(self):
        self.listener.close()


def request_of(number):
    """The bytes of the request for row `number`, after which its connection is to be closed."""
    method, _ = ROWS[number]
    more = {"PUT": "Content-Length: 2\r\n", "PROPFIND": "Depth: 0\r\n"}.get(method, "")
    body = "ab" if method == "PUT" else ""
    return f"{method} /files/row/{number} HTTP/1.1\r\nHost: dav.test\r\nUser-Agent: c{number}-0\r\n{more}Connection: close\r\n\r\n{body}".encode()


def is_late(number):
    """Whether bytes come after the answer that nobody asked for. While nothing is asked: who asked in that moment, takes them for the
    answer, and no client of a back end can know better."""
    return LATE in FRAMINGS[ROWS[number][1]]


def wrong(number, got):
    """What is wrong with what the client of row `number` got; None if nothing is."""
    method, name = ROWS[number]
    answers, rest = smuggle_wire.answers(got, [method])
    if len(answers) != 1 or rest:
        return f"{len(answers)} answers, then {rest[:80]!r}: {got[:300]!r}"
    if b"POISON" in got:
        return f"what nobody asked for: {got[:300]!r}"
    whole = {"cut short": False, "chunk size with 0x": False, "chunk without its end": False}.get(name, True)
    if answers[0].status == 200 and not whole and answers[0].whole and method != "HEAD":
        return f"half an answer looks whole: {got[:300]!r}"
    return None
