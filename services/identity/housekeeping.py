"""Clearing away what has ended of what identity keeps beside its log."""

from datetime import datetime

from psycopg import Connection
from psycopg.rows import TupleRow

from services.identity.sign_in import WINDOW


def forget_what_has_ended(connection: Connection[TupleRow], *, school_time: datetime, real_time: datetime) -> None:
    """Deletes sessions that have expired by the school's clock, and by the real one codes and failed sign-ins."""
    connection.execute("DELETE FROM session WHERE expires_at < %s", (school_time,))
    connection.execute("DELETE FROM one_time_code WHERE expires_at < %s", (real_time,))
    connection.execute("DELETE FROM failed_sign_in WHERE at < %s", (real_time - WINDOW,))
