"""``python -m web``."""

from __future__ import annotations

import sys

from web.serve import main

if __name__ == "__main__":
    sys.exit(main())
