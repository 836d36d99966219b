"""A gateway that keeps locks in a file, killed in mid-traffic again and again.

What passes: after each kill and start, every lock whose LOCK was answered is there (its owner sees his token and may
write with it, others may not), and every lock whose UNLOCK was answered is gone. Of a request that had no answer yet,
both are right. How often comes from DAVGATE_TEST_KILLS (20), what is random from DAVGATE_TEST_SEED.
`python3 tests/real/kill.py --back-end nginx --mode emulate --store file`
"""

import http.client
import os
import random
import threading
import time

import lock_lab
import report

KILLS = int(os.environ.get("DAVGATE_TEST_KILLS", "20"))
SEED = int(os.environ.get("DAVGATE_TEST_SEED", "0") or 0) or random.randrange(1 << 30)
THREADS = 8
DOCUMENTS = 6
FOLDER = "killed/"
LOST = (OSError, http.client.HTTPException)


class Document:
    """What one client knows of one document: the tokens that may be there. Where a request had no answer, both."""

    def __init__(self, path):
        self.path = path
        self.may = {None}
        self.history = []

    def __str__(self):
        return f"{self.path} after {', '.join(self.history[-6:])}"


class Client(threading.Thread):
    """Locks, refreshes, writes and unlocks documents that are its own, until it is told to stop."""

    def __init__(self, number, gateway, world):
        super().__init__(daemon=True)
        name = ("alice", "bob")[number % 2]
        self.user, self.world = lock_lab.User(gateway, name), world
        self.documents = [Document(f"{FOLDER}doc-{number}-{count}.txt") for count in range(DOCUMENTS)]
        self.random = random.Random(SEED * 1000 + number)
        self.acknowledged = 0
        self.wrong = []

    def run(self):
        while True:
            self.world.enter()
            if self.world.over:
                return
            try:
                self.once(self.random.choice(self.documents))
            finally:
                self.world.leave()

    def once(self, document):
        (token,) = document.may
        what = "lock" if token is None else self.random.choice(["refresh", "refresh", "put", "unlock", "unlock"])
        try:
            if what == "lock":
                document.may = {None, "any"}
                scope = self.random.choice(["exclusive", "exclusive", "shared"])
                answer, token = self.user.lock(document.path, self.random.choice(["0", "infinity"]), scope, timeout=20)
                in_time(answer)
                good, document.may = answer.status in (200, 201) and token, {token or None}
            elif what == "refresh":
                answer = in_time(self.user.refresh(document.path, token, timeout=20))
                good = answer.status == 200
            elif what == "put":
                answer = in_time(self.user("PUT", document.path, b"written", timeout=20, If=f"(<{token}>)"))
                good = answer.status in (200, 201, 204)
            else:
                document.may = {None, token}
                answer = in_time(self.user.unlock(document.path, token, timeout=20))
                good, document.may = answer.status == 204, {None}
        except Late:
            document.history.append(f"{what} 503")
            return
        except LOST:
            document.history.append(f"{what} without an answer")
            self.world.wait()
            return
        document.history.append(f"{what} {answer.status}")
        self.acknowledged += 1
        if not good:
            self.wrong.append(f"{document}: {answer.status} {answer.body[:120]}")


class Late(Exception):
    """The disk was too slow for the store: what was asked for may have been done or not, as without an answer."""


def in_time(answer):
    if answer.status == 503:
        raise Late
    return answer


class World:
    """Lets the clients work, or keeps them all outside."""

    def __init__(self):
        self.condition = threading.Condition()
        self.inside, self.open, self.over = 0, False, False

    def enter(self):
        with self.condition:
            self.condition.wait_for(lambda: self.open or self.over)
            self.inside += 1

    def leave(self):
        with self.condition:
            self.inside -= 1
            self.condition.notify_all()

    def wait(self):
        """Without an answer: not again before the gateway is back."""
        with self.condition:
            self.open = False

    def start(self):
        with self.condition:
            self.open = True
            self.condition.notify_all()

    def close(self):
        """Nobody begins anything; back when nobody is at it any more."""
        with self.condition:
            self.open = False
            if not self.condition.wait_for(lambda: self.inside == 0, timeout=60):
                raise RuntimeError("a client does not come back")

    def end(self):
        with self.condition:
            self.over = True
            self.condition.notify_all()


