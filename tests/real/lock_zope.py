"""What Zope makes of If, and what the gateway makes of that (L-26): where nothing is, Zope refuses every If, unless the
folder is locked; then it wants one. Where something is, it looks for the token of a lock there, and at nothing else.

What passes: with an If that is true, alice makes and writes what she has locked, where Zope locks (`observe`) and where
the gateway does (`emulate`); with one that is false nobody does anything, and bob does nothing with any. First, that
Zope is still so.
`python3 tests/real/lock_zope.py`
"""

import lock_lab
import report
import web
from lock_scene import Scene

NEVER = "<DAV:no-lock>"
LOCKINFO = (
    '<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/>'
    "</D:locktype><D:owner>x</D:owner></D:lockinfo>"
)
BOGUS = "<opaquelocktoken:bogus>"
STORED = (200, 201, 204)


def directly(check, back_end):
    """Why the profile is as it is: a Zope that is not so wants another one."""
    back_end.folder("direct/")
    back_end.put("direct/there.txt", "there")
    true = f"({NEVER}) (Not {NEVER})"
    answer = back_end.ask("PUT", "direct/new.txt", b"new", If=true)
    check.equal("directly: any If on a PUT where nothing is", answer.status, 412)
    made = back_end.ask("LOCK", "direct/", LOCKINFO, Depth="0", **web.XML)
    answer = back_end.ask("PUT", "direct/new.txt", b"new")
    check.equal("directly: no If, where the folder is locked", (made.status, answer.status), (200, 423))
    answer = back_end.ask("PUT", "direct/there.txt", b"new", If=f"({BOGUS})")
    check.note(f"directly: a token that no lock has, on what is not locked: {answer.status}")


def makes(scene, how, header):
    """alice makes something in the folder that she has locked, with this If."""
    answer = scene.put(scene.alice, scene.new, "alice's", If=header)
    assert answer.status in STORED, f"{how}: {answer.status} {answer.body[:300]}"
    scene.holds(scene.new, "alice's")
    answer = scene.put(scene.alice, scene.new, "alice's again", If=header)
    assert answer.status in STORED, f"{how}, once more: {answer.status} {answer.body[:300]}"
    scene.holds(scene.new, "alice's again")
    answer = scene.alice("MKCOL", f"{scene.theirs}sub/", If=header)
    assert answer.status == 201, f"{how}, MKCOL: {answer.status} {answer.body[:300]}"


def through(check, combination):
    gateway, title = combination.gateway(), combination.title
    with check.step(f"{title}: a new member of a folder locked with all in it, by its token"):
        scene = Scene(combination, gateway)
        scene.lock(scene.theirs, "infinity")
        makes(scene, "untagged", f"(<{scene.token}>)")
    for depth in ("0", "infinity"):
        with check.step(f"{title}: a new member of a folder locked with Depth {depth}, by a tagged list"):
            scene = Scene(combination, gateway)
            scene.lock(scene.theirs, depth)
            makes(scene, "tagged", scene.if_header())
    with check.step(f"{title}: a new member on a condition that is true anyway"):
        scene = Scene(combination, gateway)
        makes(scene, "no lock at all", f"(Not {NEVER})")
    with check.step(f"{title}: what is locked, by its token"):
        scene = Scene(combination, gateway)
        scene.lock()
        answer = scene.put(scene.alice, scene.doc, "alice's", If=f"(<{scene.token}>)")
        assert answer.status in STORED, f"{answer.status} {answer.body[:300]}"
        scene.holds(scene.doc, "alice's")
    with check.step(f"{title}: nobody makes anything on a condition that is false"):
        scene = Scene(combination, gateway)
        scene.lock(scene.theirs, "infinity")
        before = scene.state()
        for who, header in (
            (scene.alice, f"({NEVER})"),
            (scene.alice, f"({BOGUS})"),
            (scene.alice, f"(Not <{scene.token}>)"),
            (scene.bob, f"({NEVER})"),
        ):
            answer = scene.put(who, scene.new, "not wanted", If=header)
            assert answer.status in (412, 423), f"{who.name} {header}: {answer.status} {answer.body[:300]}"
            assert scene.state() == before, f"{who.name} {header}: something has changed"
    with check.step(f"{title}: nobody writes to what is locked on a condition that is false"):
        scene = Scene(combination, gateway)
        scene.lock()
        before = scene.state()
        for who, header in (
            (scene.alice, f"({NEVER})"),
            (scene.alice, f"({BOGUS})"),
            (scene.bob, f"({BOGUS})"),
            (scene.bob, f"(<{scene.token}>)"),
            (scene.bob, f"(<{scene.token}>) (Not {NEVER})"),
        ):
            answer = scene.put(who, scene.doc, "not wanted", If=header)
            assert answer.status in (412, 423), f"{who.name} {header}: {answer.status} {answer.body[:300]}"
            assert scene.state() == before, f"{who.name} {header}: something has changed"
    with check.step(f"{title}: bob makes nothing in a folder that alice has locked"):
        scene = Scene(combination, gateway)
        scene.lock(scene.theirs, "infinity")
        before = scene.state()
        for header in (None, scene.if_header(), f"(<{scene.token}>)", f"(<{scene.token}>) (Not {NEVER})"):
            answer = scene.put(scene.bob, scene.new, "bob's", If=header)
            assert answer.status in (412, 423), f"{header}: {answer.status} {answer.body[:300]}"
            assert scene.state() == before, f"{header}: something has changed"
        makes(scene, "and alice can", scene.if_header())
    gateway.stop()


def run(check):
    for mode in ("observe", "emulate"):
        combination = lock_lab.Combination("zope", mode, "memory")
        try:
            if mode == "observe":
                directly(check, combination.back_end)
            through(check, combination)
        finally:
            combination.stop()


if __name__ == "__main__":
    report.main("locks", run)
