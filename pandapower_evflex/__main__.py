"""`python -m pandapower_evflex`."""

import sys

from pandapower_evflex.cli import main

if __name__ == "__main__":
    sys.exit(main())
