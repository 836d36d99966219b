"""Back ends that are down, slow, talk nonsense or die in mid-answer; clients that go away in mid-upload.

What passes: 502 or 504, or an answer that is visibly broken (too short for its length, no last chunk); never a
truncated answer that looks whole. A method that changes something reaches the back end once; half an upload leaves
nothing behind. And that a back end which is reached past the gateway is told.
"""

import http.client
import os
import socket
import subprocess
import tempfile
import time
import urllib.parse

import backends
import report
import servers
import web

SHORT = {"connect": "1s", "read": "2s", "write": "2s", "long": "4s"}
XML_TYPE = "Content-Type: application/xml; charset=utf-8"
HALF = backends.multistatus("/dav/", "/dav/a.txt")[:-60]


def gateway_for(url, **more):
    return servers.Gateway("/files/", url, profile="generic", timeouts=SHORT, **more)


def outcome(method, url, body=None, headers=None, timeout=20):
    """The status, or "broken" when the answer ends before it is complete, or "reset" when there is none."""
    try:
        return web.request(method, url, body, headers, timeout=timeout).status
    except http.client.IncompleteRead:
        return "broken"
    except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
        return "reset"
    except http.client.HTTPException as error:
        return f"broken ({type(error).__name__})"


def silent(connection, _request):
    time.sleep(15)


def raw(data, close=True):
    """A back end that writes these bytes and closes, or stalls."""

    def answer(connection, _request):
        connection.sendall(data)
        if not close:
            time.sleep(15)

    return answer


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
MULTI = b"HTTP/1.1 207 Multi-Status\r\n" + XML_TYPE.encode() + b"\r\n"

WHOLE = backends.multistatus("/dav/", "/dav/a.txt")


def slow(connection, _request):
    time.sleep(1)
    connection.sendall(backends.plain("200 OK", b"at last"))


# What is only unusual comes through: name, what the back end does, method, status.
GOOD = [
    ("answers late, in time", slow, "GET", 200),
    ("ends a whole multistatus by closing", raw(MULTI + b"Connection: close\r\n\r\n" + WHOLE), "PROPFIND", 207),
    (
        "sends a whole multistatus in chunks",
        raw(MULTI + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(WHOLE[:90]) + chunk(WHOLE[90:]) + b"0\r\n\r\n"),
        "PROPFIND",
        207,
    ),
    ("ends a file by closing", raw(HEAD + b"Connection: close\r\n\r\nall of it"), "GET", 200),
]

# name, what the back end does, {method: outcomes that are right}
BAD = [
    ("closes without an answer", raw(b""), {m: (502,) for m in ("GET", "PROPFIND", "PUT", "MKCOL", "LOCK", "DELETE")}),
    ("never answers", silent, {m: (504,) for m in ("GET", "PROPFIND", "PUT", "MKCOL", "PROPPATCH", "DELETE", "COPY")}),
    ("answers nonsense", raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), {"GET": (502,), "PROPFIND": (502,), "MOVE": (502,)}),
    ("dies in the header", raw(b"HTTP/1.1 200 OK\r\nContent-Le"), {"GET": (502,), "PROPFIND": (502,), "LOCK": (502,)}),
    (
        "dies in a body with a length",
        raw(HEAD + b"Content-Length: 5000\r\n\r\n" + b"x" * 1000),
        {"GET": ("broken", 502), "PUT": ("broken", 502)},
    ),
    (
        "dies in a chunked body",
        raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"x" * 1000)),
        {"GET": ("broken", 502)},
    ),
    (
        "dies in a chunk",
        raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nffff\r\nxxxx"),
        {"GET": ("broken", 502)},
    ),
    (
        "stalls in a body",
        raw(HEAD + b"Content-Length: 5000\r\n\r\n" + b"x" * 1000, close=False),
        {"GET": ("broken", 504)},
    ),
    (
        "dies in a multistatus with a length",
        raw(MULTI + b"Content-Length: 9999\r\n\r\n" + HALF),
        {m: ("broken", 502) for m in ("PROPFIND", "PROPPATCH", "DELETE", "COPY")},
    ),
    (
        "dies in a chunked multistatus",
        raw(MULTI + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(HALF)),
        {m: ("broken", 502) for m in ("PROPFIND", "PROPPATCH", "DELETE")},
    ),
    (
        "ends a multistatus too early, by closing",
        raw(MULTI + b"Connection: close\r\n\r\n" + HALF),
        {m: ("broken", 502) for m in ("PROPFIND", "PROPPATCH", "MOVE")},
    ),
    (
        "ends a chunked multistatus too early, with a last chunk",
        raw(MULTI + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(HALF) + b"0\r\n\r\n"),
        {m: ("broken", 502) for m in ("PROPFIND", "PROPPATCH")},
    ),
    (
        "stalls in a multistatus",
        raw(MULTI + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(HALF), close=False),
        {m: ("broken", 502, 504) for m in ("PROPFIND", "PROPPATCH")},
    ),
]

