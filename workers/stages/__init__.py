"""The stages of a scan as plain functions; none knows of Celery."""
