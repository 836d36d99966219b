"""What waitress makes of the bytes that it gets, told line by line: a WSGI filter in front of Zope, loaded by its paste
configuration. A line of JSON for each request that reaches the application, and for each that waitress answers itself.
"""

import json
import os

import waitress.task


def factory(_settings, path):
    """A filter that appends to `path`."""
    out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def tell(peer, method, target, mark, status=0):
        # One write a line: they do not mix.
        line = {"peer": peer, "method": method, "target": target, "mark": mark, "status": status}
        os.write(out, (json.dumps(line) + "\n").encode())

    refuse = waitress.task.ErrorTask.execute

    def execute(task):
        request = task.request
        method, target = getattr(request, "command", None) or "", getattr(request, "request_uri", None) or ""
        tell(task.channel.addr[0], method, target, request.headers.get("USER_AGENT", ""), request.error.code)
        return refuse(task)

    waitress.task.ErrorTask.execute = execute

    def filtered(application):
        def told(environ, start_response):
            mark = environ.get("HTTP_USER_AGENT", "")
            tell(environ["REMOTE_ADDR"], environ["REQUEST_METHOD"], environ["REQUEST_URI"], mark)
            return application(environ, start_response)

        return told

    return filtered
