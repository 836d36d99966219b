"""Two users and one lock: alice has it, bob wants it. On the wire first, then with real clients.

What passes, for a back end, a mode and a store: while alice holds a lock, bob writes, moves, deletes and overwrites
nothing that it covers, does not end it, and deletes no folder above it, with or without her token; alice can do all
of it. After each attempt the bytes at the back end are looked at, and that alice's lock still works.
`python3 tests/real/lockers.py --mode emulate --store memory --back-end nginx`
"""

import contextlib
import time

import lock_clients
import lock_lab
import lockers_clients
import report
from lock_scene import SHOWN, Scene, Shown

# Every mode with every store, every back end with every mode that it can have.
COMBINATIONS = [
    (back_end, mode, store)
    for back_end, mode, kept in (
        ("nginx", "emulate", "memory file redis redis-tls"),
        ("apache", "observe", "memory file redis redis-tls"),
        ("apache", "emulate", "file redis-tls"),
        ("apache-users", "observe", "memory file redis"),
        ("apache-users", "emulate", "memory"),
        ("zope", "emulate", "memory redis"),
        ("embedded", "default", "memory file redis redis-tls"),
        ("embedded", "emulate", "file redis"),
        ("sabredav", "observe", "memory redis-tls"),
        ("sabredav", "emulate", "file redis"),
        ("wsgidav", "observe", "file redis"),
        ("wsgidav", "emulate", "memory"),
        ("radicale", "emulate", "memory file redis"),
        ("rclone", "emulate", "memory file redis-tls"),
    )
    for store in kept.split()
]

# What a refusal of the gateway's is, and what a back end that locks says itself where no token of somebody else's is
# shown.
LOCKED = {423}
STORED = {200, 201, 204}
AS_BACK_END = {423, 403, 424, 412, 207, 409}

# What back ends do by themselves, so that it is so where the gateway only observes: (back end, step).
THEIR_OWN_WAY = {
    ("sabredav", "bob, without a token: LOCK of the folder and all in it"): "it looks for locks above only",
    ("sabredav", "bob, with her token: LOCK of the folder and all in it"): "it looks for locks above only",
    (
        "sabredav",
        "bob, with her token in a list that is true anyway: LOCK of the folder and all in it",
    ): "it looks for locks above only",
    ("sabredav", "alice, with her token: move over"): "a lock stays where its resource was",
    ("sabredav", "alice is shown her token, bob that there is a lock"): "it tells nobody of tokens",
    ("sabredav", "alice, with her token: move"): "a lock stays where its resource was",
    ("sabredav", "alice, with her token: delete"): "a lock stays where its resource was",
    ("sabredav", "alice, with her token: delete folder"): "it takes no token for what is in a folder",
    ("sabredav", "alice, with her token: move folder"): "it takes no token for what is in a folder",
    (
        "sabredav",
        "a lock of the folder alone keeps its list of names (L-37)",
    ): "to it, a lock of Depth 0 keeps only properties",
    ("wsgidav", "alice, with her token: move"): "a lock stays where its resource was",
    ("wsgidav", "alice, with her token: move folder"): "a lock stays where its resource was",
}

PATCH = (
    '<?xml version="1.0"?><D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><x xmlns="urn:x">%s</x></D:prop></D:set>'
    "</D:propertyupdate>"
)

# What bob tries: name, what he sends, what of the back end's abilities it takes.
ATTEMPTS = [
    ("PUT", lambda s, h: s.put(s.bob, s.doc, "bob's", If=h), None),
    (
        "PROPPATCH",
        lambda s, h: s.bob("PROPPATCH", s.doc, PATCH % "bob", Content_Type="application/xml", If=h),
        "PROPPATCH",
    ),
    ("DELETE", lambda s, h: s.bob("DELETE", s.doc, If=h), None),
    ("MOVE away", lambda s, h: s.bob("MOVE", s.doc, Destination=s.away, If=h), None),
    ("MOVE over it", lambda s, h: s.bob("MOVE", s.other, Destination=s.doc, Overwrite="T", If=h), "overwriting"),
    ("COPY over it", lambda s, h: s.bob("COPY", s.other, Destination=s.doc, Overwrite="T", If=h), "COPY"),
    ("DELETE of the folder", lambda s, h: s.bob("DELETE", s.theirs, If=h), None),
    ("MOVE of the folder", lambda s, h: s.bob("MOVE", s.theirs, Destination="elsewhere/", If=h), "MKCOL"),
    ("MOVE over the folder", lambda s, h: s.bob("MOVE", s.own, Destination=s.theirs, Overwrite="T", If=h), "MKCOL"),
    ("COPY over the folder", lambda s, h: s.bob("COPY", s.own, Destination=s.theirs, Overwrite="T", If=h), "COPY"),
    ("LOCK", lambda s, h: s.bob.lock(s.doc, **({"If": h} if h else {}))[0], None),
    ("shared LOCK", lambda s, h: s.bob.lock(s.doc, scope="shared", **({"If": h} if h else {}))[0], "shared"),
    (
        "LOCK of the folder and all in it",
        lambda s, h: s.bob.lock(s.theirs, "infinity", **({"If": h} if h else {}))[0],
        None,
    ),
]

