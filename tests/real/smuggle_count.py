"""Counts: what the clients sent, what the gateway says it let through, what went over the wire to the back end, what the back end made
out. In: all four. Out: sentences about where they disagree.
"""

import re
from collections import defaultdict

import smuggle_cases
import smuggle_wire

OPEN = re.compile(r"/files/(open|w|load|small|none)/[A-Za-z0-9/-]*\Z")
FIXED = {b"host": b"dav.test", b"overwrite": b"T", b"depth": b"0"}
FREE = {b"user-agent", b"content-length", b"transfer-encoding", b"content-type", b"destination", b"x-a", b"connection"}
PLAIN_DESTINATION = re.compile(rb"http://dav\.test/files/(w|load)/[a-z0-9-]+\Z")
HIDDEN = re.compile(r"(/files/|/dav/)(secret|victim)|/dav/")
METHODS = {"GET", "HEAD", "PUT", "PROPFIND", "POST", "MOVE", "COPY", "DELETE", "OPTIONS"}
OF_THE_CONNECTION = {b"close", b"keep-alive", b"te", b"upgrade", b"http2-settings"}
NO_BODY = {"GET", "HEAD", "MOVE", "COPY", "DELETE"}


def verdict(request):
    """Whether the rules let a request through: True, False, or None where only the gateway can say."""
    if HIDDEN.match(request.target) or request.method not in METHODS:
        return False if HIDDEN.match(request.target) else None
    options = [word.strip().lower() for value in request.all(b"connection") for word in value.split(b",")]
    if not set(options) <= OF_THE_CONNECTION:
        return False  # B-11
    if not request.clear or not OPEN.match(request.target):
        return None
    for name, value in request.fields:
        if name not in FREE and FIXED.get(name) != value:
            return None
    if len({name for name, _ in request.fields}) != len(request.fields):
        return None
    if request.method in ("PUT", "POST") and request.target.endswith("/"):
        return None
    destination = request.get(b"destination")
    if (destination is not None) != (request.method in ("MOVE",
        "COPY")) or not PLAIN_DESTINATION.match(destination or b"http://dav.test/files/w/0"):
        return None
    if request.method in NO_BODY | {"OPTIONS"} and request.length != "none":
        return None
    if request.method == "PROPFIND" and (request.get(b"depth") != b"0" or request.body not in (b"", smuggle_cases.ASKS)):
        return None
    return True


def expected(sent):
    """{mark: whether it must arrive} for the requests that may arrive at all, in their order, from the bytes of one client."""
    may, sure = {}, True
    for request in smuggle_wire.requests(sent)[0]:
        passes = verdict(request)
        if passes is not False and request.mark:
            may[plain(request.mark)] = bool(passes and sure and request.whole)
        # After a refusal the connection may be closed.
        sure = sure and passes is True and not (request.version == "HTTP/1.0" and request.length != "none")
        closes = any(b"close" in value.lower() for value in request.all(b"connection"))
        old = request.version == "HTTP/1.0" and (request.get(b"connection") or b"").lower() != b"keep-alive"
        if closes or old:
            break
        if request.length != "none" and request.target.startswith("/files/small/"):
            sure = False  # answered early, perhaps
    return may


