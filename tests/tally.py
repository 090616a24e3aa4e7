"""What a soak has tried: the tests add to it, `make soak` prints the sums.

TSHOP_TALLY names the file, one JSON object a line; without it nothing is kept.
"""

import json
import os
from collections import Counter
from pathlib import Path

FILE = os.environ.get("TSHOP_TALLY")


def add(what: str, number: float = 1) -> None:
    """Count something that was tried and held."""
    if FILE:
        with Path(FILE).open("a") as file:
            file.write(json.dumps({what: number}) + "\n")


def sums(file: Path) -> Counter[str]:
    """Add up a file."""
    total: Counter[str] = Counter()
    for line in file.read_text().splitlines() if file.exists() else []:
        total.update(json.loads(line))
    return total
