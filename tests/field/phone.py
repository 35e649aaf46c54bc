"""A phone with our own app, as a test client: it joins, seals and sends as static/field does, and believes only receipts."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client

from spean.access.models import User
from spean.exchange import taking_in
from spean.field import devices
from spean.instruments.engine import Instance
from spean.lib import clock
from spean.privacy.formkeys import SUITE
from tests.exchange.collect import ANSWERS, Form, filled
from tests.signed_in import signed_in

ADULT_YES = {
    "rights_method": "read_aloud", "rights_language": "km", "understood": "yes", "needs": "shelter medical",
    "urgent": "shelter", "direct_help": "leaflet water_food", "says": "yes",
    "told_points": "told_interview told_purpose told_uses told_research told_access told_retention told_withdrawal",
    "classes": "identity narrative protection", "evidence": "thumbprint", "consent_language": "km",
    "interpreter": "none", "urgent_today": "yes", "message": "Kanariemessage: meet her at the gate",
}  # fmt: skip


def scanned(html: str) -> str:
    """The code, as the camera reads it from the page."""
    (found,) = re.findall(r"<code>[^<]*/field/#c=([\w-]+)</code>", html)
    return str(found)


@dataclass
class Report:
    """Sealed on the phone, with its number and the key it is sealed to."""

    number: UUID
    key: str
    body: bytes


@dataclass
class Phone:
    token: str = field(default_factory=lambda: secrets.token_hex(32))
    client: Client = field(default_factory=Client)
    pack: dict[str, Any] = field(default_factory=dict)

    def join(self, code: str) -> Any:
        said = {"code": code, "token_hash": hashlib.sha256(self.token.encode()).hexdigest()}
        return self.client.post("/field/join/", json.dumps(said), content_type="application/json")

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers={"Authorization": f"Bearer {self.token}", **headers})

    def fetch(self) -> None:
        answer = self.get("/field/pack/")
        assert answer.status_code == 200, answer.status_code
        self.pack = answer.json()

    def screening(self, number: UUID, **changed: str) -> bytes:
        definition = self.client.get("/field/form/first_responder/1.0/").json()
        form = Form("first_responder", "1.0", "", definition)
        return filled(form, f"uuid:{number}", **{**ANSWERS, **changed})

    def after(self, *, child: bool = False, **answers: str) -> bytes:
        definition = self.pack["after"][child]
        instance = Instance(definition, today=clock.today().isoformat(), stamps={"instance": f"uuid:{uuid4()}"})
        by_name = {point.name: point for point in instance.points()}
        # That of the phone's own province stands first.
        agency = definition["lists"]["agency"][0]["name"]
        for name, value in {"to": agency, **answers}.items():
            instance.set(by_name[name], value)
        instance.settle()
        assert not instance.violations(), instance.violations()
        return instance.xml().encode()

    def seal(self, number: UUID, form: bytes, after: bytes = b"", sealed_at: datetime | None = None) -> Report:
        said = {
            "form": form.decode(), "after": after.decode(),
            "sealed_at": (sealed_at or clock.now()).isoformat(),
        }  # fmt: skip
        return self.seal_bytes(number, gzip.compress(json.dumps(said).encode()))

    def seal_bytes(self, number: UUID, plain: bytes) -> Report:
        key = self.pack["key"]
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), base64.b64decode(key["public"]))
        return Report(number, key["name"], SUITE.encrypt(plain, point, info=devices.info(number, key["name"])))

    def report(
        self, *, number: UUID | None = None, child: bool = False, after: Any = ADULT_YES, **changed: str
    ) -> Report:
        """A whole report: the screening with these answers changed, and what follows it."""
        number = number or uuid4()
        return self.seal(number, self.screening(number, **changed), self.after(child=child, **after) if after else b"")

    def send(self, report: Report, *, body: bytes | None = None, off: timedelta = timedelta(), **headers: str) -> Any:
        sent = report.body if body is None else body
        digest = base64.b64encode(hashlib.sha256(report.body).digest()).decode()
        head = {
            "Authorization": f"Bearer {self.token}", "X-Spean-Key": report.key, "Content-Digest": f"sha-256=:{digest}:",
            "X-Spean-Clock": (clock.now() + off).isoformat(), **headers,
        }  # fmt: skip
        return self.client.post(
            f"/field/report/{report.number}/", sent, content_type="application/octet-stream", headers=head
        )

    def hand_in(self, report: Report, **more: Any) -> dict[str, str]:
        """Send it, let the worker do its part, and ask what became of it."""
        answer = self.send(report, **more)
        assert (answer.status_code, answer.json()["state"]) == (201, "arrived"), answer.content
        taking_in.work_off()
        return self.standing()[str(report.number)]

    def standing(self) -> dict[str, dict[str, str]]:
        return {row["id"]: row for row in self.get("/field/status/").json()["reports"]}


def enrolled(user: User) -> Phone:
    """A phone of this user, from the code on the screen to the pack."""
    page = signed_in(user).post("/field/code/")
    phone = Phone()
    assert phone.join(scanned(page.content.decode())).status_code == 201
    phone.fetch()
    return phone
