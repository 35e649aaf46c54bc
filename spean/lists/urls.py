"""Addresses of partner lists and of the linked register. Each names the action that the policy is asked about."""

from spean.access.pages import page
from spean.lists import case_pages, pages, register_pages

urlpatterns = [
    page("lists/", pages.mine, action="see_list", name="partner_lists"),
    page("lists/begin/", pages.begin, action="keep_list", name="partner_list_begin"),
    page("lists/<uuid:pk>/", pages.one, action="see_list", name="partner_list"),
    page("lists/<uuid:pk>/declare/", pages.declare, action="deliver_list", name="partner_list_declare"),
    page("lists/<uuid:pk>/deliver/", pages.deliver, action="deliver_list", name="partner_list_deliver"),
    page("lists/<uuid:pk>/agreed/", case_pages.agreed, action="see_agreed", name="partner_list_agreed"),
    page("deliveries/<uuid:pk>/", pages.delivery, action="see_list", name="delivery"),
    page("deliveries/<uuid:pk>/columns/", pages.columns, action="deliver_list", name="delivery_columns"),
    page("deliveries/<uuid:pk>/report/", pages.delivery_report, action="see_list", name="delivery_report"),
    page("deliveries/<uuid:pk>/withdraw/", pages.withdraw, action="deliver_list", name="delivery_withdraw"),
    page("list-rows/<uuid:pk>/", pages.list_row, action="destroy_row", name="list_row"),
    page("list-rows/<uuid:pk>/open/", pages.open_row, action="read_row", name="list_row_open"),
    page("list-rows/<uuid:pk>/begin/", case_pages.begin_case, action="begin_from_row", name="list_row_begin"),
    page("list-rows/<uuid:pk>/destroy/", pages.destroy_row, action="destroy_row", name="list_row_destroy"),
    page("register/", register_pages.index, action="see_register", name="register"),
    page("register/start/", register_pages.start, action="start_linking", name="linking_start"),
    page("linkings/<uuid:pk>/", register_pages.one, action="see_register", name="linking"),
    page("linkings/<uuid:pk>/overlap/<int:number>/", register_pages.overlap, action="see_register", name="overlap"),
    page("pairs/", register_pages.queue, action="see_pair", name="pair_list"),
    page("pairs/<uuid:pk>/", register_pages.pair, action="see_pair", name="pair"),
    page("pairs/<uuid:pk>/compare/", register_pages.compare, action="decide_pair", name="pair_compare"),
    page("pairs/<uuid:pk>/decide/", register_pages.decide, action="decide_pair", name="pair_decide"),
]
