# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a container, and the plan that leads to what was asked for.

One row per option. Three fields are made of several options each and so are compared as a whole:
``mounts`` (volume, mount, tmpfs), ``health`` (healthcheck and its settings) and ``env`` (env_file,
env, env_merge).
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ..engine.errors import InvalidInput
from ..engine.formats import values
from .option import LIVE, Row, defaults, desired, differences, effects, spelled
from .plan import Action, Plan, state_change

STATES = ("absent", "present", "created", "started", "healthy", "stopped")


def _row(name: str, kind: str = "str", default: Any = "", *aliases: str, effect: str = "recreate",
         field: str = "", **settings: Any) -> Row:
    """A row for a field of ContainerSpec; its canonicaliser is the field's."""
    field = field or name
    if aliases:
        settings["aliases"] = list(aliases)
    if kind == "list":
        settings.setdefault("elements", "str")
    return Row(name, kind, field, effect, default, values.FIELDS[field], settings)


def _action(name: str, kind: str = "str", *aliases: str, **settings: Any) -> Row:
    """A row for an option that says how to act; it is never compared."""
    if aliases:
        settings["aliases"] = list(aliases)
    return Row(name, kind, settings=settings)


FIELDS: Tuple[Row, ...] = (
    _row("image"), _row("rootfs", "bool", False), _row("pod"),
    _row("init_ctr", choices=["", "always", "once"]),
    _row("command", "raw", None), _row("entrypoint", "raw", None),
    _row("env_host", "bool", False), _row("http_proxy", "bool", False),
    _row("unsetenv", "list", []), _row("unsetenv_all", "bool", False),
    _row("user"), _row("group_add", "list", [], "groups"), _row("workdir", "str", "", "working_dir"),
    _row("interactive", "bool", False), _row("tty", "bool", False),
    _row("init", "bool", False), _row("init_path", "path"), _row("umask", "str", "0022"),
    _row("stop_signal", effect=LIVE), _row("stop_timeout", "int", 10, effect=LIVE), _row("timeout", "int", 0),
    _row("timezone"), _row("systemd", "str", "false"), _row("passwd", "bool", True, no_log=False),
    _row("hostname"), _row("label", "dict", {}, "labels"), _row("annotation", "dict", {}),
    _row("restart_policy", "str", "no", effect=LIVE), _row("rm", "bool", False, "remove", "auto_remove"),
    _row("requires", "list", [], effect=LIVE), _row("log_driver", choices=["k8s-file", "journald", "json-file",
                                                                           "none"]),
    _row("log_opt", "dict", {}, "log_options",
         options={"max_size": {"type": "str"}, "path": {"type": "str"}, "tag": {"type": "str"}}),
    _row("no_healthcheck", "bool", False),
    _row("healthcheck_failure_action", "str", "none", "health_on_failure", effect=LIVE,
         choices=["none", "kill", "restart", "stop"]),
    _row("read_only", "bool", False), _row("read_only_tmpfs", "bool", True),
    _row("volumes_from", "list", []),
    _row("image_volume", "str", "anonymous", choices=["anonymous", "bind", "tmpfs", "ignore"]),
    _row("shm_size", "str", 65536000), _row("device", "list", []), _row("device_cgroup_rule", "list", []),
    _row("secrets", "list", [], no_log=False),
    _row("network", "list", [], "net", "network_mode", effect=LIVE),
    _row("network_aliases", "list", [], "network_alias"),
    _row("ip"), _row("ip6"), _row("mac_address"),
    _row("publish", "list", [], "ports", "published", "published_ports"), _row("publish_all", "bool", False),
    _row("expose", "list", [], "exposed", "exposed_ports"),
    _row("dns", "list", [], "dns_servers"), _row("dns_option", "list", [], "dns_opts"),
    _row("dns_search", "list", [], "dns_search_domains"), _row("etc_hosts", "dict", {}, "add_hosts"),
    _row("no_hosts", "bool", False),
    _row("pid", "str", "", "pid_mode"), _row("ipc", "str", "", "ipc_mode"), _row("uts"), _row("cgroupns"),
    _row("userns", "str", "", "userns_mode"), _row("uidmap", "list", []), _row("gidmap", "list", []),
    _row("subuidname"), _row("subgidname"),
    _row("privileged", "bool", False), _row("cap_add", "list", [], "capabilities"), _row("cap_drop", "list", []),
    _row("security_opt", "list", []), _row("sysctl", "dict", {}), _row("ulimit", "list", [], "ulimits"),
    _row("oom_score_adj", "int", None), _row("cgroup_parent", "path"),
    _row("memory", "str", 0, effect=LIVE), _row("memory_reservation", "str", 0, effect=LIVE),
    _row("memory_swap", "str", None, effect=LIVE), _row("memory_swappiness", "int", None, effect=LIVE),
    _row("oom_kill_disable", "bool", False),
    _row("cpus", "str", 0.0, effect=LIVE), _row("cpu_period", "int", 0, effect=LIVE),
    _row("cpu_quota", "int", 0, effect=LIVE), _row("cpu_rt_period", "int", 0, effect=LIVE),
    _row("cpu_rt_runtime", "int", 0, effect=LIVE),
    _row("cpu_shares", "int", 0, effect=LIVE), _row("cpuset_cpus", effect=LIVE), _row("cpuset_mems", effect=LIVE),
    _row("pids_limit", "str", None, effect=LIVE), _row("blkio_weight", "int", 0, effect=LIVE),
    _row("device_read_bps", "list", {}, effect=LIVE), _row("device_read_iops", "list", {}, effect=LIVE),
    _row("device_write_bps", "list", {}, effect=LIVE), _row("device_write_iops", "list", {}, effect=LIVE),
    _row("cgroup_conf", "dict", {}),
)

