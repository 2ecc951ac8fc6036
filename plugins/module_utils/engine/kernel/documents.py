# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The documents that the engine keeps of its objects, read with suspicion: a disk, an editor or a power cut may have
changed them. Whatever is wrong with one is one error, Damaged, that names the object and the file."""

from __future__ import annotations

import contextlib
import json
from typing import Any, Callable, Dict, Iterable, Iterator, Mapping, Optional, TypeVar, Union

from ..errors import Damaged, EngineError
from ..frozen import unlike
from . import files

K = TypeVar("K")
T = TypeVar("T")


def read(path: str, kind: str, name: Union[str, Callable[[], str]], forms: Mapping[str, str], *,
         required: Optional[Iterable[str]] = None,
         same: Optional[Mapping[str, Any]] = None) -> Optional[Dict[str, Any]]:
    """The object in the document of one thing, None when there is no such file. Raises Damaged.

    ``name`` may be a function that is called only to say what is damaged.
    ``forms`` are the types of its fields (frozen.unlike), ``required`` those that may not be missing (None: all), and
    ``same`` values that fields must have, such as the ID that the file is named after.
    """
    data: Optional[bytes] = None
    try:
        data = files.contents(path)
        if data is None:
            return None
        text = data.decode()  # The decoder would look for the encoding first.
        document = json.loads(text)
        if "\\u" in text and "\\ud" in text.lower():
            # Half a surrogate pair is no text: printing it would fail much later.
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as exc:
        reason = "it is empty" if not data else "it is no JSON (%s)" % exc
        raise Damaged(kind, _called(name), path, reason) from exc
    except files.Unreadable as exc:
        raise Damaged(kind, _called(name), path, str(exc)) from exc
    problem = unlike(document, forms, required=required)
    for field, value in (same or {}).items():
        problem = problem or ("" if document.get(field) == value else "%s is another one's" % field)
    if problem:
        raise Damaged(kind, _called(name), path, "it " + problem if problem.startswith(("is ", "has ")) else problem)
    result: Dict[str, Any] = document
    return result


def _called(name: Union[str, Callable[[], str]]) -> str:
    return name if isinstance(name, str) else name()


@contextlib.contextmanager
def built(kind: str, name: str, path: str) -> Iterator[None]:
    """For making a value of a document: what does not fit is damage, as what cannot be read is."""
    try:
        yield
    except Damaged:
        raise
    except EngineError as exc:
        raise Damaged(kind, name, path, exc.message, exc.hint) from exc
    except ValueError as exc:
        raise Damaged(kind, name, path, str(exc)) from exc
    except (TypeError, KeyError, AttributeError) as exc:
        raise Damaged(kind, name, path, "%s: %s" % (type(exc).__name__, exc)) from exc


def each(keys: Iterable[K], read_one: Callable[[K], Optional[T]], *lost: Callable[[Damaged], Any]) -> Iterator[T]:
    """What is read of each key, in their order, without those that are not there.

    ``lost`` hear of a damaged one (Context.warn, for a start), and the others come all the same.
    """
    for key in keys:
        try:
            found = read_one(key)
        except Damaged as exc:
            for told in lost:
                told(exc)
            continue
        if found is not None:
            yield found
