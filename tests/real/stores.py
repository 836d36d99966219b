"""Where a gateway keeps its locks, for tests: memory, a file, a Redis with a password, the same over TLS.

What goes in is the name of a store; what comes out is the `locks` of a gateway's configuration. The Redis is one of
our own on loopback, with a directory of its own, and can be stopped, killed, paused and started again with what it
had written.
"""

import os
import signal
import socket
import ssl
import subprocess
import time

import servers

NAMES = ("memory", "file", "redis", "redis-tls")


def _openssl(*arguments, cwd):
    subprocess.run([servers.need("openssl"), *arguments], cwd=cwd, capture_output=True, check=True)


def certificates(where):
    """An authority (`ca.pem`) and a certificate of its own for 127.0.0.1 and localhost (`redis.pem`, `redis.key`)."""
    _openssl(
        *"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=davgate-tests".split(),
        *"-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign".split(),
        *"-keyout ca.key -out ca.pem".split(),
        cwd=where,
    )
    _openssl(
        *"req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost".split(),
        *"-keyout redis.key -out redis.csr".split(),
        cwd=where,
    )
    with open(os.path.join(where, "san"), "w") as out:
        out.write("subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n")
    _openssl(
        *"x509 -req -in redis.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out redis.pem".split(),
        cwd=where,
    )


class Redis:
    """redis-server with a password and an append-only file; with `tls`, it listens for TLS alone."""

    def __init__(self, tls=False):
        self.base = servers.scratch("redis")
        self.port = servers.free_port()
        self.log = os.path.join(self.base, "log")
        self.password = "redis-pass-phrase"
        self.tls = tls
        self.secret = os.path.join(self.base, "password")
        with open(self.secret, "w") as out:
            out.write(self.password + "\n")
        os.chmod(self.secret, 0o600)
        lines = [
            "bind 127.0.0.1",
            f"port {0 if tls else self.port}",
            f"dir {self.base}",
            f"requirepass {self.password}",
            "appendonly yes",
            "appendfsync always",
            'save ""',
        ]
        if tls:
            certificates(self.base)
            lines += [
                f"tls-port {self.port}",
                f"tls-cert-file {self.base}/redis.pem",
                f"tls-key-file {self.base}/redis.key",
                f"tls-ca-cert-file {self.base}/ca.pem",
                "tls-auth-clients no",
            ]
        self.config = os.path.join(self.base, "redis.conf")
        with open(self.config, "w") as out:
            out.write("\n".join(lines) + "\n")
        self.start()

    def start(self):
        """Also after a stop or a kill: then it has what it had written."""
        self.process = servers.start([servers.need("redis-server"), self.config], self.log)
        servers.wait_for(self.port, self.process, self.log)
        until = time.monotonic() + 20
        while self.command("PING") != b"+PONG":
            if time.monotonic() > until:
                raise RuntimeError(f"Redis does not answer: {servers.tail(self.log)}")
            time.sleep(0.05)

    def stop(self):
        """In good order."""
        servers.stop(self.process)

    def kill(self):
        """At once."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        servers.stop(self.process)

    def pause(self):
        """It keeps its connections and answers nothing."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def command(self, *words):
        """The first line of the answer to one command, on a connection of its own."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as plain:
            connection = plain
            if self.tls:
                context = ssl.create_default_context(cafile=os.path.join(self.base, "ca.pem"))
                connection = context.wrap_socket(plain, server_hostname="localhost")
            with connection, connection.makefile("rb") as stream:
                for words in (("AUTH", self.password), words):
                    parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
                    connection.sendall(f"*{len(parts)}\r\n{''.join(parts)}".encode())
                    answer = stream.readline().rstrip(b"\r\n")
                return answer

    def locks(self):
        """What a gateway's configuration says to use it."""
        url = f"redis{'s' if self.tls else ''}://127.0.0.1:{self.port}/0"
        more = {"ca": os.path.join(self.base, "ca.pem")} if self.tls else {}
        return {"store": "redis", "url": url, "password_file": self.secret, **more}


class Store:
    """A store by its name. `locks` is what a gateway says of it (None: nothing, for a gateway without lock
    settings).
    """

    def __init__(self, name):
        self.name = name
        self.redis = None
        if name == "none":
            self.locks = None
        elif name == "memory":
            self.locks = {"store": "memory"}
        elif name == "file":
            self.path = os.path.join(servers.scratch("locks"), "locks.redb")
            self.locks = {"store": "file", "path": self.path}
        elif name in ("redis", "redis-tls"):
            self.redis = Redis(tls=name == "redis-tls")
            self.locks = self.redis.locks()
        else:
            raise RuntimeError(f"no store {name!r}; there are: none, {', '.join(NAMES)}")

    def stop(self):
        if self.redis:
            self.redis.stop()
