"""The menu: which entries there are, and which of them a user gets. The policy decides; nothing is decided here."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from spean.access import policy
from spean.access.models import User


@dataclass(frozen=True)
class Entry:
    """A line of the menu: its words, the name of its URL, and the action that its page asks for."""

    label: str | Promise
    url_name: str
    action: str


@dataclass(frozen=True)
class Link:
    """An entry as one user gets it."""

    label: str | Promise
    url: str
    current: bool


# In the order of a day: what a role has first stands in the bar, the others under “More”.
MENU: tuple[Entry, ...] = (
    Entry(_("Today"), "home", policy.SIGNED_IN),
    Entry(_("Start a screening"), "screening_start", "start_screening"),
    Entry(_("Cases"), "case_list", "see_case"),
    Entry(_("Referrals"), "referral_list", "see_referral"),
    Entry(_("Arrivals"), "arrival_list", "see_arrival"),
    Entry(_("Callers"), "informant_list", "see_informant"),
    Entry(_("People"), "person_search", "search_people"),
    Entry(_("Identification"), "determination_list", "see_determination"),
    Entry(_("Alerts"), "alert_list", "see_alert"),
    Entry(_("Event log"), "event_log", "read_log"),
    Entry(_("Leak review"), "leak_review", "review_leak"),
    Entry(_("Services"), "service_list", "see_directory"),
    Entry(_("Emergency access"), "emergency_list", "see_emergency"),
    Entry(_("Possible matches"), "match_list", "see_match"),
    Entry(_("Unmet needs"), "unmet_need_list", "see_unmet_need"),
    Entry(_("Exports"), "export_list", "see_export"),
    Entry(_("Lists"), "partner_lists", "see_list"),
    Entry(_("Linked register"), "register", "see_register"),
    Entry(_("Editions"), "edition_list", "see_edition"),
    Entry(_("Users"), "user_list", "manage_users"),
    Entry(_("Organisations"), "organisation_list", "manage_organisations"),
    Entry(_("Requests for access"), "access_change_list", "see_access_change"),
    Entry(_("Erasures"), "erasure_list", "confirm_erasure"),
    Entry(_("Shared without agreement"), "ground_list", "read_log"),
    Entry(_("Invented persons"), "canary_list", "see_canary"),
    Entry(_("Witnesses of the log"), "log_roots", "read_log"),
    Entry(_("Backups"), "backups", "see_backups"),
)
# As many as stand on one line in Khmer, with “More” and “Sign out” after them.
IN_THE_BAR = 6


def bar(links: list[Link]) -> tuple[list[Link], list[Link]]:
    """What stands in the bar of a wide screen, and what under “More”; nothing there while all fit."""
    return (links, []) if len(links) <= IN_THE_BAR else (links[:IN_THE_BAR], links[IN_THE_BAR:])


def menu(request: HttpRequest) -> list[Link]:
    """The entries this user may open. A room that is not installed has no URL and so no entry."""
    user = request.user
    if not isinstance(user, User) or not user.is_authenticated:
        return []
    links = []
    for entry in MENU:
        if not policy.may(user, entry.action):
            continue
        try:
            url = reverse(entry.url_name)
        except NoReverseMatch:
            continue
        current = request.path == url or (url != "/" and request.path.startswith(url))
        links.append(Link(entry.label, url, current))
    return links
