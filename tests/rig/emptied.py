"""A PostgreSQL database that one test after another is given, emptied in between.

To make one takes thirty times as long as to empty it.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

# What is more than rows: columns, constraints, indexes, triggers, functions and settings as they
# are; what the planner has learnt of rows; tables whose pages stay behind when rows go.
_MAKE = """
    SELECT
      (SELECT jsonb_agg(ROW(relname, attname, atttypid, attnotnull)::text ORDER BY relname, attnum)
         FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace),
      (SELECT jsonb_agg(pg_get_constraintdef(oid) ORDER BY conname)
         FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
      (SELECT jsonb_agg(tgname) FROM pg_trigger WHERE NOT tgisinternal),
      (SELECT jsonb_agg(proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
      (SELECT jsonb_agg(setconfig) FROM pg_db_role_setting
         JOIN pg_database ON pg_database.oid = setdatabase WHERE datname = current_database()),
      (SELECT jsonb_agg(DISTINCT tablename) FROM pg_stats WHERE schemaname = 'public'),
      (SELECT jsonb_agg(relname) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 128 * 1024)
"""
_END_OTHERS = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
     WHERE datname = current_database() AND pid != pg_backend_pid()
"""
_TABLES = """
    SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename != 'alembic_version'
"""


class Emptied:
    """A migrated database without a row, as long as `empty` says so."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url
        # Foreign keys are not asked: all rows go.
        options = "-c session_replication_role=replica"
        self._connection = psycopg.connect(url, autocommit=True, options=options)
        tables = [sql.Identifier(name) for (name,) in self._connection.execute(_TABLES)]
        self._filled = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(
                sql.Literal(table.as_string()), table
            )
            for table in tables
        )
        self._make = self._look()

    def empty(self) -> bool:
        """Take out all rows; False if a test has left more behind than rows."""
        run = self._connection.execute
        run(_END_OTHERS)
        if self._look() != self._make:
            return False
        for (table,) in run(self._filled).fetchall():
            run(sql.SQL("DELETE FROM {}").format(sql.SQL(table)))
        run("SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence")
        return True

    def close(self) -> None:
        self._connection.close()

    def _look(self) -> tuple[Any, ...] | None:
        return self._connection.execute(_MAKE).fetchone()
