"""What the benchmarks found: a list of records, each one timed peer of one case."""

import json
import math
from pathlib import Path


class Results(list):
    """Records, with the questions that the report and the pictures ask of them."""

    def where(self, **conditions):
        """The records whose fields have these values."""
        return Results(row for row in self
                       if all(row.get(key) == value for key, value in conditions.items()))

    def values(self, key):
        """The different values of a field, in the order of their appearance."""
        return list(dict.fromkeys(row[key] for row in self if key in row))

    def get(self, key, **conditions):
        """A field of the one record that fits, or None."""
        found = self.where(**conditions)
        return found[0].get(key) if found else None

    def cases(self):
        """The records case by case: peer -> record."""
        cases = {}
        for row in self:
            key = row["group"], row["name"], row["dtype"], row["threads"], row.get("place")
            cases.setdefault(key, {})[row["peer"]] = row
        return list(cases.values())

    def ratios(self, peer="numpy", **conditions):
        """How many times as fast as `peer` pynn was, case by case."""
        return [row["ratio"] for row in self.where(peer=peer, **conditions) if "ratio" in row]


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def save(path, facts, records):
    Path(path).write_text(json.dumps({"facts": facts, "records": records}, default=float))


def load(path):
    """The facts about the machine and the Results of an earlier run."""
    content = json.loads(Path(path).read_text())
    return content["facts"], Results(content["records"])
