# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How quadlet files name each other: ``Volume=data.volume``, ``Volume=%N.volume``, ``Volume=data@%i.volume``.

A file's unit and what that makes have names of their own, in which specifiers mean that unit. They are put in before
the names stand in another one's.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, NamedTuple, Optional

from ..errors import InvalidInput
from . import specifiers, systemdunit
from .quadlet import KINDS, Quadlet

_RESOURCE = {"container": "ContainerName", "pod": "PodName", "network": "NetworkName", "volume": "VolumeName",
             "image": "ImageTag"}


def service_name(one: Quadlet) -> str:
    """The name of the unit that a file becomes."""
    stem, at, instance = one.stem.partition("@")
    name = one.last("ServiceName")
    return systemdunit.unit_name((name or stem + KINDS[one.kind][2] + at + instance) + ".service")


def resource_name(one: Quadlet) -> str:
    """The name of the container, network and so on; ``systemd-`` and the file's name unless it says so itself."""
    given = plain(one, _RESOURCE[one.kind])
    if one.kind == "image":
        return given or plain(one, "Image")
    stem, at, _instance = one.stem.partition("@")
    return given or "systemd-" + stem + ("_%i" if at else "")


def plain(one: Quadlet, key: str) -> str:
    """The value of a key that becomes a word of its own. Raises InvalidInput for one that would be a flag."""
    value = one.last(key)
    if value.startswith("-"):
        raise InvalidInput("%s: %s cannot begin with a dash" % (one.path, key), "Flags belong into PodmanArgs.")
    return value


class Other(NamedTuple):
    """What a name leads to: a file, and of a template the instance that is meant ('' when there is no template)."""

    file: Quadlet
    instance: str = ""

    @property
    def service(self) -> str:
        """The unit's name; with %i in it when that of whoever asks decides."""
        name = service_name(self.file)
        if not self.instance:
            return name
        found = name.replace("@.", "@%s." % self.instance)
        systemdunit.unit_name(found.replace("%i", "i"))
        return found

    @property
    def resource(self) -> str:
        """The name of what the unit makes, as others have to write it."""
        own = specifiers.of_unit(service_name(self.file))
        if self.instance:
            own.update(specifiers.of_unit(self.service), i=self.instance)
        name = resource_name(self.file)
        if not name:
            raise InvalidInput("%s: it has no Image" % self.file.path, "Add Image to it.")
        return specifiers.expand(name, own)[0]


class Job:
    """One file, all files by name, and what is collected for its unit: the units that it needs, the command lines."""

    def __init__(self, one: Quadlet, known: Mapping[str, Quadlet], engine: str) -> None:
        self.one, self.known, self.engine = one, known, engine
        self.needs: List[str] = []
        self.commands: List[List[str]] = []
        self.own: Dict[str, str] = specifiers.of_unit(service_name(one))

    def find(self, reference: str) -> Optional[Other]:
        """What a name in this file leads to, None when there is no such file."""
        name = specifiers.expand(reference, self.own)[0]
        if name in self.known:
            found = self.known[name]
            # Of a template from a template: the same instance.
            return Other(found, self.own["i"] if found.stem.endswith("@") else "")
        prefix, at, rest = name.partition("@")
        instance, _dot, kind = rest.rpartition(".")
        template = self.known.get("%s@.%s" % (prefix, kind))
        return Other(template, instance) if at and instance and template is not None else None

    def other(self, reference: str) -> Other:
        """The same; the unit comes to need its service. Raises InvalidInput."""
        found = self.find(reference)
        if found is None:
            raise InvalidInput("%s: %s is needed, and not there" % (self.one.path, reference), "Add that file.")
        if found.file.stem.endswith("@") and not found.instance:
            raise InvalidInput("%s: %s is a template" % (self.one.path, reference),
                               "Name an instance of it, such as %s." % reference.replace("@.", "@one."))
        if found.service not in self.needs:
            self.needs.append(found.service)
        return found

    def translated(self, word: str) -> str:
        """A word of After= and its kin: the service of a quadlet file, or else the unit as it stands."""
        if not word.endswith(tuple("." + kind for kind in KINDS)):
            return word
        found = self.find(word)
        if found is None:
            raise InvalidInput("%s: %s is needed, and not there" % (self.one.path, word), "Add that file.")
        return found.service
