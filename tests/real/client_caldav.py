"""caldav (PyPI) for calendar_clients.py: URL, user, password; then a JSON list [STEP, ARGUMENTS...] a line, one JSON answer a line.

A step's value is what a user would see of it, without URLs, so that it is the same wherever the server is. Run with the Python of the
environment that tests/run makes.
"""

import json
import logging
import re
import sys
from datetime import datetime, timezone
from urllib.parse import unquote

import caldav
from caldav.elements import dav

EVENT = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//davgate//tests//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n"
    "DTSTART:202601{day:02}T100000Z\r\nDTEND:202601{day:02}T110000Z\r\n{more}SUMMARY:{text}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
TODO = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//davgate//tests//EN\r\nBEGIN:VTODO\r\nUID:todo\r\nDTSTAMP:20260101T000000Z\r\n"
    "SUMMARY:buy paper\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"
)


def day(number):
    return datetime(2026, 1, number, tzinfo=timezone.utc)


def summaries(objects):
    found = [re.findall(r"^SUMMARY:(.*?)\r?$", one.data, re.M) for one in objects]
    return sorted(text for texts in found for text in texts)


class Session:
    def __init__(self, url, user, password):
        self.client = caldav.DAVClient(url=url, username=user, password=password, enable_rfc6764=False)
        self.calendar = None

    def discover(self):
        """Principal and calendar home."""
        self.principal = self.client.principal()
        home = str(self.principal.calendar_home_set.url)
        return [str(self.principal.url).rstrip("/").rsplit("/", 1)[-1], home.rstrip("/").rsplit("/", 1)[-1]]

    def make(self):
        self.calendar = self.principal.make_calendar(name="Team", cal_id="team")
        return self.calendar.id

    def names(self):
        return sorted(str(one.url).rstrip("/").rsplit("/", 1)[-1] for one in self.principal.get_calendars())

    def use(self, url):
        """A calendar of somebody else's."""
        self.calendar = self.client.calendar(url=url)

    def put(self):
        odd = [("a b", 7), ("käse", 8), ("x+1@h.example", 9)]
        for uid, number in [("one", 5), ("two", 6), *odd]:
            self.calendar.add_event(EVENT.format(uid=uid, day=number, text=f"text {uid}", more=""))
        self.calendar.add_event(EVENT.format(uid="daily", day=20, text="daily", more="RRULE:FREQ=DAILY;COUNT=3\r\n"))

    def put_one(self, uid):
        self.calendar.add_event(EVENT.format(uid=uid, day=11, text=f"text {uid}", more=""))

    def events(self):
        return summaries(self.calendar.get_events())

    def get(self, uid="one"):
        found = self.calendar.get_event_by_uid(uid)
        return summaries([self.calendar.event_by_url(found.url)])

    def change(self, uid="two"):
        event = self.calendar.get_event_by_uid(uid)
        event.data = event.data.replace("SUMMARY:text", "SUMMARY:changed")
        event.save()
        return self.get(uid)

    def query(self):
        return summaries(self.calendar.search(start=day(5), end=day(7), event=True, expand=False))

    def expand(self):
        found = self.calendar.search(start=day(20), end=day(25), event=True, server_expand=True)
        return sorted(start for one in found for start in re.findall(r"^DTSTART.*:(\S+?)\r?$", one.data, re.M))

    def multiget(self):
        urls = [one.url for one in self.calendar.search(start=day(5), end=day(10), event=True, expand=False)]
        return summaries(self.calendar.multiget(urls))

    def sync(self):
        first = self.calendar.get_objects_by_sync_token(load_objects=True, disable_fallback=True)
        begun = summaries(first.objects)
        self.put_one("late")
        later = self.calendar.get_objects_by_sync_token(first.sync_token, load_objects=True, disable_fallback=True)
        self.calendar.get_event_by_uid("late").delete()
        last = self.calendar.get_objects_by_sync_token(later.sync_token, disable_fallback=True)
        return [begun, summaries(later.objects), len(list(last.objects))]

    def read_sync(self):
        found = self.calendar.get_objects_by_sync_token(disable_fallback=True).objects
        return sorted(unquote(str(one.url).rsplit("/", 1)[-1]) for one in found if str(one.url).endswith(".ics"))

    def freebusy(self):
        found = self.calendar.freebusy_request(start=day(5), end=day(7))
        return sorted(re.findall(r"^FREEBUSY.*:(\S+?)\r?$", found.data, re.M))

    def todo(self):
        self.calendar.add_todo(TODO)
        return summaries(self.calendar.get_todos())

    def rename(self):
        self.calendar.set_properties([dav.DisplayName("Team & friends")])
        return self.calendar.get_properties([dav.DisplayName()])

    def delete(self, uid="one"):
        self.calendar.get_event_by_uid(uid).delete()
        return self.events()

    def remove(self):
        self.calendar.delete()
        return self.names()


def main(*arguments):
    logging.disable(logging.CRITICAL)
    session = Session(*arguments)
    answers, sys.stdout = sys.stdout, sys.stderr  # the library prints what it likes
    for line in sys.stdin:
        step, *rest = json.loads(line)
        try:
            answer = {"value": getattr(session, step)(*rest)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, default=str), file=answers, flush=True)


main(*sys.argv[1:])
