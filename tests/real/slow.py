"""Slow clients, thousands of them, and one normal client beside them.

A quarter each sends heads a byte now and then, bodies likewise (of PUT and of PROPFIND), reads its answer so, or is idle
after a first request; whoever is cut off comes again. What passes: the normal client's requests all succeed, their 99th
percentile stays within the larger of twice its value without the others and DAVGATE_TEST_SLOW_P99 (100 ms), and the gateway's
resident memory below DAVGATE_TEST_SLOW_MIB (320); on a quiet machine, 20 and 256. Afterwards all connections are gone. DAVGATE_TEST_SLOW is how many slow clients there are (2000 when not set),
DAVGATE_TEST_SLOW_SECONDS how long it is measured beside them (15).
"""

import multiprocessing
import os
import resource
import socket
import time
import urllib.request

import report
import servers

SLOW = int(os.environ.get("DAVGATE_TEST_SLOW", 2000))
SECONDS = float(os.environ.get("DAVGATE_TEST_SLOW_SECONDS", 15))
MIB = 1 << 20
# A quiet machine keeps 20 ms and 256 MiB; one that stands still now and then, or has more processors, has more.
P99 = float(os.environ.get("DAVGATE_TEST_SLOW_P99", 100)) / 1000
MEMORY = int(os.environ.get("DAVGATE_TEST_SLOW_MIB", 320)) * MIB
BIG = 64 * MIB
OPENED_AT_ONCE = 100
PAUSE = 1.0

HOST = b"Host: 127.0.0.1\r\n"
ASKED = b"<D:propfind xmlns:D='DAV:'><D:prop><D:getetag/></D:prop></D:propfind>"


def head_of(kind, number):
    """What the client of this kind sends at once, and what it goes on with."""
    if kind == "head":
        return b"GET /files/small HTTP/1.1\r\n" + HOST, b"X-Slow: " + b"a" * 4000
    if kind == "body" and number % 2:
        return b"PROPFIND /files/ HTTP/1.1\r\n" + HOST + b"Depth: 0\r\nContent-Length: 100000\r\n\r\n", b" " * 100_000
    if kind == "body":
        return b"PUT /files/slow-%d HTTP/1.1\r\n" % number + HOST + b"Content-Length: 100000\r\n\r\n", b"x" * 100_000
    if kind == "reader":
        return b"GET /files/big HTTP/1.1\r\n" + HOST + b"\r\n", b""
    return b"GET /files/small HTTP/1.1\r\n" + HOST + b"\r\n", b""


class SlowClient:
    def __init__(self, port, kind, number):
        self.port, self.kind, self.number = port, kind, number
        self.socket, self.ended = None, 0

    def open(self):
        self.socket = socket.socket()
        if self.kind == "reader":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", self.port))
        self.socket.setblocking(False)
        begin, self.rest = head_of(self.kind, self.number)
        self.socket.send(begin)
        self.sent = 0

    def step(self):
        """A byte there or back; who was cut off closes."""
        try:
            if self.sent < len(self.rest):
                self.socket.send(self.rest[self.sent : self.sent + 1])
                self.sent += 1
            if self.socket.recv(1 if self.kind == "reader" else 4096) == b"":
                raise ConnectionResetError
        except BlockingIOError:
            pass
        except OSError:
            self.socket.close()
            self.socket, self.ended = None, self.ended + 1


def swarm(port, count, stop, ended):
    """`count` slow clients, each with a step in every `PAUSE`, until `stop` is set."""
    kinds = ["head", "body", "reader", "idle"]
    clients = [SlowClient(port, kinds[number % 4], number) for number in range(count)]
    slices = 20
    turn = 0
    while not stop.is_set():
        due = time.monotonic() + PAUSE / slices
        opened = 0
        for client in clients[turn % slices :: slices]:
            if client.socket:
                client.step()
            elif opened < OPENED_AT_ONCE:
                client.open()
                opened += 1
        turn += 1
        ended.value = sum(client.ended for client in clients)
        time.sleep(max(0.0, due - time.monotonic()))


