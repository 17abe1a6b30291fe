"""Names that cross a process boundary: queues and tasks. Everything else refers to these."""

from __future__ import annotations

from shared.domain.scan import Phase

EXTRACT_QUEUE = "extract"
COMPARE_QUEUE = "compare"
FILES_QUEUE = "files"
THUMBNAILS_QUEUE = "thumbnails"  # taken by comparison workers, whose libraries are read-only
QUEUES = (EXTRACT_QUEUE, COMPARE_QUEUE, FILES_QUEUE, THUMBNAILS_QUEUE)

PREPARE_MODEL = "lookalike.v1.prepare_model"
PLAN_SCAN = "lookalike.v1.plan_scan"
EXTRACT_CHUNK = "lookalike.v1.extract_chunk"
INDEX_CONTENTS = "lookalike.v1.index_contents"
COMPARE_BLOCKS = "lookalike.v1.compare_blocks"
NOMINATE_CANDIDATES = "lookalike.v1.nominate_candidates"
PAIR_CANDIDATES = "lookalike.v1.pair_candidates"
PROVE_PAIRS = "lookalike.v1.prove_pairs"
CLOSE_GROUPS = "lookalike.v1.close_groups"
REPROVE_PAIRS = "lookalike.v1.reprove_pairs"
SHORTLIST_PIXELS = "lookalike.v1.shortlist_pixels"
DIGEST_PIXELS = "lookalike.v1.digest_pixels"
GROUP_IMAGES = "lookalike.v1.group_images"
DOWNLOAD_WEIGHTS = "lookalike.v1.download_weights"
CHECK_IMAGE = "lookalike.v1.check_image"
MAKE_THUMBNAILS = "lookalike.v1.make_thumbnails"
RUN_BATCH = "lookalike.v1.run_batch"
RUN_PLAN = "lookalike.v1.run_plan"

PHASE_TASKS: dict[Phase, tuple[str, str]] = {
    Phase.PREPARE: (PREPARE_MODEL, EXTRACT_QUEUE),
    Phase.PLAN: (PLAN_SCAN, FILES_QUEUE),
    Phase.EXTRACT: (EXTRACT_CHUNK, EXTRACT_QUEUE),
    Phase.INDEX: (INDEX_CONTENTS, COMPARE_QUEUE),
    Phase.COMPARE: (COMPARE_BLOCKS, COMPARE_QUEUE),
    Phase.NOMINATE: (NOMINATE_CANDIDATES, COMPARE_QUEUE),
    Phase.PAIR: (PAIR_CANDIDATES, COMPARE_QUEUE),
    Phase.PROVE: (PROVE_PAIRS, COMPARE_QUEUE),
    Phase.CLOSE: (CLOSE_GROUPS, COMPARE_QUEUE),
    Phase.REPROVE: (REPROVE_PAIRS, COMPARE_QUEUE),
    Phase.SHORTLIST: (SHORTLIST_PIXELS, COMPARE_QUEUE),
    Phase.VERIFY: (DIGEST_PIXELS, EXTRACT_QUEUE),
    Phase.GROUP: (GROUP_IMAGES, COMPARE_QUEUE),
}
"""The task that runs a unit of each phase (its arguments: scan id, unit number), and its queue."""

ROUTES: dict[str, str] = dict(PHASE_TASKS.values()) | {
    DOWNLOAD_WEIGHTS: EXTRACT_QUEUE,
    CHECK_IMAGE: THUMBNAILS_QUEUE,
    MAKE_THUMBNAILS: THUMBNAILS_QUEUE,
    RUN_BATCH: FILES_QUEUE,
    RUN_PLAN: FILES_QUEUE,
}
