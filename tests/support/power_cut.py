"""What a card holds after the power went: every write of a real program, and what a cut leaves.

A program runs once under strace(1), which notes each write, truncation, sync, rename and deletion
in one folder, and each line it says. From that record any number of cuts are made. What was synced
is there. Of what was not, a cut leaves nothing, everything, the first part or any part, sector by
sector, and may leave rubbish within the bytes that were just being written. Changes of the folder
(a new name, a rename) hold from the sync of the folder on; of those after it a cut leaves the
first ones. Not shown: a card that says it synced and did not, or that destroys neighbouring bytes.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_CALLS = (
    "openat,close,lseek,write,pwrite64,ftruncate,fsync,fdatasync,"
    "rename,renameat,renameat2,unlink,unlinkat"
)
_LINE = re.compile(r"(?:\d+\s+)?(\w+)\((.*)\)\s*= (-?\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_REPO = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Create:
    name: str
    inode: int


@dataclass(frozen=True, slots=True)
class Rename:
    name: str
    onto: str


@dataclass(frozen=True, slots=True)
class Unlink:
    name: str


@dataclass(frozen=True, slots=True)
class Write:
    inode: int
    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    inode: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    inode: int


@dataclass(frozen=True, slots=True)
class SyncFolder:
    pass


@dataclass(frozen=True, slots=True)
class Say:
    text: str


Deed = Create | Rename | Unlink | Write | Truncate | Sync | SyncFolder | Say


def record(folder: Path, module: str, *arguments: str) -> list[Deed]:
    """Run `python -m module FOLDER arguments...` and return what it did in the (empty) folder."""
    folder.mkdir(parents=True)
    log = folder.with_name(f"{folder.name}.strace")
    watch = ["strace", "-o", str(log), "-xx", "-s", "9999999", "-e", f"trace={_CALLS}"]
    work = [sys.executable, "-m", module, str(folder), *arguments]
    subprocess.run([*watch, *work], cwd=_REPO, check=True, timeout=120, stdout=subprocess.DEVNULL)
    with log.open(encoding="ascii") as lines:
        return list(_Reader(folder).deeds(lines))


@dataclass
class _Reader:
    """Turns calls on descriptors into deeds on files."""

    folder: Path
    names: dict[str, int] = field(default_factory=dict)
    open: dict[int, int | None] = field(default_factory=dict)
    """Descriptor -> file, or None for the folder itself."""
    offsets: dict[int, int] = field(default_factory=dict)
    made: int = 0

    def deeds(self, lines: Iterator[str]) -> Iterator[Deed]:
        for line in lines:
            found = _LINE.match(line)
            if found is not None and int(found[3]) >= 0:
                yield from self._deeds(found[1], found[2], int(found[3]))

    def _deeds(self, call: str, arguments: str, result: int) -> Iterator[Deed]:
        match call:
            case "openat":
                yield from self._opened(arguments, result)
            case "rename" | "renameat" | "renameat2" | "unlink" | "unlinkat":
                yield from self._renamed(arguments, is_unlink=call.startswith("unlink"))
            case _:
                file = int(arguments.split(",", 1)[0])
                if call == "write" and file == 1:
                    yield from map(Say, _texts(arguments)[0].decode().splitlines())
                elif file in self.open:
                    yield from self._on(call, file, arguments, result)

    def _name(self, path: str) -> str | None:
        """The name inside the folder. What SQLite maps into memory is made anew at each start."""
        inside = Path(path).parent == self.folder and not path.endswith("-shm")
        return Path(path).name if inside else None

    def _opened(self, arguments: str, file: int) -> Iterator[Deed]:
        path = _texts(arguments)[0].decode()
        self.open.pop(file, None)
        if Path(path) == self.folder:
            self.open[file] = None
        name = self._name(path)
        if name is None:
            return
        if name not in self.names:
            self.made += 1
            self.names[name] = self.made
            yield Create(name, self.made)
        elif "O_TRUNC" in arguments:
            yield Truncate(self.names[name], 0)
        self.open[file] = self.names[name]
        self.offsets[file] = 0

    def _renamed(self, arguments: str, *, is_unlink: bool) -> Iterator[Deed]:
        names = [self._name(text.decode()) for text in _texts(arguments)]
        if names[0] is None or names[0] not in self.names:
            return
        inode = self.names.pop(names[0])
        if is_unlink:
            yield Unlink(names[0])
        else:
            assert names[1] is not None, "moved out of the folder"
            self.names[names[1]] = inode
            yield Rename(names[0], names[1])

    def _on(self, call: str, file: int, arguments: str, result: int) -> Iterator[Deed]:
        inode = self.open[file]
        if inode is None:
            if call in ("fsync", "fdatasync"):
                yield SyncFolder()
            return
        match call:
            case "close":
                del self.open[file]
            case "lseek":
                self.offsets[file] = result
            case "write":
                yield Write(inode, self.offsets[file], _texts(arguments)[0][:result])
                self.offsets[file] += result
            case "pwrite64":
                at = int(arguments.rsplit(",", 1)[1])
                yield Write(inode, at, _texts(arguments)[0][:result])
            case "ftruncate":
                yield Truncate(inode, int(arguments.rsplit(",", 1)[1]))
            case "fsync" | "fdatasync":
                yield Sync(inode)


def _texts(arguments: str) -> list[bytes]:
    found = [(match[1], match[2]) for match in _TEXT.finditer(arguments)]
    assert not any(cut for _, cut in found), "strace shortened what was written"
    return [bytes.fromhex(text.replace("\\x", "")) for text, _ in found]


@dataclass
class Card:
    """What is safe, and what a cut may or may not leave."""

    files: dict[int, bytes] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    unsynced: list[Write | Truncate] = field(default_factory=list)
    unsynced_names: list[Create | Rename | Unlink] = field(default_factory=list)

    def take(self, deed: Deed) -> None:
        """Something happened to the card."""
        match deed:
            case Write() | Truncate():
                self.unsynced.append(deed)
            case Create() | Rename() | Unlink():
                self.unsynced_names.append(deed)
            case Sync(inode=inode):
                for one in self.unsynced:
                    if one.inode == inode:
                        _apply(self.files, one)
                self.unsynced = [one for one in self.unsynced if one.inode != inode]
            case SyncFolder():
                for named in self.unsynced_names:
                    _name(self.names, named)
                self.unsynced_names.clear()

    def after_cut(self, chance: random.Random) -> dict[str, bytes]:
        """Name -> content, as they may be found when the power is back."""
        files, names = dict(self.files), dict(self.names)
        for named in self.unsynced_names[: chance.randint(0, len(self.unsynced_names))]:
            _name(names, named)
        for written in self._left(chance):
            _apply(files, written)
        return {name: files.get(inode, b"") for name, inode in names.items()}

    def _left(self, chance: random.Random) -> Iterator[Write | Truncate]:
        sector = chance.choice((512, 4096))
        manner = chance.choice(("nothing", "everything", "first", "any", "any", "any"))
        if manner == "nothing":
            return
        keep = 1.0 if manner != "any" else chance.random()
        last = len(self.unsynced)
        if manner == "first":
            last = chance.randint(0, last)
        for written in self.unsynced[:last]:
            for piece in _sectors(written, sector):
                if chance.random() < keep:
                    yield piece
        if manner != "everything" and last:
            yield from _torn(self.unsynced[last - 1], sector, chance)


def _sectors(written: Write | Truncate, sector: int) -> Iterator[Write | Truncate]:
    if isinstance(written, Truncate):
        yield written
        return
    at, end = written.at, written.at + len(written.data)
    while at < end:
        until = min(end, (at // sector + 1) * sector)
        yield Write(written.inode, at, written.data[at - written.at : until - written.at])
        at = until


def _torn(written: Write | Truncate, sector: int, chance: random.Random) -> Iterator[Write]:
    """Rubbish in one sector of what was being written, no byte beside it."""
    pieces = [piece for piece in _sectors(written, sector) if isinstance(piece, Write)]
    if pieces and chance.random() < 0.5:
        piece = chance.choice(pieces)
        yield Write(piece.inode, piece.at, chance.randbytes(len(piece.data)))


def _apply(files: dict[int, bytes], written: Write | Truncate) -> None:
    old = files.get(written.inode, b"")
    if isinstance(written, Truncate):
        files[written.inode] = old[: written.size].ljust(written.size, b"\0")
        return
    head = old[: written.at].ljust(written.at, b"\0")
    files[written.inode] = head + written.data + old[written.at + len(written.data) :]


def _name(names: dict[str, int], named: Create | Rename | Unlink) -> None:
    match named:
        case Create(name=name, inode=inode):
            names[name] = inode
        case Rename(name=name, onto=onto):
            names[onto] = names.pop(name)
        case Unlink(name=name):
            names.pop(name, None)


@dataclass(frozen=True, slots=True)
class Cut:
    """One power cut: what was promised before it, and what was found after it."""

    begun: dict[str, int]
    """The last number of each kind the program was about to make durable."""
    promised: dict[str, int]
    """The last number of each kind the program was told is durable."""
    files: dict[str, bytes]


def cuts(deeds: list[Deed], count: int, seed: int) -> Iterator[Cut]:
    """So many cuts, in order of time; each kind of promise is cut equally often in its making."""
    chance = random.Random(seed)  # noqa: S311 - a test's own chance
    spans = _spans(deeds)
    moments = sorted(_moment(deeds, spans, chance) for _ in range(count))
    card, begun, promised = Card(), dict[str, int](), dict[str, int]()
    done = 0
    for moment in moments:
        for deed in deeds[done:moment]:
            if isinstance(deed, Say):
                word, what, number = deed.text.split()
                (begun if word == "try" else promised)[what] = int(number)
            else:
                card.take(deed)
        done = moment
        yield Cut(dict(begun), dict(promised), card.after_cut(chance))


def _spans(deeds: list[Deed]) -> dict[str, list[tuple[int, int]]]:
    """Kind -> first and last moment of each time it was made durable."""
    spans: dict[str, list[tuple[int, int]]] = {}
    began = 0
    for moment, deed in enumerate(deeds):
        if isinstance(deed, Say):
            word, what, _ = deed.text.split()
            if word == "try":
                began = moment
            else:
                spans.setdefault(what, []).append((began + 1, moment + 1))
    return spans


def _moment(
    deeds: list[Deed], spans: dict[str, list[tuple[int, int]]], chance: random.Random
) -> int:
    if not spans or chance.random() < 0.3:
        return chance.randint(0, len(deeds))
    return chance.randint(*chance.choice(spans[chance.choice(sorted(spans))]))
