"""The roles of the mechanism, as codes. Their titles are in the country pack (`roles.csv`)."""

FIRST_RESPONDER = "first_responder"
HOTLINE_OPERATOR = "hotline_operator"
HOTLINE_SUPERVISOR = "hotline_supervisor"
CASE_MANAGER = "case_manager"
IDENTIFICATION_OFFICER = "identification_officer"
IDENTIFICATION_REVIEWER = "identification_reviewer"
SERVICE_PROVIDER = "service_provider"
INVESTIGATOR = "investigator"
PROSECUTOR = "prosecutor"
COURT_CLERK = "court_clerk"
RETURN_OFFICER = "return_officer"
LABOUR_OFFICER = "labour_officer"
STATISTICS_OFFICER = "statistics_officer"
AUDITOR = "auditor"
ADMINISTRATOR = "administrator"

ALL: tuple[str, ...] = (
    FIRST_RESPONDER,
    HOTLINE_OPERATOR,
    HOTLINE_SUPERVISOR,
    CASE_MANAGER,
    IDENTIFICATION_OFFICER,
    IDENTIFICATION_REVIEWER,
    SERVICE_PROVIDER,
    INVESTIGATOR,
    PROSECUTOR,
    COURT_CLERK,
    RETURN_OFFICER,
    LABOUR_OFFICER,
    STATISTICS_OFFICER,
    AUDITOR,
    ADMINISTRATOR,
)

# Whoever can meet the content of a case. (A second factor is asked of everybody: `User.needs_second_factor`.)
CONTENT_ROLES: frozenset[str] = frozenset(ALL) - {ADMINISTRATOR, STATISTICS_OFFICER}

# Nobody gets one of these from a single administrator, nor does anybody who holds one get a new way to sign in.
GUARDED_ROLES: frozenset[str] = CONTENT_ROLES | {ADMINISTRATOR}

# Sections of a case. A role can read at most these; an involvement grants at most what its task needs;
# what a user reads is the intersection of the two.
SECTIONS: tuple[str, ...] = (
    "identity",
    "contact",
    "whereabouts",
    "narrative",
    "health",
    "protection",
    "justice",
    "documents",
)

ROLE_SECTIONS: dict[str, frozenset[str]] = {
    FIRST_RESPONDER: frozenset({"identity", "contact", "narrative", "protection"}),
    HOTLINE_OPERATOR: frozenset({"contact", "narrative"}),
    HOTLINE_SUPERVISOR: frozenset({"contact", "narrative"}),
    CASE_MANAGER: frozenset(SECTIONS),
    IDENTIFICATION_OFFICER: frozenset({"identity", "narrative", "protection", "justice", "documents"}),
    IDENTIFICATION_REVIEWER: frozenset({"identity", "narrative", "protection", "justice", "documents"}),
    SERVICE_PROVIDER: frozenset({"identity", "contact", "narrative", "health", "protection"}),
    INVESTIGATOR: frozenset({"identity", "justice", "documents"}),
    PROSECUTOR: frozenset({"identity", "justice", "documents"}),
    COURT_CLERK: frozenset({"identity", "justice"}),
    RETURN_OFFICER: frozenset({"identity", "contact", "documents", "protection"}),
    LABOUR_OFFICER: frozenset({"justice"}),
    STATISTICS_OFFICER: frozenset(),
    AUDITOR: frozenset(),
    ADMINISTRATOR: frozenset(),
}

# Through which tasks of its organisation a role takes part in a case. An investigator in the unit of the officer
# who screened somebody does not read that screening: his organisation's task there is not his.
ROLE_TASKS: dict[str, tuple[str, ...]] = {
    FIRST_RESPONDER: ("screening",),
    HOTLINE_OPERATOR: ("screening",),
    HOTLINE_SUPERVISOR: ("screening",),
    CASE_MANAGER: ("focal", "screening"),
    IDENTIFICATION_OFFICER: ("identification",),
    IDENTIFICATION_REVIEWER: ("identification",),
    SERVICE_PROVIDER: ("service", "screening"),
    INVESTIGATOR: ("justice",),
    PROSECUTOR: ("justice",),
    COURT_CLERK: ("justice",),
    RETURN_OFFICER: ("return", "screening"),
    LABOUR_OFFICER: ("screening",),
    STATISTICS_OFFICER: (),
    AUDITOR: (),
    ADMINISTRATOR: (),
}