class Count:
    """`wrong`: the disagreements found so far."""

    def __init__(self):
        self.wrong = []
        self.arrived = self.must = 0

    def say(self, text):
        self.wrong.append(text)

    def connections(self, relay, rows):
        """Each connection to the back end: one clear request after the other, and the back end made out the same ones."""
        by_peer, self.made = defaultdict(list), {plain(row.mark) for row in rows}
        for row in rows:
            by_peer[row.peer].append(row)
        self.came = []
        for peer, sent in relay.sent.items():
            known = by_peer.pop(peer, [])
            requests, stop = smuggle_wire.requests(bytes(sent), strict=True)
            if stop not in (None, "short"):
                self.say(f"to the back end, {stop}: {bytes(sent[-300:])!r}")
            wire = [(request.method, plain(request.target), plain(request.mark)) for request in requests]
            made = [(row.method, plain(row.target), plain(row.mark)) for row in known]
            # What broke off before its end may count with the back end or not.
            if made != wire and not (stop and made == wire[:-1]):
                place = next((at for at, (one, other) in enumerate(zip(wire, made)) if one != other), min(len(wire), len(made)))
                self.say(f"connection {peer}: {wire[place : place + 2]} was sent, {made[place : place + 2]} was made out")
            self.came += [(relay.arrival(peer, request.at), request) for request in requests]
        for known in by_peer.values():
            self.say(f"the back end has a connection that nobody made: {known[:2]}")
        self.came.sort(key=lambda pair: pair[0])
        self.marked = defaultdict(list)
        for _, request in self.came:
            if is_about_home(request):
                continue
            self.marked[request.mark.split("-")[0]].append(request)

    def case(self, case, told):
        """What became of a case; `told`: the gateway's lines about its connection."""
        may = expected(case.sent)
        for line in told:
            # What is not ASCII is not in the log; such a name has the first request alone.
            line["mark"] = plain(line.get("user_agent") or f"c{case.number}-0")
        came = [plain(request.mark) for request in self.marked.pop(f"c{case.number}", []) if not own_question(request, told)]
        self.arrived += len(came)
        self.must += sum(may.values())
        where = f"case {case.number} ({case.name})"
        order = iter(may)
        if not all(mark in order for mark in came):
            self.say(f"{where}: {came} arrived, of {list(may)}: {case.sent[:600]!r}")
        missing = [mark for mark, must in may.items() if must and mark not in came]
        if missing:
            self.say(f"{where}: {missing} did not arrive: {case.sent[:300]!r}, answered {case.got[:120]!r}")
        passed = [line["mark"] for line in told if line["verdict"] == "permit" and line["exchange"] != "own"]
        begun = [line["mark"] for line in told if line["verdict"] == "error" or (line["verdict"] == "deny" and line["status"] in (0,
            400, 408, 413))]
        if [mark for mark in came if mark not in begun] != [mark for mark in passed if mark not in begun]:
            self.say(f"{where}: {passed} was authorised, {begun} broke off, {came} arrived: {case.sent[:300]!r}")
        self.answers(where, case, told)

    def answers(self, where, case, told):
        """As many answers as requests, each the right one."""
        lines = [line for line in told if line["status"] >= 200]
        got, rest = smuggle_wire.answers(case.got, [line["method"] for line in lines])
        if rest:
            self.say(f"{where}: after {len(got)} answers {rest[:100]!r}")
        # The library answers what it cannot read by itself, and tells nobody: at the end.
        extra = got[len(lines) :]
        told_of = [(line["method"], line["status"]) for line in lines]
        if [answer.status for answer in got[: len(lines)]] != [status for _, status in told_of] or len(extra) > 1:
            self.say(f"{where}: answers {[answer.status for answer in got]}, told {told_of}")
        elif any(answer.status not in (400, 405, 431, 501, 505) for answer in extra):
            self.say(f"{where}: an answer to nothing: {extra[0].status} {extra[0].body[:80]!r}, told {told_of}, {case.sent[:300]!r}")
        for line, answer in zip(lines, got):
            path = line["path"]
            own = f"this is {path[len('/files/') :]}".encode()
            read = line["method"] == "GET" and answer.status == 200 and path.startswith("/files/open/")
            if read and answer.whole and answer.body != own:
                self.say(f"{where}: GET {path}: {answer.body[:80]!r}")

    def honest(self, name, sent):
        """Requests of one honest client, `sent` of them: each arrived once, in order."""
        came = [request.mark for request in self.marked.pop(name, [])]
        if came != [f"{name}-{number}" for number in range(sent)]:
            twice = sorted({mark for mark in came if came.count(mark) > 1})
            self.say(f"honest client {name}: {sent} sent, {len(came)} arrived, twice {twice[:3]}")
        self.arrived += len(came)

    def rest(self):
        """Nothing may be left over."""
        for name, requests in self.marked.items():
            self.say(f"nobody sent this: {name} {[(request.method, request.target) for request in requests][:3]}")


def plain(text):
    """As much of a target or a mark as every log writes in the same way."""
    return re.match(r"[!#-\[\]-~]*", text or "")[0][:100]


def is_about_home(request):
    """Whether this is the gateway's question where a resource is at home (Z-10), with the mark of the request that it is about."""
    return request.method == "POST" and request.target.endswith("/absolute_url_path")


def own_question(request, told):
    """Whether this is a question of the gateway's own about what is there (EX-1): PROPFIND, where nobody asked one."""
    return request.method == "PROPFIND" and not any(line["method"] == "PROPFIND" and line["mark"] == plain(request.mark) for line in told)
