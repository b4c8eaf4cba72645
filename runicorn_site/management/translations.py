"""Extraction, update and compilation of translations. Needs GNU gettext."""

from __future__ import annotations

import gettext
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import django
from django.utils import translation

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = (
    *("runicorn", "runicorn_importers", "runicorn_tools", "runicorn_site"),
    *("runs", "metrics", "artifacts", "remote", "alerts", "people", "samples", "templates", "static/js"),
)
SKIPPED = ("__pycache__", "locale", "migrations", "i18n", "cli", "tracking", "importers", "integrations")
LOCALE = "zh_Hans"
CATALOGUES = PROJECT / "runicorn_site" / "locale" / LOCALE / "LC_MESSAGES"
MODULE = PROJECT / "static" / "js" / "i18n" / "zh-hans.js"
ERRORS = {
    1: "AliasNotFound Ambiguous AmbiguousArtifact ArchiveRefused ArchiveTooLarge ArtifactNotFound AuthenticationFailed "
    "BadPool BadWhere BadFormula Damaged DamagedFile ForeignProgram HostUnreachable InvalidArtifact NoSuchFile NotFound PoolUnavailable PortClosed "
    "InvalidValue RemoteOperationFailed RunInUse RunNotChanged StoreBusy ViewerFailed __init__",
    2: "InvalidAddress InvalidInput",
    3: "error warn",
}
"""Functions whose argument of that number is the template of a message, as with `Message` (`runicorn/message.py`)."""
KEYWORDS = ["Message", *(f"{name}:{number}" for number, names in ERRORS.items() for name in names.split())]
MAKE_MESSAGES = """
import sys
from django.core.management import execute_from_command_line
from django.core.management.commands.makemessages import Command
*arguments, keywords = sys.argv
Command.xgettext_options = [*Command.xgettext_options, *keywords.split()]
execute_from_command_line(arguments)
"""
PO_STYLE = ("--force-po", "--no-wrap", "--no-location")


def update(folder: Path, module: Path) -> None:
    """Bring the catalogues in `folder` (`*.po`, `*.mo`) and the catalogue `module` of scripts up to date."""
    with tempfile.TemporaryDirectory() as temporary:
        templates = extract(Path(temporary))
        for template in templates:
            merge(folder / template.with_suffix(".po").name, template)
    write_module(folder / "djangojs.mo", module)


def extract(workspace: Path) -> list[Path]:
    """Return the templates (`*.pot`) of all texts. Done in a copy: Django writes beside the sources."""
    for source in SOURCES:
        shutil.copytree(
            PROJECT / source,
            workspace / source,
            ignore=shutil.ignore_patterns(*SKIPPED),
        )
    (workspace / "locale").mkdir()
    calls = "".join(f"gettext({name!r})\n" for name in sorted(field_names()))
    (workspace / "runs" / "field_names.py").write_text(calls, encoding="utf-8")
    for domain in ("django", "djangojs"):
        command = ["makemessages", "--locale", LOCALE, "--domain", domain, "--keep-pot", "--no-location"]
        keywords = " ".join(f"--keyword={keyword}" for keyword in KEYWORDS)
        run(sys.executable, "-c", MAKE_MESSAGES, *command, keywords, folder=workspace)
    return [workspace / "locale" / f"{domain}.pot" for domain in ("django", "djangojs")]


def field_names() -> set[str]:
    """Return the names of models and fields in the admin site, which Django derives from the source."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "runicorn_site.settings")
    django.setup()
    from artifacts.models import Artifact, File, Use, Version
    from runs.models import Run

    with translation.override(None):
        options = [model._meta for model in (Run, Artifact, Version, File, Use)]
        described = [
            *options,
            *(field for options_of_model in options for field in options_of_model.concrete_fields),
        ]
        return {str(labelled.verbose_name) for labelled in described} | {
            str(labelled.verbose_name_plural) for labelled in options
        }


def merge(catalogue: Path, template: Path) -> None:
    """Bring a catalogue to the texts of `template`, sorted and without dates, and compile it."""
    if not catalogue.exists():
        catalogue.parent.mkdir(parents=True, exist_ok=True)
        catalogue.write_text(HEADER, encoding="utf-8")
    new = catalogue.with_suffix(".new")
    # A union merge may have left a text twice.
    run("msguniq", "--use-first", *PO_STYLE, "-o", str(new), str(catalogue))
    arguments = ["--quiet", "--no-fuzzy-matching", *PO_STYLE, "-o", str(new), str(new), str(template)]
    run("msgmerge", *arguments)
    run("msgattrib", "--no-obsolete", "--sort-output", *PO_STYLE, "-o", str(new), str(new))
    body = new.read_text(encoding="utf-8").partition("\n\n")[2]
    new.write_text(f"{HEADER}\n{body}", encoding="utf-8")
    new.replace(catalogue)
    run("msgfmt", "--check", "-o", str(catalogue.with_suffix(".mo")), str(catalogue))


HEADER = f"""msgid ""
msgstr ""
"Language: {LOCALE}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"
"""


def write_module(compiled: Path, module: Path) -> None:
    """Write the texts of scripts as a module, which the page loads together with the modules that use them."""
    with compiled.open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    texts = {key if isinstance(key, str) else key[0]: text for key, text in catalogue.items() if key}
    lines = json.dumps(dict(sorted(texts.items())), ensure_ascii=False, indent=2)
    module.parent.mkdir(parents=True, exist_ok=True)
    module.write_text(f'import {{ install }} from "../i18n.js";\n\ninstall({lines});\n', encoding="utf-8")


def run(*command: str, folder: Path | None = None) -> None:
    """Run a program of gettext or Django; its messages are shown if it fails."""
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    process = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if process.returncode:
        raise SystemExit(f"{command[0]} failed:\n{process.stdout}{process.stderr}")


if __name__ == "__main__":
    update(CATALOGUES, MODULE)
