"""A real MariaDB that is gone with the process: its own data, its own socket, no port."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pymysql  # type: ignore[import-untyped] # it has no types

# Servers' programs are not on everybody's path.
_PATH = f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"


_ADMIN = "root"


@dataclass(frozen=True, slots=True, kw_only=True)
class MariaDB:
    """A running server; ``socket`` is where it is asked. Its administrator has no password."""

    socket: Path
    _numbers: Iterator[int]

    @contextmanager
    def open(self) -> Iterator[tuple[str, Any]]:
        """Make a database for as long as the block lasts; give its URL and a connection."""
        name = f"test_{next(self._numbers)}"
        with pymysql.connect(unix_socket=str(self.socket), user=_ADMIN, autocommit=True) as admin:
            with admin.cursor() as cursor:
                cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
            admin.select_db(name)
            yield f"mysql://{_ADMIN}@/{name}?unix_socket={self.socket}", admin
            with admin.cursor() as cursor:
                cursor.execute(f"DROP DATABASE {name}")


@contextmanager
def running() -> Iterator[MariaDB]:
    """Start a server and stop it at the end.

    Its data need not survive a power cut, so it does not wait for the disk. It may write files
    anywhere, so that what keeps a source from it is not the server's own caution.
    """
    with TemporaryDirectory(prefix="publisher-mariadb-") as place:
        folder = Path(place)
        socket = folder / "socket"
        common = ["--no-defaults", f"--datadir={folder / 'data'}"]
        if os.geteuid() == 0:
            common.append("--user=root")
        install = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(
            [_program("mariadb-install-db"), *common, *install], check=True, capture_output=True
        )
        place_of = [f"--socket={socket}", f"--pid-file={folder / 'pid'}", "--skip-networking"]
        tuning = ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M"]
        manners = ["--secure-file-priv=", "--log-warnings=0"]
        server = subprocess.Popen(
            [_program("mariadbd"), *common, *place_of, *tuning, *manners],
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            _wait_until_ready(server)
            yield MariaDB(socket=socket, _numbers=count(1))
        finally:
            server.kill()  # its data go as well
            server.communicate()


def is_installed() -> bool:
    """Say whether there is a server to start; where tests are the rule (CI), it must be there."""
    return "CI" in os.environ or shutil.which("mariadbd", path=_PATH) is not None


def _program(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    assert found, f"{name} is not installed; see .ci/run"
    return found


def _wait_until_ready(server: subprocess.Popen[str]) -> None:
    assert server.stderr is not None
    said = []
    for line in server.stderr:
        if "ready for connections" in line:
            return
        said.append(line)
    raise AssertionError("MariaDB ended instead of starting:\n" + "".join(said))
