"""What stands between: a relay that writes down what is sent to a back end, connection by connection; and, to see whether the tests
can fail, naive gateways, each with one fault that real ones have had.
"""

import bisect
import re
import socket
import threading

PIECE = 65536


def address(group, number):
    """A loopback address for each number below 2^16: by it a connection is known, since ports are used again."""
    return f"127.{group}.{number >> 8 & 255}.{number & 255}"


class Relay:
    """Hands everything on, both ways, in front of a back end on `target`. Each connection comes to it from an address of its own:
    `sent[address]` is what went over it, `order` the (address, offset) of each piece as they came.
    """

    def __init__(self, target):
        self.target, self.sent, self.order = target, {}, []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                front, _ = self.listener.accept()
                own = address(64, len(self.sent))
                back = socket.create_connection(("127.0.0.1", self.target), source_address=(own, 0))
            except OSError:
                return
            for end in (front, back):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sent[own] = bytearray()
            threading.Thread(target=self._there, args=(front, back, own, self.sent[own]), daemon=True).start()
            threading.Thread(target=self._back, args=(front, back), daemon=True).start()

    def _there(self, front, back, own, sent):
        try:
            while piece := front.recv(PIECE):
                self.order.append((own, len(sent)))
                sent += piece
                back.sendall(piece)
            back.shutdown(socket.SHUT_WR)
        except OSError:
            cut(back)

    def _back(self, front, back):
        try:
            while piece := back.recv(PIECE):
                front.sendall(piece)
        except OSError:
            pass
        cut(front)
        cut(back)

    def settle(self):
        """No more is expected: makes `arrival` ready."""
        self.arrived = {}
        for number, (own, offset) in enumerate(self.order):
            self.arrived.setdefault(own, ([], []))[0].append(offset)
            self.arrived[own][1].append(number)

    def arrival(self, own, at):
        """When the byte at `at` of a connection came: larger is later."""
        offsets, numbers = self.arrived[own]
        return numbers[bisect.bisect_right(offsets, at) - 1]

    def close(self):
        self.listener.close()


def cut(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Naive:
    """A gateway for tests of the tests: it maps `/files/` to `/dav/`, refuses what it was told to, sends everybody's requests on one
    connection, and has one fault, or none:

    `both-lengths`  a message with Content-Length and Transfer-Encoding is cut by its length, and both are sent on
    `bare-lf`       only CRLF ends a line, and lines with LF in them are sent on
    `early-answer`  when the answer comes before the body was sent, the rest is left out and the connection is kept
    """

    FAULTS = ("both-lengths", "bare-lf", "early-answer")

    def __init__(self, fault, target, refuses, authorization=None):
        self.fault, self.target, self.refuses, self.lines = fault, target, refuses, []
        self.more = [f"Authorization: {authorization}".encode()] if authorization else []
        self.back, self.turn = None, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, address = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, address[0]), daemon=True).start()

    def _serve(self, client, peer):
        stream = client.makefile("rb")
        try:
            while self._one(client, stream, peer):
                pass
        except (OSError, ValueError, IndexError):
            pass
        stream.close()
        client.close()

    def _one(self, client, stream, peer):
        raw = b""
        while not raw.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                return False
            raw += line
        lines = raw[:-4].split(b"\r\n")
        method, target, _ = lines[0].decode("latin-1").split(" ")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
        length = fields.get(b"content-length")
        chunked = fields.get(b"transfer-encoding", b"").lower() == b"chunked" and length is None
        body = self._chunks(stream) if chunked else stream.read(int(length or 0))
        mark = re.search(rb"(?i)^user-agent: *([!-~]*)", raw, re.M)
        line = {"client": f"{peer}:0", "method": method, "path": target, "user_agent": mark and mark[1].decode()}
        if self.refuses(method, target):
            self.lines.append({**line, "verdict": "deny", "status": 403, "exchange": "own"})
            client.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
            return True
        lines[0] = lines[0].replace(b" /files/", b" /dav/")
        with self.turn:
            self.lines.append({**line, "verdict": "permit", "status": 0, "exchange": "stream"})
            told = self.lines[-1]
            told["status"], answer = self._ask(b"\r\n".join([*lines, *self.more]) + b"\r\n\r\n", body, method)
        client.sendall(answer)
        return fields.get(b"connection") != b"close"

    @staticmethod
    def _chunks(stream):
        body = b""
        while True:
            line = stream.readline()
            size = int(line.split(b";")[0], 16)
            body += line + stream.read(size + 2 if size else 0)
            if not size:
                while (line := stream.readline()) not in (b"\r\n", b""):
                    body += line
                return body + line

    def _ask(self, head, body, method):
        if self.back is None:
            self.socket = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            self.back = self.socket.makefile("rb")
        self.socket.sendall(head)
        if self.fault == "early-answer" and len(body) > 1000:
            self.socket.sendall(body[:1000])
            self.socket.settimeout(0.2)
            try:
                return self._answer(method)
            except TimeoutError:
                body = body[1000:]
                self.back = self.socket.makefile("rb")
            finally:
                self.socket.settimeout(5)
        self.socket.sendall(body)
        return self._answer(method)

    def _answer(self, method):
        while True:
            raw = b""
            while not raw.endswith(b"\r\n\r\n"):
                line = self.back.readline()
                if not line:
                    self.back = None
                    raise ValueError("the back end closed")
                raw += line
            status = int(raw.split(b" ", 2)[1])
            if status >= 200:
                break
        length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", raw)
        closes = re.search(rb"(?i)\r\nconnection: *close", raw) is not None
        if method == "HEAD" or status in (204, 304):
            body = b""
        elif re.search(rb"(?i)\r\ntransfer-encoding: *chunked", raw):
            body = self._chunks(self.back)
        else:
            body = self.back.read(int(length[1])) if length else self.back.read()
        if closes:
            self.back = None
        return status, re.sub(rb"(?i)\r\nconnection: *close", b"", raw) + body

    def told_all(self):
        return self.lines

    def stop(self):
        self.listener.close()
