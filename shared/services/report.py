"""A scan's groups as one page of HTML that needs nothing beside it: to be sent, kept, or printed.

Invariant: no script, no address outside, and nothing of a file's name is taken for markup. Thumbnails stand in it as
data; one that cannot be had in time is left out, and said to be.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import islice
from pathlib import Path

from shared.context import Context
from shared.domain.kinds import WORDS
from shared.domain.model import Group, Image, Member
from shared.layout import THUMBNAIL_SIZES
from shared.services import review, scans
from shared.services.selection import Selection, selected

MOST_GROUPS = 1000
"""More make a page that browsers are slow to open; the report says how many are left out."""
_AT_ONCE = 20  # groups whose thumbnails are waited for together
_PATIENCE_S = 20.0
_LOOK_AGAIN_S = 0.1
_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title><style>
:root {{ --page: #f6f7f8; --surface: #fff; --line: #dce0e4; --mute: #56606a; --keep: #1b6b3a; --text: #212529 }}
@media (prefers-color-scheme: dark) {{ :root {{ --page: #131619; --surface: #1c2024; --line: #343a40; --mute: #a3adb6;
  --keep: #74c69d; --text: #dee2e6 }} }}
body {{ margin: 0 auto; max-width: 75rem; padding: 1.5rem; font: 1rem/1.5 system-ui, sans-serif;
  background: var(--page); color: var(--text) }}
section {{ background: var(--surface); border: 1px solid var(--line); border-radius: .9rem; padding: 1rem;
  margin: 1.1rem 0; break-inside: avoid }}
h1, h2 {{ margin: 0 0 .5rem }} h2 {{ font-size: 1.05rem }} p {{ margin: .1rem 0; color: var(--mute) }}
.tiles {{ display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)) }}
figure {{ margin: 0; font-size: .88rem; overflow-wrap: anywhere }}
.frame {{ aspect-ratio: 4 / 3; display: grid; place-content: center; border-radius: .6rem; background: var(--page);
  color: var(--mute); overflow: hidden }}
.frame img {{ width: 100%; height: 100%; object-fit: contain }} strong {{ font-size: .95rem }}
.keeper .frame {{ outline: 3px solid var(--keep) }} .kept {{ color: var(--keep); font-weight: 600 }}
</style></head><body>
<main>
<h1>{title}</h1><p>{about}</p>
"""


def report(
    ctx: Context, scan_id: str, selection: Selection | None = None, tend: Callable[[], None] = lambda: None
) -> Iterator[str]:
    """The page in pieces, up to MOST_GROUPS groups. ``tend`` is called while thumbnails are waited for.

    Raises NotFound, Conflict at once.
    """
    count, found = selected(ctx, scan_id, selection or Selection())
    about = _about(ctx, scan_id, count)
    return _pieces(ctx, scan_id, about, islice(found, MOST_GROUPS), _Thumbnails(ctx, scan_id, tend))


def _about(ctx: Context, scan_id: str, count: int) -> str:
    scan = scans.progress(ctx, scan_id)
    when = datetime.fromtimestamp(scan.created, UTC).strftime("%Y-%m-%d %H:%M UTC")
    groups = _plural(count, "group")
    if count > MOST_GROUPS:
        groups = f"The first {MOST_GROUPS:,} of {groups}"
    places = escape(", ".join(scan.folders))
    against = f", compared with {escape(', '.join(scan.reference))}" if scan.reference else ""
    return f"{groups} in {places}{against}. Scanned {when}: {_plural(scan.images_total, 'picture')}."


def _pieces(ctx: Context, scan_id: str, about: str, found: Iterator[Group], thumbnails: _Thumbnails) -> Iterator[str]:
    yield _HEAD.format(title="Pictures that are alike", about=about)
    while some := list(islice(found, _AT_ONCE)):
        thumbnails.await_all([member.image for group in some for member in group.members])
        yield from (_group(ctx, group, thumbnails) for group in some)
    yield "</main></body></html>\n"


class _Thumbnails:
    """Small thumbnails as data: addresses. Where workers do not make them in time, no more is waited for."""

    def __init__(self, ctx: Context, scan_id: str, tend: Callable[[], None]) -> None:
        self._ctx, self._scan, self._tend = ctx, scan_id, tend
        self._patience_s = _PATIENCE_S

    def await_all(self, images: Sequence[Image]) -> None:
        review.request_thumbnails(self._ctx, self._scan, [image.id for image in images])
        deadline = time.monotonic() + self._patience_s
        while not all(self._path(image).exists() for image in images):
            if time.monotonic() >= deadline:
                self._patience_s = 0.0
                return
            self._tend()
            time.sleep(_LOOK_AGAIN_S)

    def markup(self, image: Image) -> str:
        try:
            data = base64.b64encode(self._path(image).read_bytes()).decode()
        except FileNotFoundError:
            return "No thumbnail"
        return f'<img src="data:image/webp;base64,{data}" alt="">'

    def _path(self, image: Image) -> Path:
        return self._ctx.layout.thumbnail(image.digest, THUMBNAIL_SIZES[0])


def _group(ctx: Context, group: Group, thumbnails: _Thumbnails) -> str:
    alike = "" if group.similarity >= 1 else f", at least {_percent(group.similarity)} alike"
    title = f"{WORDS[group.kind]}: {_plural(len(group.members), 'picture')}{alike}, up to {_size(group.freed)} to free"
    tiles = "".join(_tile(ctx, group, member, thumbnails) for member in group.members)
    return f'<section><h2>{title}</h2><div class="tiles">{tiles}</div></section>\n'


def _tile(ctx: Context, group: Group, member: Member, thumbnails: _Thumbnails) -> str:
    image = member.image
    folder, _, name = review.display_path(ctx, image.library, image.path).rpartition("/")
    keeper = image.id == group.keeper.id
    why = '<p class="kept">Best copy</p>' if keeper else _why(member)
    return (
        f'<figure{" class=keeper" if keeper else ""}><div class="frame">{thumbnails.markup(image)}</div><figcaption>'
        f"<strong>{escape(name)}</strong><p>{escape(folder)}</p>"
        f"<p>{image.width} × {image.height}, {_size(image.size)}, {escape(image.format)}, "
        f"{datetime.fromtimestamp(image.mtime_ns / 1e9, UTC):%Y-%m-%d}</p>{why}</figcaption></figure>"
    )


def _why(member: Member) -> str:
    return "" if member.signals is None else f"<p>{_percent(member.signals.similarity)} alike</p>"


def _percent(fraction: float) -> str:
    """100% is kept for what is equal."""
    return f"{100 if fraction >= 1 else min(99, round(fraction * 100))}%"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _size(size: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
