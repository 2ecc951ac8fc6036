# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The seccomp profile of a container: linux.seccomp of the OCI runtime-spec (config-linux.md).

The default allows what ordinary programs need and answers ENOSYS to the rest, so that a libc that
tries a new call first falls back to the old one. Calls that a capability guards anyway are allowed
together with that capability.
"""

from __future__ import annotations

import json
from typing import AbstractSet, Any, Dict, FrozenSet, Iterable, List, Mapping, Tuple

from ..errors import InvalidInput

ENOSYS = 38
EPERM = 1
EINVAL = 22

ARCHITECTURES = {
    "x86_64": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    "aarch64": ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
    "ppc64le": ["SCMP_ARCH_PPC64LE"],
    "s390x": ["SCMP_ARCH_S390X", "SCMP_ARCH_S390"],
    "riscv64": ["SCMP_ARCH_RISCV64"],
    "armv7l": ["SCMP_ARCH_ARM"],
    "i686": ["SCMP_ARCH_X86"],
}
# Names that a profile may use, whatever machine it is on (runtime-spec, config-linux.md).
ALL_ARCHITECTURES = {"SCMP_ARCH_" + name for name in (
    "X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE S390 S390X "
    "PARISC PARISC64 RISCV64 LOONGARCH64 M68K SH SHEB").split()}
_GO_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}

ALLOWED = """
_llseek _newselect accept accept4 access adjtimex alarm bind brk capget capset chdir chmod chown chown32 clock_adjtime
clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64
clone clone3 close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl
epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit exit_group
faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchown fchown32 fchownat
fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsconfig fsetxattr fsmount fsopen fspick fstat
fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_time64 futimesat get_mempolicy
get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid getegid32 geteuid geteuid32 getgid getgid32
getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresgid32
getresuid getresuid32 getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getuid32 getxattr
inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_setup io_submit
ioctl ioprio_get ioprio_set ipc keyctl kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown
lchown32 lgetxattr link linkat listen listxattr llistxattr lremovexattr lseek lsetxattr lstat lstat64 madvise mbind
membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 mount
mount_setattr move_mount mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend
mq_timedsend_time64 mq_unlink mremap msgctl msgget msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at
nanosleep newfstatat open open_tree openat openat2 pause pidfd_getfd pidfd_open pidfd_send_signal pipe pipe2
pivot_root pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 prctl pread64 preadv preadv2 prlimit64
process_mrelease process_vm_readv process_vm_writev pselect6 pselect6_time64 ptrace pwrite64 pwritev pwritev2 read
readahead readlink readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages removexattr rename
renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min
sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64
sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop
semtimedop semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto set_mempolicy set_robust_list
set_thread_area set_tid_address setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32
setitimer setns setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid
setreuid32 setrlimit setsid setsockopt setuid setuid32 setxattr shmat shmctl shmdt shmget shutdown sigaction
sigaltstack signal signalfd signalfd4 sigpending sigprocmask sigreturn sigsuspend socketcall socketpair splice stat
stat64 statfs statfs64 statx symlink symlinkat sync sync_file_range syncfs sysinfo syslog tee tgkill time timer_create
timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create
timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask
umount umount2 uname unlink unlinkat unshare utime utimensat utimensat_time64 utimes vfork wait4 waitid waitpid write
writev
""".split()

BY_MACHINE = {
    "x86_64": ["arch_prctl", "modify_ldt"],
    "i686": ["modify_ldt"],
    "s390x": ["s390_pci_mmio_read", "s390_pci_mmio_write", "s390_runtime_instr"],
    "ppc64le": ["sync_file_range2"],
}
BY_MACHINE["aarch64"] = BY_MACHINE["armv7l"] = [
    "arm_fadvise64_64", "arm_sync_file_range", "breakpoint", "cacheflush", "set_tls", "sync_file_range2"]

BY_CAPABILITY = {
    "CAP_DAC_READ_SEARCH": ["open_by_handle_at"],
    "CAP_SYS_ADMIN": ["bpf", "fanotify_init", "lookup_dcookie", "perf_event_open", "quotactl",
                      "setdomainname", "sethostname"],
    "CAP_SYS_BOOT": ["reboot"],
    "CAP_SYS_CHROOT": ["chroot"],
    "CAP_SYS_MODULE": ["delete_module", "finit_module", "init_module", "query_module"],
    "CAP_SYS_PACCT": ["acct"],
    "CAP_SYS_PTRACE": ["kcmp", "process_madvise"],
    "CAP_SYS_RAWIO": ["ioperm", "iopl"],
    "CAP_SYS_TIME": ["clock_settime", "clock_settime64", "settimeofday", "stime"],
    "CAP_SYS_TTY_CONFIG": ["vhangup"],
    "CAP_BPF": ["bpf"],
    "CAP_PERFMON": ["perf_event_open"],
}

# personality(2): plain Linux, 32 bit uname, and the query
PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
# AF_VSOCK would reach the hypervisor; what NETLINK_AUDIT says is not the container's to read or write.
AF_NETLINK, AF_VSOCK = 16, 40
NETLINK_AUDIT = 9
FAMILIES, NETLINK_PROTOCOLS = 64, 32  # powers of two above the kernel's AF_MAX and MAX_LINKS

ACTIONS = {"SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO",
           "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY"}
OPERATORS = {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",
             "SCMP_CMP_MASKED_EQ"}
FLAGS = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
         "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"}
MAX_PROFILE = 4 * 1024 * 1024


def default_profile(capabilities: Iterable[str], machine: str) -> Dict[str, Any]:
    """The default profile for a process with these capabilities ('CAP_X') on a machine (uname -m)."""
    held = set(capabilities)
    names = {*ALLOWED, *BY_MACHINE.get(machine, ())}
    refused: List[str] = []
    for capability, calls in BY_CAPABILITY.items():
        if capability in held:
            names.update(calls)
        else:
            refused.extend(calls)
    rules: List[Dict[str, Any]] = [{"names": sorted(names), "action": "SCMP_ACT_ALLOW"}]
    rules += [{"names": ["personality"], "action": "SCMP_ACT_ALLOW",
               "args": [{"index": 0, "value": value, "op": "SCMP_CMP_EQ"}]} for value in PERSONALITIES]
    rules += _sockets(audit="CAP_AUDIT_WRITE" in held)
    denied = sorted(set(refused) - names)
    if denied:
        rules.append({"names": denied, "action": "SCMP_ACT_ERRNO", "errnoRet": EPERM})
    profile: Dict[str, Any] = {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": ENOSYS, "syscalls": rules}
    if machine in ARCHITECTURES:
        profile["architectures"] = ARCHITECTURES[machine]
    return profile


def _sockets(*, audit: bool) -> List[Dict[str, Any]]:
    """Return the rules for socket(2)."""
    allowed = [[block] for block in _all_but({AF_VSOCK} if audit else {AF_VSOCK, AF_NETLINK}, 0, FAMILIES, index=0)]
    rules = []
    if not audit:
        netlink, protocol = (_equal(index, value, 1) for index, value in ((0, AF_NETLINK), (2, NETLINK_AUDIT)))
        allowed += [[netlink, block] for block in _all_but({NETLINK_AUDIT}, 0, NETLINK_PROTOCOLS, index=2)]
        # libaudit goes on without a kernel that audits when it gets this error, but no other (PAM, sudo, cron).
        rules.append({"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": EINVAL,
                      "args": [netlink, protocol]})
    return rules + [{"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": args} for args in allowed]


def _all_but(refused: AbstractSet[int], first: int, count: int, *, index: int) -> List[Dict[str, Any]]:
    """Return conditions, one of which holds for each int from ``first`` on that is not refused.

    The kernel takes the low 32 bits of an int's register and ignores the others, whereas a condition such as
    'is not 40' compares all 64: it would let 40 pass with a high bit set. One rule cannot have two conditions for one
    argument (seccomp_rule_add(3)), so each condition is a block of ``count`` values, a power of two.
    """
    values = set(range(first, first + count))
    if not values & refused:
        return [_equal(index, first, count)]
    if count == 1:
        return []
    half = count // 2
    return _all_but(refused, first, half, index=index) + _all_but(refused, first + half, half, index=index)


def _equal(index: int, first: int, count: int) -> Dict[str, Any]:
    return {"index": index, "value": 2 ** 32 - count, "valueTwo": first, "op": "SCMP_CMP_MASKED_EQ"}


def parse_profile(data: bytes, *, source: str, capabilities: Iterable[str], machine: str,
                  kernel: str) -> Dict[str, Any]:
    """linux.seccomp from a profile file, in the form that container engines share.

    What the runtime-spec does not know is resolved here: the file's ``includes`` and ``excludes`` (caps,
    arches, minKernel), its ``archMap``, and errors by name. ``machine`` and ``kernel`` are those of
    uname(2). Raises InvalidInput that names the file and the key.
    """
    if len(data) > MAX_PROFILE:
        raise InvalidInput("The seccomp profile %s is larger than %d bytes" % (source, MAX_PROFILE))
    where = "The seccomp profile %s" % source
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise InvalidInput("%s is no JSON: %s" % (where, exc)) from exc
    if not isinstance(document, dict):
        raise InvalidInput("%s is no JSON object" % where)
    result: Dict[str, Any] = {"defaultAction": _word(document.get("defaultAction"), ACTIONS, where + ": defaultAction")}
    _take_errno(document, "defaultErrnoRet", "defaultErrno", result, where)
    architectures = _architectures(document, machine, where)
    if architectures:
        result["architectures"] = architectures
    flags = [_word(flag, FLAGS, where + ": flags") for flag in _list(document, "flags", where)]
    if flags:
        result["flags"] = flags
    for key in ("listenerPath", "listenerMetadata"):
        if document.get(key):
            result[key] = _text(document[key], "%s: %s" % (where, key))
    held = frozenset(capabilities)
    rules = [(row, "%s: syscalls[%d]" % (where, n)) for n, row in enumerate(_list(document, "syscalls", where))]
    result["syscalls"] = [_rule(row, place) for row, place in rules
                          if _applies(row, place, held, _GO_NAMES.get(machine, machine), kernel)]
    return result


def _architectures(document: Mapping[str, Any], machine: str, where: str) -> List[str]:
    """The file's own list, or its archMap's row for this machine, or what the machine can run."""
    own = [_word(name, ALL_ARCHITECTURES, where + ": architectures")
           for name in _list(document, "architectures", where)]
    native = ARCHITECTURES.get(machine, [])
    for number, row in enumerate(_list(document, "archMap", where)):
        place = "%s: archMap[%d]" % (where, number)
        if not isinstance(row, dict):
            raise InvalidInput("%s is no object" % place)
        if not own and native and row.get("architecture") == native[0]:
            return [native[0]] + [_word(name, ALL_ARCHITECTURES, place) for name in _list(
                row, "subArchitectures", place)]
    return own or native


def _applies(row: Any, where: str, held: FrozenSet[str], architecture: str, kernel: str) -> bool:
    if not isinstance(row, dict):
        raise InvalidInput("%s is no object" % where)
    for key in ("includes", "excludes"):
        if row.get(key) and not isinstance(row[key], dict):
            raise InvalidInput("%s: %s is no object" % (where, key))
    includes, excludes = row.get("includes") or {}, row.get("excludes") or {}
    wanted, unwanted = _texts(includes, "caps", where), _texts(excludes, "caps", where)
    arches = _texts(includes, "arches", where)
    if not held.issuperset(wanted) or not held.isdisjoint(unwanted):
        return False
    if (arches and architecture not in arches) or architecture in _texts(excludes, "arches", where):
        return False
    oldest, newest = includes.get("minKernel"), excludes.get("minKernel")
    return not (oldest and _version(kernel, where) < _version(oldest, where)) and not (
        newest and _version(kernel, where) >= _version(newest, where))


def _version(release: Any, where: str) -> Tuple[int, int]:
    """(major, minor) of '6.1.0-18-amd64'."""
    major, _dot, minor = _text(release, where).partition(".")
    digits = minor[:len(minor) - len(minor.lstrip("0123456789"))]
    if not (major.isdigit() and digits):
        raise InvalidInput("%s: %r is no version of the kernel" % (where, release))
    return int(major), int(digits)


def _rule(row: Mapping[str, Any], where: str) -> Dict[str, Any]:
    names = _texts(row, "names", where) or ([_text(row["name"], where)] if row.get("name") else [])
    if not names:
        raise InvalidInput("%s has no names" % where)
    rule: Dict[str, Any] = {"names": names, "action": _word(row.get("action"), ACTIONS, where + ": action")}
    _take_errno(row, "errnoRet", "errno", rule, where)
    arguments = [_argument(item, "%s.args[%d]" % (where, n)) for n, item in enumerate(_list(row, "args", where))]
    if arguments:
        rule["args"] = arguments
    return rule


def _argument(item: Any, where: str) -> Dict[str, Any]:
    if not isinstance(item, dict):
        raise InvalidInput("%s is no object" % where)
    argument: Dict[str, Any] = {"op": _word(item.get("op"), OPERATORS, where + ": op")}
    # seccomp(2): a call has six arguments of 64 bits
    for key, highest in (("index", 5), ("value", 2 ** 64 - 1), ("valueTwo", 2 ** 64 - 1)):
        value = _number(item.get(key) or 0, highest, "%s: %s" % (where, key))
        if key != "valueTwo" or value:
            argument[key] = value
    return argument


def _take_errno(row: Mapping[str, Any], number_key: str, name_key: str, result: Dict[str, Any], where: str) -> None:
    """The error that refused calls give, by its number, or else by its name ('EPERM')."""
    name = row.get(name_key)
    if row.get(number_key) is not None:
        result[number_key] = _number(row[number_key], 4095, "%s: %s" % (where, number_key))
    elif name:
        import errno

        codes = {text: code for code, text in errno.errorcode.items()}
        result[number_key] = codes[_word(name, set(codes), "%s: %s" % (where, name_key))]


def _list(row: Mapping[str, Any], key: str, where: str) -> List[Any]:
    value = row.get(key)
    if value is not None and not isinstance(value, list):
        raise InvalidInput("%s: %s is no list" % (where, key))
    return value or []


def _texts(row: Mapping[str, Any], key: str, where: str) -> List[str]:
    return [_text(value, "%s: %s" % (where, key)) for value in _list(row, key, where)]


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise InvalidInput("%s has %s, which is no text" % (where, ascii(value)[:80]))
    return value


def _word(value: Any, known: AbstractSet[str], where: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise InvalidInput("%s has %s" % (where, ascii(value)[:80]), "Use one of: %s." % ", ".join(sorted(known)[:20]))
    return value


def _number(value: Any, highest: int, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= highest:
        raise InvalidInput("%s is %s" % (where, ascii(value)[:80]), "It must be between 0 and %d." % highest)
    return value
