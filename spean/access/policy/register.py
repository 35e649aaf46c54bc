"""The register: every action there is, and for each the roles that hold it and the relation to the object they need."""

from dataclasses import dataclass

from spean.access.roles import (
    ADMINISTRATOR,
    ALL,
    AUDITOR,
    CASE_MANAGER,
    COURT_CLERK,
    FIRST_RESPONDER,
    HOTLINE_OPERATOR,
    HOTLINE_SUPERVISOR,
    IDENTIFICATION_OFFICER,
    IDENTIFICATION_REVIEWER,
    INVESTIGATOR,
    LABOUR_OFFICER,
    PROSECUTOR,
    RETURN_OFFICER,
    SERVICE_PROVIDER,
    STATISTICS_OFFICER,
)

PUBLIC = "public"  # pages that need no sign-in
SIGNED_IN = "signed_in"  # pages of every signed-in user: own profile, language, home


@dataclass(frozen=True)
class Rule:
    """Roles × relation. The relation "" means: for creating, or acting on nothing in particular."""

    roles: frozenset[str]
    relation: str

    @classmethod
    def of(cls, *roles: str, to: str = "") -> "Rule":
        return cls(frozenset(roles), to)


SCREENERS = (FIRST_RESPONDER, CASE_MANAGER, LABOUR_OFFICER, RETURN_OFFICER, SERVICE_PROVIDER, HOTLINE_OPERATOR)
AT_CROSSINGS = (FIRST_RESPONDER, CASE_MANAGER, LABOUR_OFFICER, RETURN_OFFICER)
DECIDERS = (IDENTIFICATION_OFFICER, IDENTIFICATION_REVIEWER)
HANDLERS = (
    FIRST_RESPONDER, CASE_MANAGER, IDENTIFICATION_OFFICER, IDENTIFICATION_REVIEWER, SERVICE_PROVIDER,
    INVESTIGATOR, PROSECUTOR, RETURN_OFFICER, LABOUR_OFFICER, HOTLINE_OPERATOR, HOTLINE_SUPERVISOR,
)  # fmt: skip

# Who may ask, in an emergency, where somebody is: nobody whose service arrests, charges or judges.
MAY_ASK_PLACE = (CASE_MANAGER, SERVICE_PROVIDER, RETURN_OFFICER)

# Who may keep a list of his organisation's. A list with names only whoever meets people in his work.
LISTERS = (
    CASE_MANAGER, SERVICE_PROVIDER, INVESTIGATOR, PROSECUTOR, COURT_CLERK, RETURN_OFFICER, LABOUR_OFFICER,
    HOTLINE_SUPERVISOR,
)  # fmt: skip

# Of these, who may also start screenings: to him the lines of his list that agreed are people whom he can help.
LISTING_SCREENERS = tuple(role for role in LISTERS if role in SCREENERS)

of = Rule.of

