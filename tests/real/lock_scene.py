"""What a lock test is played on: two folders at the back end, two users, and the ways to show a token.

Each scene has folders of its own, so that nothing has to be put back.
"""

import time

import lock_lab

# The ways to show a token; of each, how the header is made. The last is true wherever it is evaluated.
SHOWN = {
    "without a token": lambda scene: None,
    "with her token": lambda scene: f"<{scene.url(scene.locked)}> (<{scene.token}>)",
    "with her token in a list that is true anyway": lambda scene: f"(<{scene.token}>) (Not <DAV:no-lock>)",
}


class Scene:
    """Two folders of their own at the back end: `theirs` with a document that alice locks and one beside it, `own` with
    one that nobody locks."""

    count = 0

    def __init__(self, combination, gateway):
        Scene.count += 1
        self.back_end = back_end = combination.back_end
        self.alice, self.bob = lock_lab.User(gateway, "alice"), lock_lab.User(gateway, "bob")
        self.theirs, self.own = f"theirs{Scene.count}/", f"own{Scene.count}/"
        end = back_end.extension
        self.doc, self.beside = f"{self.theirs}doc{end}", f"{self.theirs}beside{end}"
        self.new, self.other = f"{self.theirs}new{end}", f"{self.own}other{end}"
        self.away = f"{self.own}away{end}"
        for folder in (self.theirs, self.own):
            back_end.folder(folder)
        for path in (self.doc, self.beside, self.other):
            back_end.put(path, f"as {path} was")
        self.token = None

    def url(self, path):
        return self.alice.url + path

    def lock(self, path=None, depth="0", want=(200, 201)):
        """alice's lock."""
        self.locked = path or self.doc
        answer, self.token = self.alice.lock(self.locked, depth)
        assert answer.status in want and self.token, f"alice's LOCK: {answer.status} {answer.body[:300]}"

    def put(self, who, path, text, **headers):
        return who("PUT", path, self.back_end.document(path, text), **self.kind(), **headers)

    def kind(self):
        return {name.replace("-", "_"): value for name, value in self.back_end.kind.items()}

    def state(self):
        return [self.back_end.everything(folder) for folder in (self.theirs, self.own)]

    def if_header(self):
        return SHOWN["with her token"](self)

    def holds(self, path, text):
        want = None if text is None else self.back_end.document(path, text)
        until = time.monotonic() + 2
        while self.back_end.read(path) != want and time.monotonic() < until:
            time.sleep(0.05)
        assert self.back_end.read(path) == want, f"{path} holds {self.back_end.read(path)!r}"


class Shown:
    """What a scene is to SHOWN when only whether there is a token matters."""

    token, locked = "t", "d"

    @staticmethod
    def url(path):
        return path
