"""One calendar of a Radicale that lets everybody do everything, and four users whom the gateway knows by their passwords, with the rules of
config/shared-calendars.yaml: ann owns it, bob may read it, dora may write in it, carl does not see it.

What passes: bob's and dora's clients do what they may, with the same to be seen as ann's; what bob writes is 403, and Radicale hears nothing of
it; what carl is told of it is what he is told of something that is not there.
"""

import calendar_clients
import web
from calendar_clients import Failed
from calendar_servers import USERS

TEAM = "ann/team/"
READS = ("events", "get", "query", "multiget", "read_sync")
WRITES = {"PUT", "DELETE", "MKCALENDAR", "MKCOL", "PROPPATCH", "MOVE", "COPY", "POST"}
ICS = {"Content-Type": "text/calendar"}
NAMED = '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:displayname>mine</D:displayname></D:prop></D:set></D:propertyupdate>'
SPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:R="urn:ietf:params:xml:ns:carddav"'
WANTED = "<D:prop><D:getetag/><C:calendar-data/></D:prop>"
REPORTS = {
    "calendar-query": f'<C:calendar-query {SPACES}>{WANTED}<C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>',
    "calendar-multiget": f"<C:calendar-multiget {SPACES}>{WANTED}<D:href>@HREF@</D:href></C:calendar-multiget>",
    "addressbook-multiget": f"<R:addressbook-multiget {SPACES}><D:prop><D:getetag/></D:prop><D:href>@HREF@</D:href></R:addressbook-multiget>",
    "sync-collection": f"<D:sync-collection {SPACES}><D:sync-token/><D:sync-level>1</D:sync-level>{WANTED}</D:sync-collection>",
    "free-busy-query": f'<C:free-busy-query {SPACES}><C:time-range start="20260101T000000Z" end="20260201T000000Z"/></C:free-busy-query>',
    "expand-property": f'<D:expand-property {SPACES}><D:property name="owner"/></D:expand-property>',
}


class Named:
    """A report whose checks have a name in front."""

    def __init__(self, check, name):
        self.whole, self.name = check, name

    def __getattr__(self, kind):
        return lambda what, *more: getattr(self.whole, kind)(f"{self.name}: {what}", *more)


def ask(user, method, url, body=None, **headers):
    return web.request(method, url, body, {"Authorization": web.basic(user, USERS[user]), **headers})


def written(radicale, since):
    """The writes that Radicale heard of."""
    return [line for line in radicale.seen()[since:] if line[0] in WRITES]


def drivers(url):
    """The talking clients of a user, looking at the calendar of ann's."""
    for kind in (calendar_clients.Caldav, calendar_clients.Tsdav):
        yield kind.name, lambda user, kind=kind: kind(url, user, USERS[user])


def first_of_all(check, url, doors):
    """What ann has."""
    ann = calendar_clients.Caldav(url, "ann", USERS["ann"])
    for step in ("discover", "make", "put"):
        ann.do(step)
    ann.stop()
    check.equal("ann has a calendar", ask("ann", "PROPFIND", doors.url + TEAM, Depth="0").status, 207)


def clients(check, url, doors, radicale):
    team = doors.url + TEAM
    for name, start in drivers(url):
        ann, bob, dora, carl = (start(user) for user in ("ann", "bob", "dora", "carl"))
        for one in (ann, bob, dora, carl):
            one.do("use", team)
        for step in READS:
            shown = ann.do(step)
            check.equal(f"{name}: {step} by bob", bob.do(step), shown)
            check.equal(f"{name}: {step} by dora", dora.do(step), shown)
            check.check(f"{name}: {step} by carl shows nothing", sees_nothing(carl, step))
        before, since = ann.do("events"), len(radicale.seen())
        for user, one in (("bob", bob), ("carl", carl)):
            for step, more in (("put_one", [user]), ("change", ["two"]), ("delete", ["one"]), ("remove", [])):
                check.check(f"{name}: {step} by {user} fails", refused(one, step, *more))
        check.equal(f"{name}: and Radicale heard nothing of it", written(radicale, since), [])
        check.equal(f"{name}: all is as it was", ann.do("events"), before)
        dora.do("put_one", "of-dora")
        check.equal(f"{name}: dora writes", dora.do("change", "of-dora"), ["changed of-dora"])
        check.equal(f"{name}: and ann sees it", ann.do("get", "of-dora"), ["changed of-dora"])
        check.equal(f"{name}: dora deletes", dora.do("delete", "of-dora"), before)
        check.check(f"{name}: but not the calendar", refused(dora, "remove"))
        for one in (ann, bob, dora, carl):
            one.stop()


