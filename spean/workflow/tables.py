"""Every lifecycle of the mechanism: one row is one verb and the one change of state it may make.

The engine refuses what has no row here, a trigger in the database refuses it again, `docs/workflow.md` is
written from it and the tests try every state against every verb. A country pack may narrow, never add, rows.
Requirements are names; the room that knows the answer registers it with `engine.requirement`.
"""

from dataclasses import dataclass

COMMIT = "COMMIT Guidelines (2016)"
PALERMO = "Palermo Protocol"


@dataclass(frozen=True)
class T:
    """One transition. `frm` None means that the verb creates the object.

    `parent` names the attribute whose policy decides a creation (and whose row is locked meanwhile).
    """

    verb: str
    model: str
    frm: tuple[str, ...] | None
    to: str
    event: str
    requires: tuple[str, ...] = ()
    field: str = "status"
    parent: str = ""
    law: str = ""
    # The permission asked; by default the verb itself. Several verbs of one duty may share a permission.
    action: str = ""

    @property
    def permission(self) -> str:
        return self.action or self.verb


CASE = "cases.Case"
REFERRAL = "referral.Referral"
CONSENT = "privacy.Consent"
WITHDRAWAL = "cases.WithdrawalNotice"
DETERMINATION = "identification.Determination"
REFLECTION = "protection.ReflectionPeriod"
NEED = "protection.Need"
PERSON = "people.Person"
MATCH = "people.PossibleMatch"
SERVICE = "directory.Service"
HOLD = "privacy.LegalHold"
ERASURE = "privacy.Erasure"
ALERT = "privacy.Alert"
INVOLVEMENT = "cases.Involvement"
EXCLUSION = "cases.Exclusion"
SUSPECT = "cases.Suspect"
HAND_OVER = "cases.HandOver"
CONFERENCE = "cases.Conference"
INVITATION = "cases.Invitation"
EMERGENCY = "privacy.EmergencyAccess"
ACCESS_CHANGE = "access.AccessChange"
EXPORT = "exchange.Export"
DELIVERY = "lists.Delivery"
LIST_ROW = "lists.ListRow"
LINKING = "lists.Linking"
PAIR = "lists.Pair"
EDITION = "statistics.Edition"
FIGURE = "statistics.Figure"

