"""A part of the matrix of tests/matrix on a real Apache: roles, methods and states, with the verdict that two evaluators agree on.

A refused request has its status and leaves the tree of files as it was. A permitted one has the status that Apache gives to the
same request without a gateway, and leaves the tree that Apache leaves then. A gateway in report mode lets everything pass that is
not anonymous, and tells of each request what the other one did.
"""

import json
import os
import shutil

import report
import servers
import web

DATA = os.path.join(servers.ROOT, "tests", "data", "matrix.json")
USERS = os.path.join(servers.ROOT, "tests", "config", "good", "users.htpasswd")

FOLDERS = [
    "shared", "shared/hidden", "shared/frozen", "shared/kept", "home", "home/ann", "home/bob", "drop", "public", "archive",
    "mixed",
]
SAFE = ("GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT")
BODIES = {
    "PUT": "new",
    "PROPPATCH": '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><x xmlns="urn:x">1</x></D:prop></D:set></D:propertyupdate>',
    "LOCK": '<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>',
}


def place(root, key, state):
    """Makes what is at a key be in a state."""
    path = os.path.join(root, key.lstrip("/"))
    if state != "Collection" or not os.path.isdir(path):
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.remove(path)
    if state == "Resource":
        with open(path, "w") as out:
            out.write(f"old {key}")
    elif state == "Collection":
        os.makedirs(path, exist_ok=True)
        with open(os.path.join(path, "in.txt"), "w") as out:
            out.write("member")


def build(apache, root, row):
    """The tree of a row, anew."""
    for name in os.listdir(root):
        path = os.path.join(root, name)
        servers.remove(path) if os.path.isdir(path) else os.remove(path)
    for folder in FOLDERS:
        os.makedirs(os.path.join(root, folder))
    place(root, row["path"], row["state"])
    if row["destination"]:
        place(root, row["destination"], row["destination_state"])
    for folder, _, files in os.walk(root):
        for name in [folder, *(os.path.join(folder, name) for name in files)]:
            apache.own(name)


def tree(root):
    """Every file with its content and every folder, but for what mod_dav keeps for itself."""
    found = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != ".DAV"]
        found[os.path.relpath(folder, root)] = None
        for name in files:
            with open(os.path.join(folder, name), "rb") as source:
                found[os.path.relpath(os.path.join(folder, name), root)] = source.read()
    return found


def ask(base, row, internal):
    """Sends the row's request to `base`; a lock that it makes is taken away at `internal`, the back end's own URL."""
    headers = {"Depth": "0"} if row["method"] == "PROPFIND" else {}
    body = BODIES.get(row["method"])
    if body:
        headers["Content-Type"] = "text/plain" if row["method"] == "PUT" else "application/xml"
    if row["role"]:
        headers["X-User"] = row["role"]
    if row["destination"]:
        headers["Destination"] = base + row["destination"].lstrip("/")
    answer = web.request(row["method"], base + row["path"].lstrip("/"), body, headers)
    if row["method"] == "LOCK" and answer.status < 300 and answer["Lock-Token"]:
        web.unlock(internal + row["path"].lstrip("/"), answer["Lock-Token"].strip("<>"))
    return answer.status


def name(row):
    text = f"{row['role'] or 'nobody'} {row['method']} {row['path']} ({row['state']})"
    if row["destination"]:
        text += f" to {row['destination']} ({row['destination_state']})"
    return text


def run(check):
    with open(DATA) as source:
        matrix = json.load(source)
    policy, rows = matrix["policy"], matrix["rows"]
    groups = {}
    for user, memberships in policy["roles"]:
        for group in memberships:
            groups.setdefault(group, []).append(user)
    apache = servers.Apache()
    identity = {
        "basic": {"htpasswd": USERS},
        "trusted_header": {"user": "X-User", "from": ["127.0.0.1"]},
        "groups": groups,
    }
    rules = {"methods": policy["methods"], "access": policy["access"]}
    enforcing = servers.Gateway("/files/", apache.at["/dav/"], identity=identity, **rules)
    trial = servers.Gateway("/files/", apache.at["/dav/"], identity=identity, mode="report", **rules)
    files, direct_files = apache.files["/dav/"], apache.files["/"]

    permitted = 0
    for row in rows:
        with check.step(name(row)):
            build(apache, direct_files, row)
            want = ask(apache.at["/"], row, apache.at["/"])
            after = tree(direct_files)
            tells = want in (301, 404, 405, 412, 423) and row["method"] not in SAFE
            if row["hidden"] and not row["refused"] and tells:
                # it would tell of what is hidden. Where rules are only told, it does.
                row["masked"] = 403
            for gateway in (enforcing, trial):
                enforced = gateway is enforcing or not row["role"]
                refused = (row["refused"] or row.get("masked")) if enforced else None
                build(apache, files, row)
                before = tree(files)
                got = ask(gateway.url, row, apache.at["/dav/"])
                if refused:
                    assert got == refused, f"{got}, expected the refusal {refused}"
                    assert tree(files) == before, "a refused request changed files"
                else:
                    assert got == want, f"{got}, without a gateway {want}"
                    assert tree(files) == after, "the files are not what they are without a gateway"
                    permitted += after != before
    check.check(f"{permitted} permitted requests changed files", permitted > 50)
    for gateway, count in ((enforcing, "deny"), (trial, "report")):
        told(check, gateway, rows, count)


def told(check, gateway, rows, verdict):
    """The log tells every refusal of the matrix, in the order of the rows."""
    lines = gateway.access()
    check.equal(f"{verdict}: a line for each request", len(lines), len(rows))
    wrong = []
    for row, line in zip(rows, lines):
        enforced = verdict == "deny" or not row["role"]
        refused = row["refused"] or (row.get("masked") if enforced else None)
        if not refused:
            want = ("permit", None)
        elif enforced:
            want = ("deny", refused)
        else:
            want = ("report", refused)
        status = line["status"] if line["verdict"] == "deny" else line.get("reported_status")
        if (line["verdict"], status) != want:
            wrong.append(f"{name(row)}: {line['verdict']} {status}, expected {want}")
    check.check(f"{verdict}: every verdict is told", not wrong, "; ".join(wrong[:5]))


if __name__ == "__main__":
    report.main("matrix", run)