# Fields that several options make together: see _composed().
COMPOSED: Tuple[Row, ...] = (
    Row("env", "dict", "env", default={}),
    Row("env_file", "list", "env", default={}, settings={"elements": "path", "aliases": ["env_files"]}),
    Row("env_merge", "dict", "env", default={}),
    Row("volume", "list", "mounts", default=[], settings={"elements": "str", "aliases": ["volumes"]}),
    Row("mount", "list", "mounts", default=[], settings={"elements": "str", "aliases": ["mounts"]}),
    Row("tmpfs", "dict", "mounts", default=[]),
    Row("healthcheck", "raw", "health", settings={"aliases": ["health_cmd"]}),
    Row("healthcheck_interval", "str", "health", settings={"aliases": ["health_interval"]}),
    Row("healthcheck_retries", "int", "health", settings={"aliases": ["health_retries"]}),
    Row("healthcheck_start_period", "str", "health", settings={"aliases": ["health_start_period"]}),
    Row("healthcheck_timeout", "str", "health", settings={"aliases": ["health_timeout"]}),
)

ACTIONS: Tuple[Row, ...] = (
    _action("name", required=True), _action("state", choices=list(STATES), default="started"),
    _action("strict", "bool", default=False), _action("recreate", "bool", default=False),
    _action("force_restart", "bool", "restart", default=False), _action("image_strict", "bool", default=False),
    _action("pull", choices=["always", "missing", "never", "newer"], default="missing"),
    _action("detach", "bool", default=True), _action("wait", "bool", default=False),
    _action("wait_timeout", "int", default=60),
    _action("force_delete", "bool", default=True), _action("delete_volumes", "bool", default=False),
    _action("stop_time", "int", "delete_time", "restart_time"), _action("authfile", "path", "auth_file"),
    _action("tls_verify", "bool", "validate_certs", "tlsverify"),
    _action("platform"), _action("arch"), _action("os"), _action("variant"), _action("retry", "int"),
    _action("retry_delay"),
)

OPTIONS: Tuple[Row, ...] = ACTIONS + FIELDS + COMPOSED
_STANDARD = defaults(FIELDS + COMPOSED)
_EFFECTS = effects(FIELDS + COMPOSED)


class Actual(NamedTuple):
    """What there is. ``document`` is the stored ContainerSpec, None when there is no container.

    ``image_id`` is of the image that it was made from, ``wanted_image_id`` of what the image's name
    means now: '' when nothing says that it is another one. ``secrets_changed`` says that a secret got
    another value since it was started.
    """

    document: Optional[Dict[str, Any]] = None
    status: str = "absent"
    image_id: str = ""
    wanted_image_id: str = ""
    secrets_changed: bool = False
    health: str = ""
    exit_code: int = 0


def wish(params: Mapping[str, Any], env_files: Mapping[str, str]) -> Dict[str, Any]:
    """{field: canonical value} of what the user manages.

    ``env_files`` are the contents of what ``env_file`` names, from path to text.
    """
    result = desired(FIELDS, params, strict=bool(params.get("strict")))
    result.update(_composed(params, env_files))
    return result


