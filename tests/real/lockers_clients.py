"""The clients' part of lockers.py: alice holds a lock with each client that can, and bob tries with each of his."""

import os
import time

import drivers
import lock_clients
import lock_lab
import servers

PASSWORD = lock_lab.USERS["bob"]
BOBS = [drivers.Cadaver, drivers.Rclone, drivers.NpmWebdav, drivers.WebdavClient3]


class Stage:
    """A folder of one of alice's clients, with a document in it, and a file of bob's elsewhere."""

    count = 0

    def __init__(self, combination):
        Stage.count += 1
        self.back_end = back_end = combination.back_end
        self.folder, self.mine = f"stage{Stage.count}", f"bobs{Stage.count}"
        self.doc = f"{self.folder}/doc{back_end.extension}"
        self.other = f"{self.mine}/other{back_end.extension}"
        for folder, path in ((self.folder, self.doc), (self.mine, self.other)):
            back_end.folder(folder + "/")
            back_end.put(path, f"as it was in {folder}")

    def state(self):
        return [self.back_end.everything(folder + "/") for folder in (self.folder, self.mine)]


def attempts(client, gateway, stage, local):
    """All that bob's client can do to the document and the folder."""
    away = stage.other.replace("other", "away")
    yield "put", lambda: client.put(local, stage.doc)
    yield "move away", lambda: client.move(stage.doc, away)
    if "overwriting" not in stage.back_end.lacks:
        yield "move over it", lambda: client.move(stage.other, stage.doc)
    if "COPY" not in stage.back_end.lacks:
        yield "copy over it", lambda: client.copy(stage.other, stage.doc)
    yield "delete", lambda: client.delete(stage.doc)
    yield "delete the folder", lambda: getattr(client, "rmdir", client.delete)(stage.folder)
    if hasattr(client, "lock"):
        yield "lock", lambda: locks(client, gateway, stage.doc)


def locks(client, gateway, path):
    """cadaver's own driver does not say whether it got the lock; it is tried with what it says here."""
    if not isinstance(client, drivers.Cadaver):
        client.lock(path)
        return
    holder = lock_clients.CadaverHolder(gateway, "bob")
    try:
        holder.take(path)
    finally:
        holder.close()


def one(check, combination, gateway, kind, bobs):
    title = f"{combination.title}: alice with {kind.name}"
    stage = Stage(combination)
    back_end = combination.back_end
    local = os.path.join(servers.scratch("bob"), "local")
    with open(local, "wb") as out:
        out.write(back_end.document(stage.doc, "bob's"))
    holder = kind(gateway, "alice")
    try:
        holder.take(stage.doc)
        bob = lock_lab.User(gateway, "bob")
        until = time.monotonic() + 5
        while bob("PUT", stage.doc, back_end.document(stage.doc, "bob's"), **content(back_end)).status != 423:
            assert time.monotonic() < until, "the lock does not show"
            time.sleep(0.1)
        check.ok(f"{title}: takes the lock")
        for client in bobs:
            for name, action in attempts(client, gateway, stage, local):
                with check.step(f"{title}, bob with {client.name}: {name}"):
                    before = stage.state()
                    try:
                        action()
                        said = "says that it has worked"
                    except drivers.ClientError as error:
                        said = f"is told {str(error)[-100:]}"
                    assert stage.state() == before, f"{said}; was {before}, is {stage.state()}"
        # Without a mode, whoever has the token may use it: so bob has to guess it.
        token = getattr(holder, "token", None) if combination.mode != "plain" else None
        steal(check, title, stage, gateway, token or "urn:uuid:0e7dc0e2-7c8b-4a16-9b3c-3a0b1a0c0f10", local)
        with check.step(f"{title}: writes, and lets it go"):
            holder.write(back_end.document(stage.doc, "alice's"))
            want, until = back_end.document(stage.doc, "alice's"), time.monotonic() + 8
            while back_end.read(stage.doc) != want:
                assert time.monotonic() < until, f"the document holds {back_end.read(stage.doc)!r}"
                time.sleep(0.1)
            holder.release()
        with check.step(f"{title}: and then bob writes"):
            bobs[0].put(local, stage.doc)
            assert back_end.read(stage.doc) == back_end.document(stage.doc, "bob's"), f"{back_end.read(stage.doc)!r}"
    except Exception as error:
        check.fail(f"{title}: ended early", f"{type(error).__name__}: {error}")
    finally:
        holder.close()


def content(back_end):
    return {name.replace("-", "_"): value for name, value in back_end.kind.items()}


def steal(check, title, stage, gateway, token, local):
    """cadaver's `steal` takes the token out of PROPFIND and uses it; where there is none, bob types alice's in."""
    thief = lock_clients.CadaverHolder(gateway, "bob")
    try:
        with check.step(f"{title}, bob with cadaver: steal"):
            before = stage.state()
            try:
                thief.steal(stage.doc)
            except drivers.ClientError:
                pass
            for words in (["put", local, stage.doc], ["unlock", stage.doc], ["delete", stage.doc]):
                try:
                    thief.command(*words, token=token)
                except drivers.ClientError:
                    pass
            assert stage.state() == before, f"was {before}, is {stage.state()}"
    finally:
        thief.close()


def run(check, combination, gateway, kinds, whole):
    """`kinds` are alice's clients. `whole`: with every pair of clients; else with those that differ most."""
    if not whole:
        kinds = [kind for kind in kinds if kind in (lock_clients.Office, lock_clients.MountHolder)]
    bobs = [make(gateway.url, ("bob", PASSWORD)) for make in (BOBS if whole else BOBS[:2])]
    try:
        for kind in kinds:
            one(check, combination, gateway, kind, bobs)
    finally:
        for client in bobs:
            if hasattr(client, "close"):
                client.close()
