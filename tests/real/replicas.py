"""Two gateways on one Redis before one back end: sixteen clients count in one document, each step under a lock.

What passes: the document ends at exactly the number of edits that were answered with success. Then the Redis is
stopped and started, killed, and paused in mid-traffic: meanwhile writes are 503 with Retry-After, reads go on, no
write passes that a lock forbids; afterwards all goes on without a restart of anything, and no edit is lost. How long
the first part counts comes from DAVGATE_TEST_SECONDS (8).
`python3 tests/real/replicas.py --back-end nginx --mode emulate --store redis`
"""

import http.client
import os
import random
import threading
import time

import lock_lab
import report
import web

SECONDS = float(os.environ.get("DAVGATE_TEST_SECONDS", "8"))
CLIENTS = 16
USERS = {f"client{number}": f"pass-phrase-{number}" for number in range(CLIENTS)}
COUNTER = "counter.txt"
HELD = "held.txt"
LOST = (OSError, http.client.HTTPException)
STORED = (200, 201, 204)


class Editor(threading.Thread):
    """One client: LOCK, GET, PUT of one more, UNLOCK, again and again. What it was told is in its fields."""

    def __init__(self, number, gateway, end):
        super().__init__(daemon=True)
        name = f"client{number}"
        self.user, self.end = lock_lab.User(gateway, name, USERS[name]), end
        self.path = gateway.url[gateway.url.index("/", len("http://")) :] + COUNTER
        self.random = random.Random(number)
        self.done = self.busy = self.failed = self.open = self.left = 0
        self.last = 0.0
        self.doubt = False  # whether a LOCK that was refused may have been made
        self.wrong = []

    def run(self):
        try:
            while not self.end.is_set():
                self.edit()
        except Exception as error:
            self.wrong.append(f"{self.user.name} ended: {type(error).__name__}: {error}")

    def ask(self, *arguments, **more):
        """The answer, or None where there is none."""
        try:
            return self.user(*arguments, timeout=20, **more)
        except LOST:
            return None

    def edit(self):
        try:
            answer, token = self.user.lock(COUNTER, seconds=60, timeout=20)
        except LOST:
            answer, token = None, None
        if answer is None or answer.status not in (200, 201):
            if answer is not None and answer.status == 423:
                self.busy += 1
                if self.doubt:
                    self.clear()
                time.sleep(self.random.uniform(0.01, 0.1))
            else:
                self.refused("LOCK", answer)
                self.doubt = True
            return
        self.doubt = False
        read = self.ask("GET", COUNTER)
        if read is not None and read.status == 200:
            before = int(read.body)
            answer = self.ask("PUT", COUNTER, b"%d" % (before + 1), If=f"(<{token}>)")
            if answer is not None and answer.status in STORED:
                self.done += 1
                self.last = time.monotonic()
            elif answer is not None and answer.status == 503:
                self.refused("PUT", answer)  # it has said that nothing was done
            else:
                self.open += 1
        self.release(token)

    def refused(self, what, answer):
        self.failed += 1
        if answer is not None and answer.status != 503:
            self.wrong.append(f"{self.user.name}: {what}: {answer.status} {answer.body[:120]}")
        elif answer is not None and not (answer["Retry-After"] or "").isdigit():
            self.wrong.append(f"{self.user.name}: {what}: 503 with Retry-After: {answer['Retry-After']}")
        time.sleep(0.1)

    def release(self, token):
        """Until it is answered: a lock that stays would keep everybody away."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            answer = self.ask("UNLOCK", COUNTER, Lock_Token=f"<{token}>")
            if answer is not None and answer.status in (204, 409):
                return
            time.sleep(0.1)
        self.wrong.append(f"{self.user.name}: cannot unlock")

    def clear(self):
        """A LOCK that was refused for want of the store may have been made all the same: its maker is shown the
        token.
        """
        answer = self.ask("PROPFIND", COUNTER, lock_lab.LOCKDISCOVERY, Depth="0", Content_Type="application/xml")
        if answer is None or answer.status != 207:
            return
        for token in filter(None, lock_lab.active(answer).get(self.path, [])):
            self.left += 1
            self.release(token)


class Crowd:
    """All clients at work, half of them through each gateway."""

    def __init__(self, gateways):
        self.end = threading.Event()
        self.editors = [Editor(number, gateways[number % len(gateways)], self.end) for number in range(CLIENTS)]
        for editor in self.editors:
            editor.start()

    def total(self, field):
        return sum(getattr(editor, field) for editor in self.editors)

    def wrong(self):
        return [line for editor in self.editors for line in editor.wrong]

    def stuck(self, seconds):
        """The gateways through which no edit passes that begins after now."""
        start = time.monotonic()
        missing = {0, 1}
        while missing and time.monotonic() < start + seconds:
            missing = {0, 1} - {number % 2 for number, editor in enumerate(self.editors) if editor.last > start + 0.2}
            time.sleep(0.05)
        return sorted(missing)

    def stop(self):
        self.end.set()
        for editor in self.editors:
            editor.join(90)


def counted(combination):
    return int(combination.back_end.read(COUNTER))


def calm(check, combination, gateways):
    """Nothing is disturbed: the document and what was answered agree to the last edit."""
    title = combination.title
    combination.back_end.ask("PUT", COUNTER, b"0")
    crowd = Crowd(gateways)
    time.sleep(SECONDS)
    crowd.stop()
    done, open_ = crowd.total("done"), crowd.total("open")
    check.equal(f"{title}: counted as often as was answered", counted(combination), done, f"{open_} without an answer")
    turns = [sum(editor.done for editor in crowd.editors[half::2]) for half in (0, 1)]
    check.check(f"{title}: through both gateways", all(turns) and done >= SECONDS, f"{turns}")
    check.equal(f"{title}: nothing went wrong", crowd.wrong()[:3], [])
    check.equal(f"{title}: nothing was refused but for the lock", (crowd.total("failed"), open_), (0, 0))
    check.note(f"{title}: {done} edits in {SECONDS:.0f} s, {crowd.total('busy')} times somebody else had the lock")


def asked(user, *arguments, **more):
    """The status, and whether there is a Retry-After; "none" in place of a status where there is no answer."""
    try:
        answer = user(*arguments, timeout=20, **more)
    except LOST as error:
        return f"none, {type(error).__name__}", False
    return answer.status, answer["Retry-After"] is not None


LOCKINFO = '<?xml version="1.0"?><lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'


def outage(check, combination, gateways, crowd, name, begin, finish, seconds=3.0):
    """The store is away for some seconds in mid-traffic."""
    title = f"{combination.title}: Redis {name}"
    store = combination.store.redis
    holder = lock_lab.User(gateways[0], "client0", USERS["client0"])
    others = [lock_lab.User(gateway, "client1", USERS["client1"]) for gateway in gateways]
    combination.back_end.put(HELD, "held")
    answer, token = holder.lock(HELD)
    check.check(f"{title}: a lock before", answer.status == 200, f"{answer.status}")
    begin(store)
    told, reads, slowest, until = [], [], 0.0, time.monotonic() + seconds
    while time.monotonic() < until:
        for other in others:
            sent = time.monotonic()
            told += [asked(other, "PUT", HELD, b"not allowed"), asked(other, "PUT", "new.txt", b"new")]
            told.append(asked(other, "LOCK", "elsewhere.txt", LOCKINFO, **web.XML))
            slowest = max(slowest, (time.monotonic() - sent) / 3)
            reads += [asked(other, "GET", HELD)[0], asked(other, "PROPFIND", "", Depth="1")[0]]
    check.equal(f"{title}: writes and LOCK are 503 with Retry-After", set(told), {(503, True)})
    check.equal(f"{title}: reads go on", set(reads), {200, 207})
    check.check(f"{title}: the answer comes in time (L-92)", slowest < 4, f"{slowest:.1f} s")
    made = [path for path in ("new.txt", "elsewhere.txt") if combination.back_end.read(path) is not None]
    check.equal(f"{title}: nothing was made", made, [])
    check.equal(f"{title}: what is locked is untouched", combination.back_end.read(HELD), b"held")
    finish(store)
    check.equal(
        f"{title}: edits go on by themselves; gateways stuck", crowd.stuck(20), [], "; ".join(crowd.wrong()[:2])
    )
    told = [asked(other, "PUT", HELD, b"not allowed")[0] for other in others]
    check.equal(f"{title}: the lock is still there", told, [423, 423])
    status, _ = asked(holder, "PUT", HELD, b"held by its owner", If=f"(<{token}>)")
    check.check(f"{title}: and its owner's", status in STORED, f"{status}")
    asked(holder, "UNLOCK", HELD, Lock_Token=f"<{token}>")


def trouble(check, combination, gateways):
    """Stopped, killed and paused while everybody counts."""
    title = combination.title
    combination.back_end.ask("PUT", COUNTER, b"0")
    crowd = Crowd(gateways)
    time.sleep(1)
    for name, begin, finish in (
        ("stopped", lambda redis: redis.stop(), lambda redis: redis.start()),
        ("killed", lambda redis: redis.kill(), lambda redis: redis.start()),
        ("paused", lambda redis: redis.pause(), lambda redis: redis.resume()),
    ):
        outage(check, combination, gateways, crowd, name, begin, finish)
        time.sleep(1)
    crowd.stop()
    done, open_, count = crowd.total("done"), crowd.total("open"), counted(combination)
    check.check(f"{title}: no edit was lost", done <= count <= done + open_, f"{count}, {done} answered, {open_} open")
    check.equal(f"{title}: nothing went wrong meanwhile", crowd.wrong()[:3], [])
    check.note(
        f"{title}: {done} edits, {crowd.total('failed')} refused, {open_} without a clear answer, "
        f"{crowd.total('left')} locks found that a refused LOCK had left"
    )


def run(check):
    for names in lock_lab.chosen(__doc__, [("nginx", "emulate", "redis")]):
        combination = lock_lab.Combination(*names, users=USERS)
        try:
            gateways = [combination.gateway(), combination.gateway()]
            calm(check, combination, gateways)
            if combination.store.redis:
                trouble(check, combination, gateways)
            else:
                check.note(f"{combination.title}: NOT TESTED without a Redis: that it stops, is killed and is paused")
        finally:
            combination.stop()


if __name__ == "__main__":
    report.main("replicas", run)
