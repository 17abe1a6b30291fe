"""What a task's message must look like before anything is done with it.

Invariant: a stage is given ids of the form that ours have, and numbers in range, or is not called at all. A forged,
damaged or old message is logged and dropped: it is acknowledged, since it would be no better the next time. The
version of a message stands in its task's name (``lookalike.v1.…``); Celery drops names that no worker knows, and
content that is not JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps

import structlog

MOST_UNITS = 1 << 24
MOST_IMAGES = 1 << 20
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Form:
    """What an argument must look like; ``name`` is what it is called in the log."""

    name: str
    fits: Callable[[object], bool]


def _id(name: str, digits: int) -> Form:
    pattern = re.compile(rf"[0-9a-f]{{{digits}}}")
    return Form(name, lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None)


def _is_unit(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_UNITS


def _are_images(value: object) -> bool:
    return isinstance(value, list) and len(value) <= MOST_IMAGES and all(map(_IMAGE.fits, value))


_IMAGE = _id("image's id", 32)
SCAN = _id("scan's id", 16)
BATCH = _id("batch's id", 32)
CHECK = _id("check's id", 32)
PLAN = _id("plan's id", 32)
UNIT = Form("unit's number", _is_unit)
IMAGES = Form("list of images' ids", _are_images)


def checked(*forms: Form) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A task's body that runs with arguments of these forms, one each, and with no others."""

    def decorate(run: Callable[..., None]) -> Callable[..., None]:
        @wraps(run)
        def run_checked(*arguments: object, **named: object) -> None:
            wrong = _wrong(forms, arguments, named)
            if wrong is None:
                run(*arguments)
            else:
                _log.warning("message_refused", task=run.__name__, reason=wrong)

        return run_checked

    return decorate


def _wrong(forms: Sequence[Form], arguments: Sequence[object], named: Mapping[str, object]) -> str | None:
    if named or len(arguments) != len(forms):
        return f"it has other arguments than {', '.join(form.name for form in forms)}"
    unfit = (form.name for form, argument in zip(forms, arguments, strict=True) if not form.fits(argument))
    name = next(unfit, None)
    return None if name is None else f"it holds no {name}"
