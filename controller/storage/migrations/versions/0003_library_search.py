"""Bulletins are found by their words without marks

Revision: 0003; follows: 0002
"""

import unicodedata

import sqlalchemy as sa
from alembic import op


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Columns are only added: SQLite changes one by making its table anew, which others refer to.
    with op.batch_alter_table("bulletin", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("search_text", sa.String(), nullable=False, server_default="")
        )
    bulletins = sa.table(
        "bulletin", *(sa.column(name) for name in ("bulletin_id", "title", "text", "search_text"))
    )
    connection = op.get_bind()
    for row in connection.execute(sa.select(bulletins)).all():
        connection.execute(
            bulletins.update()
            .where(bulletins.c.bulletin_id == row.bulletin_id)
            .values(search_text=_fold(f"{row.title} {row.text}"))
        )


def _fold(text: str) -> str:
    """As controller.domain.places.fold was when this was written."""
    decomposed = unicodedata.normalize("NFD", text.casefold()).replace("đ", "d")
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(plain.split())
