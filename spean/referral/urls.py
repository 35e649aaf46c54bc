"""Addresses of referrals. Each names the action that the policy is asked about."""

from spean.access.pages import page
from spean.referral import panels, to_focal
from spean.referral.views import inbox

__all__ = ["panels", "urlpatterns"]

urlpatterns = [
    # Sending, by whoever met the person
    page("case/<uuid:pk>/refer/", to_focal.refer, action="refer_case", name="case_refer"),
    page("referral/<uuid:pk>/sent/", to_focal.sent, action="see_referral", name="referral_sent"),
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
