# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names for containers that were given none: two words that people can say to each other."""

from __future__ import annotations

import os

_FIRST = ("amber", "ancient", "autumn", "bold", "brave", "bright", "calm", "clever", "cosmic", "crimson", "curious",
          "eager", "early", "fluent", "frosty", "gentle", "golden", "hidden", "humble", "jolly", "keen", "kind",
          "lively", "lucid", "mellow", "merry", "misty", "modest", "nimble", "noble", "patient", "plain", "polite",
          "proud", "quick", "quiet", "rapid", "rustic", "sharp", "silent", "silver", "steady", "stormy", "sunny",
          "tidy", "vivid", "warm", "wise", "witty", "young")
_SECOND = ("acorn", "anchor", "badger", "beacon", "birch", "bridge", "brook", "canyon", "cedar", "cliff", "comet",
           "cove", "crane", "delta", "dune", "ember", "falcon", "fern", "finch", "fjord", "glade", "grove", "harbor",
           "heron", "island", "lagoon", "lantern", "lynx", "maple", "meadow", "meteor", "otter", "pebble", "pine",
           "prairie", "quartz", "raven", "reef", "ridge", "river", "spruce", "summit", "thicket", "tundra", "valley",
           "walnut", "willow", "wren", "yarrow", "zephyr")


def made_up(attempt: int) -> str:
    """Two random words; from the second attempt on with a number that makes it likely to be free."""
    first, second, number = os.urandom(3)
    name = "%s_%s" % (_FIRST[first % len(_FIRST)], _SECOND[second % len(_SECOND)])
    return name if not attempt else "%s%d" % (name, number)


def aside(name: str) -> str:
    """A name for a container that is being made to take the place of ``name``."""
    return "%s-%s" % (name[:200], os.urandom(6).hex())
