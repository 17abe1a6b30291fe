"""The grammar of Redis keys. All begin with ``lookalike:v1:``; Celery's own with ``lookalike:v1:celery:``.
``lookalike:format`` alone has no version: it is the number of all of them (see ``shared.data_format``).

key                        type    meaning                                       writer          expiry
libraries                  hash    library id -> JSON {root: base64, name}       services        never
writable                   hash    library id -> why deletion is off, "" if on   files worker    never
scans                      zset    scan id by time of request                    services        never
scan:<id>                  hash    request, state, phase, counters (see scans)   services, workers  never
scan:<id>:done:<phase>     bitmap  bit u: unit u is done                         workers         with the scan
scan:<id>:leases           zset    "<phase>:<unit>" by when its lease ends       workers         with the scan
scan:<id>:attempts         hash    "<phase>:<unit>" -> times begun, till done    workers         with the scan
scan:<id>:provisional      string  somebody has just shown what was found so far workers         seconds
batches                    zset    batch id by time of request                   services        never
batch:<id>                 hash    a deletion or its undoing (see batches)       services, workers  never
trashed                    hash    image id -> batch id that moved it            files worker    never
verdicts                   hash    "<digest>:<digest>" -> JSON (see verdicts)     services        never
verdicts:mark              string  another text after each change of verdicts    services        never
plans                      zset    plan id by time of request                    services        never
plan:<id>                  hash    how far a plan is (see plans)                 services, workers  never
rules                      hash    name -> JSON of keep rules (see codec)        services        never
weights                    hash    a download of the weights (see weights)       services, workers  never
judgements                 hash    "<digest>:<digest>" -> 1 same, 0 not          services        never
shepherd                   string  who watches over lost units                   workers         seconds
served                     hash    queue -> when a worker last served it          workers         never
tokens                     hash    API token id -> JSON (see access)             services        never
session:<digest>           string  a browser that has signed in                  web             days
limits:…                   string  sign-ins that failed, by address              web             an hour
check:<id>                 hash    question and answer (see checks)              web, workers    minutes
thumbnails:<scan>:<image>  string  a thumbnail has been asked for                web             seconds
"""

from __future__ import annotations

from shared.domain.scan import Phase

ROOT = "lookalike:v1:"
FORMAT = "lookalike:format"
LIBRARIES = ROOT + "libraries"
WRITABLE = ROOT + "writable"
SCANS = ROOT + "scans"
BATCHES = ROOT + "batches"
TRASHED = ROOT + "trashed"
VERDICTS = ROOT + "verdicts"
VERDICTS_MARK = VERDICTS + ":mark"
PLANS = ROOT + "plans"
RULES = ROOT + "rules"
WEIGHTS = ROOT + "weights"
JUDGEMENTS = ROOT + "judgements"
SHEPHERD = ROOT + "shepherd"
SERVED = ROOT + "served"
TOKENS = ROOT + "tokens"
LIMITS = ROOT + "limits"


def scan(scan_id: str) -> str:
    return f"{ROOT}scan:{scan_id}"


def done(scan_id: str, phase: Phase) -> str:
    return f"{scan(scan_id)}:done:{phase}"


def leases(scan_id: str) -> str:
    return f"{scan(scan_id)}:leases"


def attempts(scan_id: str) -> str:
    return f"{scan(scan_id)}:attempts"


def provisional(scan_id: str) -> str:
    return f"{scan(scan_id)}:provisional"


def batch(batch_id: str) -> str:
    return f"{ROOT}batch:{batch_id}"


def plan(plan_id: str) -> str:
    return f"{ROOT}plan:{plan_id}"


def check(check_id: str) -> str:
    return f"{ROOT}check:{check_id}"


def thumbnail(scan_id: str, image_id: str) -> str:
    return f"{ROOT}thumbnails:{scan_id}:{image_id}"


def session(digest: str) -> str:
    return f"{ROOT}session:{digest}"