# Relations of a case: mine = I started it; screening, focal, service, identification = my organisation is
# involved in it with that task now.
ACTIONS: dict[str, tuple[Rule, ...]] = {
    # --- the case and its screening ---
    "start_screening": (of(*SCREENERS),),
    "see_case": (
        of(*SCREENERS, HOTLINE_SUPERVISOR, to="mine"),
        of(CASE_MANAGER, to="focal"),
        of(CASE_MANAGER, to="screening"),
        of(SERVICE_PROVIDER, to="service"),
        of(*DECIDERS, to="identification"),
        of(INVESTIGATOR, PROSECUTOR, to="justice"),
        of(RETURN_OFFICER, to="return"),
        of(*HANDLERS, to="conference"),
    ),
    "see_screening": (
        of(*SCREENERS, to="mine_screening"),
        of(CASE_MANAGER, to="focal"),
        of(*DECIDERS, to="identification"),
    ),
    "answer_screening": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "complete_screening": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "screen_again": (of(*SCREENERS, to="mine_screening"),),
    "offer_second_interview": (of(*SCREENERS, to="mine_screening"),),
    # The quick list of a bus, which the colleagues at the same crossing share; and the interview after registration.
    "list_arrival": (of(*AT_CROSSINGS),),
    "see_arrival": (of(*AT_CROSSINGS, to="ours"),),
    "record_intake": (of(CASE_MANAGER, to="focal"), of(SERVICE_PROVIDER, to="service")),
    "see_intake": (of(CASE_MANAGER, to="focal"), of(SERVICE_PROVIDER, to="service")),
    "refer_case": (of(*SCREENERS, to="mine_screening"),),
    "count_without_identity": (of(*SCREENERS, to="mine_screening"),),
    "take_back_case": (of(CASE_MANAGER, to="received"), of(*SCREENERS, to="mine_screening")),
    "register_person": (of(CASE_MANAGER, to="focal"),),
    "close_case": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "reopen_case": (of(CASE_MANAGER, to="focal"),),
    "presume": (of(*SCREENERS, to="mine_screening"),),
    "identify": (of(*DECIDERS, to="identification"),),
    "find_exploited": (of(*DECIDERS, to="identification"),),
    "not_identify": (of(*DECIDERS, to="identification"),),
    "write_note": (
        of(CASE_MANAGER, to="focal"), of(SERVICE_PROVIDER, to="service"), of(*DECIDERS, to="identification"),
    ),
    "see_whereabouts": (of(CASE_MANAGER, to="focal"),),
    "see_document": (
        of(CASE_MANAGER, to="focal"), of(*DECIDERS, to="identification"), of(INVESTIGATOR, PROSECUTOR, to="justice"),
        of(RETURN_OFFICER, to="return"),
    ),
    "attach_document": (
        of(CASE_MANAGER, to="focal"), of(*DECIDERS, to="identification"), of(INVESTIGATOR, PROSECUTOR, to="justice"),
        of(RETURN_OFFICER, to="return"),
    ),
    "remove_document": (of(CASE_MANAGER, to="focal"),),
    "see_case_history": (of(CASE_MANAGER, to="focal"),),
    "hand_over_record": (of(CASE_MANAGER, to="focal"),),
    "exclude_from_case": (of(CASE_MANAGER, to="focal"),),
    "see_exclusions": (of(CASE_MANAGER, to="focal"),),
    # Lifting takes two: one of the focal agency asks, another of it, or of the national one, decides.
    "ask_to_lift_exclusion": (of(CASE_MANAGER, to="focal"),),
    "lift_exclusion": (of(CASE_MANAGER, to="asked"), of(CASE_MANAGER, to="asked_national")),
    "record_suspect": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "see_suspects": (
        of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal"), of(*DECIDERS, to="identification"),
        of(INVESTIGATOR, PROSECUTOR, to="justice"),
    ),
    "clear_suspect": (of(CASE_MANAGER, to="focal"),),
    "see_involvement": (of(CASE_MANAGER, to="focal"),),
    "renew_involvement": (of(CASE_MANAGER, to="focal"),),
    "end_involvement": (of(CASE_MANAGER, to="focal"),),
    "ask_renewal": (of(*HANDLERS, to="expired"),),
    "see_reason": (of(CASE_MANAGER, to="focal"), of(CASE_MANAGER, to="asked")),
    "offer_hand_over": (of(CASE_MANAGER, to="focal"),),
    "see_hand_over": (of(CASE_MANAGER, to="focal"), of(CASE_MANAGER, to="offered")),
    "accept_hand_over": (of(CASE_MANAGER, to="offered"),),
    "call_conference": (of(CASE_MANAGER, to="focal"),),
    "see_conference": (of(CASE_MANAGER, to="focal"), of(*HANDLERS, to="invited")),
    "record_conference": (of(CASE_MANAGER, to="focal"),),
    # --- consent ---
    "record_consent": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "record_refusal": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "withdraw_consent": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "see_consent": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "record_ground": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    # The second person, who sees of the case what he is asked to confirm, and no more.
    "confirm_ground": (of(*SCREENERS, HOTLINE_SUPERVISOR, to="asked_to_confirm"),),
    "see_withdrawal": (of(*HANDLERS, to="ours"), of(CASE_MANAGER, to="focal")),
    "acknowledge_withdrawal": (of(*HANDLERS, to="ours"),),
    # --- erasure: asked for by who answers for the case, confirmed by somebody elsewhere who sees no content ---
    "place_hold": (of(CASE_MANAGER, to="focal"), of(INVESTIGATOR, PROSECUTOR, COURT_CLERK, to="justice")),
    "lift_hold": (of(CASE_MANAGER, to="focal"), of(INVESTIGATOR, PROSECUTOR, COURT_CLERK, to="justice")),
    "request_erasure": (of(CASE_MANAGER, to="focal"), of(*SCREENERS, to="mine_screening")),
    "see_erasure": (of(CASE_MANAGER, to="focal"), of(*SCREENERS, to="mine_screening"),
                    of(CASE_MANAGER, to="national"), of(AUDITOR, to="all")),
    "confirm_erasure": (of(CASE_MANAGER, to="national"), of(AUDITOR, to="all")),
    # --- people ---
    "see_person": (of(CASE_MANAGER, to="focal"), of(SERVICE_PROVIDER, to="service"),
                   of(*DECIDERS, to="identification"), of(RETURN_OFFICER, to="return")),
    "edit_person": (of(CASE_MANAGER, to="focal"),),
    "search_people": (of(CASE_MANAGER),),
    "propose_match": (of(CASE_MANAGER, to="focal"),),
    "see_match": (of(CASE_MANAGER, to="ours"), of(CASE_MANAGER, to="national")),
    "decide_match": (of(CASE_MANAGER, to="ours"), of(CASE_MANAGER, to="national")),
    # --- protection ---
    "see_protection": (of(CASE_MANAGER, to="focal"), of(SERVICE_PROVIDER, to="service"),
                       of(*DECIDERS, to="identification"), of(*HANDLERS, to="conference_protection")),
    "give_rights_information": (of(CASE_MANAGER, to="focal"), of(*SCREENERS, to="mine_screening")),
    "open_reflection_period": (of(CASE_MANAGER, to="focal"),),
    "end_reflection_period": (of(CASE_MANAGER, to="focal"),),
    "waive_reflection_period": (of(CASE_MANAGER, to="focal"),),
    "assess_risk": (of(CASE_MANAGER, to="focal"), of(*SCREENERS, to="mine_screening")),
    "record_need": (of(CASE_MANAGER, to="focal"), of(*SCREENERS, to="mine_screening")),
    "change_need": (of(CASE_MANAGER, to="focal"),),
    "give_direct_help": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    # --- referral ---
    "see_referral": (of(CASE_MANAGER, to="received"), of(SERVICE_PROVIDER, to="received"),
                     of(*DECIDERS, to="received"), of(CASE_MANAGER, to="sent"),
                     of(*HANDLERS, to="sent_by_me"), of(CASE_MANAGER, to="focal")),
    # What came with it: while it waits, and while the organisation takes part because of it.
    "read_referral": (of(CASE_MANAGER, SERVICE_PROVIDER, *DECIDERS, to="received_now"),),
    "send_referral": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "acknowledge_referral": (of(CASE_MANAGER, SERVICE_PROVIDER, *DECIDERS, to="received"),),
    "accept_referral": (of(CASE_MANAGER, SERVICE_PROVIDER, *DECIDERS, to="received"),),
    "decline_referral": (of(CASE_MANAGER, SERVICE_PROVIDER, *DECIDERS, to="received"),),
    "withdraw_referral": (of(CASE_MANAGER, to="sent"), of(*SCREENERS, to="sent_by_me"),
                          of(CASE_MANAGER, to="focal")),
    "complete_referral": (of(CASE_MANAGER, SERVICE_PROVIDER, *DECIDERS, to="received"),),
    "end_referral": (of(CASE_MANAGER, SERVICE_PROVIDER, *DECIDERS, to="received"), of(CASE_MANAGER, to="sent"),
                     of(CASE_MANAGER, to="focal")),
    # --- formal identification ---
    "see_determination": (of(*DECIDERS, to="identification"), of(CASE_MANAGER, to="focal")),
    "open_determination": (of(IDENTIFICATION_OFFICER, to="identification"),),
    "propose_determination": (of(IDENTIFICATION_OFFICER, to="identification"),),
    "confirm_determination": (of(IDENTIFICATION_REVIEWER, to="identification"),),
    "inform_of_determination": (of(CASE_MANAGER, to="focal"), of(IDENTIFICATION_OFFICER, to="identification")),
    "request_review": (of(CASE_MANAGER, to="focal"), of(IDENTIFICATION_OFFICER, to="identification")),
    # --- directory ---
    "see_directory": (of(*(role for role in ALL)),),
    "see_service": (of(*(role for role in ALL), to="all"),),
    # A place that is free today and taken tomorrow tells whoever watches where somebody sleeps since then: how full
    # a house is, is known to itself and to those who place people.
    "see_places": (
        of(*(role for role in ALL), to="not_residential"), of(CASE_MANAGER, to="all"), of(SERVICE_PROVIDER, to="ours"),
    ),
    "edit_service": (of(SERVICE_PROVIDER, to="ours"), of(CASE_MANAGER, to="ours")),
    "update_capacity": (of(SERVICE_PROVIDER, to="ours"), of(CASE_MANAGER, to="ours")),
    # Its own staff; who placed somebody there; whom the shelter itself lets in, others than those who help by name.
    "see_shelter_location": (
        of(SERVICE_PROVIDER, to="ours"), of(CASE_MANAGER, to="placed"),
        of(CASE_MANAGER, SERVICE_PROVIDER, RETURN_OFFICER, to="let_in"),
        of(*HANDLERS, COURT_CLERK, to="let_in_by_name"), of(*MAY_ASK_PLACE, to="emergency"),
    ),
    "let_into_location": (of(SERVICE_PROVIDER, to="ours"),),
    "close_location": (of(SERVICE_PROVIDER, to="ours"),),
    "keep_location_open": (of(SERVICE_PROVIDER, to="ours"), of(CASE_MANAGER, to="held")),
    "see_unmet_need": (of(CASE_MANAGER),),
    # --- emergency access: one named case, for four hours, on a page of its own ---
    "ask_emergency": (of(*HANDLERS),),
    "see_emergency": (of(*HANDLERS, to="mine"), of(*HANDLERS, to="named"), of(CASE_MANAGER, to="focal"),
                      of(AUDITOR, to="all")),
    "confirm_emergency": (of(*HANDLERS, to="named"),),
    "review_emergency": (of(AUDITOR, to="all"),),
    "read_in_emergency": (of(*HANDLERS, to="emergency"),),
    # --- kept apart from the case: who called, and what is planned ---
    "record_informant": (of(HOTLINE_OPERATOR, to="mine"),),
    "see_informant": (of(HOTLINE_OPERATOR, to="mine"), of(HOTLINE_SUPERVISOR, to="ours")),
    "keep_informant_longer": (of(HOTLINE_OPERATOR, to="mine"), of(HOTLINE_SUPERVISOR, to="ours")),
    "note_operation": (of(INVESTIGATOR, to="justice"),),
    "see_operation": (of(*HANDLERS, to="mine"), of(*HANDLERS, to="named"),
                      of(INVESTIGATOR, PROSECUTOR, to="over")),
    "change_operation": (of(INVESTIGATOR, to="mine"),),
    # --- work ---
    "see_task": (of(*HANDLERS, to="mine"),),
    # --- administration and oversight: never case content ---
    "manage_organisations": (of(ADMINISTRATOR, to="all"),),
    "manage_users": (of(ADMINISTRATOR, to="all"),),
    "see_backups": (of(ADMINISTRATOR, AUDITOR),),
    # Only who answers for the case may put it on a list, and never through an emergency.
    "export_case": (of(CASE_MANAGER, to="focal"),),
    "request_export": (of(CASE_MANAGER),),
    "see_export": (of(CASE_MANAGER, to="ours"), of(AUDITOR, to="all")),
    "approve_export": (of(CASE_MANAGER, to="by_colleague"),),
    "withdraw_export": (of(CASE_MANAGER, to="mine"),),
    "make_export": (of(CASE_MANAGER, to="mine"),),
    "trace_export": (of(AUDITOR),),
    # A phone with ODK Collect: whoever screens, his own. It sends, and reads nothing of a case.
    "enrol_device": (of(*SCREENERS),),
    "see_device": (of(*SCREENERS, to="mine"),),
    "revoke_device": (of(*SCREENERS, to="mine"),),
    "see_quarantined": (of(*SCREENERS, to="mine"),),
    "settle_quarantined": (of(*SCREENERS, to="mine"),),
    # Partner lists: whoever keeps one, his own. What stands in a row he reads only where it was kept aside, or where
    # the person agreed, with proof, and he may begin a screening of her.
    "keep_list": (of(*LISTERS, STATISTICS_OFFICER),),
    "keep_list_of_names": (of(*LISTERS),),
    "see_list": (of(*LISTERS, STATISTICS_OFFICER, to="mine"),),
    "deliver_list": (of(*LISTERS, STATISTICS_OFFICER, to="mine"),),
    "see_agreed": (of(*LISTING_SCREENERS, to="mine"),),
    "begin_from_row": (of(*LISTING_SCREENERS, to="mine_agreed"),),
    "read_row": (
        of(*LISTERS, to="mine_aside"), of(*LISTING_SCREENERS, to="mine_agreed"), of(CASE_MANAGER, to="in_pair"),
    ),
    "destroy_row": (of(*LISTERS, STATISTICS_OFFICER, to="mine"),),
    # The linked register: numbers for the statistician; pairs, with names, for the national focal agency alone.
    "see_register": (of(STATISTICS_OFFICER, to="all"), of(CASE_MANAGER, to="national")),
    "start_linking": (of(STATISTICS_OFFICER, to="all"), of(CASE_MANAGER, to="national")),
    "see_pair": (of(CASE_MANAGER, to="national"),),
    "decide_pair": (of(CASE_MANAGER, to="national"),),
    # Numbers: protected tables only, drawn up by one statistics officer and published by another.
    "see_edition": (of(STATISTICS_OFFICER, to="all"),),
    "draft_edition": (of(STATISTICS_OFFICER, to="all"),),
    "check_edition": (of(STATISTICS_OFFICER, to="all"),),
    "publish_edition": (of(STATISTICS_OFFICER, to="by_another"),),
    "see_figure": (of(STATISTICS_OFFICER, to="all"),),
    "record_figure": (of(STATISTICS_OFFICER),),
    "publish_figure": (of(STATISTICS_OFFICER, to="by_another"),),
    "withdraw_figure": (of(STATISTICS_OFFICER, to="all"),),
    "see_access_change": (of(ADMINISTRATOR, to="all"),),
    "confirm_access_change": (of(ADMINISTRATOR, to="by_another"),),
    "withdraw_access_change": (of(ADMINISTRATOR, to="mine"),),
    "read_log": (of(AUDITOR, to="all"),),
    "keep_log_root": (of(AUDITOR),),
    # Alerts, canaries and leak reviews name users and codes, never content.
    "see_alert": (of(AUDITOR, to="all"),),
    "clear_alert": (of(AUDITOR, to="all"),),
    "see_canary": (of(AUDITOR, to="all"),),
    "plant_canary": (of(AUDITOR),),
    "review_leak": (of(AUDITOR, to="all"),),
    # Another user of the same organisation and role, or the national focal agency; never oneself.
    "extend_budget": (of(*HANDLERS, COURT_CLERK, to="colleague"), of(CASE_MANAGER, to="of_the_country")),
}  # fmt: skip
