"""How two pictures are alike, in people's words; web/static/js/kinds.js says the same."""

from __future__ import annotations

from shared.domain.model import Kind

WORDS: dict[Kind, str] = {
    Kind.EXACT: "Identical",
    Kind.SAME_PIXELS: "Same pixels",
    Kind.DAMAGED: "Damaged",
    Kind.RE_ENCODED: "Saved again",
    Kind.RESIZED: "Resized",
    Kind.TURNED: "Turned",
    Kind.MIRRORED: "Mirrored",
    Kind.COLOUR: "Other colours",
    Kind.CROPPED: "Cropped",
    Kind.FRAMED: "Framed",
    Kind.OVERLAY: "Marked",
    Kind.CONTAINED: "One inside the other",
    Kind.BURST: "Another shot",
    Kind.LOOK_ALIKE: "Looks alike",
}
