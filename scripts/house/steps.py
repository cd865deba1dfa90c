"""Long steps that show their progress, and failures that say what to do."""

import contextlib
import fcntl
import shutil
import subprocess
import threading
import time

from . import places

HEARTBEAT = 10


class Failure(Exception):
    """What failed and what to do about it, told to the person at the terminal."""


@contextlib.contextmanager
def step(title):
    """Print ``title``, a sign of life every few seconds, and the time it took."""
    started = time.monotonic()
    done = threading.Event()

    def beat():
        while not done.wait(HEARTBEAT):
            print(f"    ... {time.monotonic() - started:.0f} s", flush=True)

    print(f"  {title}", flush=True)
    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    print(f"    done in {time.monotonic() - started:.1f} s", flush=True)


def run(command, *, what, hint="", **kwargs):
    """Run ``command`` quietly and return its output.

    :param what: the goal in words, for the message when it fails
    :param hint: what the person can do then
    """
    command = [str(part) for part in command]
    if "input" not in kwargs:
        kwargs["stdin"] = subprocess.DEVNULL
    kwargs |= {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    try:
        result = subprocess.run(
            command, text=True, errors="replace", check=False, **kwargs
        )
    except OSError as error:
        raise Failure(f"Could not {what}: {error}\n{hint}".rstrip()) from error
    if result.returncode:
        tail = "\n".join(f"    {line}" for line in result.stdout.splitlines()[-25:])
        raise Failure(
            f"Could not {what} (exit code {result.returncode}).\n"
            f"  Command: {' '.join(command)}\n{tail}\n{hint}".rstrip()
        )
    return result.stdout


@contextlib.contextmanager
def lock(name):
    """Hold a lock of the whole machine's cache, so that set-ups never collide."""
    folder = places.cache() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"  waiting for another set-up ({name}) to end", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def fresh_folder(target):
    """Fill a temporary folder that becomes ``target`` only when all went well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    yield partial
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
