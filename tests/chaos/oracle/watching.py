"""Notes in a service's own database what its other tables forget: rows of the outbox and timers are deleted when done.

The notes are written by the database itself, in the transaction that they are about.
"""

import psycopg

WATCH = """
CREATE TABLE noted_sayings (message_id text, wire_name text, subject text);
CREATE FUNCTION note_sayings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO noted_sayings
    SELECT message_id, headers::json ->> 'ce-type', headers::json ->> 'ce-subject' FROM fresh;
    RETURN NULL;
END $$;
CREATE TRIGGER note_sayings AFTER INSERT ON outbox REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION note_sayings();

CREATE TABLE noted_timers (timer_id text, due_at timestamptz);
CREATE FUNCTION note_timers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO noted_timers SELECT timer_id, due_at FROM fresh;
    RETURN NULL;
END $$;
CREATE TRIGGER note_timers AFTER INSERT ON timers REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION note_timers();
"""


def watch(database: psycopg.Connection) -> None:
    """Before anything happens in it."""
    with database.transaction():
        database.execute(WATCH)
