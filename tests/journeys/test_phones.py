"""A user enrols his phone, sees what it sent that could not become a case, deals with it, and revokes the phone."""

import re

from django.test import Client

from spean.exchange.openrosa_models import Device, Quarantined
from tests.cast import Cast
from tests.exchange.collect import ANSWERS, Collect, filled
from tests.journeys.conftest import Arrive


def test_a_phone_from_the_code_to_its_end(cast: Cast, arrive: Arrive) -> None:
    visitor = arrive(cast.screener, width=320)
    visitor.open("/account/")
    visitor.follow("/devices/")
    visitor.send('form[action="/devices/enrol/"] button')
    # The picture is there, and large enough for a camera.
    box = visitor.page.locator("img.spean-qr").bounding_box()
    assert box
    assert box["width"] >= 240
    assert visitor.page.locator("img.spean-qr").evaluate("one => one.naturalWidth") > 0
    found = re.search(r"https?://\S+/collect/[\w-]+", visitor.page.content())
    assert found
    app = Collect(found[0], Client())
    assert app.send(filled(app.download("first_responder"), **{**ANSWERS, "sex": ""})).status_code == 202
    visitor.open("/devices/")
    visitor.follow(f"/submissions/{Quarantined.objects.get().pk}/")
    visitor.click("form.spean-reveal button")
    assert "Kanariename" in visitor.text
    visitor.click('form[action$="/settle/"] button')
    visitor.click('form[action$="/revoke/"] button')
    assert Device.objects.get().revoked_at is not None
    assert app.get(app.path("/formList")).status_code == 404


def test_the_code_for_the_app_is_large_enough_to_scan(cast: Cast, arrive: Arrive) -> None:
    visitor = arrive(cast.screener, width=320)
    visitor.open("/devices/")
    visitor.send('form[action="/field/code/"] button')
    box = visitor.page.locator("img.spean-qr").bounding_box()
    assert box
    assert box["width"] >= 240
    assert re.search(r"/field/#c=[\w-]{43}<", visitor.page.content())
