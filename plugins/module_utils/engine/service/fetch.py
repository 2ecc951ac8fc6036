# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Have an image on this host: what making a container takes of all that can be done with images.

It lies apart from ``images`` so that a module that makes containers does not carry archives and pushing too.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Optional, Tuple

from ..context import Context
from ..errors import EngineError
from ..store import images as store
from ..store.images import ImageRecord


class PullResult(NamedTuple):
    """What came of a pull. ``changed``: this host has an image, or a name of one, that it had not.

    ``name`` is the complete name by which the image was found, with a tag or a digest, however it was
    typed; '' for the ID of an image without one.
    """

    image: ImageRecord
    changed: bool
    name: str


def pull(ctx: Context, name: str, *, policy: str = "always", **options: Any) -> PullResult:
    """Have an image on this host; see service.pull. More keywords: platform, tls_verify, authfile, cert_dir,
    creds, progress, retry, retry_delay. What a policy of 'missing' finds costs no import of the client."""
    if policy == "missing" and not options.get("platform"):
        found = _here(ctx, name)
        if found is not None:
            return PullResult(found, False, store.complete_name(ctx, found, name))
    from . import pull as service

    return service.pull(ctx, name, policy=policy, **service.as_options(**options))


def foresee(ctx: Context, name: str, *, policy: str, **options: Any) -> None:
    """Raise what ``pull`` would raise, as far as a registry can be asked; the keywords are those of ``pull``."""
    if policy == "missing" and not options.get("platform") and _here(ctx, name) is not None:
        return
    from . import pull as service

    for unused in ("progress", "retry", "retry_delay"):
        options.pop(unused, None)
    service.foresee(ctx, name, policy=policy, **service.as_options(**options))


def _here(ctx: Context, name: str) -> Optional[ImageRecord]:
    try:
        return store.lookup(ctx, name)
    except EngineError:
        return None


def remote_digest(ctx: Context, name: str, **options: Any) -> Tuple[str, str]:
    """What a name resolves to, and the digest ('sha256:...') that the registry has for it now."""
    from . import pull as service

    options.pop("platform", None)
    options.pop("progress", None)
    return service.remote_digest(ctx, name, service.as_options(**options)["access"])