LOCK_BODY = '<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'
PATCH_BODY = '<propertyupdate xmlns="DAV:"><set><prop><x xmlns="urn:x">1</x></prop></set></propertyupdate>'


def send(gateway, method):
    """One request of that method with what it needs."""
    headers, body = {}, None
    if method in ("COPY", "MOVE"):
        headers["Destination"] = gateway.url + "b.txt"
    elif method == "PUT":
        body = b"content"
    elif method == "PROPFIND":
        headers["Depth"] = "0"
    elif method in ("LOCK", "PROPPATCH"):
        body = LOCK_BODY if method == "LOCK" else PATCH_BODY
        headers.update(web.XML)
    return outcome(method, gateway.url + "a.txt", body, headers)


def bad_backends(check):
    for name, answer, methods in BAD:
        backend = backends.Backend(answer)
        gateway = gateway_for(backend.url)
        for method, right in methods.items():
            count = len(backend.requests)
            got = send(gateway, method)
            check.check(f"the back end {name}: {method}", got in right, f"{got} instead of {right}")
            if method not in ("GET", "PROPFIND"):
                sent = [request for request in backend.requests[count:] if request.method == method]
                check.check(f"the back end {name}: {method} is sent once", len(sent) <= 1, f"sent {len(sent)} times")
        gateway.stop()
        backend.close()


def odd_backends(check):
    for name, answer, method, status in GOOD:
        backend = backends.Backend(answer)
        gateway = gateway_for(backend.url)
        check.equal(f"the back end {name}: {method}", send(gateway, method), status)
        gateway.stop()
        backend.close()


def down_and_up(check):
    """Refused connections, a listener that never accepts, and a back end that comes back."""
    port = servers.free_port()
    gateway = gateway_for(f"http://127.0.0.1:{port}/dav/")
    for method in ("GET", "PROPFIND", "PUT", "MKCOL", "LOCK", "COPY"):
        check.equal(f"the back end is down: {method}", send(gateway, method), 502)
    backend = backends.Backend(raw(backends.plain("200 OK", b"back")), port)
    check.equal("the back end is up again: GET", send(gateway, "GET"), 200)
    gateway.stop()
    backend.close()

    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    waiting = []
    for _ in range(4):  # fills the queue: the next connection gets no answer at all
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(full.getsockname())
        waiting.append(one)
    time.sleep(0.2)
    gateway = gateway_for(f"http://127.0.0.1:{full.getsockname()[1]}/dav/")
    for method in ("GET", "MKCOL"):
        started = time.monotonic()
        got = send(gateway, method)
        check.check(f"the back end does not accept: {method}", got in (502, 504), str(got))
        check.check(f"the back end does not accept: {method} ends in time", time.monotonic() - started < 10)
    gateway.stop()
    for one in [*waiting, full]:
        one.close()


