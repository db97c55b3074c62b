"""A program that reads our feeds: it subscribes at our hub, and is called at its callback."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from tests.rig.web import Asked, Page, WebRig


class Reader:
    """Stands at a path of a rig. It agrees to whatever it is asked, and takes what it is told.

    ``refusal`` is what it answers instead of agreeing, and ``answer`` what it answers to news.
    """

    def __init__(self, rig: WebRig, path: str = "/callback") -> None:
        self.url = rig.url + path
        self.refusal: Page | None = None
        self.answer = Page(status=204)
        self.calls: list[Asked] = []
        rig.pages[path] = self._answer

    @property
    def questions(self) -> list[dict[str, str]]:
        """What it was asked, oldest first; of names that come twice the last one counts."""
        return [
            dict(parse_qsl(urlsplit(call.target).query))
            for call in self.calls
            if call.method == "GET"
        ]

    @property
    def told(self) -> list[Asked]:
        """What it was told, oldest first."""
        return [call for call in self.calls if call.method == "POST"]

    def _answer(self, call: Asked) -> Page:
        self.calls.append(call)
        if call.method == "POST":
            return self.answer
        return self.refusal or Page(body=self.questions[-1].get("hub.challenge", ""))
