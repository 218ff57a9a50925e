#!/usr/bin/env python3
"""Keep the English words beside the Vietnamese ones: extract, merge, compile.

    tools/catalogue.py          merge what the screens say into messages.po, compile messages.mo
    tools/catalogue.py --check  change nothing; fail when a sentence lacks its English

The Vietnamese sentence is the key. After a new sentence: run this, fill in the empty `msgstr`,
run it again.
"""

from __future__ import annotations

import argparse
import io
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "controller/web"
PO = WEB / "translations/en/LC_MESSAGES/messages.po"
MO = PO.with_suffix(".mo")
UNDATED = datetime(2026, 1, 1, tzinfo=UTC)
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}}
KEYWORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "counted": (1, 1),  # controller/web/counting.py: Vietnamese is its own plural
    "pgettext": ((1, "c"), 2),
}


def spoken() -> Catalog:
    """Every sentence of the screens, without translations.

    ValueError: one is counted by in one place and not in another, which would say "5 station".
    """
    catalogue = Catalog(locale="en", project="Vang", charset="utf-8", fuzzy=False)
    found = extract_from_dir(
        str(WEB),
        METHODS,
        OPTIONS,
        keywords=KEYWORDS,
        comment_tags=("Note:",),
        strip_comment_tags=True,
    )
    for filename, line, message, comments, context in sorted(found, key=lambda item: item[:2]):
        where = [(f"controller/web/{filename}", line)]
        before = catalogue.get(message, context)
        if before and before.pluralizable != isinstance(message, tuple):
            raise ValueError(
                f"{filename}:{line} counts by this or does not, unlike others: {message}"
            )
        catalogue.add(message, None, where, auto_comments=comments, context=context)
    return catalogue


def known() -> Catalog:
    """The committed catalogue."""
    with PO.open("rb") as file:
        catalogue = read_po(file, locale="en", charset="utf-8", abort_invalid=True)
    catalogue.creation_date = catalogue.revision_date = UNDATED  # the same text, the same bytes
    return catalogue


def merged() -> Catalog:
    """Today's sentences with the translations we have; sentences nobody says any more are gone."""
    old, fresh = known() if PO.exists() else Catalog(locale="en"), spoken()
    for message in fresh:
        if message.id:
            before = old.get(message.id, message.context)
            if before and before.pluralizable == message.pluralizable:
                message.string = before.string
            message.locations = sorted({(name, 0) for name, _line in message.locations})
    return fresh


def untranslated(catalogue: Catalog) -> list[str]:
    """Sentences without English."""
    return [
        str(message.id) for message in catalogue if message.id and not _is_filled(message.string)
    ]


def _is_filled(string: object) -> bool:
    return all(string) if isinstance(string, tuple | list) else bool(string)


def compiled(catalogue: Catalog) -> bytes:
    """The catalogue as the program loads it."""
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def written(catalogue: Catalog) -> bytes:
    """The catalogue as people edit it: no dates and no line numbers, so that changes are few."""
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=120, omit_header=True, sort_output=True, include_lineno=False)
    header = b'msgid ""\nmsgstr ""\n"Language: en\\n"\n"MIME-Version: 1.0\\n"\n'
    header += (
        b'"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
    )
    header += b'"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
    return header + buffer.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args()
    catalogue = merged()
    if not chosen.check:
        PO.parent.mkdir(parents=True, exist_ok=True)
        PO.write_bytes(written(catalogue))
        MO.write_bytes(compiled(known()))
    missing = untranslated(catalogue)
    for sentence in missing:
        print(f"no English: {sentence}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
