"""Where the `adwright` command begins: nothing that goes wrong is told as a stack of calls."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the command; the status it ends with."""
    try:
        from cli.api import ApiError
        from cli.main import app
        from cli.terminal import fail

        try:
            app()
        except ApiError as error:
            return fail(str(error)).exit_code
    except KeyboardInterrupt:
        return 130  # as shells say of SIGINT
    return 0


if __name__ == "__main__":
    sys.exit(main())
