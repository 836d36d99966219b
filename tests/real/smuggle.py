"""Does the back end see exactly the requests that were authorised, in order, on every connection? Thousands of byte streams that two
readers may cut at different places, through the gateway at Apache, nginx and waitress, while honest clients of another process work
(section 5.1, B-1 to B-6, B-11 to B-15).

Four tell of it, and must agree: what was sent, read strictly (smuggle_wire.py); the gateway's access log; the bytes that a relay saw go
to the back end (smuggle_relay.py); the back end's own log (smuggle_servers.py). smuggle_count.py compares them.
"""

import json
import os
import queue
import select
import socket
import subprocess
import sys
import threading
import time

import paths
import report
import servers
import smuggle_answers
import smuggle_cases
import smuggle_count
import smuggle_games
import smuggle_load
import smuggle_relay
import smuggle_servers
import smuggle_wire
from smuggle_cases import Case

CASES = int(os.environ.get("DAVGATE_TEST_SMUGGLES", "3000"))
SEED = 20261
WORKERS = 4
PATIENCE = 40  # seconds, for machines that stand still now and then
LOAD = ("6", "0.02")
OPEN = [f"open/{number}" for number in range(10)]


def prepare(back_end):
    """What there is: documents that hold their own path, two that nobody may touch, folders to write in."""
    end = back_end.end
    for folder in ("open", "w", "load", "small", "locks", "secret"):
        end.folder(folder + "/")
    for path in [*OPEN, "secret/0", "victim"]:
        end.put(path, f"this is {path}")


RULES = {
    "methods": [{"path": "/victim", "allow": ["none"]}, {"path": "/**", "allow": ["read", "write", "lock", "POST"]}],
    "access": [{"path": "/secret/**", "deny": ["all"], "to": "everyone"}, {"path": "/**", "allow": ["all"], "to": "everyone"}],
}


def refuses(method, target):
    """The same rules, for the naive gateways."""
    return not target.startswith("/files/") or "secret" in target or "victim" in target


