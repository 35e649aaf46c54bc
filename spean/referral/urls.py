"""Addresses of referrals. Each names the action that the policy is asked about."""

from spean.access.pages import page
from spean.referral import panels, to_focal
from spean.referral.views import inbox, to_authority, to_service

__all__ = ["panels", "urlpatterns"]

urlpatterns = [
    # Sending, by whoever met the person
    page("case/<uuid:pk>/refer/", to_focal.refer, action="refer_case", name="case_refer"),
    page("referral/<uuid:pk>/sent/", to_focal.sent, action="see_referral", name="referral_sent"),
    # From a need to a service, and to the competent authority
    page(
        "case/<uuid:pk>/needs/<uuid:need_pk>/services/", to_service.ranking, action="send_referral",
        name="need_services",
    ),
    page(
        "case/<uuid:pk>/needs/<uuid:need_pk>/services/<uuid:service_pk>/", to_service.send, action="send_referral",
        name="need_refer",
    ),
    page("case/<uuid:pk>/identification/ask/", to_authority.send, action="send_referral", name="case_to_authority"),
    # The queue, and the answers
    page("referrals/", inbox.referral_list, action="see_referral", name="referral_list"),
    page("referral/<uuid:pk>/", inbox.referral_page, action="see_referral", name="referral"),
    page("referral/<uuid:pk>/message/", inbox.read_message, action="see_referral", name="referral_message"),
    page(
        "referral/<uuid:pk>/acknowledge/", inbox.acknowledge, action="acknowledge_referral",
        name="referral_acknowledge",
    ),
    page("referral/<uuid:pk>/accept/", inbox.answer("accept"), action="accept_referral", name="referral_accept"),
    page("referral/<uuid:pk>/decline/", inbox.answer("decline"), action="decline_referral", name="referral_decline"),
    page("referral/<uuid:pk>/withdraw/", inbox.answer("withdraw"), action="withdraw_referral", name="referral_withdraw"),
    page("referral/<uuid:pk>/complete/", inbox.answer("complete"), action="complete_referral", name="referral_complete"),
    page("referral/<uuid:pk>/end/", inbox.answer("end"), action="end_referral", name="referral_end"),
]  # fmt: skip
