"""What is billed when processes are killed and PostgreSQL is stopped hard."""

import argparse
import time

from . import runs

STORM, ON_QUEUE = "tests/faults/storm", "tests/queue/test_storm.py"


def faults(args):
    """Run the tests of faults on a PostgreSQL of their own, which they kill.

    :param args: ``--long`` for all of them, at full size; other words go to pytest
    """
    parser = argparse.ArgumentParser(prog="faults", description=faults.__doc__)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--kills", type=int, help="processes killed; 3, long: 20")
    parser.add_argument("--lines", type=int, help="due lines; 300, long: 2000")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options, words = parser.parse_known_args(args)
    kills, lines = (20, 2000) if options.long else (3, 300)
    print(f"seed {options.seed}", flush=True)
    if not any(word.startswith("tests") for word in words):
        words.append("tests/faults" if options.long else STORM)
        words += [ON_QUEUE] * options.long
    others = [word for word in words if not word.startswith("tests")]
    code = 0
    for word in filter(lambda word: word.startswith("tests"), words):
        code = code or runs.run_apart(
            [f"{runs.LINKED}/{word}", *others],
            kind="queue" if word.startswith("tests/queue") else "faults",
            KILLS=options.kills or kills,
            LINES=options.lines or lines,
            SEED=options.seed,
        )
    return code
