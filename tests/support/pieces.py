"""The centre's own sound, made here and now."""

from __future__ import annotations

from dataclasses import dataclass

from controller.jobs.pieces import PieceWorker
from controller.services.piece_desk import PieceDesk
from tests.support.bulletins import Studio


@dataclass
class Workshop:
    """Makes what programmes need; `finish` does every piece that waits."""

    studio: Studio

    def __post_init__(self) -> None:
        studio = self.studio
        self.desk = PieceDesk(
            studio.centre.database,
            studio.centre.clock,
            studio.store,
            studio.spool,
            studio.centre.wake,
        )
        self.worker = PieceWorker(self.desk, studio.speech.say)

    def finish(self) -> int:
        """Make every piece that waits; how many."""
        made = 0
        while self.worker.work_once("test"):
            made += 1
        return made
