# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Immutable values, declared as dataclasses are, at a hundredth of the cost of making the classes.

``dataclasses`` takes 5 ms to import, and writes, compiles and runs code for each class, 0.3 to 6 ms more;
every command would pay that for dozens of classes. Here a class takes microseconds, because all
share one constructor. mypy knows these classes as frozen dataclasses (PEP 681).
"""

from __future__ import annotations

import sys
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    ClassVar,
    Dict,
    FrozenSet,
    Iterable,
    Mapping,
    Optional,
    Tuple,
    Type,
    TypeVar,
)

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:
    def dataclass_transform(**_arguments: Any) -> Callable[[Any], Any]:
        """PEP 681's decorator is for type checkers, and Python has it from 3.11 on."""
        return lambda cls: cls

F = TypeVar("F", bound="Frozen")


@dataclass_transform(frozen_default=True)
class Frozen:
    """The base of a frozen value: ``class Port(Frozen)`` with annotated names, and defaults, in its body.

    Two values of one class are equal when all their fields are. A dict or list as a default is copied for
    each value. ``_hidden`` names the fields that ``repr`` must not show. The class must stand
    in a module with ``from __future__ import annotations``.
    """

    _fields: ClassVar[Tuple[str, ...]] = ()
    _hidden: ClassVar[Tuple[str, ...]] = ()
    _names: ClassVar[FrozenSet[str]] = frozenset()
    _defaults: ClassVar[Dict[str, Any]] = {}
    _copied: ClassVar[Tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        own = [name for name in cls.__annotations__ if not name.startswith("_") and name not in cls._names]
        cls._fields += tuple(own)
        cls._names = frozenset(cls._fields)
        cls._defaults = {name: getattr(cls, name) for name in cls._fields if hasattr(cls, name)}
        cls._copied = tuple(name for name, value in cls._defaults.items() if isinstance(value, (dict, list)))

    def __init__(self, *arguments: Any, **named: Any) -> None:
        values = self.__dict__
        values.update(self._defaults)
        for name in self._copied:
            values[name] = values[name].copy()
        if arguments:
            values.update(zip(self._fields, arguments))
        values.update(named)
        if values.keys() != self._names or (arguments and self._twice(arguments, named)):
            raise TypeError("%s(%s) does not take %d values and %s" % (
                type(self).__name__, ", ".join(self._fields), len(arguments), ", ".join(named) or "no names"))

    def _twice(self, arguments: Tuple[Any, ...], named: Dict[str, Any]) -> bool:
        """Whether there are more values than fields, or a field is given by place and by name."""
        return len(arguments) > len(self._fields) or any(n in named for n in self._fields[:len(arguments)])

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("%s is frozen: %s stays as it is" % (type(self).__name__, name))

    def __delattr__(self, name: str) -> None:
        raise AttributeError("%s is frozen: %s stays as it is" % (type(self).__name__, name))

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(tuple([self.__dict__[name] for name in self._fields]))

    def __repr__(self) -> str:
        shown = ["%s=%r" % (name, self.__dict__[name]) for name in self._fields if name not in self._hidden]
        return "%s(%s)" % (type(self).__name__, ", ".join(shown))


def misfit(kind: Type[Frozen], document: Any) -> str:
    """What keeps a JSON document from being a value of this class: 'mounts[0].target is no string', '' when it fits.

    Fields that the class does not know are not looked at.
    """
    names = vars(sys.modules[kind.__module__])
    forms = {name: kind.__annotations__[name] for name in kind._fields}
    return unlike(document, forms, names, required=[name for name in kind._fields if name not in kind._defaults])


def unlike(document: Any, forms: Mapping[str, str], names: Optional[Mapping[str, Any]] = None,
           required: Optional[Iterable[str]] = None) -> str:
    """As ``misfit``, for an object whose fields are of ``forms``: annotations, and 'Time' for seconds since the epoch.

    ``names`` has what else the annotations name, frozen classes or aliases; ``required`` are the fields that
    may not be missing, None for all.
    """
    if not isinstance(document, dict):
        return "is no object"
    for name in forms if required is None else required:
        if name not in document:
            return "has no field %s" % name
    for name, value in document.items():
        form = forms.get(name, "Any")
        # Most are: this is done for each document that is read.
        if _EXACTLY.get(form) is type(value):
            continue
        problem = _unlike_form(value, form, names or {})
        if problem:
            return "%s%s%s" % (name, "" if problem[0] in ".[" else " ", problem)
    return ""


_JSON: Dict[str, Tuple[Any, str]] = {
    "str": (str, "string"), "int": (int, "whole number"), "bool": (bool, "boolean"),
    "dict": (dict, "object"), "float": ((int, float), "number"), "list": ((list, tuple), "list")}
_EXACTLY: Dict[str, type] = {"str": str, "int": int, "bool": bool, "dict": dict}
LAST_SECOND = 253402300799  # of the year 9999; the system's calendar has no room for others


def _unlike_form(value: Any, form: str, names: Mapping[str, Any]) -> str:
    """What keeps a value from being of a form, to be read after its name."""
    if form == "Any":
        return ""
    if form in _JSON:
        types, called = _JSON[form]
        fits = isinstance(value, types) and isinstance(value, bool) is (form == "bool")
        return "" if fits else "is no " + called
    if form == "Time":
        fits = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= LAST_SECOND
        return "" if fits else "is no time"
    outer, bracket, inner = form[:-1].partition("[")
    if not bracket:
        named = names[form]
        if isinstance(named, type):
            problem = misfit(named, value)
            return problem if problem.startswith(("is ", "has ")) or not problem else "." + problem
        return _unlike_form(value, str(named).replace("typing.", ""), names)
    if outer == "Optional":
        return "" if value is None else _unlike_form(value, inner, names)
    if outer == "Dict":
        return _unlike_items(value, "dict", inner.partition(", ")[2], names)
    return _unlike_items(value, "list", inner[:-len(", ...")] if inner.endswith(", ...") else inner, names)


def _unlike_items(value: Any, outer: str, form: str, names: Mapping[str, Any]) -> str:
    types, called = _JSON[outer]
    if not isinstance(value, types):
        return "is no " + called
    if not value:
        return ""
    rows: Iterable[Tuple[Any, Any]] = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in rows:
        problem = _unlike_form(item, form, names)
        if problem:
            return "[%s]%s%s" % (key, "" if problem[0] in ".[" else " ", problem)
    return ""


def replace(value: F, **changes: Any) -> F:
    """The same value with other fields. Raises TypeError for a name that is no field."""
    return type(value)(**{**value.__dict__, **changes})


def as_dict(value: Frozen) -> Dict[str, Any]:
    """The fields by name, in order; frozen values inside become dicts as well, and nothing is shared with ``value``."""
    return {name: _plain(value.__dict__[name]) for name in value._fields}


def _plain(value: Any) -> Any:
    if isinstance(value, Frozen):
        return as_dict(value)
    if isinstance(value, (list, tuple)):
        return type(value)([_plain(item) for item in value])
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
