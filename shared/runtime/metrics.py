"""Every metric of every process, in one place. Labels are services, routes, codes and clauses: nobody's data."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()
"""The process's own; the library's global one is left alone."""

REQUESTS = Counter(
    "bookbag_requests_total",
    "Requests answered, by route template and status.",
    ("service", "method", "route", "status"),
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "bookbag_request_seconds",
    "Seconds from a request's start to its answer.",
    ("service", "method", "route"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
    registry=REGISTRY,
)
REFUSALS = Counter(
    "bookbag_refusals_total",
    "Refusals, by code and clause, so that leaders can see where the policy chafes.",
    ("service", "code", "clause"),
    registry=REGISTRY,
)
ERRORS = Counter("bookbag_errors_total", "Requests that failed on our side.", ("service", "error"), registry=REGISTRY)

COMMANDS_A_COMMIT = Histogram(
    "bookbag_commands_a_commit",
    "Commands that were in flight together and shared a transaction.",
    ("service",),
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
    registry=REGISTRY,
)
COMMIT_DETOURS = Counter(
    "bookbag_commit_detours_total",
    "Group commits that took more than one statement: another writer was there (`moved`), a row was refused (`split`),"
    " the connection went (`lost`).",
    ("service", "why"),
    registry=REGISTRY,
)

PROJECTION_FAILURES = Counter(
    "bookbag_projection_failures_total",
    "Batches that a read model could not take: `diverged` is an alarm, `failed` is tried again, `held_up` waited for a"
    " worker that stands still, whose session was ended.",
    ("projection", "why"),
    registry=REGISTRY,
)
PARKED = Counter(
    "bookbag_parked_events_total",
    "Authentic events that a consumer could not take and put aside: an alarm.",
    ("consumer", "source"),
    registry=REGISTRY,
)
BUS_DISCARDED = Counter(
    "bookbag_bus_discarded_total",
    "Messages of the bus that were no event of their source, or did not link; the feed has the true ones.",
    ("source", "why"),
    registry=REGISTRY,
)
BUS_DELIVERED = Counter(
    "bookbag_bus_delivered_total",
    "Authentic events that the bus has brought.",
    ("source",),
    registry=REGISTRY,
)
BUS_CONNECTED = Gauge(
    "bookbag_bus_connected",
    "Whether the relay, or the subscription, is connected to the broker. Nothing but delay follows from 0.",
    ("service", "what"),
    registry=REGISTRY,
)
CHECKPOINTS = Counter(
    "bookbag_checkpoints_total", "Checkpoints of the log that this worker signed.", ("service",), registry=REGISTRY
)
CHECKPOINTS_REFUSED = Counter(
    "bookbag_checkpoints_refused_total",
    "Times that a log was not signed because it no longer held what was signed before; look at `bookbag verify`.",
    ("service",),
    registry=REGISTRY,
)
RELAY_LAG = Gauge(
    "bookbag_relay_lag_events",
    "Events of the own log that are not published yet, by partition; told by the relay that was elected for it.",
    ("service", "partition"),
    registry=REGISTRY,
)
RELAY_PUBLISHED = Counter(
    "bookbag_relay_published_total", "Events that the broker has confirmed.", ("service",), registry=REGISTRY
)
RELAY_UNROUTABLE = Counter(
    "bookbag_relay_unroutable_total",
    "Events for which no queue was bound. Not retried: whoever follows the log reads the feed.",
    ("service",),
    registry=REGISTRY,
)


def rendered() -> bytes:
    """The registry in Prometheus's text form."""
    return generate_latest(REGISTRY)