def early_end(check):
    """A client that goes away in mid-upload, and an upload over the limit: nothing is left behind."""
    apache = servers.Apache()
    gateway = servers.Gateway("/files/", apache.at["/dav/"], limits={"body": "1MiB"})
    files = apache.files["/dav/"]
    half = b"x" * 300_000

    def left():
        return sorted(name for name in os.listdir(files) if name != ".DAV")

    web.request("PUT", gateway.url + "old.txt", b"old")
    for name in ("new.txt", "old.txt"):
        for kind, header in (
            ("Content-Length", b"Content-Length: 900000\r\n"),
            ("chunked", b"Transfer-Encoding: chunked\r\n"),
        ):
            with socket.create_connection(("127.0.0.1", gateway.port)) as client:
                client.sendall(b"PUT /files/" + name.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n" + header + b"\r\n")
                client.sendall(half if kind == "Content-Length" else chunk(half))
                time.sleep(0.3)
            time.sleep(0.7)
            check.equal(f"client gone in mid-upload, {kind}, {name}: nothing left", left(), ["old.txt"])
    with open(os.path.join(files, "old.txt"), "rb") as content:
        check.equal("client gone in mid-upload: the old content stays", content.read(), b"old")

    answer = web.request("PUT", gateway.url + "big.txt", None, {"Content-Length": str(2 << 20)})
    check.equal("declared length over the limit: 413 before the body", answer.status, 413)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as client:
        head = b"PUT /files/big.txt HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nTransfer-Encoding: chunked\r\n\r\n" % gateway.port
        received = b""
        try:
            client.sendall(head)
            for _ in range(6):
                client.sendall(chunk(half))
            client.sendall(b"0\r\n\r\n")
        except OSError:
            pass
        try:
            while piece := client.recv(4096):
                received += piece
        except OSError:
            pass
    check.check("chunked over the limit: 413 and the connection closes", b" 413 " in received[:20], str(received[:80]))
    time.sleep(0.5)
    check.equal("over the limit: nothing left", left(), ["old.txt"])
    status = web.request("PUT", gateway.url + "fits.txt", b"y" * (1 << 20)).status
    check.equal("a body of exactly the limit is stored", status, 201)


def early_answers(check):
    """Apache refuses an upload before it has read it: the client gets that answer, however it sends its body."""
    apache = servers.Apache()
    gateway = servers.Gateway("/files/", apache.at["/dav/"])
    web.request("PUT", gateway.url + "locked", b"old")
    web.lock(gateway.url + "locked")
    size = 20 << 20
    asked = {"Expect": "100-continue"}
    for path, want in (("locked", 423), ("missing/new", 409)):
        for framing in ({"Content-Length": str(size)}, {"Transfer-Encoding": "chunked"}):
            kind = f"{path}, {', '.join(framing)}"
            # Without a body, so this ends in time only if nobody waits for it.
            got = outcome("PUT", gateway.url + path, None, {**framing, **asked})
            check.equal(f"refused before the body, client waits for 100: {kind}", got, want)
            body = b"x" * size
            if "Transfer-Encoding" in framing:
                body = chunk(body) + b"0\r\n\r\n"
            check.equal(
                f"refused before the body, client sends it all: {kind}",
                outcome("PUT", gateway.url + path, body, framing),
                want,
            )
    time.sleep(0.3)
    wrong = [
        (line["path"], line["status"], line.get("rule")) for line in gateway.access() if line["verdict"] != "permit"
    ]
    check.equal("refused before the body: the access log calls none of it a failure of the gateway", wrong, [])
    with open(os.path.join(apache.files["/dav/"], "locked"), "rb") as content:
        check.equal("refused before the body: the content stays", content.read(), b"old")


def elsewhere(check):
    """Of a back end that listens on every address of this machine, `check --connect` warns; of one on the loopback it does not."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        try:
            out.connect(("198.51.100.1", 9))  # sends nothing
            own = out.getsockname()[0]
        except OSError:
            own = None  # a machine with no address but the loopback's
    for address, warned in (("127.0.0.1", False), ("0.0.0.0", own is not None)):
        apache = servers.Apache(address=address)
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
            config.write(
                "listeners: [{ address: '127.0.0.1:1' }]\nroutes:\n  - path: /files/\n    backend: "
                f"{{ url: '{apache.at['/dav/']}', profile: apache }}\n"
            )
            config.flush()
            done = subprocess.run(
                [servers.DAVGATE, "check", "--connect", config.name], capture_output=True, text=True, timeout=60
            )
        check.equal(f"Apache on {address}: check --connect is content", done.returncode, 0)
        told = f"answers on {own}:{urllib.parse.urlsplit(apache.at['/dav/']).port} too" in done.stderr
        check.equal(f"Apache on {address}: it is told that it is reached past the gateway", told, warned)


def run(check):
    for group in (down_and_up, odd_backends, bad_backends, early_end, early_answers, elsewhere):
        try:
            group(check)
        except Exception as error:
            check.fail(f"{group.__name__}: ended early", f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    report.main("failure", run)
