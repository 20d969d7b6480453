"""Runs a command on a terminal of its own, as a person would use it.

Reads JSON from standard input: `command`, `env`, `cwd`, `uid` (null to stay), `steps`. A step is
{"expect": REGEX}, {"send": TEXT}, {"resize": [ROWS, COLUMNS]} or {"wait": SECONDS}. Prints JSON:
`transcript`, `code` (negative for a signal), and `missing`, the step that never came true.
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

TIMEOUT = 20


def resize(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def main():
    job = json.load(sys.stdin)
    pid, terminal = pty.fork()
    if pid == 0:
        if job.get("uid") is not None:
            os.fchown(0, job["uid"], -1)
            os.setgroups([])
            os.setgid(job["uid"])
            os.setuid(job["uid"])
        os.chdir(job["cwd"])
        os.execvpe(job["command"][0], job["command"], job["env"])
    resize(terminal, 24, 80)
    transcript = ""
    seen = 0

    def read(seconds):
        nonlocal transcript
        if not select.select([terminal], [], [], seconds)[0]:
            return True
        try:
            data = os.read(terminal, 65536)
        except OSError:
            return False
        transcript += data.decode(errors="replace")
        return data != b""

    missing = None
    for step in job["steps"]:
        if "send" in step:
            os.write(terminal, step["send"].encode())
        elif "resize" in step:
            resize(terminal, *step["resize"])
        elif "wait" in step:
            end = time.monotonic() + step["wait"]
            while time.monotonic() < end and read(0.05):
                pass
        else:
            end = time.monotonic() + TIMEOUT
            while True:
                found = re.compile(step["expect"]).search(transcript, seen)
                if found:
                    seen = found.end()
                    break
                if time.monotonic() > end or not read(0.1):
                    found = re.compile(step["expect"]).search(transcript, seen)
                    if found:
                        seen = found.end()
                    else:
                        missing = step["expect"]
                    break
            if missing is not None:
                break
    if missing is not None:
        os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + TIMEOUT
    while read(0.1) and time.monotonic() < end:
        pass
    # Many programs close their descriptors before they exit: hanging up then would kill them.
    ended, status = os.waitpid(pid, os.WNOHANG)
    while ended == 0 and time.monotonic() < end:
        time.sleep(0.01)
        ended, status = os.waitpid(pid, os.WNOHANG)
    os.close(terminal)
    if ended == 0:
        _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    json.dump({"transcript": transcript, "code": code, "missing": missing}, sys.stdout)


main()
