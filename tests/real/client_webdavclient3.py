"""webdavclient3 (PyPI) for drivers.py: URL, perhaps a name and a password; then a JSON list [OPERATION, ARGUMENTS...] a line, one JSON answer a line.

Run with the Python of the venv that tests/run makes.
"""

import json
import sys
from urllib.parse import urlsplit

from webdav3.client import Client


def listing(client, path):
    return [name.rstrip("/") for name in client.list(path)]


OPERATIONS = {
    "mkdir": lambda client, path: client.mkdir(path),
    "put": lambda client, local, path: client.upload_sync(remote_path=path, local_path=local),
    "get": lambda client, path, local: client.download_sync(remote_path=path, local_path=local),
    "list": listing,
    "move": lambda client, source, target: client.move(remote_path_from=source, remote_path_to=target),
    "copy": lambda client, source, target: client.copy(remote_path_from=source, remote_path_to=target),
    "delete": lambda client, path: client.clean(path),
}


def main(url, user=None, password=None):
    parts = urlsplit(url)
    options = {"webdav_hostname": f"{parts.scheme}://{parts.netloc}", "webdav_root": parts.path, "webdav_timeout": 20}
    if user:
        options.update(webdav_login=user, webdav_password=password)
    client = Client(options)
    answers, sys.stdout = sys.stdout, sys.stderr  # the library prints what it likes
    for line in sys.stdin:
        operation, *arguments = json.loads(line)
        try:
            answer = {"value": OPERATIONS[operation](client, *arguments)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, default=str), file=answers, flush=True)


main(*sys.argv[1:])
