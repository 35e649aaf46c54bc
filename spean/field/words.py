"""The words of the app's own screens, in every language of the screens. They travel with its first page."""

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from spean.exchange.openrosa_reasons import REASONS

# By their names in static/field. {n}, {code}, {time} are filled in on the phone.
WORDS: dict[str, str | Promise] = {
    "title": _("Notes"),
    "leave": _("Leave now"),
    "lock": _("Lock"),
    "home": _("Start"),
    "back": _("Back"),
    "next": _("Continue"),
    "send": _("Finish"),
    "finish": _("Seal and send"),
    "add": _("Add another"),
    "remove": _("Remove"),
    "required": _("Answer this question"),
    "type": _("Enter this in the form that is asked for"),
    "constraint": _("This answer is not possible"),
    "error": _("There is a problem"),
    "failed": _("This could not be kept. Your answers are still here."),
    "unanswered": _("No answer"),
    "read": _("Read aloud in"),
    "day": _("Day"),
    "month": _("Month"),
    "year": _("Year"),
    "not_joined": _("This phone is not enrolled"),
    "not_joined_how": _(
        "Sign in on a computer, open “My account”, “Phones”, and choose “A phone with the app”. Then scan the code with "
        "this phone’s camera."
    ),
    "not_secure": _("This works only over a secure connection (https)."),
    "too_old": _("This browser is too old for this. Use a newer one."),
    "choose_pin": _("Choose a PIN for this phone"),
    "choose_pin_hint": _(
        "At least 8 digits or letters. Nobody can find it out for you. Without it, what is unfinished on this phone "
        "is lost; what is waiting to be sent is not."
    ),
    "pin": _("PIN"),
    "pin_again": _("The same PIN again"),
    "pin_short": _("Enter at least 8 digits or letters"),
    "pin_easy": _("This PIN is too easy to guess"),
    "pin_differs": _("The two are not the same"),
    "pin_wrong": _("This is not the PIN. After {n} more wrong ones this phone forgets everything unfinished."),
    "pin_wait": _("Wait {n} seconds before you try again."),
    "join": _("Enrol this phone"),
    "joining": _("Enrolling …"),
    "code_refused": _("This code cannot be used: it is older than ten minutes, or was used. Make a new one."),
    "no_network": _("There is no connection. Try again where there is one."),
    "unlock": _("Unlock"),
    "working": _("One moment …"),
    "new": _("New screening"),
    "turns": _("Who is screened first"),
    "turns_none": _("Nobody on this list has to be screened in full today."),
    "turns_how": _(
        "Once it is sealed, this phone cannot open the list again. Keep it here until everybody has been screened, or sign in "
        "and open it there."
    ),
    "change": _("Change answers"),
    "drafts": _("Unfinished"),
    "go_on": _("Go on"),
    "throw_away": _("Throw away"),
    "throw_away_sure": _("Press once more to throw it away for good"),
    "sent_list": _("Sent and waiting"),
    "nothing_sent": _("Nothing was sent from this phone yet."),
    "rights": _("Rights, to read aloud"),
    "queue": _("Waiting on this phone: {n}"),
    "queue_none": _("Nothing waits on this phone."),
    "sync": _("Send now"),
    "syncing": _("Sending …"),
    "offline": _("No connection. What you finish waits here, sealed, and is sent later."),
    "state_waiting": _("Waits on this phone, sealed"),
    "state_arrived": _("Arrived safely: {code}. It is entered in a moment."),
    "state_case": _("Arrived: {code}"),
    "state_listed": _("Arrived. Sign in to see the list, under “Arrivals”."),
    "state_kept": _("Arrived, and waits for you: {code}. Sign in and see why under “Phones”."),
    "state_conflict": _("Another report with this number came before. Both are kept: {code}. Sign in under “Phones”."),
    "state_too_many": _("Too much waits for you. Sign in and deal with it under “Phones” first."),
    "state_refused": _("The server could not take this in yet. It stays here, sealed."),
    "agency_sent": _("The focal agency has not seen it yet"),
    "agency_acknowledged": _("The focal agency has taken it over"),
    "agency_accepted": _("The focal agency has registered the person"),
    "agency_declined": _("The focal agency declined: look for another one"),
    "agency_withdrawn": _("The referral was withdrawn"),
    "after": _("After the screening"),
    "see_list": _("See what became of it"),
    "finished": _("Sealed on this phone"),
    "finished_how": _("It can no longer be opened here. It is sent as soon as there is a connection."),
    "full": _("This phone’s memory is full. Nothing is lost: your answers stay on this screen. Free some memory, and go on."),
    "other_tab": _("This is open in another window"),
    "use_here": _("Use it here"),
    "wiped": _("This phone was wiped"),
    "wiped_revoked": _("It was revoked. Nothing that was on it can be read any more. Ask your office if that was not you."),
    "wiped_pin": _("The PIN was wrong ten times. What was unfinished is destroyed. Enrol the phone again; what was waiting is sent then."),
    "not_now": _("This phone may not send at the moment: your organisation or role changed. What waits here is kept, sealed."),
    "clock_wrong": _("The clock of this phone is wrong by {time}. The right day is used."),
    "listen": _("Listen"),
    "stop": _("Stop"),
    "machine_voice": _("Machine voice, not a recording. It may say words wrong: read the text yourself as well."),
    "no_voice": _("There is no recording and no voice in this language. Read this aloud, or show it."),
    "recording": _("Recording"),
    "large": _("Show large"),
    "language_of_screen": _("Language of this screen"),
    "unread": _("This text has not been checked by a native speaker."),
    "missing_form": _("These questions are not on this phone yet. Open it once where there is a connection."),
}  # fmt: skip


def words() -> dict[str, dict[str, str]]:
    """{language: {name: words}}"""
    found = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found[language] = {name: str(said) for name, said in WORDS.items()}
            found[language] |= {f"reason_{code}": str(said) for code, said in REASONS.items()}
    return found
