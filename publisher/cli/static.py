"""Feeds as files, for a web server or a bucket that serves them without us."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path


def write_changed(path: Path, data: bytes, modified: datetime) -> bool:
    """Write a file unless it holds these bytes; readers see the old one or the new one whole.

    Its time is when the content last became different, which servers tell as Last-Modified.
    Raises OSError.
    """
    try:
        if path.read_bytes() == data:
            return False
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.utime(part, (modified.timestamp(), modified.timestamp()))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    # The name is durable only once the folder is.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True