def refused(driver, step, *more):
    try:
        driver.do(step, *more)
    except Failed:
        return True
    return False


def sees_nothing(driver, step):
    try:
        return driver.do(step) == []
    except Failed:
        return True


def folders(check, doors, radicale):
    """vdirsyncer, at the calendar's own URL."""
    team = doors.url + TEAM
    ann, bob, dora, carl = (calendar_clients.Folder(team, user, USERS[user], collection=None) for user in ("ann", "bob", "dora", "carl"))
    for folder in (ann, bob, dora):
        folder.call("discover")
        folder.call("sync")
    check.equal("vdirsyncer: bob has what ann has", bob.texts(), ann.texts())
    try:
        carl.call("discover")
        carl.call("sync")
        check.fail("vdirsyncer: carl gets nothing", carl.texts())
    except Failed:
        check.equal("vdirsyncer: carl gets nothing", carl.texts(), [])
    since = len(radicale.seen())
    bob.write("new", "by bob")
    bob.write("two", "by bob")
    try:
        bob.call("sync")
        check.fail("vdirsyncer: bob's changes fail", "they were taken")
    except Failed:
        check.equal("vdirsyncer: bob's changes fail, and Radicale heard nothing of them", written(radicale, since), [])
    dora.write("new", "by dora")
    dora.call("sync")
    ann.call("sync")
    check.check("vdirsyncer: dora's are taken", "by dora" in ann.texts(), ann.texts())
    dora.remove("new")
    dora.call("sync")


def privileges(check, doors):
    """What clients are told that they may do, by which they show a calendar as one for reading."""
    body = '<D:propfind xmlns:D="DAV:"><D:prop><D:current-user-privilege-set/></D:prop></D:propfind>'
    for user, expected in (("ann", {"read", "write", "write-content", "all"}), ("bob", {"read"}), ("dora", {"read", "write", "write-content"})):
        answer = ask(user, "PROPFIND", doors.url + TEAM, body, Depth="0", **web.XML)
        told = {name.tag.split("}")[1] for one in answer.xml().iter(f"{web.DAV}privilege") for name in one}
        check.equal(f"{user} is told of his privileges", told & {"read", "write", "write-content", "all"}, expected)


def by_hand(check, doors, radicale):
    """Every write there is, by bob: 403, and Radicale hears nothing. By dora what concerns the calendar itself."""
    team, bob = doors.url + TEAM, doors.url + "bob/"
    event = calendar_clients.EVENT.format(uid="x", text="x")
    ask("bob", "MKCALENDAR", bob + "own/")
    check.equal("bob has an event of his own", ask("bob", "PUT", bob + "own/x.ics", event, **ICS).status, 201)
    since = len(radicale.seen())
    one = team + "one.ics"
    for what, method, url, body, headers in [
        ("PUT of a new event", "PUT", team + "x.ics", event, ICS),
        ("PUT of an event", "PUT", one, event, ICS),
        ("PUT of the calendar", "PUT", team[:-1], event, ICS),
        ("DELETE of an event", "DELETE", one, None, {}),
        ("DELETE of the calendar", "DELETE", team, None, {}),
        ("PROPPATCH", "PROPPATCH", team, NAMED, web.XML),
        ("MKCALENDAR", "MKCALENDAR", team + "inner/", None, {}),
        ("MKCOL", "MKCOL", team + "inner/", None, {}),
        ("MOVE out", "MOVE", one, None, {"Destination": bob + "own/one.ics"}),
        ("MOVE in", "MOVE", bob + "own/x.ics", None, {"Destination": team + "x.ics"}),
        ("MOVE onto", "MOVE", bob + "own/x.ics", None, {"Destination": one, "Overwrite": "T"}),
        ("COPY in", "COPY", bob + "own/x.ics", None, {"Destination": team + "x.ics"}),
        ("MOVE within", "MOVE", one, None, {"Destination": team + "y.ics"}),
    ]:
        check.equal(f"bob: {what}", ask("bob", method, url, body, **headers).status, 403)
    check.equal("bob: and Radicale heard nothing of it", written(radicale, since), [])
    for method, body, headers in (("PUT", event, ICS), ("DELETE", None, {})):
        check.equal(f"dora: {method} of the calendar", ask("dora", method, team[:-1], body, **headers).status, 403)
    check.equal("dora: and Radicale heard nothing of it", written(radicale, since), [])
    ask("dora", "MKCALENDAR", doors.url + "dora/own/")
    for source, target in ((one, doors.url + "dora/own/one.ics"), (doors.url + "dora/own/one.ics", one)):
        check.equal("twin: dora: MOVE out, and back", ask("dora", "MOVE", source, Destination=target).status, 201)
    check.equal("twin: ann: PROPPATCH", ask("ann", "PROPPATCH", team, NAMED, **web.XML).status, 207)


