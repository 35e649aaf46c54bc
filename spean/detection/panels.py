"""What this room shows on the case page: the result of the last interview, to whoever may see interviews."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from spean.cases.panels import Panel, Sight, register
from spean.detection import queries


def _result(sight: Sight) -> Mapping[str, Any] | None:
    screening = queries.last_result(sight.case) if "see_screening" in sight.may else None
    return {"result": queries.result(screening)} if screening else None


register(Panel("screening", _("What the answers suggest"), "detection/panels/result.html", _result, order=10))
