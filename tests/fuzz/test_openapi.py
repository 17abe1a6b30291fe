"""Whatever is sent to the addresses that the OpenAPI document describes, the answer is one it describes, never a 5xx.

Schemathesis makes the requests from the document, valid ones and others, on a gallery with a finished scan. Its own
pytest integration does not work with pytest 9, so the operations are gone through here.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.gallery import SCAN, SEARCH, Gallery
from tests.unit.web.conftest import app, client, shown

__all__ = ["app", "client", "shown"]

EXAMPLES = 25 * int(os.environ.get("FUZZ_TIMES", "1"))


def no_error_but_that_nobody_works(ctx: Any, response: schemathesis.Response, case: schemathesis.Case) -> bool | None:
    """No 5xx, but the 503 that says that no worker runs: none does here."""
    if response.status_code == 503 and response.json()["error"]["code"] == "no_worker":
        return None
    return not_a_server_error(ctx, response, case)


CHECKS = [no_error_but_that_nobody_works, content_type_conformance, response_schema_conformance]
PATHS = {"scan_id": [SCAN, SEARCH, "none"], "group_id": [1, 2, 99], "batch_id": ["none"]}
"""Some of what an address may name exists, else only the 404 would be tried."""


def check(operation: schemathesis.APIOperation, mode: GenerationMode, library: str, plan: str) -> int:
    """Try one operation; the number of requests that were sent."""
    sent = 0
    known = PATHS | {"library_id": [library, "none"], "plan_id": [plan, "none"]}

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None,
        derandomize="FUZZ_TIMES" not in os.environ, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(operation.as_strategy(generation_mode=mode), st.data())
    def send(case: schemathesis.Case, data: st.DataObject) -> None:
        nonlocal sent
        for name in case.path_parameters or {}:
            if name in known and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(known[name]))
        case.call_and_validate(checks=CHECKS)
        sent += 1

    send()
    return sent


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
def test_every_answer_is_one_that_the_document_describes(
    client: FlaskClient, shown: Gallery, mode: GenerationMode
) -> None:
    document = schemathesis.openapi.from_wsgi("/api/openapi.json", client.application)
    plan = client.post(f"/api/scans/{SCAN}/plans", json={"rules": {"steps": [{"by": "pixels"}]}}).json["id"]
    sent = {}
    for found in document.get_all_operations():
        operation = found.ok()
        with suppress(Unsatisfiable):  # what takes nothing cannot be given anything wrong
            sent[operation.label] = check(operation, mode, shown.library.id, plan)
    assert len(sent) > 10
    assert sum(sent.values()) > 200
