"""Tables the database itself lets grow only: a row is neither changed nor deleted."""

from __future__ import annotations

from typing import cast

from sqlalchemy import DDL, Table, event

from controller.storage.models.base import Base

_REFUSAL = "rows of this table are never changed"


def _statement(text: str) -> DDL:
    return DDL(text)  # type: ignore[no-untyped-call]


def grows_only(model: type[Base]) -> None:
    """Have the table made with triggers that refuse every other deed; on both engines."""
    table = cast(Table, model.__table__)
    for deed in ("UPDATE", "DELETE"):
        trigger = _statement(
            f"CREATE TRIGGER {table.name}_no_{deed.lower()} BEFORE {deed} ON {table.name} BEGIN "
            f"SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
        event.listen(table, "after_create", trigger.execute_if(dialect="sqlite"))
    function = _statement(
        "CREATE OR REPLACE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    guard = _statement(
        f"CREATE TRIGGER {table.name}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE "
        f"ON {table.name} FOR EACH STATEMENT EXECUTE FUNCTION only_grows()"
    )
    for statement in (function, guard):
        event.listen(table, "after_create", statement.execute_if(dialect="postgresql"))
