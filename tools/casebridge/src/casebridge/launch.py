"""Becomes another program: `launch.py SIGNAL PARENT USER PROGRAM [ARGUMENT…]`.

A threaded parent cannot safely run Python code between fork and exec, so this small script runs in the child, then
executes the program under the same process ID. It ties the program's life to its parent (it gets SIGNAL when PARENT
ends, where the system supports that), and drops root for programs that refuse to run as root (USER, `-` to keep it).
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2  # capabilities survive the change of user, and count in access(2)
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
LINUX_CAPABILITY_VERSION_3 = 0x20080522


def main() -> None:
    """Prepare this process and execute the program in it."""
    signal_number, parent, user, *argv = sys.argv[1:]
    if user != "-":
        become(user)
    if sys.platform == "linux":
        prctl(PR_SET_PDEATHSIG, int(signal_number))
    if os.getppid() != int(parent):  # it died before the signal was requested
        sys.exit(1)
    os.execv(argv[0], argv)  # noqa: S606 - no shell is the point


def prctl(option: int, first: int, second: int = 0) -> bool:
    """Ask the system to change this process; True if it did."""
    return bool(ctypes.CDLL(None).prctl(option, first, second, 0, 0) == 0)


def become(user: str) -> None:
    """Change from root to `user`, but keep the right to enter folders that only root may enter, such as /root."""
    entry = pwd.getpwnam(user)
    linux = sys.platform == "linux"
    if linux:
        prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    if linux and not keep_capability(CAP_DAC_READ_SEARCH):
        keep_capability(CAP_DAC_OVERRIDE)


def keep_capability(capability: int) -> bool:
    """Give up every capability except this one, which the next program keeps; False if root did not have it."""
    header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(*[1 << capability] * 3, 0, 0, 0)
    if ctypes.CDLL(None).capset(header, data) != 0:
        return False
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


if __name__ == "__main__":
    main()
