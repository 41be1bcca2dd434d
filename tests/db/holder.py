"""A process that holds a share: run as ``python -m tests.db.holder FOLDER``.

It prints the libpq address once it has joined, leaves when its input ends, and prints "left".
"""

import sys
from pathlib import Path

from housecall.db.embedded import EmbeddedPostgres


def main(folder: Path) -> None:
    share = EmbeddedPostgres.join(folder)
    print(share.dsn, flush=True)
    sys.stdin.read()
    share.leave()
    print("left", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
