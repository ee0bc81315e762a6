"""Jobs that make several variants, each stored when it is finished."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

CAPTURED = "settle is distinct from 'capture' or status = 'completed'"


def upgrade() -> None:
    op.add_column("job", sa.Column("quantity", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.add_column("job", sa.Column("delivered", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("asset", sa.Column("variant", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"
        "alter table job drop constraint job_check2,"
        f" add constraint job_check2 check ({CAPTURED} or delivered > 0) not valid"
    )
    for name, condition in (
        ("job_quantity_check", "quantity > 0 and delivered between 0 and quantity"),
        ("job_delivered_check", "quantity = 1 or settle is null or (settle = 'capture') = (delivered > 0)"),
    ):
        op.create_check_constraint(name, "job", condition, postgresql_not_valid=True)


def downgrade() -> None:
    op.drop_constraint("job_delivered_check", "job")
    op.drop_constraint("job_quantity_check", "job")
    op.drop_constraint("job_check2", "job")
    op.create_check_constraint("job_check2", "job", CAPTURED)
    op.drop_column("asset", "variant")
    op.drop_column("job", "delivered")
    op.drop_column("job", "quantity")
