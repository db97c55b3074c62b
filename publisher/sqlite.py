"""The one SQLite library of this process: `sqlite3`, from wherever the newest can be had.

The wheel of pysqlite3 brings an SQLite of its own; where there is none, it is Python's. Everybody
takes it from here, since two libraries that have the same file open in one process undo each
other's locks (https://sqlite.org/howtocorrupt.html, section 2.2.1).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the two are alike, and only Python's is typed
    import sqlite3
else:
    try:
        from pysqlite3 import dbapi2 as sqlite3
    except ImportError:
        import sqlite3

__all__ = ["WAL_IS_SAFE", "sqlite3"]

# Before 3.51.3 a WAL can lose what was committed, when two processes write and checkpoint at once.
WAL_IS_SAFE = sqlite3.sqlite_version_info >= (3, 51, 3)
