# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The seccomp profile of a container: linux.seccomp of the OCI runtime-spec (config-linux.md).

The default allows what ordinary programs need and answers ENOSYS to the rest, so that a libc that
tries a new call first falls back to the old one. Calls that a capability guards anyway are allowed
together with that capability.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Iterable, List, Mapping

from ..errors import InvalidInput

ENOSYS = 38
EPERM = 1

ARCHITECTURES = {
    "x86_64": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    "aarch64": ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
    "ppc64le": ["SCMP_ARCH_PPC64LE"],
    "s390x": ["SCMP_ARCH_S390X", "SCMP_ARCH_S390"],
    "riscv64": ["SCMP_ARCH_RISCV64"],
    "armv7l": ["SCMP_ARCH_ARM"],
    "i686": ["SCMP_ARCH_X86"],
}

ALLOWED = """
_llseek _newselect accept accept4 access adjtimex alarm arch_prctl bind brk cachestat capget capset chdir chmod
chown chown32 clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64
clock_nanosleep clock_nanosleep_time64 clone clone3 close close_range connect copy_file_range creat dup dup2 dup3
epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd
eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir
fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork
fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue
futex_time64 futex_wait futex_waitv futex_wake futimesat get_mempolicy get_robust_list get_thread_area getcpu
getcwd getdents getdents64 getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer
getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32
getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getuid32 getxattr getxattrat
inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents
io_pgetevents_time64 io_setup io_submit ioctl ioprio_get ioprio_set ipc keyctl kill landlock_add_rule
landlock_create_ruleset landlock_restrict_self lchown lchown32 lgetxattr link linkat listen listmount listxattr
listxattrat llistxattr lremovexattr lseek lsetxattr lstat lstat64 madvise map_shadow_stack mbind membarrier
memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 mprotect
mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink
mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at nanosleep newfstatat
open openat openat2 pause pidfd_getfd pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect
poll ppoll ppoll_time64 prctl process_vm_readv
process_vm_writev ptrace pread64 preadv preadv2 prlimit64 process_mrelease pselect6 pselect6_time64 pwrite64
pwritev pwritev2 read readahead readlink readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 recvmsg
remap_file_pages removexattr removexattrat rename renameat renameat2 restart_syscall riscv_hwprobe rmdir rseq
rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity
sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64
sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop
semtimedop semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto set_mempolicy
set_mempolicy_home_node set_robust_list set_thread_area set_tid_address setfsgid setfsgid32 setfsuid setfsuid32
setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority setregid setregid32 setresgid setresgid32
setresuid setresuid32 setreuid setreuid32 setrlimit setsid setsockopt setuid setuid32 setxattr setxattrat shmat
shmctl shmdt shmget shutdown sigaction sigaltstack signal signalfd signalfd4 sigpending sigprocmask sigreturn
sigsuspend socketcall socketpair splice stat stat64 statfs statfs64 statmount statx symlink symlinkat sync
sync_file_range syncfs sysinfo syslog tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime
timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime
timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname unlink unlinkat unshare uretprobe utime
utimensat utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid write writev
mount mount_setattr move_mount open_tree fsconfig fsmount fsopen fspick umount umount2 pivot_root setns
""".split()

