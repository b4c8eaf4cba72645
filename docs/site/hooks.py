"""MkDocs hooks: pages generated from the code, and links to files beside the documentation."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent))
import agents  # noqa: E402
from scripts import IFRAME_WORKER, MERMAID, SCRIPTS  # noqa: E402

# Files of the project that are pages of the site too.
COPIED = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
SHIM = '<script src="https://unpkg.com/iframe-worker/shim">'
LINK = re.compile(r"(?P<head>\]\()(?P<target>(?!\w+:|#)[^)#\s]+)(?P<anchor>#[^)]*)?(?P<tail>\))")
# The public names of `runicorn`, and what is documented of a class beside its public methods: nothing.
SDK = {
    "Runs": ("init", "Run", "get_active_run", "RunExists"),
    "The active run": (
        "log",
        "log_text",
        "log_image",
        "log_table",
        "log_samples",
        "log_histogram",
        "summary",
        "set_primary_metric",
    ),
    "Artifacts": ("Artifact", "log_artifact", "use_artifact", "ArtifactError"),
    "Monitoring": ("MetricMonitor", "AlertRule", "AnomalyDetector"),
    "Export and environment": ("MetricsExporter", "EnvironmentCapture"),
}
CLIENT_MODULES = (
    "runicorn.api.client",
    "runicorn.api.alerts",
    "runicorn.api.artifacts",
    "runicorn.api.remote",
    "runicorn.api.errors",
)
CLIENT_MODULES += ("runicorn.api.responses", "runicorn.api.utils")
# Methods of `Run` for the package itself.
INTERNAL = ("claim", "begin", "accompany", "end", "is_open", "is_lost")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, those copied from the project, and the logo."""
    pages = {page: (PROJECT / source).read_text(encoding="utf-8") for source, page in COPIED.items()}
    pages |= {
        "reference/sdk.md": _sdk(),
        "reference/client.md": _client(),
        "reference/commands.md": _commands(),
        "reference/rest.md": "\n".join(_routes()),
        "examples.md": _examples(),
    }
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    files.append(File.generated(config, "favicon.svg", abs_src_path=str(PROJECT / "static/img/favicon.svg")))
    for picture in sorted((PROJECT / "docs" / "img").glob("*.png")):
        files.append(File.generated(config, f"docs/img/{picture.name}", abs_src_path=str(picture)))
    for script in SCRIPTS:
        if script.path.exists():
            target = f"assets/{script.package}.js"
            files.append(File.generated(config, target, abs_src_path=str(script.path)))
    return files


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Load scripts from the site instead of from unpkg.com."""
    assets = os.path.relpath("assets", os.path.dirname(page.file.dest_uri) or ".")
    local = (
        f'<script src="{assets}/{IFRAME_WORKER.package}.js">' if IFRAME_WORKER.path.exists() else "<script>"
    )
    output = output.replace('<script src="https://unpkg.com/iframe-worker/shim">', local)
    if 'class="mermaid"' in output:
        output = output.replace("</body>", f'<script src="{assets}/{MERMAID.package}.js"></script></body>')
    return output.replace(SHIM, "<script>")


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:
    """Load no script from unpkg.com in pages without a source, such as 404.html."""
    return output_content.replace(SHIM, "<script>")


def on_post_build(config: MkDocsConfig) -> None:
    """Write `llms.txt` and the skill file."""
    agents.write(Path(config.site_dir))


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links at the pages of the site: the Markdown is written for a reader of the repository."""
    if not MERMAID.path.exists():
        markdown = markdown.replace("```mermaid", "```text")
    sources = {target: source for source, target in COPIED.items()}
    here = page.file.src_uri
    source = sources.get(here, here if here.startswith("reference/") else f"docs/{here}")
    folder = os.path.dirname(source)

    def site_link(match: re.Match[str]) -> str:
        path = os.path.normpath(os.path.join(folder, match["target"]))
        if path in COPIED:
            target = COPIED[path]
        elif path.startswith("examples"):
            target = "examples.md"
        elif path.startswith("docs/") and path.endswith(".md"):
            target = path.removeprefix("docs/")
        else:
            return match[0]
        relative = os.path.relpath(target, os.path.dirname(here) or ".")
        return f"{match['head']}{relative}{match['anchor'] or ''}{match['tail']}"

    return LINK.sub(site_link, markdown)


