"""The words of the log: every code that may stand in an event's `action` or `purpose`, and its label.

A room that adds an event adds its line here, or calls `events.register_action` when it is loaded.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

READS = frozenset(
    {"identity.revealed", "initials.shown", "content.read", "content.refused", "people.searched", "list.read", "case.read", "log.read"}
)

ACTIONS: dict[str, str | Promise] = {
    # Reading and passing on
    "identity.revealed": _("Identity opened"),
    "content.read": _("Sealed text read"),
    "initials.shown": _("Initials shown in a list"),
    "content.refused": _("Sealed text asked for and refused"),
    "information.shared": _("Information passed on"),
    "people.searched": _("Search among registered persons"),
    "list.read": _("List of cases opened"),
    "case.read": _("Case opened"),
    "export.made": _("Export made"),
    "key.destroyed": _("Key destroyed"),
    # Screening and the case
    "screening.started": _("Screening started"),
    "screening.answered": _("Screening question answered"),
    "screening.completed": _("Screening completed"),
    "screening.started_again": _("Screening started again"),
    "case.second_interview_offered": _("Second interview offered"),
    "case.referred": _("Case referred to the focal agency"),
    "case.returned_to_responder": _("Case returned to the first responder"),
    "person.registered": _("Person registered"),
    "person.changed": _("Person’s record changed"),
    "case.counted_without_identity": _("Counted without identity"),
    "case.closed": _("Case closed"),
    "case.reopened": _("Case reopened"),
    "case.presumed": _("Presumed to be a victim of trafficking"),
    "case.identified": _("Identified as a victim of trafficking"),
    "case.found_exploited": _("Found exploited, not trafficked"),
    "case.not_identified": _("Not identified as a victim of trafficking"),
    "case.described": _("Facts about the person noted"),
    "case.organisation_involved": _("Organisation involved in the case"),
    "case.involvement_ended": _("Organisation’s involvement ended"),
    "case.excluded": _("Organisation or user excluded from the case"),
    "case.exclusion_lifted": _("Exclusion lifted"),
    "note.written": _("Note written"),
    "help.given": _("Help given on the spot"),
    # Consent
    "consent.given": _("Consent recorded"),
    "consent.refused": _("Refusal recorded"),
    "consent.withdrawn": _("Consent withdrawn"),
    # Referral
    "referral.sent": _("Referral sent"),
    "referral.acknowledged": _("Referral acknowledged"),
    "referral.accepted": _("Referral accepted"),
    "referral.declined": _("Referral declined"),
    "referral.withdrawn": _("Referral withdrawn"),
    "referral.completed": _("Referral completed"),
    "referral.ended": _("Referral ended before completion"),
    # People
    "match.proposed": _("Possible match found"),
    "match.confirmed_same": _("Two records confirmed to be one person"),
    "match.confirmed_not_same": _("Two records confirmed to be two persons"),
    # Protection
    "rights.information_given": _("Rights information given"),
    "reflection.opened": _("Reflection period opened"),
    "reflection.ended": _("Reflection period ended"),
    "reflection.waived_by_person": _("Reflection period given up by the person"),
    "risk.assessed": _("Risk assessed"),
    "need.recorded": _("Need recorded"),
    "need.met": _("Need met"),
    "need.unmet": _("Need could not be met"),
    "need.declined_by_person": _("Help declined by the person"),
    "need.reopened": _("Need opened again"),
    # Formal identification
    "determination.opened": _("Identification opened"),
    "determination.proposed": _("Identification decision proposed"),
    "determination.returned": _("Identification decision returned"),
    "determination.confirmed": _("Identification decision confirmed"),
    "determination.person_informed": _("Person informed of the decision"),
    "determination.review_requested": _("Review of the decision requested"),
    "determination.reviewed": _("Review of the decision concluded"),
    # Directory
    "service.offered": _("Service offered"),
    "service.changed": _("Service changed"),
    "service.paused": _("Service paused"),
    "service.resumed": _("Service resumed"),
    "capacity.changed": _("Free places changed"),
    # Access
    "user.signed_in": _("User signed in"),
    "user.signed_out": _("User signed out"),
    "user.invited": _("User invited"),
    "user.deactivated": _("User deactivated"),
    "session.opened": _("Signed in"),
    "session.closed": _("Signed out"),
    "session.refused": _("Sign-in refused"),
    "session.ended_remotely": _("Session ended from another device"),
    "role.given": _("Role given"),
    "role.ended": _("Role ended"),
    "organisation.added": _("Organisation added"),
    "organisation.changed": _("Organisation changed"),
    "organisation.deactivated": _("Organisation deactivated"),
    "organisation.activated": _("Organisation active again"),
    "user.refused": _("Sign-in refused"),
    "user.activated": _("User active again"),
    "user.session_ended": _("Device signed out"),
    "sign_in_link.issued": _("Sign-in link made"),
    "sign_in_link.used": _("Sign-in link used"),
    "password.chosen": _("Password chosen"),
    "password.changed": _("Password changed"),
    "second_factor.added": _("Second step added"),
    "second_factor.removed": _("Second step removed"),
    "second_factor.reset": _("Second step removed by an administrator"),
    "log.read": _("Event log read"),
}

# Why somebody opens what is sealed.
PURPOSES: dict[str, str | Promise] = {
    "screening": _("Screening"),
    "casework": _("Work on the case"),
    "registration": _("Registration"),
    "matching": _("Deciding whether two records are one person"),
    "search": _("Finding a person"),
    "referral": _("Referral"),
    "service": _("Giving a service"),
    "identification": _("Formal identification"),
    "protection": _("Protection and risk"),
    "placement": _("Placing somebody in a shelter"),
    "return": _("Return"),
    "letter": _("Writing a letter"),
    "request_of_person": _("Request of the person"),
    "emergency": _("Emergency"),
}