# The same where alice has locked the folder with all that is in it.
BELOW = [
    ("PUT of a member", lambda s, h: s.put(s.bob, s.doc, "bob's", If=h), None),
    ("PUT of a new member", lambda s, h: s.put(s.bob, s.new, "bob's", If=h), None),
    ("MKCOL in it", lambda s, h: s.bob("MKCOL", f"{s.theirs}sub/", If=h), "MKCOL"),
    ("DELETE of a member", lambda s, h: s.bob("DELETE", s.doc, If=h), None),
    ("MOVE of a member out", lambda s, h: s.bob("MOVE", s.doc, Destination=s.away, If=h), None),
    ("MOVE into it", lambda s, h: s.bob("MOVE", s.other, Destination=s.new, If=h), None),
    ("COPY into it", lambda s, h: s.bob("COPY", s.other, Destination=s.new, If=h), "COPY"),
    ("DELETE of it", lambda s, h: s.bob("DELETE", s.theirs, If=h), None),
    ("LOCK of a member", lambda s, h: s.bob.lock(s.doc, **({"If": h} if h else {}))[0], None),
]


class Wire:
    """All that is tried without a client, for one combination."""

    def __init__(self, check, combination, gateway):
        self.check, self.combination, self.gateway = check, combination, gateway
        self.own_locks = combination.mode == "emulate" or combination.back_end.name == "embedded"
        self.owners = combination.mode not in ("plain", "off")

    def scene(self):
        return Scene(self.combination, self.gateway)

    def can(self, ability):
        return ability not in self.combination.back_end.lacks

    @contextlib.contextmanager
    def step(self, name):
        """One test; where the back end has its own way and the gateway does not lock itself, what fails is only
        told.
        """
        why = None if self.combination.mode == "emulate" else THEIR_OWN_WAY.get((self.combination.back_end.name, name))
        if not why:
            with self.check.step(f"{self.combination.title}: {name}"):
                yield
            return
        try:
            yield
        except AssertionError as error:
            self.check.note(f"{self.combination.title}: {name}: the back end's own way, {why}: {str(error)[:80]}")
        else:
            self.check.ok(f"{self.combination.title}: {name}")

    def attempt(self, name, send, path=None, depth="0"):
        """bob tries, with every way to show a token that says something here."""
        for how, shown in SHOWN.items():
            if shown(Shown) and not self.owners:
                continue  # whoever has the token may use it
            with self.step(f"bob, {how}: {name}"):
                scene = self.scene()
                scene.lock(path and getattr(scene, path), depth)
                before = scene.state()
                answer = send(scene, shown(scene))
                assert scene.state() == before, f"{answer.status}: was {before}, is {scene.state()}"
                ours = self.own_locks or (shown(scene) and self.owners and "LOCK" not in name)  # LOCK: L-56
                want = LOCKED if ours else AS_BACK_END
                assert answer.status in want, f"{answer.status} {answer.body[:300]}"
                answer = scene.put(scene.alice, scene.doc, "alice's", If=scene.if_header())
                assert answer.status in STORED, f"then alice's PUT: {answer.status} {answer.body[:300]}"
                scene.holds(scene.doc, "alice's")

    def bob(self):
        for name, send, ability in ATTEMPTS:
            if self.can(ability):
                self.attempt(name, send)
        for name, send, ability in BELOW:
            if self.can(ability):
                self.attempt(f"alice has the folder: {name}", send, "theirs", "infinity")
        with self.step("bob does not end, refresh or see alice's lock"):
            scene = self.scene()
            scene.lock()
            ended = scene.bob.unlock(scene.doc, scene.token).status
            assert not self.owners or ended in ({403} if self.own_locks else {403, 409, 423}), f"UNLOCK: {ended}"
            if self.owners:
                refreshed = scene.bob.refresh(scene.doc, scene.token).status
                assert refreshed in ({412} if self.own_locks else {412, 423, 403}), f"refresh: {refreshed}"
                answer = scene.put(scene.bob, scene.doc, "bob's")
                assert answer.status == 423, f"PUT: {answer.status}"
                scene.holds(scene.doc, f"as {scene.doc} was")
        with self.step("alice is shown her token, bob that there is a lock"):
            scene = self.scene()
            scene.lock()
            ask = '<?xml version="1.0"?><propfind xmlns="DAV:"><prop><lockdiscovery/></prop></propfind>'
            more = {"Depth": "0", "Content_Type": "application/xml"}
            hers, his = (who("PROPFIND", scene.doc, ask, **more) for who in (scene.alice, scene.bob))
            assert scene.token.encode() in hers.body, f"alice: {hers.body[:600]}"
            assert his.property("{DAV:}activelock") is not None, f"bob: {his.body[:600]}"
            assert scene.token.encode() not in his.body, f"bob: {his.body[:600]}"

    def alice(self):
        """Everything that bob may not; then the lock is gone, and bob may."""

        def header(scene):
            """mod_dav holds a list without a tag against the folder, too."""
            return f"(<{scene.token}>)" if self.own_locks else scene.if_header()

        def write(scene):
            yield scene.put(scene.alice, scene.doc, "alice's", If=f"(<{scene.token}>)")
            scene.holds(scene.doc, "alice's")
            yield scene.put(scene.alice, scene.doc, "alice's again", If=scene.if_header())
            scene.holds(scene.doc, "alice's again")
            yield scene.alice.refresh(scene.doc, scene.token)
            yield scene.alice.unlock(scene.doc, scene.token)

        def properties(scene):
            kind = {"Content_Type": "application/xml", "If": f"(<{scene.token}>)"}
            answer = scene.alice("PROPPATCH", scene.doc, PATCH % "alice", **kind)
            assert answer.status == 207, f"PROPPATCH: {answer.status}"
            yield scene.alice.unlock(scene.doc, scene.token)

        def copy_over(scene):
            yield scene.alice("COPY", scene.beside, Destination=scene.doc, Overwrite="T", If=scene.if_header())
            scene.holds(scene.doc, f"as {scene.beside} was")
            scene.alice.unlock(scene.doc, scene.token)  # some take the lock away with what was there

        def move_over(scene):
            yield scene.alice("MOVE", scene.beside, Destination=scene.doc, Overwrite="T", If=scene.if_header())
            scene.holds(scene.beside, None)
            scene.holds(scene.doc, f"as {scene.beside} was")
            scene.alice.unlock(scene.doc, scene.token)

        def move(scene):
            yield scene.alice("MOVE", scene.doc, Destination=scene.away, If=header(scene))
            scene.holds(scene.doc, None)
            scene.holds(scene.away, f"as {scene.doc} was")

        def delete(scene):
            yield scene.alice("DELETE", scene.doc, If=header(scene))
            scene.holds(scene.doc, None)

        def delete_folder(scene):
            yield scene.alice("DELETE", scene.theirs, If=scene.if_header())
            assert scene.back_end.everything(scene.theirs) is None, "the folder is still there"
            scene.back_end.folder(scene.theirs)

        def move_folder(scene):
            yield scene.alice("MOVE", scene.theirs, Destination=f"{scene.own}moved/", If=scene.if_header())
            assert scene.back_end.everything(scene.theirs) is None, "the folder is still there"
            scene.back_end.folder(scene.theirs)

        steps = [
            (write, None),
            (properties, "PROPPATCH"),
            (copy_over, "COPY"),
            (move_over, "overwriting"),
            (move, None),
        ]
        for action, ability in [*steps, (delete, None), (delete_folder, None), (move_folder, "MKCOL")]:
            if not self.can(ability):
                continue
            with self.step(f"alice, with her token: {action.__name__.replace('_', ' ')}"):
                scene = self.scene()
                scene.lock()
                for answer in action(scene):
                    assert answer.status in STORED, f"{answer.status} {answer.body[:300]}"
                answer = scene.put(scene.bob, scene.doc, "bob's at last")
                assert answer.status in STORED, f"and then bob's PUT: {answer.status} {answer.body[:300]}"
                scene.holds(scene.doc, "bob's at last")

    def folders(self):
        if self.can("depth 0"):
            with self.step("a lock of the folder alone keeps its list of names (L-37)"):
                scene = self.scene()
                scene.lock(scene.theirs)
                answer = scene.put(scene.bob, scene.doc, "bob's")
                assert answer.status in STORED, f"PUT of a member: {answer.status}"
                scene.holds(scene.doc, "bob's")
                before = scene.state()
                for answer in (scene.put(scene.bob, scene.new, "bob's"), scene.bob("DELETE", scene.doc)):
                    assert answer.status in (LOCKED if self.own_locks else AS_BACK_END), f"{answer.status}"
                    assert scene.state() == before, "something has changed"
        with self.step("alice in the folder that she has locked with all in it"):
            scene = self.scene()
            scene.lock(scene.theirs, "infinity")
            for path in (scene.doc, scene.new):
                answer = scene.put(scene.alice, path, "alice's", If=scene.if_header())
                assert answer.status in STORED, f"PUT {path}: {answer.status}"
                scene.holds(path, "alice's")
            answer = scene.alice("DELETE", scene.doc, If=scene.if_header())
            assert answer.status in (200, 204), f"DELETE: {answer.status}"
            scene.holds(scene.doc, None)
            assert scene.alice.unlock(scene.theirs, scene.token).status == 204, "UNLOCK"
            answer = scene.put(scene.bob, scene.new, "bob's")
            assert answer.status in STORED, f"then bob's PUT: {answer.status}"

    def emulated(self):
        """What only the gateway's own locks promise on every back end."""
        with self.step("a name with nothing there is locked (L-59)"):
            scene = self.scene()
            scene.lock(scene.new)
            answer = scene.put(scene.bob, scene.new, "bob's")
            assert answer.status == 423, f"bob's PUT: {answer.status}"
            answer = scene.put(scene.alice, scene.new, "alice's", If=f"(<{scene.token}>)")
            assert answer.status in STORED, f"alice's PUT: {answer.status}"
            scene.holds(scene.new, "alice's")
        with self.step("shared locks: both write with their own, nobody with that of the other"):
            scene = self.scene()
            first, hers = scene.alice.lock(scene.doc, scope="shared")
            second, his = scene.bob.lock(scene.doc, scope="shared")
            assert first.status == second.status == 200, f"{first.status} {second.status}"
            third = scene.alice.lock(scene.doc)[0]
            assert third.status == 423, f"an exclusive one beside them: {third.status}"
            told = [
                scene.put(who, scene.doc, text, If=f"(<{token}>)").status
                for who, text, token in (
                    (scene.bob, "bob's", hers),
                    (scene.alice, "alice's", his),
                    (scene.bob, "bob's", his),
                    (scene.alice, "alice's", hers),
                )
            ]
            assert told[:2] == [423, 423] and set(told[2:]) <= STORED, f"{told}"
            scene.holds(scene.doc, "alice's")

    def restart(self):
        """A store that outlives the gateway keeps whose a lock is, whoever keeps the lock itself."""
        with self.step("a gateway that is killed and started again knows the lock"):
            scene = self.scene()
            scene.lock()
            self.gateway.kill()
            self.gateway.start()
            answer = scene.put(scene.bob, scene.doc, "bob's")
            assert answer.status == 423, f"bob's PUT: {answer.status}"
            answer = scene.put(scene.bob, scene.doc, "bob's", If=f"(<{scene.token}>)")
            assert answer.status == 423, f"bob's PUT with her token: {answer.status}"
            scene.holds(scene.doc, f"as {scene.doc} was")
            answer = scene.put(scene.alice, scene.doc, "alice's", If=f"(<{scene.token}>)")
            assert answer.status in STORED, f"alice's PUT: {answer.status} {answer.body[:200]}"
            assert scene.alice.unlock(scene.doc, scene.token).status == 204, "UNLOCK"

    def run(self):
        self.bob()
        self.alice()
        self.folders()
        if self.own_locks:
            self.emulated()
        # Where the embedded back end keeps the locks, they end with its process, which is the gateway's.
        ends = self.combination.back_end.name == "embedded" and self.combination.mode != "emulate"
        if self.owners and self.combination.store.name != "memory" and not ends:
            self.restart()


