"""Real back ends that say which requests they made out, on which connection: Apache and nginx by their access logs, waitress by
waitress_told.py. Each has `/dav/small/`, where it answers before a big body is there, and a relay in front of it that writes down
what came.
"""

import json
import os
import time
from dataclasses import dataclass

import dav_servers
import dav_servers_python
import smuggle_relay

APACHE = r"""
LogFormat "%a\t%>s\t%r\t%{{User-Agent}}i" told
CustomLog {base}/requests.log told
KeepAliveTimeout 60
MaxKeepAliveRequests 0
<Location /dav/small>
  LimitRequestBody 1000
</Location>
"""

NGINX_LOG = r"""
  log_format told '$remote_addr\t$status\t$request\t$http_user_agent';
  access_log {base}/requests.log told;
"""
NGINX_SMALL = """
      location /dav/small/ { client_max_body_size 1000; root {base}; dav_methods PUT DELETE MKCOL COPY MOVE; }
      location /dav/closed/ { deny all; }
"""


@dataclass
class Row:
    """A request as the back end made it out. `peer`: the address that the relay came from; `mark`: its User-Agent."""

    peer: str
    status: int
    method: str
    target: str
    mark: str


class Told:
    """What the three have in common. Made before a gateway is: `behind()` names the relay."""

    def __init__(self, back_end):
        self.end, self.name = back_end, back_end.name
        self.log = os.path.join(back_end.base, "requests.log")
        self.read = 0
        host, path = back_end.url.split("/", 3)[2:]
        self.port, self.path = int(host.rsplit(":", 1)[1]), "/" + path
        self.relay = None

    def behind(self):
        """The gateway's `backend`, the relay in front of it."""
        got = self.end.behind()
        return {**got, "url": f"http://127.0.0.1:{self.relay.port}{self.path}"}

    def begin(self):
        """From here on requests count. A relay of its own for each gateway."""
        self.relay = smuggle_relay.Relay(self.port)
        self.rows()
        return self

    def rows(self, quiet=1, seconds=60):
        """The requests since the last time, in the order in which they were told, once no more are told for a while."""
        until, size, since = time.monotonic() + seconds, -1, time.monotonic()
        while time.monotonic() < until and time.monotonic() - since < quiet:
            now = os.path.getsize(self.log) if os.path.exists(self.log) else 0
            if now != size:
                size, since = now, time.monotonic()
            time.sleep(0.02)
        if size <= 0:
            return []
        with open(self.log, "rb") as log:
            log.seek(self.read)
            lines = log.read().split(b"\n")[:-1]
            self.read = log.tell()
        rows = [self.row(line.decode("latin-1")) for line in lines]
        return [row for row in rows if "internal dummy" not in row.mark]

    def row(self, text):
        peer, status, line, mark = text.split("\t", 3)
        words = line.split(" ")
        method, target = (words[0], words[1]) if len(words) == 3 else ("", line)
        return Row(peer, int(status), method, target, "" if mark == "-" else mark)


class ToldByWaitress(Told):
    def row(self, text):
        line = json.loads(text)
        return Row(line["peer"], line["status"], line["method"], line["target"], line["mark"])


def apache():
    return Told(dav_servers.Apache(APACHE))


def nginx():
    return Told(dav_servers.Nginx(NGINX_LOG, NGINX_SMALL))


def zope():
    return ToldByWaitress(dav_servers_python.Zope(told=True))


ALL = {"apache": apache, "nginx": nginx, "zope": zope}
