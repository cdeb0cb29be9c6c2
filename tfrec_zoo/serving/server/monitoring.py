"""What the local server counts, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Upper ends, seconds."""


class Monitoring:
    """Requests by signature and status, their latency, and the live version.

    Args:
        live_version: gives its number.
    """

    def __init__(self, live_version: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._requests = Counter(
            "tfrec_zoo_requests",
            "Answered :predict requests.",
            ("signature", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "tfrec_zoo_request_seconds",
            "From a read request to its answer, waiting for a thread included.",
            ("signature",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        live = Gauge("tfrec_zoo_live_version", "Number of the live version.", registry=self._registry)
        live.set_function(live_version)

    def count(self, signature: str, status: int, seconds: float) -> None:
        """Add one request.

        Args:
            signature: one that the model has, or "" where the request named none of them.
            status: of HTTP.
            seconds: it took.
        """
        self._requests.labels(signature, str(status)).inc()
        self._seconds.labels(signature).observe(seconds)

    def page(self) -> bytes:
        """All counts, in Prometheus's text format."""
        return generate_latest(self._registry)
