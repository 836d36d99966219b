// npm `tsdav` for calendar_clients.py: URL, user, password; then a JSON list [STEP, ARGUMENTS...] a line, one JSON answer a line. A step's value
// is what a user would see of it, without URLs, so that it is the same wherever the server is. DAVGATE_NPM names the node_modules folder.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const require = createRequire(process.env.DAVGATE_NPM + "/x.js");
const dav = await import(pathToFileURL(require.resolve("tsdav")).href);
const [serverUrl, username, password] = process.argv.slice(2);

const event = (uid, day, text) =>
    ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//davgate//tests//EN", "BEGIN:VEVENT", `UID:${uid}`, "DTSTAMP:20260101T000000Z",
        `DTSTART:202601${String(day).padStart(2, "0")}T100000Z`, `DTEND:202601${String(day).padStart(2, "0")}T110000Z`, `SUMMARY:${text}`,
        "END:VEVENT", "END:VCALENDAR", ""].join("\r\n");
const card = (uid, name) => ["BEGIN:VCARD", "VERSION:3.0", `UID:${uid}`, `FN:${name}`, `N:${name};;;;`, "END:VCARD", ""].join("\r\n");
const fields = (objects, name) => objects.map((one) => one.data.match(new RegExp(`^${name}:(.*?)\\r?$`, "m"))?.[1]).sort();
const last = (url) => decodeURIComponent(url.replace(/\/$/, "").split("/").pop());
const good = async (promise) => {
    const answer = await promise;
    for (const one of Array.isArray(answer) ? answer : [answer]) if (!one.ok) throw new Error(`status ${one.status} ${one.statusText}`);
    return answer;
};
const week = { start: "2026-01-05T00:00:00Z", end: "2026-01-07T00:00:00Z" };

let calendars, contacts, calendar, book;
const client = (kind) => dav.createDAVClient({
    serverUrl, credentials: { username, password }, authMethod: "Basic", defaultAccountType: kind });
const objects = (more = {}) => calendars.fetchCalendarObjects({ calendar, ...more });
const called = async (uid) => (await objects()).find((one) => one.data.includes(`UID:${uid}\r\n`) || one.data.includes(`UID:${uid}\n`));
const paths = (found) => found.map((one) => new URL(one.url).pathname);