def _provider(name: str) -> str:
    """Return the module of a public name that another distribution defines."""
    from importlib.metadata import entry_points

    (entry,) = entry_points(group="runicorn.names", name=name)
    return entry.module


def _sdk() -> str:
    import runicorn

    homes = {name: home for home, names in runicorn._HOMES.items() for name in names}
    sections = ["# SDK\n\n`import runicorn as rn`\n"]
    for heading, names in SDK.items():
        sections.append(f"## {heading}\n")
        for name in names:
            module = f"runicorn.{homes[name]}" if name in homes else _provider(name)
            filters = "".join(f', "!^{method}$"' for method in INTERNAL)
            options = (
                f'      heading_level: 3\n      heading: "runicorn.{name}"\n      filters: ["!^_"{filters}]\n'
            )
            sections.append(f"::: {module}.{name}\n    options:\n{options}")
    return "\n".join(sections)


def _client() -> str:
    sections = ["# Python client\n\n`import runicorn.api as api`\n"]
    sections += [f"::: {module}\n    options:\n      heading_level: 2\n" for module in CLIENT_MODULES]
    return "\n".join(sections)


def _commands() -> str:
    command = [sys.executable, "-m", "typer", "runicorn_tools.cli", "utils", "docs", "--name", "runicorn"]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    return run.stdout


def _openapi() -> dict[str, Any]:
    """Return the OpenAPI description, generated in a separate process, because Django can be set up only once."""
    script = "import django; django.setup(); from runicorn_site.api.openapi import schema; print(schema().decode())"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "runicorn_site.settings"}
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True)
    described: dict[str, Any] = json.loads(run.stdout)
    return described


def _routes() -> Iterator[str]:
    described = _openapi()
    yield "# All routes\n"
    yield "Generated from the OpenAPI description, which a viewer serves at `/openapi.json`, `/docs` and `/redoc`.\n"
    for path, methods in sorted(described["paths"].items()):
        for method, operation in methods.items():
            yield f"## {method.upper()} {path}\n"
            yield operation.get("description", "") + "\n"
            yield from _parameters(operation.get("parameters", []))
            yield from _body(operation)
            for status, response in operation["responses"].items():
                if status.startswith("2"):
                    yield f"Response {status}: {_type_of(_content(response))}\n"
    yield "# Schemas\n"
    for name, schema in sorted(described["components"]["schemas"].items()):
        yield f"## {name}\n"
        yield schema.get("description", "") + "\n"
        yield from _properties(schema)


def _parameters(parameters: list[dict[str, Any]]) -> Iterator[str]:
    rows = [p for p in parameters if p["in"] in ("query", "path")]
    if rows:
        yield "| parameter | in | type | |\n|---|---|---|---|"
        for row in rows:
            yield f"| `{row['name']}` | {row['in']} | {_type_of(row['schema'])} | {_cell(row.get('description', ''))} |"
        yield ""


def _body(operation: dict[str, Any]) -> Iterator[str]:
    if "requestBody" in operation:
        yield f"Body: {_type_of(_content(operation['requestBody']))}\n"


def _properties(schema: dict[str, Any]) -> Iterator[str]:
    if schema.get("properties"):
        yield "| field | type | |\n|---|---|---|"
        for name, field in schema["properties"].items():
            optional = "" if name in schema.get("required", []) else " (optional)"
            yield f"| `{name}`{optional} | {_type_of(field)} | {_cell(field.get('description', ''))} |"
        yield ""


def _content(holder: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = next(iter(holder.get("content", {}).values()), {}).get("schema", {})
    return schema


def _type_of(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "oneOf" in schema or "anyOf" in schema or "allOf" in schema:
        parts = schema.get("oneOf") or schema.get("anyOf") or schema["allOf"]
        return " or ".join(_type_of(part) for part in parts)
    if "enum" in schema:
        return " ".join(f"`{value}`" for value in schema["enum"])
    kind = schema.get("type", "any value")
    if kind == "array":
        return f"list of {_type_of(schema.get('items', {}))}"
    return " or ".join(kind) if isinstance(kind, list) else kind


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _examples() -> str:
    sections = ["# Examples\n"]
    for path in sorted((PROJECT / "examples").glob("*.py")):
        sections.append(f"## {path.stem}\n\n```python\n{path.read_text(encoding='utf-8').rstrip()}\n```\n")
    return "\n".join(sections)
