# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A command in a container that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Mapping

from ..state.plan import Result

if TYPE_CHECKING:
    from ..engine.context import Context


def run(ctx: Context, params: Mapping[str, Any], check: bool) -> Result:
    """Run the command, unless it is a ``check``."""
    from ..engine.formats import values
    from ..engine.service import containers
    from ..engine.service.exec import ExecWish

    argv = params["argv"] or values.command(params["command"])
    if check:
        containers.exec_check(ctx, params["name"], argv)
        return Result(False, {"skipped": True, "msg": "In check mode the command is not run", "cmd": argv})
    wish = ExecWish(
        tuple(argv), values.pairs(params["env"], "env"), params["user"] or "", params["workdir"] or "", params["tty"],
        params["privileged"], interactive=params["stdin"] is not None)
    done = containers.exec_run(ctx, params["name"], wish, stdin=(params["stdin"] or "").encode(),
                               detach=params["detach"])
    answer: Dict[str, Any] = {"cmd": argv, "stdout": text(done.stdout), "stderr": text(done.stderr)}
    if not params["detach"]:
        answer["rc"] = done.code
        if done.code:
            answer.update(failed=True, msg="The command ended with exit code %d" % done.code)
    return Result(True, answer)


def text(data: bytes) -> str:
    """What a command wrote, as text, without the last line's end."""
    return data.decode("utf-8", "replace").rstrip("\r\n")
