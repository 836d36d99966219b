"""Back ends that misbehave on purpose, or only record: each is a function that gets a request and writes raw bytes."""

import socket
import threading


class Request:
    """One request as the back end received it: `line`, `headers` (lower-case names), `body` (dechunked)."""

    def __init__(self, line, headers, body):
        self.line = line
        self.headers = headers
        self.body = body
        self.method = line.split(" ")[0]


class Backend:
    """Listens on a free loopback port; `answer(connection, request)` runs for every request, one per connection."""

    def __init__(self, answer, port=0):
        self.answer = answer
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/dav/"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        stream = connection.makefile("rb")
        try:
            line = stream.readline().decode("latin-1").strip()
            if not line:
                return
            headers = {}
            while True:
                header = stream.readline().decode("latin-1").strip()
                if not header:
                    break
                name, _, value = header.partition(":")
                headers[name.lower()] = value.strip()
            body = self._body(stream, headers)
            request = Request(line, headers, body)
            self.requests.append(request)
            self.answer(connection, request)
        except OSError:
            pass
        finally:
            stream.close()
            connection.close()

    @staticmethod
    def _body(stream, headers):
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while True:
                size = int(stream.readline().split(b";")[0] or b"0", 16)
                if not size:
                    stream.readline()
                    return body
                body += stream.read(size)
                stream.readline()
        return stream.read(int(headers.get("content-length", "0")))

    def close(self):
        self.listener.close()


def plain(status, body=b"", *headers):
    """The bytes of a complete answer that ends its connection."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def multistatus(*hrefs):
    """A complete multistatus body with one 200 response for every href."""
    rows = "".join(
        f'<D:response><D:href>{href}</D:href><D:propstat><D:prop><D:getetag>"1"</D:getetag></D:prop>'
        "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
        for href in hrefs
    )
    return f'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">{rows}</D:multistatus>'.encode()
