"""PostgreSQL's own parser accepts every statement that we write."""

from __future__ import annotations

import ast
import re
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pglast
import pytest

import storage
from storage.engine import migrations

if TYPE_CHECKING:
    from collections.abc import Iterator

VERBS = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|WITH|REPLACE)\b(?!:)")
ONLY_SQLITE = re.compile(
    r"\b(AUTOINCREMENT|ROWID|INSERT\s+OR|REPLACE\s+INTO|IFNULL|GLOB|STRFTIME|DATETIME)\b", re.IGNORECASE
)
NAMED = re.compile(r"'[^']*'|:(\w+)")

# The parts of a statement that are inserted at run time: the code, with an example of its text.
MADE = {
    "conversations": {"side": "<", "order": "DESC"},
    "backup_copy": {"table": "jobs"},
    "attempts": {"places": ":behind_0, :behind_1"},
    "erasures": {"names": "id, account", "places": ":id, :account"},
    "database": {"table": "intake"},
    "migrations": {"migration.version": "1", "migration.name": "first", "now": "0"},
}


class Statement(NamedTuple):
    """A statement and its place."""

    place: str
    sql: str


def statements() -> Iterator[Statement]:
    """Returns every statement in the package: the literals of its modules, and its migrations."""
    root = Path(str(storage.__file__)).parent
    for path in sorted(root.rglob("*.py")):
        module = ".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__")
        yield from in_module(module, path.read_text("utf-8"))
    for migration in migrations.known():
        yield Statement(f"migration {migration.version}", migration.sql)


def in_module(name: str, source: str) -> Iterator[Statement]:
    """Returns a module's string literals that begin like a statement, with their placeholders filled in."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    pieces = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in docstrings | pieces:
            text = filled(name, node)
            if text is not None and VERBS.match(text):
                yield Statement(f"{name}:{node.lineno}", text)


def filled(module: str, node: ast.Constant | ast.JoinedStr) -> str | None:
    """Returns the text of a literal, or None if it is not text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    parts = [ast.Constant("") if isinstance(part, ast.FormattedValue) else part for part in node.values]
    if not VERBS.match("".join(str(part.value) for part in parts if isinstance(part, ast.Constant))):
        return None
    return "".join(
        value_of(module, part.value) if isinstance(part, ast.FormattedValue) else str(ast.literal_eval(part))
        for part in node.values
    )


def value_of(module: str, expression: ast.expr) -> str:
    """Returns an inserted value: a constant of its module, or an example of a run-time value."""
    written = ast.unparse(expression)
    found = vars(import_module(module)).get(written)
    return found if isinstance(found, str) else MADE[module.rpartition(".")[2]][written]


def numbered(sql: str) -> str:
    """Returns the statement with PostgreSQL's numbered parameters."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0]
        names.append(match[1])
        return f"${len(names)}"

    return NAMED.sub(number, sql)


@pytest.fixture(scope="module")
def every() -> list[Statement]:
    """All of them."""
    return list(statements())


def test_the_statements_are_found(every: list[Statement]) -> None:
    """A test of nothing would pass."""
    places = {statement.place.partition(":")[0].rpartition(".")[2] for statement in every}
    assert len(every) > 70
    assert places >= {"attempts", "conversations", "intake", "jobs", "messages", "posts", "receipts", "migration 1"}


def is_read(statement: Statement) -> bool:
    """True if PostgreSQL's parser takes it."""
    try:
        return bool(pglast.parse_sql(numbered(statement.sql)))
    except pglast.parser.ParseError:
        return False


def test_postgresql_reads_it(every: list[Statement]) -> None:
    """PostgreSQL parses each statement unchanged, and none uses features that only SQLite has."""
    assert [statement for statement in every if not is_read(statement)] == []
    assert [statement for statement in every if ONLY_SQLITE.search(statement.sql)] == []


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT OR IGNORE INTO a (x) VALUES (:x)",
        "SELECT x FROM a WHERE x IN ()",
        "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT)",
    ],
)
def test_what_only_sqlite_understands_would_be_found(sql: str) -> None:
    """PostgreSQL's parser says no."""
    assert not is_read(Statement("here", sql))


# Small tables, or queries that need every row; `alerts` has a row for each cause and episode.
READ_WHOLE = {"alerts", "identity", "pauses", "quotas", "jobs", "CONSTANT"}
READ_THROUGH = (
    "USING COVERING INDEX contacts_search",  # searches all names for a part of a name
    "USING COVERING INDEX conversations_places",  # the channels of open conversations, once at start
)


@pytest.fixture(scope="module")
def schema() -> Iterator[sqlite3.Connection]:
    """The tables and their indexes, empty."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(migrations._TABLE)
        for migration in migrations.known():
            connection.executescript(migration.sql)
        yield connection


def scans(statement: Statement, schema: sqlite3.Connection) -> list[str]:
    """The steps in which it looks at every row of a table that may be large."""
    values = {match[1]: None for match in NAMED.finditer(statement.sql) if match[1]}
    found = []
    for *_, step in schema.execute(f"EXPLAIN QUERY PLAN {statement.sql}", values):
        scanned = re.match(r"SCAN (?:\d+ )?(\w+)", step)
        by_part = "USING INDEX" in step and "autoindex" not in step  # of the few rows that wait
        if scanned and not by_part and scanned[1] not in READ_WHOLE and not step.endswith(READ_THROUGH):
            found.append(step)
    return found


def test_no_statement_looks_at_every_row(every: list[Statement], schema: sqlite3.Connection) -> None:
    """Each finds its rows by an index, so that it takes as long in the third year as on the first day."""
    asking = [statement for statement in every if not re.match(r"\s*(CREATE|--)", statement.sql)]
    slow = {statement: steps for statement in asking if (steps := scans(statement, schema))}
    assert slow == {}
