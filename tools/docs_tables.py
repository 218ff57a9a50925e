#!/usr/bin/env python3
"""Write the tables of docs/ that repeat what the code says: settings, errors, metrics, commands.

A page holds its prose; between `<!-- table: NAME -->` and `<!-- end -->` stands what this writes.
`make docs` writes them; a test fails while a page and the code differ.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import itertools
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
BLOCK = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in lines
    )


# --- settings --------------------------------------------------------------------------------


def field_words(owner: type) -> dict[str, str]:
    """What stands under each field of a dataclass in its source."""
    source = ast.parse(inspect.getsource(owner).lstrip())
    body = next(node.body for node in source.body if isinstance(node, ast.ClassDef))
    words: dict[str, str] = {}
    for before, after in itertools.pairwise(body):
        if (
            isinstance(before, ast.AnnAssign)
            and isinstance(before.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            words[before.target.id] = " ".join(str(after.value.value).split())
    return words


def settings_of(owner: type, prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    """Name, default and words of each setting, sections opened."""
    words, hints = field_words(owner), get_type_hints(owner)
    for item in fields(owner):
        section = hints[item.name]
        if is_dataclass(section):
            yield from settings_of(section, f"{prefix}{item.name}.")
        elif section is not Path:  # where the file lies is known, not set
            default = None if item.default is MISSING else item.default
            yield f"{prefix}{item.name}", default, words.get(item.name, "")


def shown(value: object) -> str:
    if value is None:
        return "required"
    if isinstance(value, str):
        return f'`"{value}"`' if value else "empty"
    if isinstance(value, tuple):
        return f"`{json.dumps(value)}`" if value else "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def settings_table(module: str) -> str:
    """The settings of one program."""
    settings = importlib.import_module(f"{module}.settings")
    owner = getattr(settings, "AgentSettings", None) or settings.Settings
    rows = [
        (f"`{name}`", shown(default), f"`VANG_{name.replace('.', '_').upper()}`", words)
        for name, default, words in settings_of(owner)
    ]
    return table(("setting", "default", "environment", "what it is"), rows)


# --- errors ----------------------------------------------------------------------------------


def error_classes(module: str) -> list[type[Exception]]:
    """The errors a package defines, in the order of its source."""
    loaded = importlib.import_module(f"{module}.errors")
    found = [
        kind
        for _, kind in inspect.getmembers(loaded, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == loaded.__name__
    ]
    return sorted(found, key=lambda kind: inspect.getsourcelines(kind)[1])


def code_of(kind: type[Exception]) -> str:
    return str(getattr(kind, "code", None) or getattr(kind, "reason", ""))


def error_words(kind: type[Exception]) -> str:
    return " ".join((inspect.getdoc(kind) or "").split())


def errors_table(module: str) -> str:
    """The error codes of one package."""
    kinds = error_classes(module)
    if any(hasattr(kind, "status") for kind in kinds):
        rows = [(f"`{code_of(k)}`", str(getattr(k, "status", "")), error_words(k)) for k in kinds]
        return table(("code", "HTTP", "what it means"), rows)
    return table(("code", "what it means"), [(f"`{code_of(k)}`", error_words(k)) for k in kinds])


# --- metrics ---------------------------------------------------------------------------------


def metrics_table(which: str) -> str:
    """The Prometheus series of the stations or of the centre."""
    series_module = importlib.import_module("controller.metrics.series")
    rows = [
        (f"`{s.name}`", s.kind, s.unit, ", ".join(f"`{name}`" for name in s.labels), s.help)
        for s in getattr(series_module, which)
    ]
    return table(("series", "type", "unit", "labels", "what it tells"), rows)


# --- commands --------------------------------------------------------------------------------


def subcommands(
    parser: argparse.ArgumentParser,
) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """Name, words and parser of each command."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            words = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, child in action.choices.items():
                yield name, words.get(name, child.description or ""), child


def option_words(parser: argparse.ArgumentParser) -> str:
    """The options and arguments of a command, in a line."""
    shown_options = [
        "`"
        + (action.option_strings[-1] if action.option_strings else action.dest.upper())
        + "`"
        + (f" {action.help}" if action.help else "")
        for action in parser._actions
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction)
    ]
    return "; ".join(shown_options)


def commands_table(module: str) -> str:
    """The commands of one program."""
    parser = importlib.import_module(f"{module}.cli").build_parser()
    rows = [
        (f"`{parser.prog} {name}`", words, option_words(child))
        for name, words, child in subcommands(parser)
    ]
    return table(("command", "what it does", "arguments"), rows)


# --- the API ---------------------------------------------------------------------------------


def api_table() -> str:
    """The routes of the API, as its OpenAPI document has them."""
    routes = importlib.import_module("controller.web.api_v1.routes")
    rows = [
        (f"`{method.upper()} {path}`", one["description"], one["summary"])
        for path, operations in json.loads(routes.spelled_document())["paths"].items()
        for method, one in operations.items()
    ]
    return table(("request", "more, and what it needs", "what it does"), rows)


# --- the station's codes -----------------------------------------------------------------------


def station_codes(*, english: bool) -> str:
    """What each code at a station means and what to do."""
    words = importlib.import_module("station_agent.cli.words")
    rows = [
        (f"`{code}`", trouble.meaning.said(english), trouble.advice.said(english))
        for code, trouble in sorted(words.TROUBLES.items())
    ]
    head = ("code", "it means", "what to do") if english else ("mã", "nghĩa là", "cần làm")
    return table(head, rows)


def station_reasons(*, english: bool) -> str:
    """Why a slot did not simply air."""
    words = importlib.import_module("station_agent.cli.words")
    rows = [(f"`{code}`", said.said(english)) for code, said in words.REASONS.items()]
    return table(("reason", "it means") if english else ("lý do", "nghĩa là"), rows)


# --- pages -----------------------------------------------------------------------------------

TABLES: dict[str, Callable[[], str]] = {
    "settings-controller": lambda: settings_table("controller"),
    "settings-agent": lambda: settings_table("station_agent"),
    "errors-controller": lambda: errors_table("controller"),
    "errors-agent": lambda: errors_table("station_agent"),
    "errors-audio": lambda: errors_table("audio_library"),
    "errors-protocol": lambda: errors_table("station_protocol"),
    "metrics-stations": lambda: metrics_table("STATION_SERIES"),
    "metrics-controller": lambda: metrics_table("CONTROLLER_SERIES"),
    "commands-controller": lambda: commands_table("controller"),
    "api": api_table,
    "commands-agent": lambda: commands_table("station_agent"),
    "station-codes-vi": lambda: station_codes(english=False),
    "station-codes-en": lambda: station_codes(english=True),
    "station-reasons-vi": lambda: station_reasons(english=False),
    "station-reasons-en": lambda: station_reasons(english=True),
}


def filled(text: str) -> str:
    """The page with its tables as the code has them now."""
    return BLOCK.sub(lambda block: block[1] + "\n" + TABLES[block[2]]() + "\n" + block[3], text)


def pages() -> list[Path]:
    """The pages that hold such tables."""
    return [page for page in sorted(DOCS.rglob("*.md")) if BLOCK.search(page.read_text("utf-8"))]


def main() -> int:
    sys.path.insert(0, str(ROOT))
    for page in pages():
        text = page.read_text(encoding="utf-8")
        now = filled(text)
        if now != text:
            page.write_text(now, encoding="utf-8")
            print(f"written {page.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
