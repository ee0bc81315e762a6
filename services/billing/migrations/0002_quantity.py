"""Holds of several units, of which a part can be captured."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOVES = {
    "grant": ("issued", "available"),
    "hold": ("available", "held"),
    "capture": ("held", "revenue"),
    "release": ("held", "available"),
    "expire": ("held", "available"),
    "refund": ("revenue", "available"),
    "lapse": ("available", "issued"),
}
REMAINDER = {"remainder": ("held", "available")}


def _moves(kinds: dict[str, tuple[str, str]]) -> str:
    listed = ", ".join(f"('{kind}', '{debit}', '{credit}')" for kind, (debit, credit) in kinds.items())
    return f"(kind, debit, credit) in ({listed})"


def _replace(table: str, constraint: str, condition: str) -> None:
    """Replaces a check by one that accepts more, so nothing that is stored can break it."""
    op.execute(
        f"-- squawk-ignore ban-drop-constraint\n"
        f"alter table {table} drop constraint {constraint}, add constraint {constraint} check ({condition}) not valid"
    )


def upgrade() -> None:
    op.add_column("hold", sa.Column("quantity", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.add_column("hold", sa.Column("remainder", sa.Integer(), server_default=sa.text("0"), nullable=False))
    for name, condition in (
        ("hold_quantity_check", "quantity > 0 and mod(amount, quantity) = 0"),
        (
            "hold_remainder_check",
            "remainder = 0 or (state = 'captured' and remainder between 1 and amount - 1"
            " and mod(remainder::bigint * quantity, amount) = 0)",
        ),
    ):
        op.create_check_constraint(name, "hold", condition, postgresql_not_valid=True)
    _replace("draw", "draw_amount_check", "amount >= 0")
    _replace("entry", "entry_check", _moves(MOVES | REMAINDER))


def downgrade() -> None:
    op.drop_constraint("entry_check", "entry")
    op.create_check_constraint("entry_check", "entry", _moves(MOVES))
    op.drop_constraint("draw_amount_check", "draw")
    op.create_check_constraint("draw_amount_check", "draw", "amount > 0")
    op.drop_constraint("hold_remainder_check", "hold")
    op.drop_constraint("hold_quantity_check", "hold")
    op.drop_column("hold", "remainder")
    op.drop_column("hold", "quantity")
