from __future__ import annotations

from services.web.inbox_filters import InboxFilters, areas_offered


def test_what_narrows_the_inbox_stands_in_its_address_and_nothing_else_does() -> None:
    filters = InboxFilters.of({"area": "jashore/sharsha", "level": "2", "done": "snooze", "severity": ""})
    assert filters.query() == "?area=jashore/sharsha&level=2"
    assert filters.query(cursor="abc", done="") == "?area=jashore/sharsha&level=2&cursor=abc"
    assert InboxFilters().query() == "" and not InboxFilters().narrows
    assert filters.narrows


def test_an_area_is_a_district_or_one_upazila_of_it() -> None:
    assert InboxFilters(area="jashore").asked["district"] == "jashore"
    assert InboxFilters(area="jashore").asked["upazila"] == ""
    upazila = InboxFilters(area="jashore/sharsha", caseworker_id="nobody").asked
    assert (upazila["district"], upazila["upazila"], upazila["caseworker_id"]) == ("jashore", "sharsha", "nobody")


def test_what_cannot_be_said_in_an_address_is_written_so_that_it_can() -> None:
    assert InboxFilters(area="a&b").query() == "?area=a%26b"


def test_areas_to_choose_from_have_each_district_before_its_upazilas_and_keep_what_is_chosen() -> None:
    found = areas_offered([("khulna", ""), ("jashore", "sharsha"), ("jashore", ""), ("", "")], "satkhira")
    assert found == ["jashore", "jashore/sharsha", "khulna", "satkhira"]
