"""The words of this room for its codes."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from spean.lists.judging import COLUMNS

Words = dict[str, str | Promise]

FORMS: Words = {
    "names": _("A list of people, each on a line"),
    "tokens": _("A list of tokens without names (made with spean encode)"),
    "number": _("Only how many people are on it"),
}
COMPLETENESS: Words = {
    "complete": _("Everybody our definition covers"),
    "most": _("Most of them"),
    "part": _("A part of them"),
    "unknown": _("Not known"),
}
FIELD_LABELS: Words = {
    "record_id": _("Number in the partner’s list"),
    "family_name": _("Family name"),
    "given_name": _("Given name, or the whole name"),
    "sex": _("Sex"),
    "birth_date": _("Date of birth, or age"),
    "birth_year": _("Year of birth"),
    "nationality": _("Nationality"),
    "birth_place": _("Place of birth"),
    "phone": _("Telephone"),
    "document_number": _("Number of a paper"),
    "mother_name": _("Mother’s name"),
    "consent": _("Agreed to being passed on"),
    "consent_proof": _("Proof of it: number or day of the form"),
    "primero_id": _("Number in Primero"),
    "oscar_id": _("Number in OSCaR"),
    "mosvy_number": _("Number of the ministry of social affairs"),
}
assert set(FIELD_LABELS) == set(COLUMNS)

STATUS: dict[str, tuple[str | Promise, str]] = {
    "received": (_("Columns to be named"), "amber"),
    "waiting": (_("Being read"), "blue"),
    "taken": (_("Taken in"), "green"),
    "failed": (_("Could not be read"), "red"),
    "withdrawn": (_("Taken back"), "grey"),
}
LINKING_STATUS: dict[str, tuple[str | Promise, str]] = {
    "waiting": (_("Running"), "blue"),
    "done": (_("Done"), "green"),
    "failed": (_("Failed"), "red"),
}
PAIR_STATUS: dict[str, tuple[str | Promise, str]] = {
    "open": (_("To be decided"), "amber"),
    "unsure": (_("Unsure"), "blue"),
    "same": (_("The same person"), "green"),
    "not_same": (_("Not the same person"), "grey"),
}
ROW_STATUS: dict[str, tuple[str | Promise, str]] = {
    "accepted": (_("Taken"), "green"),
    "quarantined": (_("Kept aside"), "amber"),
    "replaced": (_("Replaced by a later line"), "grey"),
    "destroyed": (_("Destroyed"), "grey"),
}
OUTCOMES: Words = {
    "accepted": _("Taken"),
    "changed": _("Taken; replaces an earlier line with the same number"),
    "unchanged": _("Came before, unchanged"),
    "duplicate": _("The same as another line of this file"),
    "quarantined": _("Kept aside until it is corrected"),
    "destroyed_before": _("Not taken: this person’s line was destroyed before"),
}
REASONS: Words = {
    "cells_do_not_fit": _("more or fewer cells than the heading has"),
    "cell_too_long": _("a cell is far too long: perhaps a quotation mark was not closed"),
    "broken_signs": _("signs of a name are broken: the file was saved in another encoding"),
    "says_nothing": _("says nothing about a person"),
    "number_again": _("another line has the same number and says something else"),
    "no_tokens": _("is no row of tokens"),
}
NOTES: Words = {
    "no_number": _("has no number of its own: a later correction cannot be recognised"),
    "formula": _("a cell that a spreadsheet would run; it is kept as text"),
    "broken_signs_elsewhere": _("broken signs outside of the names"),
    "sex_unread": _("the sex cannot be read"),
    "birth_unread": _("the date of birth cannot be read"),
    "day_or_month_first": _("day and month cannot be told apart in this file; only the year is used"),
    "consent_without_proof": _("agreed, but without proof: counted, and used for nothing else"),
}
TOLD: Words = {**REASONS, **NOTES}
FILE_NOTES: Words = {
    "not_unicode": _(
        "The file is not in Unicode and was read as Western European. If it has Khmer, Thai or Vietnamese letters, they "
        "were spoilt: save it as “CSV UTF-8”, or as .xlsx, and send that."
    ),
    "above_heading": _("There are lines above the heading, such as a title. They were left out."),
    "null_signs": _("The file held null signs, which were left out."),
    "other_pages": _(
        "The workbook has other pages with content. Only the first was read: send the others by themselves."
    ),
}
DATES: Words = {
    "day_first": _("day first"),
    "month_first": _("month first"),
    "mixed": _("mixed: some have the day first, some the month"),
}
UNREADABLE: Words = {
    "empty": _("The file is empty."),
    "too_large": _("The file is too large. It may have up to 48 MB."),
    "too_many_lines": _("The file has more than 500,000 lines. Send it in parts."),
    "too_many_columns": _("The file has more than 300 columns. Is this the list?"),
    "not_a_list": _("This is no list: neither text with cells nor an Excel workbook (.xlsx)."),
    "old_or_locked_workbook": _("This is an old or locked workbook. Save it as .xlsx without a password, or as CSV."),
    "unpacks_too_large": _("The workbook unpacks to something far too large, and was not opened."),
    "broken_workbook": _("The workbook is damaged and cannot be opened. Save it again, or as CSV."),
    "no_tokens": _("This is no list of tokens. Make it with spean encode."),
    "tokens_here": _("This is a list of tokens. Begin a list of tokens for it."),
    "broke_off": _("Reading broke off. What was taken stays; name the columns again, and it goes on from there."),
    "gone": _("The file is not here any more. Send it again."),
}
LINKING_FAULTS: Words = {
    "decisions_contradict": _("Decisions about pairs contradict each other. Change one of them, and start again."),
    "tokens_unread": _("A list of tokens could not be read."),
    "broke_off": _("It broke off. Start it again; if it breaks off again, tell the operator."),
}
COMPARISONS: Words = {
    "family_name": _("family name"),
    "given_name": _("given name"),
    "name_order": _("order of the names"),
    "birth": _("birth"),
    "sex": _("sex"),
    "nationality": _("nationality"),
    "birth_place": _("place of birth"),
    "phone": _("telephone"),
    "document_number": _("number of a paper or register"),
    "mother_name": _("mother’s name"),
}
LEVELS: Words = {
    "same": _("same"),
    "same sound": _("same sound"),
    "one in the other": _("one is a part of the other"),
    "nearly same": _("nearly the same"),
    "same consonants": _("same consonants"),
    "similar": _("similar"),
    "a little similar": _("a little similar"),
    "different": _("different"),
    "same order": _("same"),
    "family and given name exchanged": _("family and given name exchanged"),
    "same date": _("same date"),
    "day and month exchanged": _("day and month exchanged"),
    "year differs in one digit": _("year differs in one digit"),
    "day or month differs": _("day or month differs"),
    "same year, a day missing": _("same year, the day is not known"),
    "same year, other day": _("same year, another day"),
    "a year apart": _("a year apart"),
    "two or three years apart": _("two or three years apart"),
    "four to seven years apart": _("four to seven years apart"),
    "far apart": _("far apart"),
    "same, as the given name says": _("same"),
    "different, though the given name agrees": _("different, though the given name agrees"),
    "same place": _("same place"),
    "same province": _("same province"),
    "one digit differs": _("one digit differs"),
    "one sign differs": _("one sign differs"),
}