def answer_of(method, url, body, headers, names):
    """What carl is told, with the name that he asked for made the same."""
    answer = ask("carl", method, url, body, **headers)
    body = answer.body.decode("utf-8", "replace")
    told = {name.lower(): value for name, value in answer.headers.items() if name.lower() != "date"}
    text = repr((answer.status, sorted(told.items()), body))
    for name in names:
        text = text.replace(name, "@")
    return answer.status, text


def hidden(check, doors):
    """What carl is told of the calendar, and of one that is not there."""
    ask("carl", "MKCALENDAR", doors.url + "carl/own/")
    own = doors.url + "carl/own/"
    event = calendar_clients.EVENT.format(uid="x", text="x")
    ask("carl", "PUT", own + "x.ics", event, **ICS)
    asked = [(f"PROPFIND {depth}", "PROPFIND", "@", None, {"Depth": depth}) for depth in ("0", "1")]
    asked += [(method, method, "@", None, {}) for method in ("GET", "HEAD", "OPTIONS", "DELETE", "MKCALENDAR", "MKCOL")]
    asked += [("PUT", "PUT", "@", event, ICS), ("PROPPATCH", "PROPPATCH", "@", NAMED, web.XML)]
    asked += [("MOVE from", "MOVE", "@", None, {"Destination": own + "y.ics"}), ("MOVE to", "MOVE", "own", None, {"Destination": "@"})]
    asked += [(f"REPORT {name}", "REPORT", "@", body, {"Depth": "1", **web.XML}) for name, body in REPORTS.items()]
    asked += [(f"REPORT {name} in his own", "REPORT", "own/", body, {"Depth": "1", **web.XML}) for name, body in REPORTS.items()]
    for place, other in (("team/", "none/"), ("team/one.ics", "team/nil.ics"), ("team/one.ics", "none/one.ics")):
        for what, method, at, body, headers in asked:
            told = []
            for name in (place, other):
                url = doors.url + "ann/" + name
                path = "/" + url.split("/", 3)[3]
                where = {"@": url, "own": own + "x.ics", "own/": own}[at]
                filled = {key: value.replace("@", url) if key == "Destination" else value for key, value in headers.items()}
                told.append(answer_of(method, where, body and body.replace("@HREF@", path), filled, [name, name.rstrip("/")]))
            check.check(f"carl: {what} of {place} tells nothing ({told[0][0]})", told[0] == told[1] and (told[0][0] >= 400 or at == "own/"),
                f"{told[0]} but {told[1]}")
    for path in ("", "carl/"):
        listed = ask("carl", "PROPFIND", doors.url + path, Depth="1")
        check.check(f"carl: a listing of /{path} tells nothing", listed.status == 207 and b"ann" not in listed.body, listed.body)
    check.equal("carl: ann's home is not there", ask("carl", "PROPFIND", doors.url + "ann/", Depth="1").status, 404)
    check.equal("bob: nor is it to him", ask("bob", "PROPFIND", doors.url + "ann/", Depth="1").status, 404)


def homes(check, url, doors, radicale):
    """`auto_home`: the first request of somebody new, which is a client's."""
    missing = ask("bob", "PROPFIND", doors.url + "dora/", Depth="0")
    check.equal("nobody makes dora's home but dora", (missing.status, radicale.has("dora")), (404, False))
    tsdav = calendar_clients.Tsdav(url, "dora", USERS["dora"])
    check.equal("dora's first request", tsdav.do("discover"), ["dora", "dora"])
    check.equal("has a home", (tsdav.do("names"), radicale.has("dora")), ([], True))
    check.equal("in which calendars can be made", (tsdav.do("make"), tsdav.do("names")), ("Team", ["team"]))
    tsdav.do("remove")
    tsdav.stop()


def scene(check, url, doors, radicale):
    homes(check, url, doors, radicale)
    first_of_all(check, url, doors)
    clients(check, url, doors, radicale)
    folders(check, doors, radicale)
    privileges(check, doors)
    by_hand(check, doors, radicale)
    hidden(check, doors)
