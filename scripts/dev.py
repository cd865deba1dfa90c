#!/usr/bin/env python3
"""The development commands; ``make`` calls them, see CONTRIBUTING.md."""

import sys

from house import commands, steps

if __name__ == "__main__":
    try:
        sys.exit(commands.main(sys.argv[1:]))
    except steps.Failure as failure:
        sys.exit(f"\nERROR: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