def _composed(params: Mapping[str, Any], env_files: Mapping[str, str]) -> Dict[str, Any]:
    result: Dict[str, Any] = {}
    strict = bool(params.get("strict"))
    given = {row.name for row in COMPOSED if params.get(row.name) is not None}
    if strict or given & {"env", "env_file"}:
        env: Dict[str, str] = {}
        for path in params.get("env_file") or ():
            env.update(_env_file(path, env_files[path]))
        env.update(values.pairs(params.get("env"), "env"))
        result["env"] = env
    if strict or given & {"volume", "mount", "tmpfs"}:
        from ..engine.formats import mounts

        result["mounts"] = mounts.rows(mounts.volumes(params.get("volume")) + mounts.mounts(params.get("mount"))
                                       + mounts.tmpfs(params.get("tmpfs") or {}))
    names = {"test": "healthcheck", "interval": "healthcheck_interval", "timeout": "healthcheck_timeout",
             "start_period": "healthcheck_start_period", "retries": "healthcheck_retries"}
    if strict or given & set(names.values()):
        result["health"] = values.canonical("health", {key: params[name] for key, name in names.items()
                                                       if params.get(name) is not None}, "healthcheck")
    return result


def _env_file(path: str, content: str) -> Dict[str, str]:
    rows = [row for row in content.splitlines() if row.strip() and not row.lstrip().startswith("#")]
    try:
        return values.pairs(rows, "env_file")
    except InvalidInput as exc:
        raise InvalidInput("%s: %s" % (path, exc.message), exc.hint) from exc


def plan(params: Mapping[str, Any], wanted: Mapping[str, Any], actual: Actual) -> Plan:
    """The actions from ``actual`` to the state that ``params`` asks for, with ``wanted`` from wish()."""
    state = params["state"]
    if state == "absent":
        if actual.document is None:
            return Plan()
        return Plan((Action("remove"),), *state_change(actual.status, "absent"))
    if not params.get("detach", True) and wanted.get("rm"):
        raise InvalidInput("detach: false and rm contradict each other: what %s writes would be gone" % params["name"],
                           "Leave rm out; state: absent removes the container.")
    wanted = _merged_env(params, wanted, actual)
    if actual.document is None:
        return _creation(params, wanted)
    changes = differences(wanted, actual.document, _STANDARD)
    _compare_image(params, changes, actual)
    before, after = _sides(params, changes, actual)
    actions = _configuration(params, changes, actual, sorted(after))
    document = _whole(actual.document, wanted)
    states = _states(params, actual, tuple(a.verb for a in actions))
    actions += states
    end = "exited" if state == "stopped" else _end_state(state, actual.status)
    if states and end != actual.status:
        for side, word in zip((before, after), state_change(actual.status, end)):
            side.update(word)
    live = {field: pair[1] for field, pair in changes.items() if _EFFECTS.get(field) == LIVE}
    return Plan(actions, before, after, document, live if "update" in (a.verb for a in actions) else {})


def _merged_env(params: Mapping[str, Any], wanted: Mapping[str, Any], actual: Actual) -> Mapping[str, Any]:
    """env_merge adds to what is given, or else to what the container has, and takes nothing away."""
    if not params.get("env_merge"):
        return wanted
    base = wanted["env"] if "env" in wanted else (actual.document or {}).get("env", {})
    return dict(wanted, env=dict(base, **values.pairs(params["env_merge"], "env_merge")))


def _whole(document: Mapping[str, Any], wanted: Mapping[str, Any]) -> Dict[str, Any]:
    """The stored wishes with the managed ones in their place; what is a default is left out."""
    merged = dict(document, **wanted)
    return {field: value for field, value in merged.items() if field not in _STANDARD or value != _STANDARD[field]}


def _creation(params: Mapping[str, Any], wanted: Mapping[str, Any]) -> Plan:
    if not wanted.get("image"):
        raise InvalidInput("There is no container %s, and no image to make it from" % params["name"],
                           "Set image (or with rootfs: true the path of a root file system).")
    document = _whole({"name": params["name"]}, wanted)
    actions = [Action("create")]
    state = params["state"]
    if state in ("started", "healthy"):
        actions.append(Action("start"))
        actions += _waits(params, state)
    shown = {option: value for option, value in _spelled(params, document).items() if option != "name"}
    before, after = state_change("absent", _end_state(state, "created"))
    return Plan(tuple(actions), before, dict(shown, **after), document)


# What an option that is made of several says when it is left out, where that is not None.
_UNSET: Mapping[str, Any] = {"volume": [], "mount": [], "tmpfs": {}}


