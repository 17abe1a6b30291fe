"""The workers: they read images, compare them, and move files. Folders follow the way an image travels."""