TRANSITIONS: tuple[T, ...] = (
    # --- The case: one episode of one person -----------------------------------------------------------
    T("start_screening", CASE, None, "screening", "screening.started", law=f"{COMMIT} 12-13, 18"),
    T("complete_screening", CASE, ("screening",), "screened", "screening.completed", ("screening_answered",)),
    T("screen_again", CASE, ("screened", "follow_up"), "screening", "screening.started_again"),
    T(
        "offer_second_interview", CASE, ("screened",), "follow_up", "case.second_interview_offered",
        ("leaflet_or_reason",),
    ),
    T(
        "refer_case", CASE, ("screened", "follow_up"), "referred", "case.referred",
        ("consent_or_ground_to_refer", "focal_agency_chosen"), law=f"{COMMIT} 19-20",
    ),
    T("take_back_case", CASE, ("referred",), "screened", "case.returned_to_responder"),
    T(
        "register_person", CASE, ("referred",), "registered", "person.registered",
        ("referral_acknowledged", "matches_decided"), law=f"{COMMIT} 23",
    ),
    T(
        "count_without_identity", CASE, ("screened", "follow_up"), "counted", "case.counted_without_identity",
        ("refusal_recorded",), law=f"{COMMIT} 3, 33",
    ),
    T(
        "close_case", CASE, ("screened", "follow_up", "registered"), "closed", "case.closed",
        ("closing_reason_given", "nothing_pending"),
    ),
    T("reopen_case", CASE, ("closed",), "registered", "case.reopened", ("person_known", "reopening_reason_given")),
    # Legal status: only the competent authority moves it past "presumed".
    T(
        "presume", CASE, ("not_assessed",), "presumed_victim", "case.presumed", field="legal_status",
        law=f"{COMMIT} 2",
    ),
    T(
        "identify", CASE, ("presumed_victim", "exploited_not_identified", "not_identified"), "identified_victim",
        "case.identified", field="legal_status", law=f"{PALERMO} Art. 3",
    ),
    T(
        "find_exploited", CASE, ("presumed_victim", "identified_victim", "not_identified"),
        "exploited_not_identified", "case.found_exploited", field="legal_status", law=f"{COMMIT} 40",
    ),
    T(
        "not_identify", CASE, ("presumed_victim", "identified_victim", "exploited_not_identified"),
        "not_identified", "case.not_identified", field="legal_status",
    ),
    # --- Who takes part, and who must not -----------------------------------------------------------------
    # A renewal, and asking for one, leave it open: only the day on which it ends changes.
    T("renew_involvement", INVOLVEMENT, ("open",), "open", "case.involvement_renewed",
      ("reason_in_a_sentence", "part_can_be_renewed")),
    T("ask_renewal", INVOLVEMENT, ("open",), "open", "case.renewal_asked"),
    T("end_involvement", INVOLVEMENT, ("open",), "ended", "case.involvement_ended",
      ("reason_in_a_sentence", "part_of_another")),
    T("exclude_from_case", EXCLUSION, None, "active", "case.excluded", ("somebody_keeps_the_case",), parent="case"),
    T("ask_to_lift_exclusion", EXCLUSION, ("active",), "lift_asked", "case.exclusion_lift_asked",
      ("reason_in_a_sentence",)),
    T("lift_exclusion", EXCLUSION, ("lift_asked",), "lifted", "case.exclusion_lifted",
      ("reason_in_a_sentence", "second_person_lifts")),
    T("keep_exclusion", EXCLUSION, ("lift_asked",), "active", "case.exclusion_kept",
      ("reason_in_a_sentence", "second_person_lifts"), action="lift_exclusion"),
    T("record_suspect", SUSPECT, None, "recorded", "suspect.recorded",
      ("suspect_named_or_described", "somebody_keeps_the_case"), parent="case"),
    T("clear_suspect", SUSPECT, ("recorded",), "cleared", "suspect.cleared", ("reason_in_a_sentence",)),
    T("offer_hand_over", HAND_OVER, None, "offered", "case.hand_over_offered",
      ("reason_in_a_sentence", "another_focal_agency"), parent="case"),
    T("accept_hand_over", HAND_OVER, ("offered",), "accepted", "case.handed_over"),
    T("decline_hand_over", HAND_OVER, ("offered",), "declined", "case.hand_over_declined", ("reason_in_a_sentence",),
      action="accept_hand_over"),
    T("withdraw_hand_over", HAND_OVER, ("offered",), "withdrawn", "case.hand_over_withdrawn",
      action="offer_hand_over"),
    T("call_conference", CONFERENCE, None, "called", "conference.called", ("conference_days_fit",), parent="case"),
    T("record_conference", CONFERENCE, ("called",), "held", "conference.recorded", ("conference_has_met",)),
    T("cancel_conference", CONFERENCE, ("called",), "cancelled", "conference.cancelled", action="call_conference"),
    T("invite_to_conference", INVITATION, None, "invited", "conference.user_invited", ("may_be_invited",),
      parent="conference", action="call_conference"),
    T("withdraw_invitation", INVITATION, ("invited",), "withdrawn", "conference.invitation_withdrawn",
      action="call_conference"),
    # --- Consent ---------------------------------------------------------------------------------------
    T("record_consent", CONSENT, None, "given", "consent.given", ("consent_complete",), parent="case"),
    T("record_refusal", CONSENT, None, "refused", "consent.refused", parent="case", law=f"{COMMIT} 33"),
    # What stands in for consent stands on evidence, and on a second person.
    T("record_ground", CONSENT, None, "unconfirmed", "ground.recorded", ("ground_complete",), parent="case"),
    T("confirm_ground", CONSENT, ("unconfirmed",), "given", "ground.confirmed", ("second_person", "evidence_read")),
    T("reject_ground", CONSENT, ("unconfirmed",), "rejected", "ground.rejected", ("second_person", "evidence_read"),
      action="confirm_ground"),
    T("withdraw_consent", CONSENT, ("given", "unconfirmed"), "withdrawn", "consent.withdrawn"),
    T("acknowledge_withdrawal", WITHDRAWAL, ("open",), "acknowledged", "withdrawal.acknowledged",
      ("copies_deleted",)),
    # --- Referral: to the focal agency, to a service, to the competent authority -------------------------
    T("send_referral", REFERRAL, None, "sent", "referral.sent", ("recipient_can_receive",), parent="case",
      law=f"{COMMIT} 20, 44"),
    T("acknowledge_referral", REFERRAL, ("sent",), "acknowledged", "referral.acknowledged", ("something_shared",)),
    T("accept_referral", REFERRAL, ("sent", "acknowledged"), "accepted", "referral.accepted",
      ("something_shared", "not_by_a_focal_agency", "place_available")),
    T("decline_referral", REFERRAL, ("sent", "acknowledged"), "declined", "referral.declined",
      ("decline_reason_given",)),
    T("withdraw_referral", REFERRAL, ("sent", "acknowledged"), "withdrawn", "referral.withdrawn", ("not_taken_over",)),
    T("complete_referral", REFERRAL, ("accepted",), "completed", "referral.completed",
      ("not_by_a_focal_agency", "feedback_given")),
    T("end_referral", REFERRAL, ("accepted",), "ended", "referral.ended",
      ("not_by_a_focal_agency", "feedback_given"), law=f"{COMMIT} 33"),
    # --- People --------------------------------------------------------------------------------------------
    T("propose_match", MATCH, None, "open", "match.proposed", parent="case"),
    T("confirm_same_person", MATCH, ("open", "unsure", "not_same"), "same", "match.confirmed_same", ("both_records_seen",),
      action="decide_match"),
    T("confirm_not_same_person", MATCH, ("open", "unsure", "same"), "not_same", "match.confirmed_not_same",
      ("both_records_seen",), action="decide_match"),
    # Somebody read both records and cannot say: the pair waits behind those that nobody has read.
    T("leave_match_unsure", MATCH, ("open", "same", "not_same"), "unsure", "match.left_unsure", ("both_records_seen",),
      action="decide_match"),
    # --- Protection ------------------------------------------------------------------------------------------
    T(
        "open_reflection_period", REFLECTION, None, "running", "reflection.opened",
        ("rights_information_given", "no_open_reflection_period"), parent="case", law=f"{COMMIT} 30",
    ),
    T("end_reflection_period", REFLECTION, ("running",), "ended", "reflection.ended", ("reflection_days_passed",)),
    T("waive_reflection_period", REFLECTION, ("running",), "waived", "reflection.waived_by_person",
      ("waived_by_person",)),
    T("record_need", NEED, None, "open", "need.recorded", ("need_not_open_already",), parent="case",
      law=f"{COMMIT} 43"),
    T("meet_need", NEED, ("open", "unmet"), "met", "need.met", action="change_need"),
    T("mark_need_unmet", NEED, ("open",), "unmet", "need.unmet", ("unmet_reason_given",), action="change_need"),
    T("decline_need", NEED, ("open", "unmet"), "declined", "need.declined_by_person", action="change_need"),
    T("reopen_need", NEED, ("met", "unmet", "declined"), "open", "need.reopened", action="change_need",
      law=f"{COMMIT} 33"),
    # --- Formal identification ---------------------------------------------------------------------------------
    T(
        "open_determination", DETERMINATION, None, "opened", "determination.opened",
        ("presumed_and_registered", "no_open_determination"), parent="case", law=f"{COMMIT} 35-37",
    ),
    T("propose_determination", DETERMINATION, ("opened",), "proposed", "determination.proposed",
      ("elements_reasoned", "reflection_over", "not_part_of_reviewed_decision")),
    T("return_determination", DETERMINATION, ("proposed",), "opened", "determination.returned",
      ("second_officer", "return_reason_given"), action="confirm_determination"),
    T("confirm_determination", DETERMINATION, ("proposed",), "confirmed", "determination.confirmed",
      ("second_officer",)),
    T("inform_of_determination", DETERMINATION, ("confirmed",), "informed", "determination.person_informed"),
    T("request_review", DETERMINATION, ("informed",), "review_requested", "determination.review_requested"),
    T("conclude_review", DETERMINATION, ("review_requested",), "reviewed", "determination.reviewed",
      action="confirm_determination"),
    # --- Emergency access ---------------------------------------------------------------------------------------
    T("ask_emergency", EMERGENCY, None, "asked", "emergency.asked",
      ("emergency_explained", "fresh_second_factor", "emergency_right_kept", "second_person_elsewhere")),
    T("take_emergency_alone", EMERGENCY, None, "granted", "emergency.taken_alone",
      ("emergency_explained", "fresh_second_factor", "emergency_right_kept", "none_running_alone"),
      action="ask_emergency"),
    T("confirm_emergency", EMERGENCY, ("asked",), "granted", "emergency.confirmed",
      ("fresh_second_factor", "confirmer_elsewhere", "asked_just_now")),
    T("refuse_emergency", EMERGENCY, ("asked",), "refused", "emergency.refused", action="confirm_emergency"),
    T("find_emergency_justified", EMERGENCY, ("granted",), "justified", "emergency.found_justified",
      ("finding_given",), action="review_emergency"),
    T("find_emergency_not_justified", EMERGENCY, ("granted",), "not_justified", "emergency.found_not_justified",
      ("finding_given",), action="review_emergency"),
    # --- Directory -----------------------------------------------------------------------------------------------
    T("offer_service", SERVICE, None, "active", "service.offered", parent="organisation", action="edit_service"),
    T("pause_service", SERVICE, ("active",), "paused", "service.paused", action="edit_service"),
    T("resume_service", SERVICE, ("paused",), "active", "service.resumed", action="edit_service"),
    # --- Oversight ------------------------------------------------------------------------------------------------
    T("clear_alert", ALERT, ("open",), "cleared", "alert.cleared", ("alert_finding_given",)),
    # --- Access: what takes two administrators -----------------------------------------------------------------
    T("request_access_change", ACCESS_CHANGE, None, "requested", "access_change.requested", action="manage_users"),
    T("confirm_access_change", ACCESS_CHANGE, ("requested",), "confirmed", "access_change.confirmed",
      ("access_change_stands",)),
    T("reject_access_change", ACCESS_CHANGE, ("requested",), "rejected", "access_change.rejected",
      action="confirm_access_change"),
    T("withdraw_access_change", ACCESS_CHANGE, ("requested",), "withdrawn", "access_change.withdrawn"),
    # --- Exports -------------------------------------------------------------------------------------------------
    T("request_export", EXPORT, None, "requested", "export.requested", ("export_complete",)),
    T("approve_export", EXPORT, ("requested",), "approved", "export.approved", ("export_in_time",)),
    T("reject_export", EXPORT, ("requested",), "rejected", "export.rejected", action="approve_export"),
    T("withdraw_export", EXPORT, ("requested", "approved"), "withdrawn", "export.withdrawn"),
    T("make_export", EXPORT, ("requested", "approved"), "made", "export.made", ("export_approved", "export_in_time")),
    # --- Partner lists and the linked register -----------------------------------------------------------------
    T("deliver_list", DELIVERY, None, "received", "list.delivered", ("list_takes_files",), parent="partner_list"),
    T("name_columns", DELIVERY, ("received", "failed"), "waiting", "list.mapped", ("columns_tell_persons",),
      action="deliver_list"),
    T("take_in_delivery", DELIVERY, ("waiting",), "taken", "list.taken", action="deliver_list"),
    T("fail_delivery", DELIVERY, ("waiting",), "failed", "list.failed", action="deliver_list"),
    T("withdraw_delivery", DELIVERY, ("received", "failed"), "withdrawn", "list.withdrawn", action="deliver_list"),
    # Only a line with proof that the person agreed, and only once: its status is the list's business, this is the case's.
    T("begin_from_row", LIST_ROW, ("none",), "begun", "list.row_begun", ("line_agreed", "list_of_this_organisation"),
      field="case_status", law=f"{COMMIT} 12-13, 18"),
    T("start_linking", LINKING, None, "waiting", "linking.started", ("something_to_link", "no_linking_runs"),
      parent="organisation"),
    T("finish_linking", LINKING, ("waiting",), "done", "linking.finished", action="start_linking"),
    T("keep_estimate", LINKING, ("done",), "done", "linking.estimated", action="start_linking"),
    T("fail_linking", LINKING, ("waiting",), "failed", "linking.failed", action="start_linking"),
    # A pair is found by the linking that somebody started; only people move it from there.
    T("propose_pair", PAIR, None, "open", "pair.proposed", parent="linking", action="start_linking"),
    T("decide_pair_same", PAIR, ("open", "unsure", "not_same"), "same", "pair.decided_same", ("decisions_agree",),
      action="decide_pair"),
    T("decide_pair_not_same", PAIR, ("open", "unsure", "same"), "not_same", "pair.decided_not_same",
      ("decisions_agree",), action="decide_pair"),
    T("leave_pair_unsure", PAIR, ("open", "same", "not_same"), "unsure", "pair.left_unsure", action="decide_pair"),
    # --- Statistics: what is published was checked, and approved by a second officer -----------------------------
    # Counting is a job: it takes longer than a page may wait.
    T("draft_edition", EDITION, None, "counting", "edition.asked", ("edition_of_a_period",)),
    T("finish_draft", EDITION, ("counting",), "draft", "edition.drafted", ("edition_of_a_period", "edition_protected"),
      action="draft_edition"),
    T("fail_draft", EDITION, ("counting",), "failed", "edition.failed", action="draft_edition"),
    # Also while it counts: what became of a job that nobody hears of any more is told by asking once more.
    T("draft_again", EDITION, ("failed", "counting"), "counting", "edition.asked_again", ("edition_of_a_period",),
      action="draft_edition"),
    T("check_edition", EDITION, ("draft",), "checked", "edition.checked", ("edition_protected",)),
    T("return_edition", EDITION, ("checked",), "draft", "edition.returned", action="publish_edition"),
    T("publish_edition", EDITION, ("checked",), "published", "edition.published",
      ("edition_protected", "edition_by_second_officer", "edition_period_over", "edition_without_faults")),
    T("discard_edition", EDITION, ("failed", "draft", "checked"), "discarded", "edition.discarded", action="draft_edition"),
    T("record_figure", FIGURE, None, "recorded", "figure.recorded", ("figure_complete",)),
    T("publish_figure", FIGURE, ("recorded",), "published", "figure.published",
      ("figure_by_second_officer", "estimate_not_refused")),
    T("withdraw_figure", FIGURE, ("recorded", "published"), "withdrawn", "figure.withdrawn"),
    # --- Erasure, and what stands against it -------------------------------------------------------------------
    T("place_hold", HOLD, None, "standing", "hold.placed", ("hold_not_over_already",), parent="case"),
    T("lift_hold", HOLD, ("standing",), "lifted", "hold.lifted"),
    T("request_erasure", ERASURE, None, "requested", "erasure.requested",
      ("erasure_has_ground", "no_erasure_open", "episodes_ended", "no_hold_stands"), parent="case"),
    T("withdraw_erasure", ERASURE, ("requested",), "withdrawn", "erasure.withdrawn", action="request_erasure"),
    T("decline_erasure", ERASURE, ("requested",), "declined", "erasure.declined",
      ("second_officer_elsewhere", "erasure_decline_reason_given"), action="confirm_erasure"),
    T("confirm_erasure", ERASURE, ("requested",), "confirmed", "erasure.confirmed",
      ("second_officer_elsewhere", "episodes_ended", "no_hold_stands")),
)  # fmt: skip

BY_VERB: dict[str, T] = {row.verb: row for row in TRANSITIONS}


def machine(model: str, field: str = "status") -> tuple[T, ...]:
    """The rows of one lifecycle."""
    return tuple(row for row in TRANSITIONS if row.model == model and row.field == field)


def states(model: str, field: str = "status") -> tuple[str, ...]:
    """All states of a lifecycle, in the order in which the table names them."""
    seen: dict[str, None] = {}
    for row in machine(model, field):
        for state in (*(row.frm or ()), row.to):
            seen.setdefault(state)
    return tuple(seen)


def moves(model: str, field: str = "status") -> tuple[tuple[str, str], ...]:
    """The pairs (from, to) that the database's own guard allows."""
    return tuple((state, row.to) for row in machine(model, field) if row.frm is not None for state in row.frm)


def first_states(model: str, field: str = "status") -> tuple[str, ...]:
    """States in which an object of this model may be created."""
    return tuple(row.to for row in machine(model, field) if row.frm is None)


def verbs_from(model: str, state: str, field: str = "status") -> tuple[str, ...]:
    """What can be done with an object in a state: pages offer these, if the policy and requirements allow."""
    return tuple(row.verb for row in machine(model, field) if row.frm is not None and state in row.frm)