def _sides(params: Mapping[str, Any], changes: Mapping[str, Tuple[Any, Any]],
           actual: Actual) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """The two sides of a diff, by option and as a user writes it."""
    if not changes:
        return {}, {}
    before, after = (_spelled(params, {field: pair[side] for field, pair in changes.items()}) for side in (0, 1))
    for option in [*before, *(one for one in after if one not in before)]:
        pair = before.setdefault(option, _UNSET.get(option)), after.setdefault(option, _UNSET.get(option))
        if pair[0] == pair[1] and option not in changes:
            del before[option], after[option]
    if "image_id" in after:
        name = params.get("image") or (actual.document or {}).get("image", "")
        for side in (before, after):
            side["image"] = "%s (%s)" % (name, side.pop("image_id").rpartition(":")[2][:12])
    return before, after


def _spelled(params: Mapping[str, Any], fields: Mapping[str, Any]) -> Dict[str, Any]:
    """Fields of a document by option and as a user writes them."""
    from ..engine.formats import mounts, spelling

    rest = {field: value for field, value in fields.items() if field not in ("mounts", "health")}
    result = spelled(FIELDS, rest)
    if "mounts" in fields:
        by_mount = {row["target"] for row in mounts.mounts(params.get("mount"))}
        result.update((key, value) for key, value in spelling.mounts(fields["mounts"], by_mount).items() if value)
    return dict(result, **spelling.health(fields.get("health")))


def _waits(params: Mapping[str, Any], state: str) -> List[Action]:
    """What a start is followed by."""
    if not params.get("detach", True):
        return [Action("finish")]
    return [Action("wait")] if params.get("wait") or state == "healthy" else []


def _compare_image(params: Mapping[str, Any], changes: Dict[str, Any], actual: Actual) -> None:
    """The image differs when its name means another image now, not when it is another name for the same."""
    named = changes.pop("image", None)
    if actual.wanted_image_id and actual.wanted_image_id != actual.image_id:
        if named is None:
            changes["image_id"] = (actual.image_id, actual.wanted_image_id)
        else:
            changes["image"] = named
    elif named is not None and (params.get("image_strict") or not actual.wanted_image_id):
        changes["image"] = named


def _configuration(params: Mapping[str, Any], changes: Mapping[str, Any], actual: Actual,
                   options: List[str]) -> Tuple[Action, ...]:
    fixed = any(_EFFECTS.get(field) != LIVE or (field == "network" and not _has_links(pair))
                for field, pair in changes.items())
    if fixed or params.get("recreate"):
        return (Action("replace", ", ".join(options) or "recreate"),)
    if changes:
        return (Action("update", ", ".join(options)),)
    return ()


def _has_links(pair: Tuple[Any, Any]) -> bool:
    """Whether both are sets of networks: joining and leaving is live, another kind of namespace is not."""
    return all(use["mode"] == "network" for uses in pair for use in uses)


def _states(params: Mapping[str, Any], actual: Actual, done: Tuple[str, ...]) -> Tuple[Action, ...]:
    """What is left to do after the configuration: a replacement runs when the old one ran."""
    state, replaced = params["state"], "replace" in done
    status = actual.status
    running = status in ("running", "restarting")
    if state == "stopped":
        return (Action("stop"),) if running or status == "paused" else ()
    if state in ("present", "created"):
        return (Action("restart"),) if params.get("force_restart") and running and not replaced else ()
    actions: Tuple[Action, ...] = ()
    if not params.get("detach", True) and status == "exited" and actual.exit_code == 0 and not done:
        # It is there to do its work and end, and it has.
        return (Action("restart"), Action("finish")) if params.get("force_restart") else ()
    if status == "paused" and not replaced:
        actions += (Action("unpause"),)
    elif not running and not (replaced and status == "paused"):
        actions += (Action("start"),)
    elif not replaced and params.get("force_restart"):
        actions += (Action("restart"),)
    elif not replaced and actual.secrets_changed:
        actions += (Action("restart", "a secret has another value"),)
    fresh = bool(actions) or replaced
    if not params.get("detach", True):
        return actions + (Action("finish"),)
    if (fresh and params.get("wait")) or (state == "healthy" and (fresh or actual.health != "healthy")):
        actions += (Action("wait"),)
    return actions


def _end_state(state: str, otherwise: str) -> str:
    return {"started": "running", "healthy": "healthy"}.get(state, otherwise)
