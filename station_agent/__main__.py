"""`python -m station_agent` is `vang-agent`."""

from __future__ import annotations

import sys

from station_agent.cli import main

if __name__ == "__main__":
    sys.exit(main())
