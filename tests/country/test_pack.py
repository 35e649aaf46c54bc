"""The loader: codes by date, languages that fall back, deadlines, roles, law, instruments, rights texts."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import translation

from spean.access import roles
from spean.country import lists, pack
from spean.country.files import PackError
from spean.country.pack import Pack, UnknownCode, UnknownPack, pack_names
from spean.lib import clock

HEADER = "code,label_en,label_km,valid_from,valid_to,htcds,ctdc,ictip,verified,note\n"


@pytest.fixture
def fruit(broken_pack: Path) -> Pack:
    """A pack with a list whose codes come and go."""
    rows = (
        "apple,Apple,ប៉ោម,,,,,,true,\n"
        "pear,Pear,,,2025-06-30,,,,true,went out of use\n"
        "mango,Mango,ស្វាយ,2025-07-01,,,,,false,came into use\n"
    )
    (broken_pack / "codelists" / "fruit.csv").write_text(HEADER + rows, encoding="utf-8")
    return Pack(broken_pack)


class TestValidity:
    def test_choices_are_those_of_the_day(self, fruit: Pack) -> None:
        codes = fruit.codelist("fruit")
        assert codes.codes(date(2025, 6, 30)) == {"apple", "pear"}
        assert codes.codes(date(2025, 7, 1)) == {"apple", "mango"}
        assert [code for code, _ in codes.choices(on=date(2025, 7, 1))] == ["apple", "mango"]

    def test_without_a_date_choices_follow_the_clock(self, fruit: Pack) -> None:
        with clock.travel(datetime(2025, 6, 1, tzinfo=UTC)):
            assert [code for code, _ in fruit.codelist("fruit").choices()] == ["apple", "pear"]

    def test_the_day_is_the_countrys_day(self, fruit: Pack) -> None:
        # 18:00 UTC on 30 June is already 1 July in Phnom Penh.
        with clock.travel(datetime(2025, 6, 30, 18, tzinfo=UTC)):
            assert fruit.today() == date(2025, 7, 1)
            assert [code for code, _ in fruit.codelist("fruit").choices()] == ["apple", "mango"]

    def test_an_old_record_keeps_its_code_and_its_words(self, fruit: Pack) -> None:
        codes = fruit.codelist("fruit")
        assert "pear" in codes.codes()
        assert codes.label("pear", "en") == "Pear"
        kept = codes.choices("en", on=date(2026, 1, 1), keep=("pear",))
        assert kept == [("apple", "Apple"), ("pear", "Pear"), ("mango", "Mango")]

    def test_an_unknown_code_is_refused(self, fruit: Pack) -> None:
        with pytest.raises(UnknownCode):
            fruit.codelist("fruit").get("plum")
        with pytest.raises(UnknownCode):
            fruit.codelist("vegetable")


class TestLanguages:
    @pytest.mark.parametrize(
        ("language", "label"),
        [("km", "ស្រី"), ("km-KH", "ស្រី"), ("KM", "ស្រី"), ("en", "Female"), ("en-gb", "Female"), ("vi", "Female")],
    )
    def test_missing_languages_fall_back_to_english(self, language: str, label: str) -> None:
        assert pack().codelist("sex").label("female", language) == label

    def test_a_missing_label_falls_back_alone(self, fruit: Pack) -> None:
        choices = fruit.codelist("fruit").choices("km", on=date(2025, 1, 1))
        assert choices == [("apple", "ប៉ោម"), ("pear", "Pear")]

    def test_none_is_the_language_django_speaks(self) -> None:
        with translation.override("km"):
            assert pack().codelist("answer").label("no") == "ទេ"
            assert pack().geography.province("12").label() == "ភ្នំពេញ"
        with translation.override("en"):
            assert pack().codelist("answer").label("no") == "No"

    def test_other_languages_may_be_added_to_a_list(self) -> None:
        assert pack().codelist("nationality").label("VNM", "vi") == "Việt Nam"
        assert pack().codelist("language").label("km", "th") == "เขมร"

    def test_it_is_known_which_languages_nobody_has_checked(self) -> None:
        assert pack().checked_language("en")
        assert not pack().checked_language("km")


class TestCodesAreText:
    def test_namibia_is_not_an_empty_cell(self) -> None:
        namibia = pack().codelist("nationality").get("NAM")
        assert namibia.extra["alpha_2"] == "NA"
        assert namibia.label("en") == "Namibia"

    def test_leading_zeros_stay(self) -> None:
        assert [place.code for place in pack().geography.provinces()][:2] == ["01", "02"]

    def test_a_byte_order_mark_is_not_part_of_the_header(self, broken_pack: Path) -> None:
        path = broken_pack / "codelists" / "answer.csv"
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
        assert Pack(broken_pack).codelist("answer").label("yes", "en") == "Yes"

    def test_cells_that_do_not_fit_the_header_name_file_and_line(self, broken_pack: Path) -> None:
        path = broken_pack / "codelists" / "answer.csv"
        path.write_text(path.read_text(encoding="utf-8") + "maybe,Maybe\n", encoding="utf-8")
        with pytest.raises(PackError, match=r"answer\.csv:7: 2 cells where the header has 12"):
            Pack(broken_pack).codelist("answer")


class TestCambodia:
    def test_every_list_has_its_codes(self) -> None:
        for name, need in lists.LISTS.items():
            assert need.core <= pack().codelist(name).codes(), name

    def test_all_countries_are_there_neighbours_first(self) -> None:
        codes = [code.code for code in pack().codelist("nationality")]
        assert codes[:4] == ["KHM", "VNM", "THA", "LAO"]
        assert len([code for code in codes if not code.startswith("XX")]) == 249
        assert "XXA" in codes, "stateless people are people"

    @pytest.mark.parametrize(
        ("codelist", "code"), [("method_of_control", "RestrictsMovement"), ("exploitation_form", "ForcedCriminality")]
    )
    def test_local_codes_are_exported_as_other_and_say_so(self, codelist: str, code: str) -> None:
        local = pack().codelist(codelist).get(code)
        assert (local.htcds, local.verified) == ("Other", False)
        assert local.note

    def test_every_need_has_a_service_type_that_answers_it(self) -> None:
        answered = {need for service in pack().codelist("service_type") for need in service.several("needs")}
        assert answered == pack().codelist("need").codes()

    def test_services_known_to_the_national_systems_carry_their_identifiers_once(self) -> None:
        known = [code.extra["oscar_uuid"] for code in pack().codelist("service_type") if code.extra["oscar_uuid"]]
        assert len(known) == len(set(known)) == 48

    def test_reflection_lasts_thirty_days_and_is_the_only_confirmed_deadline(self) -> None:
        assert pack().deadline("reflection_ends") == timedelta(days=30)
        assert {name for name, deadline in pack().deadlines.items() if deadline.verified} == {"reflection_ends"}
        with pytest.raises(UnknownCode):
            pack().deadline("lunch")

    def test_roles_are_those_of_the_access_room(self) -> None:
        assert lists.ROLES == roles.ALL
        assert set(pack().roles) == set(roles.ALL)
        assert pack().role_title("auditor", "km") == "សវនករ"
        assert pack().roles["auditor"].description("en").startswith("Reads the log")
        with pytest.raises(UnknownCode):
            pack().role_title("superuser")

    def test_only_the_penalty_that_was_read_is_verified(self) -> None:
        articles = {article.code: article for article in pack().law}
        assert [code for code, article in articles.items() if article.penalty_verified] == ["LSHTSE-10"]
        ten = articles["LSHTSE-10"]
        assert (ten.min_years, ten.max_years, ten.aggravated_min_years, ten.aggravated_max_years) == (7, 15, 15, 20)
        assert len([article for article in pack().law if article.statute == "LSHTSE"]) == 52
        assert not articles["PC-239"].verified
        assert pack().statutes["PC"].title("km") == "ក្រមព្រហ្មទណ្ឌ"

    def test_instruments_are_read(self) -> None:
        ilo = pack().instruments["ilo_2009"]
        assert (ilo.kind, ilo.status) == ("ilo_dimensions", "ready")
        assert len(ilo.asked("adult", "labour")) == 67
        assert len(ilo.asked("child", "labour")) == 65
        debt = next(row for row in ilo.asked("adult", "labour") if row.answer_key == "CD-DEBT")
        assert (debt.strength, debt.population) == ("strong", "adult")
        assert debt.question("km") != debt.question("en")
        assert ilo.dimension("EX", "en") == "Exploitation"

    def test_the_commit_set_is_an_empty_slot(self) -> None:
        commit = pack().instruments["commit_2016"]
        assert (commit.status, commit.indicators) == ("empty_slot", ())
        assert commit.note("en")

    def test_the_checklist_is_judged_by_the_ilo_rule(self) -> None:
        checklist = pack().instruments["first_responder"]
        keys = {row.answer_key for row in pack().instruments[checklist.evaluated_with].indicators}
        assert checklist.indicators
        assert all(set(row.maps_to) <= keys for row in checklist.indicators)

    @pytest.mark.parametrize("language", ["en", "km", "vi", "th"])
    def test_rights_are_told_in_four_languages_and_by_version(self, language: str) -> None:
        text = pack().rights(language)
        assert text.language == language
        assert text.version
        assert text.startswith("#")

    def test_rights_fall_back_to_english(self) -> None:
        assert pack().rights("sw").language == "en"


class TestFinding:
    def test_the_pack_is_read_once(self) -> None:
        assert pack() is pack("cambodia")

    @pytest.mark.parametrize("name", ["atlantis", "../cambodia", "", "."])
    def test_an_unknown_pack_says_which_there_are(self, name: str) -> None:
        with pytest.raises(UnknownPack, match="cambodia"):
            pack(name)

    def test_names(self) -> None:
        assert "cambodia" in pack_names()

    def test_it_works_without_django(self) -> None:
        program = (
            "import sys\n"
            "from spean.country import pack\n"
            "p = pack()\n"
            "assert p.codelist('sex').label('female') == 'Female'\n"
            "assert p.codelist('sex').choices('km')[0] == ('female', 'ស្រី')\n"
            "assert p.instruments and p.deadlines and p.law\n"
            "assert p.geography.find('01020101')\n"
            "assert not [name for name in sys.modules if name.startswith('django')]\n"
        )
        root = Path(__file__).resolve().parents[2]
        done = subprocess.run(
            [sys.executable, "-X", "utf8", "-c", program], cwd=root, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
