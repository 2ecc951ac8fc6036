# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a shell offers when Tab is pressed: verbs and flags from the tables here, names by asking the engine."""

from __future__ import annotations

from typing import Dict, List, Tuple

from ..context import Context
from ..errors import Unsupported
from .flags import IO, Flag, Parsed, Verb

# What the other words of a verb are, and the command that lists them.
LISTS = {
    "containers": "ps --all --format {{.Names}}", "images": "images --format {{.Repository}}:{{.Tag}}",
    "networks": "network ls --format {{.Name}}", "pods": "pod ps --format {{.Name}}",
    "volumes": "volume ls --format {{.Name}}", "secrets": "secret ls --format {{.Name}}",
}
WORDS = {
    "containers": "start stop restart kill rm wait rename port pause unpause update exec attach logs top stats inspect",
    "images": "run create rmi tag untag push save history",
}
GROUPS = {"network": "networks", "pod": "pods", "volume": "volumes", "secret": "secrets"}

SCRIPT = """\
# Completion of pycontainer for bash; written by 'pycontainer completion bash'.
_pycontainer() {
    local current=${COMP_WORDS[COMP_CWORD]} verb="" word index
    for ((index = 1; index < COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        case $word in
            %(valued)s) ((index++)) ;;
            -*) ;;
            *)
                if [[ -z $verb ]]; then
                    verb=$word
                elif [[ " %(groups)s " == *" $verb "* ]]; then
                    verb+=" $word"
                    break
                fi
                ;;
        esac
    done
    local flags="%(global)s" verbs="" list=""
    case $verb in
        "") verbs="%(verbs)s" ;;
%(cases)s
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
    elif [[ -n $list ]]; then
        # shellcheck disable=SC2086 # the words of the command
        mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" $list 2>/dev/null)" -- "$current")
        [[ $list != images* ]] || type __ltrim_colon_completions >/dev/null 2>&1 && __ltrim_colon_completions "$current"
    else
        mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$current")
    fi
}
complete -o default -F _pycontainer pycontainer docker
"""


def bash() -> str:
    """The script for bash(1) with bash-completion."""
    from . import main

    verbs = {name: verb for module in main.MODULES for name, verb in main.verbs_of(module).items()}
    first = sorted({name.split()[0] for name in verbs} | set(main.GROUPS))
    cases = []
    for group in main.GROUPS:
        cases.append('        "%s") verbs="%s" ;;' % (group, " ".join(_verbs_of_group(group, verbs))))
    for name, verb in sorted(_named(verbs).items()):
        cases.append('        "%s") flags="%s"%s ;;' % (name, _flags(verb.flags), _list(name)))
    valued = "|".join("--" + flag.long for flag in main.GLOBAL if flag.kind != "bool" and not flag.refused)
    return SCRIPT % {"valued": valued, "groups": " ".join(main.GROUPS), "global": _flags(main.GLOBAL),
                     "verbs": " ".join(first), "cases": "\n".join(cases)}


def _named(verbs: Dict[str, Verb]) -> Dict[str, Verb]:
    """Each verb by each of its names: 'stop' is 'container stop' too."""
    from . import main

    found = dict(verbs)
    for group, modules in main.OF_GROUP.items():
        for module in modules:
            for name, verb in main.verbs_of(module).items():
                if " " not in name:
                    found.setdefault("%s %s" % (group, name), verb)
    found.update({"container ls": verbs["ps"], "image ls": verbs["images"], "image rm": verbs["rmi"]})
    return found


def _verbs_of_group(group: str, verbs: Dict[str, Verb]) -> List[str]:
    return sorted(name[len(group) + 1:] for name in _named(verbs) if name.startswith(group + " "))


def _flags(flags: Tuple[Flag, ...]) -> str:
    return " ".join(["--" + flag.long for flag in flags if not flag.refused] + ["--help"])


def _list(name: str) -> str:
    words = name.split()
    kind = next((kind for kind, names in WORDS.items() if words[-1] in names.split() and words[0] not in GROUPS), "")
    if len(words) > 1 and words[0] in GROUPS and words[1] not in ("create", "ls", "prune", "ps"):
        kind = GROUPS[words[0]]
    return ' list="%s"' % LISTS[kind] if kind else ""


def completion(_ctx: Context, parsed: Parsed, io: IO) -> int:
    """Print the script for a shell."""
    if parsed.arguments[0] != "bash":
        raise Unsupported("There is no completion for %s" % parsed.arguments[0], "Use bash.")
    io.out.write(bash())
    return 0


VERBS: Tuple[Verb, ...] = (
    Verb("completion", "bash", "Print what completes commands in a shell", (), completion, (1, 1), reads_only=True,
         outside=True),
)
