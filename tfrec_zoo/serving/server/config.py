"""Options of the local server. Needs nothing but Python."""

from __future__ import annotations

from dataclasses import dataclass

from tfrec_zoo._errors import require


@dataclass(frozen=True)
class ServerConfig:
    """Options of the local server.

    Example:
        >>> config = ServerConfig(port=0, threads=2)  # for `serve(folder, config)`, at any port that is free
        >>> config.host
        '127.0.0.1'
    """

    host: str = "127.0.0.1"
    """Address to listen at; 0.0.0.0 for every one of the machine's."""
    port: int = 8501
    """0 for any that is free."""
    max_body_mb: float = 8.0
    """Largest body of a request, in MB of 1,000,000 bytes."""
    threads: int = 4
    """Requests that TensorFlow works on at once; the others wait."""
    poll_seconds: float = 1.0
    """Seconds between two looks for a new version."""

    def __post_init__(self) -> None:
        require(0 <= self.port < 65536, "`port` must be from 0 to 65535.", self.port)
        require(self.max_body_mb > 0, "`max_body_mb` must be above 0.", self.max_body_mb)
        require(self.threads >= 1, "`threads` must be at least 1.", self.threads)
        require(self.poll_seconds > 0, "`poll_seconds` must be above 0.", self.poll_seconds)
