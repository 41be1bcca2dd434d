"""Files under the data folder: read whole, written whole, so that nobody ever sees half of one."""

import logging
import os
import tempfile
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

_LOG = logging.getLogger("housecall.sandbox.keeping")
T = TypeVar("T")


class Notebook(Generic[T]):
    """Owns one file; without a file it remembers nothing."""

    def __init__(self, folder: Path | None, name: str, shape: TypeAdapter[T]) -> None:
        self._file = folder / name if folder else None
        self._shape = shape

    def read(self) -> T | None:
        """What was written last; None if nothing was, or if it cannot be read any more."""
        if self._file is None or not self._file.exists():
            return None
        try:
            return self._shape.validate_json(self._file.read_bytes())
        except ValidationError:
            # Kept for whoever wants to look; the demo begins anew rather than not at all.
            os.replace(self._file, self._file.with_suffix(".unreadable"))
            _LOG.warning("A file of the sandbox could not be read; it was put aside.")
            return None

    def write(self, value: T) -> None:
        """The file holds the value, readable by its owner only: tokens are in it."""
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=".sandbox-")
        with os.fdopen(handle, "wb") as file:
            file.write(self._shape.dump_json(value))
        os.replace(name, self._file)
