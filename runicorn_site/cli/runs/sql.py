"""`runicorn sql`: questions to a store in SQL."""

from __future__ import annotations

from typing import Annotated

import typer

from runicorn_site.catalog.entry import json_number
from runicorn_site.catalog.store import StoreCatalog
from runicorn_site.cli.runs import text
from runicorn_site.cli.runs.source import AsCsv, AsJson, Storage
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import NOT_AVAILABLE, USAGE


def sql(
    statement: Annotated[str, typer.Argument(help="A SELECT of DuckDB over the tables.")],
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    storage: Storage = None,
) -> None:
    """Ask the store in SQL: tables runs, params, metrics, points, samples and artifacts, read from the files as they are now.

    Needs DuckDB and Arrow: pip install duckdb pyarrow.

    Examples:

      runicorn sql "SELECT project, count(*) AS runs FROM runs GROUP BY project"

      runicorn sql "SELECT run_id, max(value) FROM points WHERE name = 'val_acc' GROUP BY run_id" --csv
    """
    root = common.existing_root(storage)
    try:
        from runicorn_site.catalog.tables import Tables, plain, select

        catalog = StoreCatalog(root, common.print_error)
        columns, rows = select(statement, Tables(catalog, common.print_error))
        catalog.close()
    except ImportError as error:
        common.exit_with(f"{error.name} is missing: pip install duckdb pyarrow", NOT_AVAILABLE)
    except ValueError as error:
        common.exit_with(str(error), USAGE)
    values = [[plain(value) for value in row] for row in rows]
    if as_json:
        finite = [[json_number(v) if isinstance(v, float) else v for v in row] for row in values]
        common.print_json([dict(zip(columns, row, strict=True)) for row in finite])
    elif as_csv:
        text.print_csv(columns, values)
    else:
        text.print_table(columns, [[text.cell("", value) for value in row] for row in values])
