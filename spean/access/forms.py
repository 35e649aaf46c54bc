"""Forms of sign-in and administration. They check what was typed; what may be done is decided in `actions.py`."""

from collections.abc import Callable, Iterator
from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm, ReauthenticateForm
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as ReauthenticateByCodeForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.forms.models import ModelChoiceIterator
from django.utils.translation import gettext_lazy as _

from spean import country
from spean.access import roles
from spean.access.models import Organisation, User
from spean.workflow.days import DayLine


class SignInForm(LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self, "login", _("E-mail address"), _("Enter your e-mail address"), autocomplete="username")
        self.fields["login"].error_messages["invalid"] = _("Enter an e-mail address, like name@example.org")
        _plain(self, "password", _("Password"), _("Enter your password"), autocomplete="current-password")


class PasswordAgainForm(ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self, "password", _("Password"), _("Enter your password"), autocomplete="current-password")


class NewPasswordForm(ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self, "oldpassword", _("Your password now"), _("Enter your password"), autocomplete="current-password")
        _plain(self, "password1", _("New password"), _("Choose a password"), autocomplete="new-password")
        _plain(self, "password2", _("New password again"), _("Repeat the password"), autocomplete="new-password")
        self.fields["password1"].help_text = _(
            "At least 12 characters. Three or four words that only you would put together."
        )


class CodeForm(AuthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _code(self)


class CodeAgainForm(ReauthenticateByCodeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _code(self)


class AuthenticatorAppForm(ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _code(self)
        self.fields["code"].help_text = _("The six digits that the app shows now.")


class PasskeyForm(AddWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("A name for this passkey")
        self.fields["name"].help_text = _("So that you can tell your passkeys apart, for example “phone”.")
        self.fields["name"].widget.attrs.pop("placeholder", None)
        # A passkey that unlocks with a finger or a code is both steps in one.
        if "passwordless" in self.fields:
            self.fields["passwordless"].label = _("Sign in with this passkey alone, without my password")
            self.fields["passwordless"].help_text = ""
            self.fields["passwordless"].initial = True


class ChoosePasswordForm(forms.Form):
    """The page of an invitation link."""

    password1 = forms.CharField(
        label=_("Choose a password"),
        help_text=_("At least 12 characters. Three or four words that only you would put together."),
        error_messages={"required": _("Choose a password")},
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label=_("The same password again"),
        error_messages={"required": _("Repeat the password")},
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    code = forms.CharField(
        label=_("Code"),
        help_text=_("Eight letters and digits. Another administrator than the one who gave you this link has it."),
        error_messages={"required": _("Enter the code")},
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}),
    )

    field_order = ("code", "password1", "password2")

    def __init__(
        self, *args: Any, user: User, is_code_right: Callable[[str], bool] | None = None, **kwargs: Any
    ) -> None:
        self.user = user
        self.is_code_right = is_code_right
        super().__init__(*args, **kwargs)
        if is_code_right is None:
            del self.fields["code"]

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if self.is_code_right is not None and not self.is_code_right(code):
            raise forms.ValidationError(
                _("This is not the code. Ask the administrator who has it to read it out again.")
            )
        return code

    def clean_password1(self) -> str:
        password: str = self.cleaned_data["password1"]
        password_validation.validate_password(password, self.user)
        return password

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, second = cleaned.get("password1"), cleaned.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("The two passwords are not the same"))
        return cleaned


class OrganisationForm(forms.ModelForm):
    class Meta:
        model = Organisation
        fields = ("name", "name_km", "type", "province", "is_focal", "is_national_focal", "is_competent_authority")
        labels = {
            "name": _("Name in English"),
            "name_km": _("Name in Khmer"),
            "type": _("Kind of organisation"),
            "is_focal": _("It is a focal agency: referrals of new cases go to it"),
            "is_national_focal": _("It is the national focal agency"),
            "is_competent_authority": _("It is the competent authority that decides on identification"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        provinces: list[tuple[str, Any]] = [("", _("The whole country"))]
        provinces += [(place.code, place.label(None)) for place in country.pack().geography.provinces()]
        self.fields["province"] = forms.ChoiceField(label=_("Province"), choices=provinces, required=False)
        self.fields["name"].error_messages["required"] = _("Enter the name of the organisation")
        self.fields["type"].error_messages["required"] = _("Choose what kind of organisation it is")


class _ByName(ModelChoiceIterator):
    """In the order in which the reader sees the names; what stands for none of them stays first."""

    def __iter__(self) -> Iterator[tuple[Any, str]]:
        rows = list(super().__iter__())
        return iter(sorted(rows, key=lambda row: (bool(row[0]), str(row[1]).casefold())))


class OrganisationField(forms.ModelChoiceField):
    """Organisations by their names in the reader's language."""

    iterator = _ByName

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"empty_label": _("Choose an organisation"), **kwargs})

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.label())


class MembershipForm(forms.Form):
    organisation = OrganisationField(
        label=_("Organisation"),
        queryset=Organisation.objects.none(),
        error_messages={"required": _("Choose an organisation")},
    )
    role = forms.ChoiceField(label=_("Role"), error_messages={"required": _("Choose a role")})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pack = country.pack()
        self.fields["organisation"].queryset = Organisation.objects.filter(active=True)  # type: ignore[attr-defined]
        choices: list[tuple[str, Any]] = [("", _("Choose a role"))]
        choices += [(role, pack.role_title(role, None)) for role in roles.ALL]
        self.fields["role"].choices = choices  # type: ignore[attr-defined]


class InviteForm(MembershipForm):
    name = forms.CharField(label=_("Name"), max_length=120, error_messages={"required": _("Enter the user's name")})
    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("Used to sign in. Nothing is sent to it."),
        error_messages={
            "required": _("Enter the user's e-mail address"),
            "invalid": _("Enter an e-mail address, like name@example.org"),
        },
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    field_order = ("name", "email", "language", "organisation", "role")


class EventFilterForm(forms.Form):
    """What an auditor looks for. Codes and dates only: the log holds nothing else."""

    action = forms.CharField(label=_("Event"), help_text=_("Words of it, or its code"), required=False, max_length=80)
    user = forms.CharField(label=_("User"), help_text=_("E-mail address"), required=False, max_length=254)
    case = forms.CharField(label=_("Case code"), required=False, max_length=20)
    since = DayLine(label=_("From"), required=False)
    until = DayLine(label=_("Until"), required=False)


class LanguageForm(forms.Form):
    language = forms.ChoiceField(choices=settings.LANGUAGES)


def _plain(form: forms.Form, name: str, label: Any, required: Any, **attributes: str) -> None:
    """Our words instead of the library's, and no placeholder: it vanishes when somebody begins to type."""
    field = form.fields[name]
    field.label = label
    field.help_text = ""
    field.error_messages["required"] = required
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs.update(attributes)


def _code(form: forms.Form) -> None:
    _plain(form, "code", _("Code"), _("Enter the code"), autocomplete="one-time-code", inputmode="numeric")
    form.fields["code"].help_text = _("Six digits from your authenticator app, or one of your recovery codes.")
