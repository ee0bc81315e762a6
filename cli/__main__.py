"""Entry point of the `adwright` command. Errors are printed without a traceback."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the command and returns its exit status."""
    try:
        from cli.api import ApiError
        from cli.main import app
        from cli.terminal import error_exit

        try:
            app()
        except ApiError as error:
            return error_exit(str(error)).exit_code
    except KeyboardInterrupt:
        return 130  # 128 + SIGINT, as shells report it; cli.terminal may not be imported yet
    return 0


if __name__ == "__main__":
    sys.exit(main())