def off(check, combination):
    """Nobody locks: LOCK is refused, and nothing tells of locks (LM-D)."""
    gateway = combination.gateway()
    scene = Scene(combination, gateway)
    with check.step(f"{combination.title}: nothing of locks"):
        before = scene.state()
        refused = [scene.alice.lock(scene.doc)[0].status, scene.alice.unlock(scene.doc, "urn:uuid:1").status]
        assert refused == [405, 405], f"{refused}"
        options = scene.alice("OPTIONS", scene.doc)
        assert "2" not in [word.strip() for word in (options["DAV"] or "").split(",")], options["DAV"]
        assert "LOCK" not in (options["Allow"] or ""), options["Allow"]
        found = scene.alice("PROPFIND", scene.doc, Depth="0")
        assert b"lockentry" not in found.body, found.body[:600]
        assert scene.state() == before, "something has changed"


def run(check, combinations):
    seen = set()
    for names in combinations:
        started = time.monotonic()
        try:
            combination = lock_lab.Combination(*names)
        except Exception as error:
            check.fail(f"{', '.join(names)}: the start", f"{type(error).__name__}: {error}")
            continue
        try:
            if combination.mode == "off":
                off(check, combination)
                continue
            gateway = combination.gateway()
            Wire(check, combination, gateway).run()
            kinds = lock_clients.alices(check)
            lockers_clients.run(check, combination, gateway, kinds, whole=names[1] not in seen)
            seen.add(names[1])
        except Exception as error:
            check.fail(f"{combination.title}: ended early", f"{type(error).__name__}: {error}")
        finally:
            combination.stop()
        check.note(f"{combination.title}: {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    report.main("lockers", lambda check: run(check, lock_lab.chosen(__doc__, COMBINATIONS)))