class Sender:
    """One client that sends a case; reads meanwhile, so that neither side waits for the other."""

    def __init__(self, port, case, last):
        self.case, self.last = case, last
        own = smuggle_relay.address(32, case.number)
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE, source_address=(own, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.open = True

    def run(self):
        for step in self.case.steps:
            if isinstance(step, tuple):
                step = step[1] if b"HTTP/1.1 100 " in self.case.got else b""
            if isinstance(step, bytes):
                self.send(step)
            elif step:
                self.read(step)
        short = smuggle_wire.requests(self.case.sent)[1] == "short"
        if not short and self.last:
            self.send(smuggle_cases.last(self.case.number))
        until, silent = time.monotonic() + PATIENCE, short
        while self.open and time.monotonic() < until:
            if silent:
                # Nothing more will come: says so, but only now, since the gateway ends a connection as soon as it sees it.
                try:
                    self.socket.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
            silent = not self.read(0.3)
        self.case.hung = self.open
        self.socket.close()

    def send(self, data):
        view = memoryview(data)
        while view and self.open:
            readable, writable, _ = select.select([self.socket], [self.socket], [], PATIENCE)
            if readable:
                self.read(0)
            if writable:
                try:
                    count = self.socket.send(view[:65536])
                except OSError:
                    return
                self.case.sent += view[:count]
                view = view[count:]

    def read(self, seconds):
        """Whether something came, or the end."""
        if not self.open or not select.select([self.socket], [], [], seconds)[0]:
            return False
        try:
            piece = self.socket.recv(65536)
        except OSError:
            piece = b""
        self.case.got += piece
        self.open = bool(piece)
        return True


class Worker(threading.Thread):
    """Sends cases; after each, another client, whose connection stays open, asks for something of its own."""

    def __init__(self, name, port, cases, honest, last, pause):
        super().__init__(daemon=True)
        self.called, self.port, self.cases = f"h{name}", port, cases
        self.honest, self.last, self.pause = honest, last, pause
        self.line, self.sent, self.wrong = paths.Line(port), 0, []

    def run(self):
        while True:
            try:
                case = self.cases.get_nowait()
            except queue.Empty:
                self.line.close()
                return
            try:
                Sender(self.port, case, self.last).run()
            except OSError as error:
                self.wrong.append(f"case {case.number} ({case.name}): {error}")
            time.sleep(self.pause)
            for _ in range(self.honest):
                self.ask(case)

    def ask(self, case):
        path = OPEN[self.sent % len(OPEN)]
        mark = f"{self.called}-{self.sent}"
        self.sent += 1
        try:
            status, body = self.line.ask("GET", "/files/" + path, headers=[f"User-Agent: {mark}"])
        except (AssertionError, OSError, ValueError, IndexError) as error:
            status, body = 0, str(error).encode()
            self.line.close()
        if status != 200 or body != f"this is {path}".encode():
            self.wrong.append(f"after case {case.number} ({case.name}) an honest client got {status} {body[:80]!r} for {path}")


def sent(port, cases, workers=WORKERS, honest=1, last=True, pause=0):
    """Sends the cases, each with a last request behind it; the workers, when they are done."""
    todo = queue.Queue()
    for case in cases:
        todo.put(case)
    team = [Worker(name, port, todo, honest, last, pause) for name in range(workers)]
    for worker in team:
        worker.start()
    for worker in team:
        worker.join()
    return team


class Load:
    """The other process."""

    def __init__(self, port):
        command = [sys.executable, smuggle_load.__file__, str(port), *LOAD]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        servers.look_after(self.process)

    def end(self):
        return json.loads(self.process.communicate(timeout=60)[0])


def counted(back_end, gateway, cases, team, load):
    """What does not agree, and how much was counted."""
    count = smuggle_count.Count()
    rows = back_end.rows()
    back_end.relay.settle()
    count.connections(back_end.relay, rows)
    told = {}
    for line in gateway.told_all():
        told.setdefault(line["client"].rsplit(":", 1)[0], []).append(line)
    for case in cases:
        count.case(case, told.get(smuggle_relay.address(32, case.number), []))
        if case.hung:
            count.say(f"case {case.number} ({case.name}): the connection stays open: {case.sent[:200]!r}")
    for worker in team:
        count.honest(worker.called, worker.sent)
        count.wrong += worker.wrong
    for name, number in enumerate(load["sent"]):
        count.honest(f"l{name}", number)
    count.wrong += load["wrong"]
    count.rest()
    for path in ("victim", "secret/0"):
        if back_end.end.read(path) != f"this is {path}".encode():
            count.say(f"{path} has changed")
    return count


class Gateway(paths.Gateway):
    def told_all(self):
        """Every line of the access log so far."""
        told, quiet = [], 0
        while quiet < 4:
            time.sleep(0.25)
            self.follow()
            quiet = 0 if self.lines else quiet + 1
            told, self.lines = told + self.lines, []
        return told


def attacked(tests, back_end):
    """The cases, against the gateway and a real back end, under load."""
    back_end.begin()
    gateway = Gateway("/files/", back_end.behind(), locking="off" if back_end.name == "nginx" else "observe", **RULES)
    many = CASES // 2 if back_end.name == "zope" else CASES  # Zope takes its time
    cases = smuggle_games.all_cases(many, f"{SEED} {back_end.name}")
    load = Load(gateway.port)
    began = time.monotonic()
    team = sent(gateway.port, cases)
    took = time.monotonic() - began
    count = counted(back_end, gateway, cases, team, load.end())
    gateway.stop()
    name = back_end.name
    none(tests, f"{name}: {len(cases)} cases: what arrived was authorised", count.wrong)
    tests.check(f"{name}: enough arrived", count.must >= len(cases) // 10, f"{count.must} had to")
    tests.note(f"{name}: {len(cases)} cases in {took:.0f} s, {count.arrived} requests arrived, {count.must} of the cases' had to")


def none(tests, name, wrong):
    """A test that passes if nothing is wrong; what is, is told."""
    for text in wrong[:20]:
        tests.note(text[:1000])
    tests.check(name, not wrong, f"{len(wrong)} disagreements")


def naive(back_end, fault):
    """A naive gateway with this fault stands in the gateway's place: what the same count tells, and whether it came to harm: a hidden
    request was made out as one, or somebody got another's answer."""
    back_end.begin()
    end = back_end.end
    gateway = smuggle_relay.Naive(fault, back_end.relay.port, refuses, end.authorization() if end.user else None)
    cases = smuggle_games.against(fault)
    team = sent(gateway.port, cases, workers=2)
    count = counted(back_end, gateway, cases, team, {"sent": [], "wrong": []})
    gateway.stop()
    end.put("victim", "this is victim")
    return count.wrong, any(mark.endswith("-s") for mark in count.made) or any(worker.wrong for worker in team)


def twins(tests, back_end, harmed):
    """The count finds nothing where nothing is wrong, and every planted fault."""
    name = back_end.name
    wrong, _ = naive(back_end, None)
    none(tests, f"{name}: a naive gateway without a fault is not found fault with", wrong)
    for fault in smuggle_relay.Naive.FAULTS:
        if fault == "early-answer" and name != "nginx":
            continue  # the others read the body first, or close
        wrong, harm = naive(back_end, fault)
        tests.check(f"{name}: a naive gateway with the fault {fault} is found", wrong)
        harmed.update([fault] if harm else [])


def badly_answered(tests):
    """Answers with bad framing, each followed by honest requests on the connections that are still there."""
    back_end = smuggle_answers.BackEnd()
    gateway = Gateway("/files/", back_end.behind(), locking="off", **RULES)
    cases = [Case(row, [smuggle_answers.request_of(number)], number) for number, row in enumerate(smuggle_answers.ROWS)]
    late = [case for case in cases if smuggle_answers.is_late(case.number)]
    team = sent(gateway.port, [case for case in cases if case not in late], honest=3, last=False)
    team += sent(gateway.port, late, workers=1, honest=3, last=False, pause=0.06)
    gateway.stop()
    back_end.close()
    wrong = [f"{case.name}: {text}" for case in cases if (text := smuggle_answers.wrong(case.number, case.got))]
    wrong += [text for worker in team for text in worker.wrong]
    wrong += [f"{case.name}: the connection stays open" for case in cases if case.hung]
    none(tests, f"{len(cases)} answers with bad framing: everybody gets answers of their own", wrong)
    tests.note(f"{back_end.requests} requests came on {back_end.connections} connections")


def naive_with_answers(tests):
    """The twin: who keeps what came after an answer for the next one is found."""
    back_end = smuggle_answers.BackEnd()
    gateway = smuggle_relay.Naive(None, back_end.port, refuses)
    number = smuggle_answers.ROWS.index(("GET", "more than its length"))
    team = sent(gateway.port, [Case("twin", [smuggle_answers.request_of(number)], number)], workers=1, honest=2, last=False)
    gateway.stop()
    back_end.close()
    tests.check("a naive gateway that keeps what came after an answer is found", team[0].wrong)


def main(only):
    tests, harmed = report.Report("smuggle"), set()
    for name, make in smuggle_servers.ALL.items():
        if only and name not in only:
            continue
        with tests.step(f"{name}: the back end"):
            back_end = make()
            prepare(back_end)
            twins(tests, back_end, harmed)
            attacked(tests, back_end)
            back_end.end.stop()
    if not only or "answers" in only:
        with tests.step("a scripted back end"):
            naive_with_answers(tests)
            badly_answered(tests)
    if not only:
        tests.check("at least two of the planted faults do real harm", len(harmed) >= 2, f"only {harmed}")
    tests.note(f"planted faults that did harm: {', '.join(sorted(harmed))}")
    return tests.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
