"""`python -m spean`: the same command in a checkout, where nothing is installed."""

import sys

from spean.cli import main

if __name__ == "__main__":
    sys.exit(main())
