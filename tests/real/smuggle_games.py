"""More of what smuggle_cases.py makes: several requests on a connection, 100-continue, answers that come before the body is read, line
ends that hide in URLs and header values, HTTP/2. In: a generator of random numbers. Out: names, and makers of cases.
"""

import struct

import smuggle_cases
from smuggle_cases import ASKS, WAIT, Case, chunk, head, smuggled, target_of

BIG = 120_000


def one(number, mark, kind, generator):
    """A request of a pipeline, with its body."""
    inner = smuggled(number, generator)
    if kind == "get":
        return head("GET", number, mark=mark)
    if kind == "put":
        return head("PUT", number, [f"Content-Length: {len(inner)}"], mark) + inner
    if kind == "chunks":
        return head("PUT", number, ["Transfer-Encoding: chunked"], mark) + chunk(inner[:9]) + chunk(inner[9:]) + b"0\r\n\r\n"
    if kind == "propfind":
        return head("PROPFIND", number, [f"Content-Length: {len(ASKS)}", "Content-Type: application/xml"], mark) + ASKS
    if kind == "method":
        return head(generator.choice(["TRACE", "BIND", "propfind", "FOO"]), number, mark=mark, target=target_of("GET", number))
    if kind == "method with body":
        return head("BIND", number, [f"Content-Length: {len(inner)}"], mark, target="/files/open/1") + inner
    if kind == "hidden":
        return head("GET", number, mark=mark, target="/files/secret/0")
    if kind == "hidden with body":
        return head("PUT", number, [f"Content-Length: {len(inner)}"], mark, target="/files/secret/1") + inner
    if kind == "hidden with chunks":
        return head("PUT", number, ["Transfer-Encoding: chunked"], mark, target="/files/victim") + chunk(inner) + b"0\r\n\r\n"
    if kind == "outside":
        return head("PUT", number, [f"Content-Length: {len(inner)}"], mark, target="/dav/victim") + inner
    if kind == "bad depth":
        return head("PROPFIND", number, ["Depth: 7", f"Content-Length: {len(inner)}"], mark) + inner
    if kind == "bad xml":
        return head("PROPFIND", number, [f"Content-Length: {len(inner)}", "Content-Type: text/xml"], mark) + inner
    if kind == "get with body":
        return head("GET", number, [f"Content-Length: {len(inner)}"], mark) + inner
    if kind == "move to victim":
        return head("MOVE", number, [], mark).replace(b"/files/w/%d-copy" % (number % 8), b"/files/victim")
    if kind == "big refused":
        body = (inner * (1 + BIG // len(inner)))[:BIG]
        return head("PUT", number, [f"Content-Length: {BIG}"], mark, target="/files/secret/1") + body
    if kind == "old":
        return head("GET", number, mark=mark, version="1.0", lines=generator.choice([[], ["Connection: keep-alive"]]))
    if kind == "close":
        return head("GET", number, ["Connection: close"], mark)
    if kind == "head":
        return head("HEAD", number, mark=mark, target=target_of("GET", number))
    return generator.choice([b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0"])


GOOD = ["get", "get", "put", "chunks", "propfind", "head"]
REFUSED = ["method", "method with body", "hidden", "hidden with body", "hidden with chunks", "outside", "bad depth", "bad xml",
    "get with body"]
REFUSED += ["move to victim", "big refused", "old", "close", "stray"]


def pipelines(generator):
    """Two to five requests at once, one of them refused: first, or in the middle; its body read or not."""
    while True:
        kinds = generator.choices(GOOD, k=generator.randrange(1, 5))
        kinds.insert(generator.randrange(len(kinds)), generator.choice(REFUSED))
        if generator.random() < 0.15:
            kinds.insert(1, generator.choice(REFUSED))
        yield f"pipeline {kinds}", (lambda n, k=kinds: _pipeline(n, k, generator))


def _pipeline(number, kinds, generator):
    parts = [one(number, str(place), kind, generator) for place, kind in enumerate(kinds)]
    how = generator.randrange(3)
    if how == 0:
        return [b"".join(parts)]
    if how == 1:  # one after the other, without waiting
        return parts
    whole = b"".join(parts)
    at = generator.randrange(1, len(whole))
    return [whole[:at], 0.01, whole[at:]]


EXPECTATIONS = ["100-continue"] * 4 + ["100-Continue", "100-continue, 100-continue", "100-continue\r\nExpect: 100-continue", "200-ok",
    "", "100", "100-continue;x"]


def expectations(generator):
    """100-continue: the body at once, after the 100, after the refusal, never; another request in its place."""
    while True:
        what, where = generator.choice(EXPECTATIONS), generator.choice(["open", "open", "hidden", "small", "method", "outside"])
        how = generator.choice(["at once", "after 100", "after all", "never", "another", "half", "early"])
        method, version = generator.choice(["PUT", "PUT", "PROPFIND", "POST", "GET"]), generator.choice(["1.1"] * 4 + ["1.0"])
        framing = generator.choice(["length", "chunks", "none"])
        yield f"expect {what!r} {where} {how} {method} {version} {framing}", (
            lambda n, a=(what, where, how, method, version, framing): _expects(n, *a, generator)
        )


def _expects(number, what, where, how, method, version, framing, generator):
    target = {"open": None, "hidden": "/files/secret/1", "small": "/files/small/x", "method": None, "outside": "/dav/victim"}[where]
    inner = smuggled(number, generator)
    body = ASKS if method == "PROPFIND" else inner * 12
    lines = [f"Expect: {what}"] + {"length": [f"Content-Length: {len(body)}"], "chunks": ["Transfer-Encoding: chunked"],
        "none": []}[framing]
    text = head("BIND" if where == "method" else method, number, lines, version=version, target=target or target_of(method, number))
    data = {"length": body, "chunks": chunk(body) + b"0\r\n\r\n", "none": b""}[framing]
    other = head("GET", number, mark="1")
    steps = {
        "at once": [text + data, other],
        "after 100": [text, WAIT, ("if100", data), other],
        "after all": [text, WAIT, data, other],
        "never": [text, WAIT, other],
        "another": [text, inner, other],
        "half": [text + data[: len(data) // 2], 0.02, data[len(data) // 2 :] + other],
        "early": [text[:-2], 0.01, text[-2:] + data + other],
    }[how]
    return steps


def early(generator):
    """Answers that come while the body is still under way; in the body are requests, and one follows."""
    while True:
        size, cut = generator.choice([1200, 9000, 70_000, BIG, 400_000]), generator.choice([0, 1, 900, 5000])
        where = generator.choice(["small", "small", "closed", "missing", "folder"])
        method, framing = generator.choice(["PUT", "PUT", "POST"]), generator.choice(["length", "chunks"])
        yield f"early {method} {where} {size} {framing} {cut}", (lambda n, a=(method, where, size, framing, cut): _early(n, *a, generator))


def _early(number, method, where, size, framing, cut, generator):
    target = {"small": "/files/small/x", "closed": "/files/closed/x", "missing": f"/files/none/{number}/x", "folder": "/files/open/"}[where]
    inner = smuggled(number, generator)
    data = inner * (size // len(inner))
    if framing == "length":
        text, body = head(method, number, [f"Content-Length: {len(data)}"], target=target), data
    else:
        text = head(method, number, ["Transfer-Encoding: chunked"], target=target)
        body = chunk(data[:1000]) + chunk(data[1000:]) + b"0\r\n\r\n"
    rest = generator.choice([head("GET", number, mark="1"), inner, b""])
    if generator.random() < 0.2:  # it never comes to its end
        return [text + body[:cut], WAIT]
    return [text + body[:cut], 0.02 if cut else 0, body[cut:] + rest]


# A line end, as some part of the way may write or decode it; U+010D and the like lose their upper byte where text is made bytes carelessly.
LINE_ENDS = ["\r\n", "\n", "\r", "%0d%0a", "%0D%0A", "%0a", "%0d", "%250d%250a", "\u010d\u010a", "%c4%8d%c4%8a", "\u560d\u560a",
    "%e5%98%8d%e5%98%8a", "\u2028", "\x85", "\0", "%00", "\\r\\n", "&#13;&#10;", "\x0b", "\t"]
PLACES = ["target", "query", "destination", "if tag", "if token", "etag", "lock-token", "depth", "overwrite", "timeout",
    "content-type", "user-agent", "x", "cookie", "authorization", "referer", "host", "method", "name", "location", "version"]


def splitting(generator):
    """A second request behind a line end in every place that goes to the back end in some form."""
    rows = [(place, end) for place in PLACES for end in LINE_ENDS]
    generator.shuffle(rows)
    while True:
        for place, end in rows:
            yield f"split {place} {end!r}", (lambda n, p=place, e=end: _split(n, p, e, generator))


def _split(number, place, end, generator):
    method = {"destination": generator.choice(["COPY", "MOVE"]), "if tag": "PUT", "if token": "PUT", "overwrite": "COPY",
        "timeout": "LOCK", "lock-token": "UNLOCK"}.get(place)
    # Nothing may be asked about a request whose Depth was cut off: the count would take the question for the request.
    method = method or ("GET" if place in ("target", "query", "user-agent", "host", "version") else generator.choice(["GET", "PROPFIND"]))
    blank = generator.choice([" ", "%20", "+"]) if "%" in end else " "
    hidden = end.join([f"{blank}HTTP/1.1", "Host: dav.test", f"User-Agent: c{number}-0", "",
        f"DELETE{blank}/dav/victim{blank}HTTP/1.1", "Host: dav.test", f"User-Agent: c{number}-s", "", ""])
    if place not in ("target", "query", "destination", "host"):
        hidden = end.join(["x", "Content-Length: 0", "", f"DELETE{blank}/dav/victim{blank}HTTP/1.1", "Host: dav.test",
            f"User-Agent: c{number}-s", "", ""])
    target = target_of(method, number)
    lines = {
        "if tag": f"If: <http://dav.test{target}{hidden}> (<opaquelocktoken:a>)", "if token": f"If: (<opaquelocktoken:a{hidden}>)",
            "etag": f'If-None-Match: "a{hidden}"',
        "lock-token": f"Lock-Token: <opaquelocktoken:a{hidden}>", "depth": f"Depth: 0{hidden}", "overwrite": f"Overwrite: T{hidden}",
            "timeout": f"Timeout: Second-9{hidden}",
        "content-type": f"Content-Type: text/xml{hidden}", "x": f"X-A: a{hidden}", "cookie": f"Cookie: a=b{hidden}",
            "authorization": f"Authorization: Bearer a{hidden}",
        "referer": f"Referer: http://a/{hidden}", "name": f"X-A{hidden}: b", "location": f"Location: http://dav.test/{hidden}",
            "user-agent": "",
    }
    line = lines.get(place, "")
    text = head(method, number, [line.encode("utf-8")] if line else [], target=target)
    change = {
        "target": (target, target + hidden), "query": (target, f"{target}?a={hidden}"), "destination": ("-copy", "-copy" + hidden),
            "host": ("Host: dav.test", "Host: dav.test" + hidden),
        "method": (method + " ", method + hidden + " "), "user-agent": (f"c{number}-0", f"c{number}-0 {hidden}"),
            "version": ("HTTP/1.1", "HTTP/1.1" + hidden),
    }.get(place)
    if change:
        text = text.replace(change[0].encode(), change[1].encode("utf-8"), 1)
    return [text + generator.choice([head("GET", number, mark="1"), b""])]


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def second(generator):
    """HTTP/2 where only HTTP/1 is spoken: the preface, an upgrade, frames with requests in them."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    while True:
        how = generator.choice(["preface", "upgrade", "upgrade with body", "preface behind", "half a preface", "bytes"])
        yield f"http/2 {how}", (lambda n, h=how: _second(n, h, preface, generator))


def _second(number, how, preface, generator):
    inner = smuggled(number, generator)
    block = b"\x82\x84\x86\x41\x08dav.test\x7a" + bytes([len(f"c{number}-s")]) + f"c{number}-s".encode()
    frames = frame(4, 0, 0, b"") + frame(1, 4, 1, block) + frame(0, 1, 1, inner) + inner
    upgrade = ["Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQAAP__"]
    if how == "preface":
        return [preface + frames]
    if how == "upgrade":
        return [head("GET", number, upgrade), WAIT, preface + frames]
    if how == "upgrade with body":
        return [head("PUT", number, [*upgrade, f"Content-Length: {len(inner)}"]) + inner + preface + frames]
    if how == "preface behind":
        return [head("GET", number) + preface + frames]
    if how == "half a preface":
        return [preface[: generator.randrange(1, len(preface))] + inner]
    return [frames + inner]


def against(fault):
    """A few cases that show a fault of smuggle_relay.Naive, and as many that do not."""
    cases = []
    for number in range(1, 17):
        inner = head("DELETE", number, mark="s", target="/dav/victim")
        if number % 2:
            steps = [head("PUT", number, [f"Content-Length: {len(inner)}"]) + inner]
        elif fault is None:
            steps = [head("GET", number)]
        elif fault == "both-lengths":
            body = b"0\r\n\r\n" + inner
            steps = [head("PUT", number, [f"Content-Length: {len(body)}", "Transfer-Encoding: chunked"]) + body]
        elif fault == "bare-lf":
            steps = [head("GET", number, ["X-A: a\nContent-Length: 0", f"X-B: b\n\n{inner.decode()}X-C: c"])]
        else:
            body = b"x" * 500 + inner * 100
            steps = [head("POST", number, [f"Content-Length: {len(body)}"], target="/files/closed/x") + body]
        cases.append(Case(f"{fault} {number}", steps, number))
    return cases


def all_cases(count, seed):
    """Some `count` cases, all families."""
    return smuggle_cases.sample(
        count,
        seed,
        [(smuggle_cases.lengths, 0.3), (smuggle_cases.chunked, 0.18), (smuggle_cases.heads, 0.12), (pipelines, 0.15)]
        + [(expectations, 0.06), (early, 0.03), (splitting, 0.14), (second, 0.02)],
    )


