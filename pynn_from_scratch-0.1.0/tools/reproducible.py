"""Whether a wheel is the same bytes when it is built again: ``python -m tools.reproducible manylinux``.

Zig keeps what it has compiled, so that each time it begins with an empty cache.
"""

import hashlib
import os
import sys
import tempfile

from tools.cross import build


def digest(name: str) -> str:
    with tempfile.TemporaryDirectory() as cache:
        os.environ["ZIG_GLOBAL_CACHE_DIR"] = os.environ["ZIG_LOCAL_CACHE_DIR"] = cache
        return hashlib.sha256(build(name).read_bytes()).hexdigest()


if __name__ == "__main__":
    for target in sys.argv[1:]:
        first, second = digest(target), digest(target)
        print(f"{target}: {first}")
        if first != second:
            sys.exit(f"{target}: built again it is {second}")