class Normal:
    """A client with one connection that reads, lists and writes in turn."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")
        self.times, self.bad, self.number = [], [], 0

    def ask(self):
        self.number += 1
        listing = b"PROPFIND /files/ HTTP/1.1\r\n" + HOST + b"Depth: 0\r\nContent-Length: %d\r\n\r\n" % len(ASKED) + ASKED
        request, good = [
            (b"GET /files/small HTTP/1.1\r\n" + HOST + b"\r\n", (200,)),
            (listing, (207,)),
            (b"PUT /files/normal HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello", (201, 204)),
        ][self.number % 3]
        started = time.perf_counter()
        self.socket.sendall(request)
        status = int(self.stream.readline().split()[1])
        length, chunked = 0, False
        while line := self.stream.readline().strip().lower():
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            chunked = chunked or line == b"transfer-encoding: chunked"
        while chunked and (size := int(self.stream.readline(), 16)) + 1:
            self.stream.read(size + 2)
            if size == 0:
                break
        self.stream.read(length)
        self.times.append(time.perf_counter() - started)
        if status not in good:
            self.bad.append(status)

    def for_seconds(self, seconds):
        """The 99th percentile of what requests took, in seconds, after a few that count for nothing."""
        for _ in range(30):
            self.ask()
        self.times = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.ask()
            time.sleep(0.005)
        return sorted(self.times)[int(len(self.times) * 0.99)]


def metric(gateway, name):
    """The sum of the lines of a metric that begin so."""
    with urllib.request.urlopen(f"{gateway.admin}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def run(check):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if not check.check("enough open files are allowed (ulimit -Hn)", hard >= 3 * SLOW + 500, f"{hard}"):
        return
    files = servers.scratch("slow")
    with open(os.path.join(files, "small"), "w") as small:
        small.write("small\n")
    with open(os.path.join(files, "big"), "wb") as big:
        big.truncate(BIG)
    # The back end is a process of its own: what is measured is the gateway.
    back_end = servers.Gateway("/dav/", files)
    gateway = servers.Gateway("/files/", back_end.url, profile="generic")
    normal = Normal(gateway.port)
    alone = normal.for_seconds(3)
    before = gateway.memory()

    stop, ended = multiprocessing.Event(), multiprocessing.Value("q", 0)
    others = multiprocessing.Process(target=swarm, args=(gateway.port, SLOW, stop, ended), daemon=True)
    others.start()
    until = time.monotonic() + 20
    while metric(gateway, "davgate_connections") < SLOW * 0.95 and time.monotonic() < until:
        time.sleep(0.2)
    open_at_start = metric(gateway, "davgate_connections")
    beside = normal.for_seconds(SECONDS)
    open_at_end = metric(gateway, "davgate_connections")
    peak = gateway.memory("VmHWM")
    stop.set()
    others.join(10)
    check.note(
        f"{open_at_start:.0f} to {open_at_end:.0f} connections, {ended.value} cut off; p99 {alone * 1000:.2f} ms alone, "
        f"{beside * 1000:.2f} ms beside them ({len(normal.times)} requests); {before / MIB:.0f} MiB before, {peak / MIB:.0f} MiB at most"
    )
    check.check("the slow clients were there", min(open_at_start, open_at_end) >= SLOW * 0.9, f"{open_at_end:.0f}")
    check.equal("the normal client's requests succeed", normal.bad, [])
    bound = max(2 * alone, P99)
    check.check(f"its p99 stays within {bound * 1000:.1f} ms", beside <= bound, f"{beside * 1000:.1f} ms")
    check.check(f"resident memory stays below {MEMORY // MIB} MiB", peak < MEMORY, f"{peak / MIB:.0f} MiB")
    # Heads may take 10 s, so that of whoever began first some are over.
    refused = metric(gateway, 'davgate_refusals_total{route="-",rule="B-17"}')
    check.check("slow heads are counted as such", refused > 0 or SECONDS < 10, f"{refused}")
    until = time.monotonic() + 20
    while metric(gateway, "davgate_connections") > 1 and time.monotonic() < until:
        time.sleep(0.2)
    check.equal("afterwards nobody is left", metric(gateway, "davgate_connections"), 1.0)
    gateway.stop()
    back_end.stop()


if __name__ == "__main__":
    report.main("slow", run)
