"""Addresses of the case pages. Each names the action that the policy is asked about."""

from spean.access.pages import page
from spean.cases import (
    case_panels,
    conference_pages,
    document_pages,
    erasure_pages,
    exclusion_pages,
    ground_pages,
    keeping_panels,
    manage,
    next_steps,
    operation_pages,
    part_pages,
    reasons,
    receipts,
    views,
)

__all__ = ["case_panels", "keeping_panels", "next_steps", "urlpatterns"]

urlpatterns = [
    page("cases/", views.case_list, action="see_case", name="case_list"),
    page("case/<uuid:pk>/agreement/", views.agreement, action="record_consent", name="case_agreement"),
    page("case/<uuid:pk>/consent/<slug:purpose>/", views.give_consent, action="record_consent", name="case_consent"),
    page("case/<uuid:pk>/refusal/", views.refuse, action="record_refusal", name="case_refusal"),
    page("case/<uuid:pk>/help/", views.direct_help, action="give_direct_help", name="case_help"),
    page("case/<uuid:pk>/close/", views.close, action="close_case", name="case_close"),
    page("case/<uuid:pk>/ground/<slug:purpose>/", ground_pages.record, action="record_ground", name="case_ground"),
    page("ground/<uuid:pk>/", ground_pages.confirm, action="confirm_ground", name="ground_confirm"),
    page("ground/<uuid:pk>/reasons/", ground_pages.read_reasons, action="confirm_ground", name="ground_reasons"),
    page("grounds/", ground_pages.oversight, action="read_log", name="ground_list"),
    page("withdrawal/<uuid:pk>/", ground_pages.withdrawal, action="see_withdrawal", name="withdrawal"),
    page("consent/<uuid:pk>/receipt/", receipts.choose, action="see_consent", name="consent_receipt"),
    page("consent/<uuid:pk>/receipt/<slug:language>/", receipts.paper, action="see_consent", name="consent_paper"),
    page("consent/<uuid:pk>/withdraw/", views.withdraw, action="withdraw_consent", name="consent_withdraw"),
    # Documents
    page("case/<uuid:pk>/document/", document_pages.attach, action="attach_document", name="document_attach"),
    page("document/<uuid:pk>/", document_pages.document, action="see_document", name="document"),
    page("document/<uuid:pk>/title/", document_pages.show_title, action="see_document", name="document_title"),
    page("document/<uuid:pk>/open/", document_pages.download, action="see_document", name="document_open"),
    page("document/<uuid:pk>/remove/", document_pages.remove, action="remove_document", name="document_remove"),
    # Legal holds and erasure
    page("case/<uuid:pk>/hold/", erasure_pages.place_hold, action="place_hold", name="hold_place"),
    page("hold/<uuid:pk>/lift/", erasure_pages.lift_hold, action="lift_hold", name="hold_lift"),
    page("case/<uuid:pk>/erasure/", erasure_pages.request_erasure, action="request_erasure", name="erasure_request"),
    page("erasures/", erasure_pages.erasure_list, action="confirm_erasure", name="erasure_list"),
    page("erasure/<uuid:pk>/", erasure_pages.erasure_page, action="see_erasure", name="erasure"),
    page("erasure/<uuid:pk>/confirm/", erasure_pages.confirm_erasure, action="confirm_erasure", name="erasure_confirm"),
    page("erasure/<uuid:pk>/decline/", erasure_pages.decline_erasure, action="confirm_erasure", name="erasure_decline"),
    page(
        "erasure/<uuid:pk>/withdraw/", erasure_pages.withdraw_erasure, action="request_erasure", name="erasure_withdraw"
    ),
    # The focal agency's case manager
    page("case/<uuid:pk>/note/", manage.write_note, action="write_note", name="case_note"),
    page("case/<uuid:pk>/exclusion/", manage.exclude, action="exclude_from_case", name="case_exclusion"),
    page("exclusion/<uuid:pk>/ask/", exclusion_pages.ask_to_lift, action="ask_to_lift_exclusion", name="exclusion_ask"),
    page("exclusion/<uuid:pk>/decide/", exclusion_pages.decide, action="lift_exclusion", name="exclusion_decide"),
    page("case/<uuid:pk>/suspects/add/", exclusion_pages.record_suspect, action="record_suspect", name="suspect_add"),
    page("suspect/<uuid:pk>/", exclusion_pages.suspect_page, action="see_suspects", name="suspect"),
    page("suspect/<uuid:pk>/clear/", exclusion_pages.clear_suspect, action="clear_suspect", name="suspect_clear"),
    page("reason/<uuid:pk>/", reasons.reason_page, action="see_reason", name="reason"),
    # Who takes part, until when, and the case handed over
    page("involvement/<uuid:pk>/", part_pages.involvement_page, action="see_involvement", name="involvement"),
    page(
        "involvement/<uuid:pk>/renew/", part_pages.change("renew"), action="renew_involvement", name="involvement_renew"
    ),
    page("involvement/<uuid:pk>/end/", part_pages.change("end"), action="end_involvement", name="involvement_end"),
    page("involvement/<uuid:pk>/ask/", part_pages.ask_renewal, action="ask_renewal", name="involvement_ask"),
    page("case/<uuid:pk>/hand-over/", part_pages.offer, action="offer_hand_over", name="case_hand_over"),
    page("hand-over/<uuid:pk>/", part_pages.hand_over_page, action="see_hand_over", name="hand_over"),
    page("hand-over/<uuid:pk>/accept/", part_pages.accept, action="accept_hand_over", name="hand_over_accept"),
    page(
        "hand-over/<uuid:pk>/decline/",
        part_pages.answer("decline"),
        action="accept_hand_over",
        name="hand_over_decline",
    ),
    page(
        "hand-over/<uuid:pk>/withdraw/",
        part_pages.answer("withdraw"),
        action="offer_hand_over",
        name="hand_over_withdraw",
    ),
    # Case conference
    page("case/<uuid:pk>/conference/", conference_pages.call, action="call_conference", name="conference_call"),
    page("conference/<uuid:pk>/", conference_pages.conference_page, action="see_conference", name="conference"),
    page("conference/<uuid:pk>/invite/", conference_pages.invite, action="call_conference", name="conference_invite"),
    page("conference/<uuid:pk>/record/", conference_pages.record, action="record_conference", name="conference_record"),
    page("conference/<uuid:pk>/cancel/", conference_pages.cancel, action="call_conference", name="conference_cancel"),
    page(
        "invitation/<uuid:pk>/withdraw/",
        conference_pages.withdraw,
        action="call_conference",
        name="invitation_withdraw",
    ),
    page("case/<uuid:pk>/reopen/", manage.reopen, action="reopen_case", name="case_reopen"),
    # Operations: for named readers
    page("case/<uuid:pk>/operation/", operation_pages.note, action="note_operation", name="operation_note"),
    page("operation/<uuid:pk>/", operation_pages.operation_page, action="see_operation", name="operation"),
    page("operation/<uuid:pk>/open/", operation_pages.open_operation, action="see_operation", name="operation_open"),
    page("operation/<uuid:pk>/readers/", operation_pages.readers, action="change_operation", name="operation_readers"),
    page(
        "operation/<uuid:pk>/readers/<int:reader>/off/",
        operation_pages.take_off,
        action="change_operation",
        name="operation_reader_off",
    ),
    page("operation/<uuid:pk>/end/", operation_pages.move_end, action="change_operation", name="operation_end"),
]
