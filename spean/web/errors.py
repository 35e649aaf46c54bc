"""What a request gets when the server cannot answer it: one plain page that needs no database.

While PostgreSQL restarts, or its disk is full, nothing was saved; the page then carries what was typed, so that one
button sends it again. The row that makes sending twice harmless is the form's own token.
"""

import sys
from collections.abc import Sequence

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils.datastructures import MultiValueDict
from django.views.decorators.csrf import requires_csrf_token

# The database is not there, ended the connection, or has no room: it may be well again in a moment.
PASSING = (OperationalError, InterfaceError)
AGAIN_AFTER = 10
# Not written into a page, even into the page of whoever typed them.
SECRET = ("password", "code", "credential")


@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    """The handler of every fault; called while the exception is being handled."""
    if not isinstance(sys.exc_info()[1], PASSING):
        return HttpResponse(loader.get_template("500.html").render(), status=500)
    fields = typed(request)
    told = {"fields": fields, "wrote": request.method == "POST", "path": request.get_full_path()}
    answer = HttpResponse(loader.get_template("503.html").render(told), status=503)
    answer["Retry-After"] = str(AGAIN_AFTER)
    answer["Cache-Control"] = "no-store, private"
    return answer


def typed(request: HttpRequest) -> Sequence[tuple[str, str]]:
    """The fields of a form as they were sent; nothing if one of them is a secret or a file, which has to be sent anew."""
    if request.method != "POST":
        return ()
    try:
        posted, files = request.POST, request.FILES
    except Exception:  # a body that cannot be read is not sent again
        return ()
    if files or any(_is_secret(name) for name in posted) or _size(posted) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return ()
    return [(name, value) for name, values in posted.lists() for value in values]


def _is_secret(name: str) -> bool:
    return any(
        name == secret or name.startswith((f"{secret}_", f"{secret}1", f"{secret}2", "old")) for secret in SECRET
    )


def _size(posted: MultiValueDict[str, str]) -> int:
    return sum(len(name) + len(value) for name, values in posted.lists() for value in values)
