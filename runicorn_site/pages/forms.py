"""Forms of the settings page and of import and export."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from remote.pages.forms import PortField
from remote.ssh.address import SSH_PORT, InvalidAddress, checked_host
from runicorn.settings.user_root import InvalidRoot, checked_root
from runicorn_site.pages import appearance
from runicorn_site.web.messages import translated


class AppearanceForm(forms.Form):
    """Theme, density and language; values that are no choice are ignored."""

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        for choice in appearance.CHOICES:
            self.fields[choice.name] = forms.ChoiceField(choices=choice.options.items(), required=False)

    def valid_choices(self) -> dict[str, str]:
        """Return the valid values by the name of the choice."""
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value}


class RootForm(forms.Form):
    """A folder to check, or to make the storage root."""

    path = forms.CharField(required=False)
    check = forms.BooleanField(required=False)

    def clean_path(self) -> str:
        """Refuse a path that cannot be a storage root."""
        path: str = self.cleaned_data["path"]
        try:
            checked_root(path)
        except InvalidRoot as error:
            raise forms.ValidationError(
                gettext("Invalid storage root: %(reason)s.") % {"reason": translated(str(error))}
            ) from error
        return path


class ForgetHostForm(forms.Form):
    key = forms.CharField(required=False)


class RemoveKeyForm(forms.Form):
    host = forms.CharField(max_length=512)
    port = PortField(gettext_lazy("A port is a number from 1 to 65535."))
    key_type = forms.CharField(max_length=100)

    def clean_host(self) -> str:
        host: str = self.cleaned_data["host"]
        # A name in the file may not be a host, for example a hashed one.
        with suppress(InvalidAddress):
            host = checked_host(host)
        return host

    def clean_port(self) -> int:
        """Use the port of SSH by default."""
        return self.cleaned_data["port"] or SSH_PORT


class FreeSpaceForm(forms.Form):
    """The fingerprint of the garbage that the user has agreed to delete; empty to search for garbage."""

    promise = forms.CharField(required=False)


class CheckForm(forms.Form):
    """A check of the store, or a repair of what the last one found."""

    contents = forms.BooleanField(required=False)
    repair = forms.BooleanField(required=False)


class ArchiveForm(forms.Form):
    file = forms.FileField(
        allow_empty_file=True, error_messages={"required": gettext_lazy("Choose an archive first.")}
    )


class ImportForm(forms.Form):
    key = forms.CharField(required=False)
    overwrite = forms.BooleanField(required=False)


class WatchForm(forms.Form):
    path = forms.CharField(
        max_length=4096, error_messages={"required": gettext_lazy("Enter the path of a folder first.")}
    )
    project = forms.CharField(required=False, max_length=100)


class UnwatchForm(forms.Form):
    id = forms.CharField()


class ExportForm(forms.Form):
    """Runs to export: ids in several fields, or one per line."""

    run_ids = forms.Field(required=False, widget=forms.MultipleHiddenInput)

    def clean_run_ids(self) -> list[str]:
        """Split the lines, and remove repeated ids."""
        fields: list[str] = self.cleaned_data["run_ids"] or []
        return list(dict.fromkeys(line for field in fields for line in field.splitlines() if line))
