"""The Celery application for those who only watch: Flower and health checks (``celery -A cli.monitor …``).

It loads no task and no image library, so that it runs in the web image too.
"""

from __future__ import annotations

from shared.broker import make_celery
from shared.domain.errors import Unavailable
from shared.settings import Settings

_settings = Settings.from_environment()
if _settings.redis_url is None:
    raise Unavailable("Watching workers needs LOOKALIKE_REDIS_URL: the Redis that they use.")

app = make_celery(_settings.redis_url)
