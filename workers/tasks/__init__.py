"""Celery tasks: thin, they unpack ids, call a stage, and record the outcome."""
