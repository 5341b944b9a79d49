"""Arguments of mailsql -> a process that runs them, forked from one that has read the modules.

Reading them takes longer than most commands. All else is as in a process that a shell starts: its
own arguments, environment, directory, standard streams, signals and exit code.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import duckdb

import mailsql.cli  # noqa: F401

ROOT = Path(__file__).parent.parent
# DuckDB 1 does it as soon as it is read, and what is forked has none of them
STARTS_THREADS = duckdb.__version__.startswith("1.")
MOST_BYTES = 200_000
MAILSQL = "from mailsql.cli import main; main()"


def run_command(
    arguments: list[str],
    cwd: Path,
    environment: Mapping[str, str],
    stdin: bytes = b"",
    code: str = MAILSQL,
) -> subprocess.CompletedProcess[bytes]:
    """Run mailsql, or other code, in a directory, as subprocess.run does it, with pipes."""
    if STARTS_THREADS:
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.run(command, cwd=cwd, env=environment, input=stdin, capture_output=True)
    umask = os.umask(0)
    os.umask(umask)
    told = json.dumps([code, ["-c", *arguments], str(cwd), dict(environment), umask]).encode()
    (input_end, output), (out, out_end), (err, err_end) = (os.pipe() for _ in range(3))
    socket.send_fds(_server(), [told], [input_end, out_end, err_end])
    for end in (input_end, out_end, err_end):
        os.close(end)
    errors: list[bytes] = []
    sides = [
        threading.Thread(target=_write_all, args=(output, stdin)),
        threading.Thread(target=lambda: errors.append(_read_all(err))),
    ]
    for side in sides:
        side.start()
    printed = _read_all(out)
    for side in sides:
        side.join()
    code = int(_server().recv(MOST_BYTES))
    return subprocess.CompletedProcess(arguments, code, printed, errors[0])


@cache
def _server() -> socket.socket:
    """The other end of the server's socket; it ends when that is closed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", __name__, str(theirs.fileno())]
    # Python asks once whether a stream is a pipe
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], **pipes)
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _read_all(end: int) -> bytes:
    with open(end, "rb") as pipe:
        return pipe.read()


def _write_all(end: int, content: bytes) -> None:
    # Who does not read it may have ended
    try:
        with open(end, "wb") as pipe:
            pipe.write(content)
    except BrokenPipeError:
        return


def serve(requests: socket.socket) -> None:
    """Run one command after the other, and tell the exit code of each."""
    while True:
        told, streams, *_ = socket.recv_fds(requests, MOST_BYTES, 3)
        if not told:
            return
        child = os.fork()
        if child == 0:
            requests.close()
            exec(_become(told, streams), {"__name__": "__main__"})
            sys.exit()
        for stream in streams:
            os.close(stream)
        _, status = os.waitpid(child, 0)
        requests.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(told: bytes, streams: list[int]) -> str:
    """Make this process the one that was asked for; return the code that it runs."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    code, sys.argv, directory, environment, umask = json.loads(told)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(directory)
    os.umask(umask)
    return code


if __name__ == "__main__":
    # Ctrl-C is for the tests, which end it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(socket.socket(fileno=int(sys.argv[1])))
