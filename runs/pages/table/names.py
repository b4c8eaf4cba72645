"""Names of runs as a table shows them: cut before their end, and told apart if they are equal."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString

from runicorn_site.web.templatetags.ui import figure
from runs.models import Run, RunParam

LONG = 16
"""Characters of a name that is never cut."""
END = 12
"""Characters at the end of a longer one that always show: names of a sweep begin alike."""
LONGEST_VALUE = 24
MOST_KEYS = 2


def parted(name: str) -> SafeString | str:
    """Render a name whose beginning is cut where there is no room for all of it."""
    if len(name) <= LONG:
        return name
    return format_html(
        '<span class="cut"><span class="beginning">{}</span><span class="end">{}</span></span>',
        name[:-END],
        name[-END:],
    )


def differences(runs: Sequence[Run]) -> dict[int, str]:
    """Return what tells runs of equal names apart, by primary key: up to two settings, or else the end of the id."""
    numbers = Counter(run.label for run in runs)
    namesakes = defaultdict(list)
    for run in runs:
        if numbers[run.label] > 1:
            namesakes[run.label].append(run)
    if not namesakes:
        return {}
    settings: dict[int, dict[str, str]] = defaultdict(dict)
    rows = RunParam.objects.filter(run__in=[run.pk for group in namesakes.values() for run in group])
    for run_id, key, text, number in rows.order_by("key").values_list("run_id", "key", "text", "number"):
        settings[run_id][key] = text if number is None else figure(number)
    texts = {}
    for group in namesakes.values():
        keys = _telling_keys([settings[run.pk] for run in group])
        for run in group:
            parts = [
                f"{key.rpartition('.')[2]}={settings[run.pk][key]}" for key in keys if key in settings[run.pk]
            ]
            texts[run.pk] = " ".join(parts) or run.run_id[-6:]
    # Settings that do not tell all of them apart are worse than ids, which do.
    return {
        run.pk: texts[run.pk] if len({texts[other.pk] for other in group}) == len(group) else run.run_id[-6:]
        for group in namesakes.values()
        for run in group
    }


def _telling_keys(configs: Sequence[dict[str, str]]) -> Iterable[str]:
    """Return the settings with the most different values, as few as tell all of them apart."""
    values: dict[str, set[str | None]] = {}
    for key in {key for config in configs for key in config}:
        texts = {config.get(key) for config in configs}
        if len(texts) > 1 and all(text is None or len(text) <= LONGEST_VALUE for text in texts):
            values[key] = texts
    keys = sorted(values, key=lambda key: (-len(values[key]), len(key), key))[:MOST_KEYS]
    return keys[:1] if keys and len(values[keys[0]]) == len(configs) else keys
