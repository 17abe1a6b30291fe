"""Learning how strict to be: some pairs around a threshold are judged, and tell how often matches are right.

Invariant: a judgement is kept by content and decides nothing; pairs that were judged are not asked about again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.context import Context
from shared.domain import calibration
from shared.domain.calibration import Estimate, Judged
from shared.domain.errors import Conflict
from shared.domain.model import Image
from shared.domain.review import digest_pair
from shared.domain.scan import ScanKind
from shared.services import access
from shared.store import judgements, results, scans
from shared.store.pair_sample import Sampled

QUESTIONS = 20
_AROUND = 0.05


@dataclass(frozen=True, slots=True)
class Question:
    """Two images that match: are they one picture? ``reach`` is the highest threshold at which they match."""

    a: Image
    b: Image
    reach: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Pairs to be judged, in the order of their drawing, and what the answers so far tell.

    ``answers`` of this scan's pairs were given, ``right`` of them said yes; ``suggested`` is None while they are few.
    """

    questions: tuple[Question, ...]
    answers: int
    right: int
    estimates: tuple[Estimate, ...]
    suggested: float | None


def calibration_of(ctx: Context, scan_id: str, threshold: float) -> Calibration:
    """What is known, and QUESTIONS pairs at most around ``threshold`` that were not judged yet.

    Raises NotFound; Conflict while the scan has not ended well, and for a search (``no_groups``).
    """
    if scans.get(ctx.redis, scan_id).request.kind is ScanKind.FIND:
        raise Conflict("A search has matches, not groups.", code="no_groups")
    known = judgements.listed(ctx.redis)
    with results.opened(ctx.layout.result(scan_id)) as reader:
        judged = [Judged(one.reach, known[digest_pair(*one.digests)]) for one in reader.judged(known)]
        found = calibration.estimates(judged, reader.reach_counts())
        drawn = _drawn(reader, threshold, set(known))
        questions = [Question(reader.image(one.a), reader.image(one.b), one.reach) for one in drawn]
    return Calibration(
        questions=tuple(questions),
        answers=len(judged),
        right=sum(one.same for one in judged),
        estimates=tuple(found),
        suggested=calibration.suggested(found, len(judged)),
    )


def judge(ctx: Context, scan_id: str, answers: Iterable[tuple[str, str, bool | None]]) -> None:
    """Remember whether two images of this scan, by id, are one picture; None forgets.

    Raises NotFound, Conflict, Forbidden (read-only).
    """
    access.check_changes(ctx.settings)
    scans.get(ctx.redis, scan_id)
    with results.opened(ctx.layout.result(scan_id)) as reader:
        told = {digest_pair(reader.image(a).digest, reader.image(b).digest): same for a, b, same in answers}
    judgements.put(ctx.redis, told)


def _drawn(reader: results.ResultReader, threshold: float, known: set[tuple[str, str]]) -> list[Sampled]:
    """As many above as below, where there are; one pair of contents once, and none that was judged."""
    seed, enough = len(known), QUESTIONS + len(known)
    sides = [
        _fresh(reader.draw(least, most, enough, seed), known)[: QUESTIONS // 2]
        for least, most in ((threshold, threshold + _AROUND), (threshold - _AROUND, threshold))
    ]
    chosen = [one for pair in zip(*sides, strict=False) for one in pair]
    rest = [one for side in sides for one in side if one not in chosen]
    further = _fresh(reader.draw(0.0, 1.01, enough + QUESTIONS, seed), known)
    chosen += rest + [one for one in further if one not in chosen and one not in rest]
    return chosen[:QUESTIONS]


def _fresh(drawn: Iterable[Sampled], known: set[tuple[str, str]]) -> list[Sampled]:
    return list({pair: one for one in drawn if (pair := digest_pair(*one.digests)) not in known}.values())
