"""A process of its own: honest clients, in parallel, on the gateway that others are attacking. Each has files of its own, writes and reads
them, and looks whether each answer is its own. Arguments: the gateway's port, how many clients, the pause between two requests.

It ends when its standard input does; then it prints JSON: `sent`, how many requests each client has marked `l<client>-<number>`, and
`wrong`, what was not its own.
"""

import json
import sys
import threading
import time

import paths

ASKS = b'<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop><D:resourcetype/></D:prop></D:propfind>'


class Client(threading.Thread):
    def __init__(self, port, name, pause, over):
        super().__init__(daemon=True)
        self.line, self.called, self.pause, self.over = paths.Line(port), name, pause, over
        self.sent, self.wrong = 0, []

    def ask(self, method, target, body=None, headers=()):
        mark = f"l{self.called}-{self.sent}"
        self.sent += 1
        return mark, *self.line.ask(method, target, body, [f"User-Agent: {mark}", *headers])

    def run(self):
        mine = f"/files/load/{self.called}"
        text, turn = None, 0
        while not self.over.is_set():
            turn += 1
            try:
                if turn % 3 == 1:
                    text = f"{self.called} wrote {turn} ".encode() * (1 + turn % 50)
                    mark, status, body = self.ask("PUT", mine, text)
                    good = status in (200, 201, 204)
                elif turn % 3 == 2 or turn % 4:
                    mark, status, body = self.ask("GET", mine)
                    good = status == 200 and body == text
                else:
                    mark, status, body = self.ask("PROPFIND", mine, ASKS, ["Depth: 0", "Content-Type: text/xml"])
                    good = status == 207 and mine.encode() in body and b"HTTP/1.1 200" in body
                if not good:
                    self.wrong.append(f"{mark}: {status} {body[:80]!r}")
            except (AssertionError, OSError, ValueError, IndexError) as error:
                self.wrong.append(f"{self.called} {self.sent}: {type(error).__name__} {error}")
                self.line.close()
                time.sleep(0.1)
            time.sleep(self.pause)


def main(port, count, pause):
    over = threading.Event()
    clients = [Client(int(port), str(name), float(pause), over) for name in range(int(count))]
    for client in clients:
        client.start()
    sys.stdin.read()
    over.set()
    for client in clients:
        client.join(20)
    print(json.dumps({"sent": [client.sent for client in clients], "wrong": [text for client in clients for text in client.wrong]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