def inspect(gateway, clients, back_end):
    """Everything that is not as the clients were told. Settles what was open: the lock that is there, or none. With
    `back_end`, it is asked for the tokens, and else the gateway."""
    wrong = []
    ask = {"Depth": "1", "Content-Type": "application/xml"}
    for name, other in (("alice", "bob"), ("bob", "alice")):
        user, stranger = lock_lab.User(gateway, name), lock_lab.User(gateway, other)
        asked = back_end.ask if back_end else user
        for _ in range(200):
            answer = asked("PROPFIND", FOLDER, lock_lab.LOCKDISCOVERY, **ask)
            if answer.status != 207 or b" 503 " not in answer.body:
                break
            time.sleep(0.1)  # the store is not open yet: nothing is told of locks, and nothing passes
        if answer.status != 207 or b" 503 " in answer.body:
            return [f"PROPFIND: {answer.status} {answer.body[:200]}"]
        there = {os.path.basename(path): tokens for path, tokens in lock_lab.active(answer).items()}
        for document in (one for client in clients if client.user.name == name for one in client.documents):
            tokens = there.get(os.path.basename(document.path), [])
            token = tokens[0] if tokens else None
            if len(tokens) > 1 or bool(tokens) != bool(token):
                wrong.append(f"{document}: {name} sees {tokens}, told {document.may}")
                continue
            if token not in document.may and not (token and "any" in document.may):
                wrong.append(f"{document}: there is {token}, told {document.may}")
                continue
            document.may = {token}
            status = stranger("PUT", document.path, b"stranger's").status
            if (status == 423) != bool(token) or status not in (423, 200, 201, 204):
                wrong.append(f"{document}: {other}'s PUT is {status}, the lock {token}")
            if token:
                status = user("PUT", document.path, b"owner's", If=f"(<{token}>)").status
                if status not in (200, 201, 204):
                    wrong.append(f"{document}: {name}'s PUT with {token} is {status}")
    return wrong


def killed(check, names):
    """All kills of one combination."""
    combination = lock_lab.Combination(*names)
    # Without a mode, a gateway that starts again does not know whose the tokens are, and shows none.
    back_end = combination.back_end if combination.mode == "plain" else None
    try:
        gateway = combination.gateway()
        combination.back_end.folder(FOLDER)
        world = World()
        clients = [Client(number, gateway, world) for number in range(THREADS)]
        for client in clients:
            for document in client.documents:
                combination.back_end.put(document.path, "first")
            client.start()
        chance = random.Random(SEED)
        slowest, unanswered = 0.0, 0
        for count in range(KILLS):
            world.start()
            time.sleep(chance.uniform(0.02, 0.25))
            gateway.kill()
            world.close()
            unanswered += sum(len(document.may) > 1 for client in clients for document in client.documents)
            started = time.monotonic()
            gateway.start()
            slowest = max(slowest, time.monotonic() - started)
            wrong = inspect(gateway, clients, back_end)
            wrong += [line for client in clients for line in client.wrong]
            if not check.check(f"{combination.title}: kill {count + 1}", not wrong, "; ".join(wrong[:3])):
                break
        world.end()
        acknowledged = sum(client.acknowledged for client in clients)
        check.check(f"{combination.title}: there was traffic", acknowledged >= KILLS * 5, f"{acknowledged} answers")
        check.note(
            f"{combination.title}: {acknowledged} answers, {unanswered} LOCK and UNLOCK without one, slowest start "
            f"{slowest:.2f} s; DAVGATE_TEST_SEED={SEED}"
        )
    finally:
        combination.stop()


def run(check):
    for names in lock_lab.chosen(__doc__, [("nginx", "emulate", "file")]):
        killed(check, names)


if __name__ == "__main__":
    report.main("kill", run)
