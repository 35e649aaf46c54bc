"""A first responder at the pages, as a browser without scripts sends them: every form is read before it is posted."""

import re
from html import unescape
from typing import Any

from django.http import HttpResponse
from django.test import Client

HIDDEN = re.compile(r'<input type="hidden" name="(once|version)"(?: value="([^"]*)")?')


def hidden(page: HttpResponse) -> dict[str, str]:
    """The token and the version that the form of a page carries."""
    return {name: unescape(value) for name, value in HIDDEN.findall(page.content.decode())}


class Walker:
    """Goes from page to page. `at` is the address he stands at."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.at = ""
        self.page: Any = None
        self.visited: list[str] = []

    def go(self, address: str) -> Any:
        self.page = self.client.get(address, follow=True)
        chain = self.page.redirect_chain
        self.at = chain[-1][0] if chain else address
        self.visited.append(self.at)
        return self.page

    def send(self, **typed: Any) -> Any:
        """Post the form of the page he is at, and follow where it leads."""
        sent = {**hidden(self.page), **{name.replace("__", "-"): value for name, value in typed.items()}}
        self.page = self.client.post(self.at, sent, follow=True)
        if self.page.redirect_chain:
            self.at = self.page.redirect_chain[-1][0]
            self.visited.append(self.at)
        return self.page

    @property
    def text(self) -> str:
        return unescape(self.page.content.decode())


BEFORE = {
    "private_place": "yes", "interpreter_kind": "none", "preferred_interviewer_asked": "yes", "interview_language": "km",
}  # fmt: skip
PERSON = {"stated_name": "Sok Dara", "age": "25", "age_disputed": "no", "sex": "female"}
ABOUT = {
    "nationality": "KHM", "languages": ["km"], "other_language": "", "detection_context": "border",
    "detected_province": "01", "stated_contact": "012 345 678",
}  # fmt: skip
# Twelve answers that together point to trafficking.
STRONG = {f"FR{number:02}": "yes" for number in (1, 2, 4, 7, 8, 9, 10, 11)}


def to_result(walker: Walker, *, person: dict[str, str] | None = None, answers: dict[str, str] | None = None) -> None:
    """Walk the short checklist from the start to the result."""
    answers = STRONG if answers is None else answers
    walker.go("/screening/start/")
    walker.send(instrument="first_responder", exploitation="labour")
    if walker.at.endswith("/caller/"):
        # On the hotline the caller comes first; he may stay unknown.
        skip = re.search(r'href="([^"]+)">The caller stays unknown', walker.text)
        assert skip is not None
        walker.go(skip[1])
    assert walker.at.endswith("/before/"), walker.at
    walker.send(**BEFORE)
    walker.send(**(person or PERSON))
    walker.send(**ABOUT)
    assert walker.at.endswith("/journey/"), walker.text
    walker.send(ticked=["recruitment", "transportation"])
    walker.send(ticked=["ForcedLabour"])
    walker.send(**{key: answers.get(key, "no") for key in (f"FR{n:02}" for n in range(1, 7))})
    walker.send(
        notes="She cried when asked about the boat.",
        **{key: answers.get(key, "no") for key in (f"FR{n:02}" for n in range(7, 13))},
    )
    assert walker.at.endswith("/check/"), walker.text
    walker.send()
    assert walker.at.endswith("/result/"), walker.text