const steps = {
    discover: async () => {
        calendars = await client("caldav");
        const account = await calendars.createAccount({ account: { serverUrl, accountType: "caldav" } });
        return [last(account.principalUrl), last(account.homeUrl)];
    },
    make: async () => {
        const account = await calendars.createAccount({ account: { serverUrl, accountType: "caldav" } });
        const url = new URL("team/", account.homeUrl).href;
        await good(calendars.makeCalendar({ url, props: { "d:displayname": "Team" } }));
        calendar = (await calendars.fetchCalendars()).find((one) => last(one.url) === "team");
        return calendar.displayName;
    },
    names: async () => (await calendars.fetchCalendars()).map((one) => last(one.url)).sort(),
    use: async (url) => { calendars ??= await client("caldav"); calendar = { url }; },
    put: async () => {
        const names = [["one", 5], ["two", 6], ["a b", 7], ["käse", 8], ["x+1@h.example", 9]];
        for (const [uid, day] of names)
            await good(calendars.createCalendarObject({ calendar, filename: encodeURIComponent(uid) + ".ics", iCalString: event(uid, day, "text " + uid) }));
    },
    put_one: async (uid) => { await good(calendars.createCalendarObject({ calendar, filename: uid + ".ics", iCalString: event(uid, 11, "text " + uid) })); },
    events: async () => fields(await objects(), "SUMMARY"),
    get: async (uid = "one") => fields([await called(uid)], "SUMMARY"),
    change: async (uid = "two") => {
        const one = await called(uid);
        one.data = one.data.replace("SUMMARY:text", "SUMMARY:changed");
        await good(calendars.updateCalendarObject({ calendarObject: one }));
        return fields([await called(uid)], "SUMMARY");
    },
    stale: async () => {
        const one = await called("two");
        const answer = await calendars.updateCalendarObject({ calendarObject: { ...one, etag: '"of-long-ago"' } });
        return answer.status;
    },
    query: async () => fields(await objects({ timeRange: week, useMultiGet: false }), "SUMMARY"),
    multiget: async () => {
        const found = await good(calendars.calendarMultiGet({ url: calendar.url, objectUrls: paths(await objects()), depth: "1",
            props: { "d:getetag": {}, "c:calendar-data": {} } }));
        return fields(found.map((one) => ({ data: one.props.calendarData._cdata ?? one.props.calendarData })), "SUMMARY");
    },
    sync: async () => {
        const known = { ...(await calendars.fetchCalendars()).find((one) => last(one.url) === last(calendar.url)), objects: await objects() };
        const begun = fields(known.objects, "SUMMARY");
        await steps.put_one("late");
        const later = await calendars.smartCollectionSync({ collection: { ...known, objectMultiGet: calendars.calendarMultiGet }, method: "webdav",
            detailedResult: true });
        await good(calendars.deleteCalendarObject({ calendarObject: await called("late") }));
        return [begun, later.objects.created.map((one) => last(one.url)), later.objects.deleted.length];
    },
    read_sync: async () => {
        const found = await calendars.syncCollection({ url: calendar.url, props: { "d:getetag": {} }, syncLevel: 1 });
        const names = found.filter((one) => one.href && one.status < 300).map((one) => last(one.href));
        if (!names.length) throw new Error(`status ${found[0]?.status}`);
        return names.filter((name) => name.endsWith(".ics")).sort();
    },
    addresses: async () => (await calendars.fetchCalendarUserAddresses?.())?.length ?? 0,
    delete: async (uid = "one") => {
        await good(calendars.deleteCalendarObject({ calendarObject: await called(uid) }));
        return steps.events();
    },
    remove: async () => { await good(calendars.deleteObject({ url: calendar.url })); return steps.names(); },
    contacts: async () => {
        contacts = await client("carddav");
        const account = await contacts.createAccount({ account: { serverUrl, accountType: "carddav" } });
        return [last(account.principalUrl), last(account.homeUrl)];
    },
    make_book: async () => {
        const account = await contacts.createAccount({ account: { serverUrl, accountType: "carddav" } });
        await good(contacts.davRequest({ url: new URL("people/", account.homeUrl).href, init: { method: "MKCOL", namespace: "d", headers: {}, body: { mkcol: {
            _attributes: { "xmlns:d": "DAV:", "xmlns:card": "urn:ietf:params:xml:ns:carddav" },
            set: { prop: { displayname: "People", resourcetype: { "d:collection": {}, "card:addressbook": {} } } } } } } }));
        book = (await contacts.fetchAddressBooks()).find((one) => last(one.url) === "people");
        return book.displayName;
    },
    put_cards: async () => {
        for (const [uid, name] of [["c1", "Eve"], ["c 2", "Zoë"]])
            await good(contacts.createVCard({ addressBook: book, filename: encodeURIComponent(uid) + ".vcf", vCardString: card(uid, name) }));
    },
    cards: async () => fields(await contacts.fetchVCards({ addressBook: book }), "FN"),
    change_card: async () => {
        const one = (await contacts.fetchVCards({ addressBook: book })).find((found) => found.data.includes("Eve"));
        await good(contacts.updateVCard({ vCard: { ...one, data: one.data.replaceAll("Eve", "Eva") } }));
        return steps.cards();
    },
    delete_card: async () => {
        const one = (await contacts.fetchVCards({ addressBook: book })).find((found) => found.data.includes("Eva"));
        await good(contacts.deleteVCard({ vCard: one }));
        return steps.cards();
    },
};

for await (const line of createInterface({ input: process.stdin })) {
    const [step, ...rest] = JSON.parse(line);
    let answer;
    try {
        answer = { value: (await steps[step](...rest)) ?? null };
    } catch (error) {
        answer = { error: String(error) };
    }
    console.log(JSON.stringify(answer));
}
