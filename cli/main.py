"""The ``lookalike`` command.

Exit status: 0 when all went well, 2 for wrong arguments, 1 for a scan that failed or anything else that did,
130 for Ctrl-C. A failure is one message on standard error, never a stack trace.
"""

from __future__ import annotations

import sys

import click
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from cli import cache, doctor, export, scan, token, trash, up, watch, weights
from shared.domain.errors import InvalidRequest, LookalikeError, NotFound, OutsideLibrary

INTERRUPTED = 130


class _Failure(click.ClickException):
    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.exit_code = status  # type: ignore[misc]  # click reads it from the instance


class _Lookalike(click.Group):
    """A group of commands whose errors become messages and exit statuses."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except LookalikeError as error:
            wrong = isinstance(error, InvalidRequest | NotFound | OutsideLibrary)
            raise _Failure(error.message, 2 if wrong else 1) from error
        except (RedisError, OperationalError) as error:
            raise _Failure(f"Redis does not answer: {error}. Is it running? See `lookalike doctor`.", 1) from error
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            sys.exit(INTERRUPTED)


@click.group(cls=_Lookalike, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="lookalike")
def main() -> None:
    """Find duplicate and look-alike images, and clear them out without losing a picture."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # names of files can be anything


main.add_command(up.up)
main.add_command(up.worker)
main.add_command(scan.scan)
main.add_command(scan.find)
main.add_command(watch.watch)
main.add_command(trash.trash)
main.add_command(token.token)
main.add_command(cache.cache)
main.add_command(export.export)
main.add_command(weights.weights)
main.add_command(doctor.doctor)

if __name__ == "__main__":
    main()
