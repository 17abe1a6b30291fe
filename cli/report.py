"""What a scan found: as JSON for programs, or as text for a person."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

STDOUT = "-"


def write(result: dict[str, Any], output: str) -> None:
    """Write the result as JSON, whole or not at all; ``output`` is a path, or "-" for standard output.

    Raises:
        OSError: it cannot be written.
    """
    text = json.dumps(result, ensure_ascii=False, indent=1) + "\n"
    if output == STDOUT:
        sys.stdout.write(text)
        return
    path = Path(output).absolute()
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(0o666 & ~_umask())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink()
        raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def show(result: dict[str, Any]) -> None:
    """Print the result of a scan or a search for a person to read."""
    for line in _search(result) if "matches" in result else _scan(result):
        click.echo(line)


def _scan(result: dict[str, Any]) -> Iterator[str]:
    groups = result["groups"]
    for number, group in enumerate(groups, 1):
        yield f"Group {number}"
        yield f"   keep  {group['keeper']}"
        yield from (_match(member) for member in group["members"])
        yield ""
    yield from _unreadable(result)
    copies = sum(len(group["members"]) for group in groups)
    yield f"{_count(result['images'], 'image')}, {_count(len(groups), 'group')}, {_count(copies, 'image')} to let go."


def _search(result: dict[str, Any]) -> Iterator[str]:
    yield from (_match(match) for match in result["matches"])
    yield from _unreadable(result)
    yield f"{_count(len(result['matches']), 'match', 'es')} among {_count(result['images'], 'image')}{_as_of(result)}."


def _as_of(search: dict[str, Any]) -> str:
    if search["as_of"] is None:
        return ""
    return f", as of the scan of {datetime.fromtimestamp(search['as_of']):%Y-%m-%d %H:%M} (--fresh looks anew)"


def _match(match: dict[str, Any]) -> str:
    signals = {
        "cosine {:.3f}": match["cosine"],
        "distance {}": match["distance"],
        "SSIM {:.2f}": match["ssim"],
    }
    evidence = ", ".join([match["kind"], *(form.format(value) for form, value in signals.items() if value is not None)])
    return f"  {percent(match['similarity'])}  {match['path']}  ({evidence})"


def _unreadable(result: dict[str, Any]) -> Iterator[str]:
    if result["unreadable"]:
        yield f"{_count(len(result['unreadable']), 'file')} could not be read in full:"
        yield from (f"  {file['path']}: {file['reason']}" for file in result["unreadable"])
        yield ""


def percent(similarity: float) -> str:
    """Five columns; 100 % is kept for what is equal in full."""
    return f"{int(round(similarity * 1000, 6)) / 10:5.1f} %".replace("100.0", "  100")


def _count(number: int, noun: str, plural: str = "s") -> str:
    return f"{number} {noun}{'' if number == 1 else plural}"
