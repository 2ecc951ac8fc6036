# Copyright: (c) 2026, the pycontainer authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A program that does nothing but hold namespaces: the first process of a pod, where catatonit is missing.

It is a static ELF file of some 250 bytes (elf(5)): a header, one segment, and machine code that needs
no library. It blocks all signals and waits for them one by one: SIGTERM and SIGINT end it, and
SIGCHLD makes it collect every child that has ended, which is the duty of a pid namespace's first
process.
"""

from __future__ import annotations

import struct
from typing import Optional

BASE = 0x400000
HEADERS = 64 + 56   # of the file, and of its one segment

# sigset and scratch on the stack; rt_sigprocmask(SIG_BLOCK, all, 0, 8);
# wait: rt_sigtimedwait(all, 0, 0, 8); 15 or 2: exit(0); 17: wait4(-1, 0, WNOHANG, 0) while it is positive.
_X86_64 = "".join((
    "4881ec00010000 4889e3 48c703ffffffff",  # sub $256,%rsp; mov %rsp,%rbx; movq $-1,(%rbx)
    "31ff 4889de 31d2 41ba08000000 b80e000000 0f05",  # rt_sigprocmask is 14
    "4889df 31f6 31d2 41ba08000000 b880000000 0f05",  # wait: rt_sigtimedwait is 128
    "83f80f 7428 83f802 7423 83f811 75dd",  # je leave; je leave; jne wait
    "48c7c7ffffffff 31f6 ba01000000 4531d2 b83d000000 0f05",  # reap: wait4 is 61
    "85c0 7fe4 ebbf",  # jg reap; jmp wait
    "31ff b83c000000 0f05"))  # leave: exit is 60
_AARCH64 = "".join((
    "ff0304d1 f3030091 00008092 600200f9",  # sub sp,sp,#256; mov x19,sp; mov x0,#-1; str x0
    "000080d2 e10313aa 020080d2 030180d2 e81080d2 010000d4",  # rt_sigprocmask is 135
    "e00313aa 010080d2 020080d2 030180d2 281180d2 010000d4",  # wait: rt_sigtimedwait is 137
    "1f3c00f1 c0010054 1f0800f1 80010054 1f4400f1 a1feff54",  # b.eq leave; b.eq leave; b.ne wait
    "00008092 010080d2 220080d2 030080d2 882080d2 010000d4",  # reap: wait4 is 260
    "1f0000f1 2cffff54 ecffff17",  # b.gt reap; b wait
    "000080d2 a80b80d2 010000d4"))  # leave: exit is 93
# uname(2)'s machine: e_machine, code
_MACHINES = {"x86_64": (62, _X86_64), "aarch64": (183, _AARCH64)}


def program(machine: str) -> Optional[bytes]:
    """The file for a machine as uname(2) calls it; None for one that there is no code for."""
    if machine not in _MACHINES:
        return None
    number, text = _MACHINES[machine]
    code = bytes.fromhex(text)
    size = HEADERS + len(code)
    header = struct.pack("<4s5B7xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 0, 0, 2, number, 1, BASE + HEADERS, 64, 0, 0,
                         64, 56, 1, 0, 0, 0)
    # Readable and executable, loaded whole, headers included.
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, BASE, BASE, size, size, 0x10000) + code


def is_static(head: bytes) -> bool:
    """Whether a 64-bit little-endian ELF file needs no interpreter (has no PT_INTERP), by its first bytes."""
    if head[:6] != b"\x7fELF\x02\x01" or len(head) < 64:
        return False
    offset, = struct.unpack_from("<Q", head, 32)
    size, count = struct.unpack_from("<HH", head, 54)
    if size < 56 or offset + size * count > len(head):
        return False
    return all(struct.unpack_from("<I", head, offset + size * number)[0] != 3 for number in range(count))
