"""Alembic's environment: runs the revisions of the service whose connection and tables the configuration holds.

Each revision and its record are one transaction.
"""

from __future__ import annotations

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes.get("connection"),  # none when SQL is only printed
    dialect_name="postgresql",
    literal_binds=context.is_offline_mode(),
    target_metadata=attributes.get("tables"),
    on_version_apply=attributes.get("record"),
    transaction_per_migration=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