BY_CAPABILITY = {
    "CAP_DAC_READ_SEARCH": ["open_by_handle_at"],
    "CAP_SYS_ADMIN": ["bpf", "fanotify_init", "lookup_dcookie", "perf_event_open", "quotactl", "quotactl_fd",
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

# personality(2): plain Linux, 32 bit uname, and the query; AF_VSOCK would reach the hypervisor.
PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
AF_VSOCK = 40

ACTIONS = {"SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO",
           "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY"}
OPERATORS = {"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",
             "SCMP_CMP_MASKED_EQ"}
MAX_PROFILE = 4 * 1024 * 1024


def default_profile(capabilities: Iterable[str], machine: str) -> Dict[str, Any]:
    """The default profile for a process with these capabilities ('CAP_X') on a machine (uname -m)."""
    held = set(capabilities)
    names = set(ALLOWED)
    refused: List[str] = []
    for capability, calls in BY_CAPABILITY.items():
        if capability in held:
            names.update(calls)
        else:
            refused.extend(calls)
    rules: List[Dict[str, Any]] = [{"names": sorted(names), "action": "SCMP_ACT_ALLOW"}]
    rules += [{"names": ["personality"], "action": "SCMP_ACT_ALLOW",
               "args": [{"index": 0, "value": value, "op": "SCMP_CMP_EQ"}]} for value in PERSONALITIES]
    rules.append({"names": ["socket"], "action": "SCMP_ACT_ALLOW",
                  "args": [{"index": 0, "value": AF_VSOCK, "op": "SCMP_CMP_NE"}]})
    denied = sorted(set(refused) - names)
    if denied:
        rules.append({"names": denied, "action": "SCMP_ACT_ERRNO", "errnoRet": EPERM})
    profile: Dict[str, Any] = {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": ENOSYS, "syscalls": rules}
    if machine in ARCHITECTURES:
        profile["architectures"] = ARCHITECTURES[machine]
    return profile


def parse_profile(data: bytes, *, source: str, capabilities: Iterable[str], machine: str) -> Dict[str, Any]:
    """linux.seccomp from a profile file, in the form that container engines share.

    The file's ``includes`` and ``excludes`` (caps, arches) are resolved here, since the runtime-spec
    does not know them. Raises InvalidInput that names the file and the key.
    """
    if len(data) > MAX_PROFILE:
        raise InvalidInput("The seccomp profile %s is larger than %d bytes" % (source, MAX_PROFILE))
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise InvalidInput("The seccomp profile %s is no JSON: %s" % (source, exc)) from exc
    if not isinstance(document, dict) or document.get("defaultAction") not in ACTIONS:
        raise InvalidInput("The seccomp profile %s has no valid defaultAction" % source,
                           "Use one of: %s." % ", ".join(sorted(ACTIONS)))
    held = set(capabilities)
    result: Dict[str, Any] = {"defaultAction": document["defaultAction"]}
    if isinstance(document.get("defaultErrnoRet"), int):
        result["defaultErrnoRet"] = document["defaultErrnoRet"]
    if document.get("architectures"):
        result["architectures"] = [str(name) for name in document["architectures"]]
    elif machine in ARCHITECTURES:
        result["architectures"] = ARCHITECTURES[machine]
    if document.get("flags"):
        result["flags"] = [str(flag) for flag in document["flags"]]
    rows = document.get("syscalls") or []
    if not isinstance(rows, list):
        raise InvalidInput("The seccomp profile %s: syscalls is not a list" % source)
    result["syscalls"] = [_rule(row, "%s: syscalls[%d]" % (source, n)) for n, row in enumerate(rows)
                          if _applies(row, held, machine)]
    return result


def _applies(row: Any, held: set[str], machine: str) -> bool:
    if not isinstance(row, dict):
        return True
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    architecture = names.get(machine, machine)
    includes, excludes = row.get("includes") or {}, row.get("excludes") or {}
    if includes.get("caps") and not held.issuperset(includes["caps"]):
        return False
    if includes.get("arches") and architecture not in includes["arches"]:
        return False
    if excludes.get("caps") and not held.isdisjoint(excludes["caps"]):
        return False
    return architecture not in (excludes.get("arches") or ())


def _rule(row: Any, where: str) -> Dict[str, Any]:
    if not isinstance(row, dict):
        raise InvalidInput("The seccomp profile %s is not an object" % where)
    names = row.get("names") or ([row["name"]] if row.get("name") else [])
    if not names or not all(isinstance(name, str) for name in names):
        raise InvalidInput("The seccomp profile %s has no names" % where)
    if row.get("action") not in ACTIONS:
        raise InvalidInput("The seccomp profile %s has no valid action" % where)
    rule: Dict[str, Any] = {"names": list(names), "action": row["action"]}
    if isinstance(row.get("errnoRet"), int):
        rule["errnoRet"] = row["errnoRet"]
    if row.get("args"):
        rule["args"] = [_argument(item, "%s.args[%d]" % (where, n)) for n, item in enumerate(row["args"])]
    return rule


def _argument(item: Mapping[str, Any], where: str) -> Dict[str, Any]:
    if not isinstance(item, dict) or item.get("op") not in OPERATORS:
        raise InvalidInput("The seccomp profile %s has no valid op" % where,
                           "Use one of: %s." % ", ".join(sorted(OPERATORS)))
    argument: Dict[str, Any] = {"op": item["op"]}
    for key in ("index", "value", "valueTwo"):
        value = item.get(key, 0)
        if not isinstance(value, int) or value < 0:
            raise InvalidInput("The seccomp profile %s: %s is not a number" % (where, key))
        if key != "valueTwo" or value:
            argument[key] = value
    return argument
