"""`davgate detect` in front of every real back end: it names the kind, and what it prints is a configuration with which a gateway starts and lists
what the back end lists.
`python3 tests/real/detect.py`
"""

import base64
import os
import re
import subprocess
import urllib.parse

import dav_servers
import dav_servers_python
import report
import servers
import web

KINDS = [dav_servers.Apache, dav_servers.Nginx, dav_servers.Lighttpd, dav_servers.Sabre, dav_servers.RcloneServer,
    dav_servers_python.Zope, dav_servers_python.Plone, dav_servers_python.WsgiDav, dav_servers_python.Radicale]


def detected(*arguments):
    done = subprocess.run([servers.DAVGATE, "detect", *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def starts(text):
    """A gateway with that configuration, on a port of its own."""
    base, port = servers.scratch("detected"), servers.free_port()
    path, log = os.path.join(base, "davgate.yaml"), os.path.join(base, "log")
    with open(path, "w") as out:
        out.write(text.replace("127.0.0.1:8080", f"127.0.0.1:{port}"))
    process = servers.start([servers.DAVGATE, "run", path], log)
    servers.wait_for(port, process, log)
    return process, port


def looks(check, kind):
    back_end = kind()
    name = back_end.name
    code, text, error = detected(back_end.url)
    found = re.search(r"profile: (\w+)", text)
    check.equal(f"{name} is known", (code, found and found.group(1)), (0, name), error)
    check.note(" / ".join(line for line in text.splitlines() if line.startswith("#"))[:300])
    process, port = starts(text)
    url = f"http://127.0.0.1:{port}{urllib.parse.urlsplit(back_end.url).path}"
    headers = {}
    if back_end.user:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(back_end.user).encode()).decode()
    answer = web.request("PROPFIND", url, None, {"Depth": "0", **headers})
    check.equal(f"{name}: a gateway starts with what is printed", answer.status, 207)
    paths = [urllib.parse.urlsplit(href).path.rstrip("/") for href in answer.hrefs()]
    check.equal(f"{name}: and shows the same", paths, [urllib.parse.urlsplit(url).path.rstrip("/")])
    servers.stop(process)
    back_end.stop()


def run(check):
    for kind in KINDS:
        with check.step(f"{kind.name}: all of it"):
            looks(check, kind)
    code, text, error = detected("http://127.0.0.1:1/")
    check.equal("what is not there is told", (code, text, "cannot be asked" in error), (1, "", True), error)


if __name__ == "__main__":
    report.main("detect", run)
