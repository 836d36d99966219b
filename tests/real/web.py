"""A plain HTTP/1.1 client for the tests: what is given is sent, nothing is normalised, added or followed."""

import base64
import http.client
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

DAV = "{DAV:}"


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.body = body

    def __getitem__(self, name):
        return self.headers.get(name)

    def xml(self):
        return ElementTree.fromstring(self.body)

    def hrefs(self):
        """The href of every response of a multistatus, as it stands there."""
        return [node.findtext(f"{DAV}href") for node in self.xml().iter(f"{DAV}response")]

    def property(self, name):
        """The first property element with that expanded name, serialised; None when absent."""
        node = self.xml().find(f".//{name}")
        return None if node is None else node


def request(method, url, body=None, headers=None, timeout=60, target=None):
    """One request on its own connection. `target` replaces the request target taken from the URL."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        if target is None:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.putrequest(method, target, skip_accept_encoding=True)
        headers = dict(headers or {})
        if isinstance(body, str):
            body = body.encode()
        names = {name.lower() for name in headers}
        if body is not None and not names & {"content-length", "transfer-encoding"}:
            headers["Content-Length"] = str(len(body))
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        if body:
            connection.send(body)
        response = connection.getresponse()
        return Answer(response, response.read())
    finally:
        connection.close()


def chunked(body, piece=3):
    """A body in chunks, for a request with `Transfer-Encoding: chunked`."""
    pieces = [body[at : at + piece] for at in range(0, len(body), piece)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*pieces, b""])


def escape(path):
    """A path as it stands in a URL: UTF-8, percent-encoded, slashes kept."""
    return quote(path, safe="/")


XML = {"Content-Type": "application/xml"}


def basic(user, password):
    """The value of Authorization."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def propfind(url, depth="0", body=None, **headers):
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return request("PROPFIND", url, body, {"Depth": depth, **(XML if body else {}), **more})


def lock(url, owner="<D:href>http://owner.example/</D:href>", depth="0", **more):
    """Locks a URL exclusively; the answer and the token."""
    body = (
        '<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
        f"<D:locktype><D:write/></D:locktype><D:owner>{owner}</D:owner></D:lockinfo>"
    )
    answer = request("LOCK", url, body, {"Depth": depth, "Timeout": "Second-600", **XML, **more})
    return answer, (answer["Lock-Token"] or "").strip("<>")


def unlock(url, token, **more):
    return request("UNLOCK", url, headers={"Lock-Token": f"<{token}>", **more})
