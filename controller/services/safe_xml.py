"""XML from strangers, read without anything a document could do to us.

No document type is read, so there are no entities to expand and nothing is fetched; size, depth
and number of elements have ceilings; the encoding is UTF-8 whatever the document claims.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from controller.errors import NotCapError

MOST_BYTES = 512_000
MOST_ELEMENTS = 5_000
DEEPEST = 16
LONGEST_TEXT = 64_000
"""Of one element: what is longer is refused, for half an outline is another outline."""


@dataclass(slots=True)
class Node:
    """An element: its namespace, its name, its attributes, the text directly inside it."""

    namespace: str
    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Node]:
        """The children of that name and of this element's own namespace."""
        return (one for one in self.children if (one.namespace, one.name) == (self.namespace, name))

    def first(self, name: str) -> str:
        """The text of the first such child, visible characters alone; "" when there is none."""
        return next((visible(one.text) for one in self.all(name)), "")


def read(data: bytes) -> Node:
    """The root element. NotCapError with the reason for what is not such a document."""
    if len(data) > MOST_BYTES:
        raise NotCapError("too large", reason="too_large")
    builder = _Builder()
    try:
        data.decode()  # expat would follow a mark at the beginning into another encoding
        builder.parser.Parse(data, True)
    except (expat.ExpatError, UnicodeDecodeError) as error:
        raise NotCapError(f"no XML: {error}", reason="not_xml") from error
    if builder.root is None:
        raise NotCapError("no element", reason="not_xml")
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Node] = []
        self._count = 0
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse_type
        self.parser.EntityDeclHandler = self._refuse_type
        self.parser.ExternalEntityRefHandler = self._refuse_type
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _refuse_type(self, *_told: object) -> int:
        raise NotCapError("a document type", reason="doctype")

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS or len(self._open) >= DEEPEST:
            raise NotCapError("too many elements", reason="too_large")
        namespace, _, name = tag.rpartition(" ")
        node = Node(namespace, name, attributes)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def _end(self, _tag: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        if self._open:
            node = self._open[-1]
            node.text += text
            if len(node.text) > LONGEST_TEXT:
                raise NotCapError("too long a text", reason="too_large")


def visible(text: str) -> str:
    """Text as a person may be shown it: NFC, single spaces, nothing that hides or turns it."""
    tidy = unicodedata.normalize("NFC", text)
    kept = (" " if one.isspace() else one for one in tidy)
    seen = "".join(one for one in kept if one == " " or unicodedata.category(one)[0] != "C")
    return " ".join(seen.split())
