"""The page that says when everything was last backed up and proved. Backups are made at the server's console."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from spean.access.pages import AccessRequest
from spean.lib import clock
from spean.privacy import kept


@require_safe
def backups_page(request: AccessRequest) -> HttpResponse:
    now, found = clock.now(), kept.kept()
    told = {
        "kept": found,
        "backup_is_late": found.backup_is_late(now),
        "drill_is_late": found.drill_is_late(now),
    }
    return render(request, "web/backups.html", told)
