"""The library that match quality is measured on: photographs, their edits, and what only looks alike."""
