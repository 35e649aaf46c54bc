"""Addresses of the statistics: the public ones stay for good, the office's need a role."""

from spean.access.pages import PUBLIC, page
from spean.statistics import estimate_pages, office, views

urlpatterns = [
    page("statistics/", views.overview, action=PUBLIC, name="statistics"),
    page("statistics/indicators/", views.register_page, action=PUBLIC, name="statistics_register"),
    page("statistics/estimates/", estimate_pages.estimates_page, action=PUBLIC, name="statistics_estimates"),
    page("statistics/<slug:slug>/", views.edition_page, action=PUBLIC, name="statistics_edition"),
    page("statistics/<slug:slug>/report/<slug:language>/", views.report_file, action=PUBLIC, name="statistics_report"),
    page("statistics/<slug:slug>/<slug:code>/", views.table_page, action=PUBLIC, name="statistics_table"),
    page("statistics/<slug:slug>/<slug:code>/<slug:kind>/", views.download, action=PUBLIC, name="statistics_download"),
    # The office
    page("editions/", office.edition_list, action="see_edition", name="edition_list"),
    page("editions/draft/", office.draft, action="draft_edition", name="edition_new"),
    page("editions/<uuid:pk>/", office.edition_draft, action="see_edition", name="edition_draft"),
    page("editions/<uuid:pk>/table/<slug:code>/", office.draft_table, action="see_edition", name="edition_table"),
    page("editions/<uuid:pk>/again/", office.again, action="draft_edition", name="edition_again"),
    page("editions/<uuid:pk>/check/", office.check, action="check_edition", name="edition_check"),
    page("editions/<uuid:pk>/return/", office.give_back, action="publish_edition", name="edition_return"),
    page("editions/<uuid:pk>/discard/", office.discard, action="draft_edition", name="edition_discard"),
    page("editions/<uuid:pk>/publish/", office.publish, action="publish_edition", name="edition_publish"),
    page("figures/", estimate_pages.figure_list, action="see_figure", name="figure_list"),
    page("figures/add/", estimate_pages.figure_add, action="record_figure", name="figure_add"),
    page("figures/<uuid:pk>/publish/", estimate_pages.figure_publish, action="publish_figure", name="figure_publish"),
    page(
        "figures/<uuid:pk>/withdraw/", estimate_pages.figure_withdraw, action="withdraw_figure", name="figure_withdraw"
    ),
]
