"""Health for supervisors: /healthz says the process answers, /readyz that Redis answers too."""

from __future__ import annotations

from apiflask import APIBlueprint, APIFlask

from web.context import context

blueprint = APIBlueprint("health", __name__, enable_openapi=False)


def install(app: APIFlask) -> None:
    app.register_blueprint(blueprint)


@blueprint.get("/healthz")
def healthz() -> tuple[str, dict[str, str]]:
    return "ok\n", {"Content-Type": "text/plain"}


@blueprint.get("/readyz")
def readyz() -> tuple[str, dict[str, str]]:
    context().redis.ping()  # a Redis that does not answer is a 503, like everywhere
    return "ready\n", {"Content-Type": "text/plain"}
