"""Alembic's environment, the same for every service: the connection and the tables come from the caller."""

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    target_metadata=attributes["metadata"],
    transaction_per_migration=False,
    transactional_ddl=True,  # SQLite can: an upgrade happens whole or not at all
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
