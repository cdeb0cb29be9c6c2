"""A web server on this machine that can answer, stall, cut a file short, or refuse."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

from tests.data.movielens_files import MOVIES, RATINGS, USERS

WHEEL = "recbole-1.2.1-py3-none-any.whl"


@dataclass
class Loopback:
    files: dict[str, bytes] = field(default_factory=dict)
    """Path -> content; anything else is not found."""
    cut: set[str] = field(default_factory=set)
    """Paths of which only half is sent, before the line is dropped."""
    stalled: set[str] = field(default_factory=set)
    """Paths of which only half is sent, and then nothing more."""
    address: str = ""
    done: threading.Event = field(default_factory=threading.Event)

    def add_wheel(self, content: bytes) -> None:
        self.files[f"/files/{WHEEL}"] = content
        self.files["/simple/recbole/"] = f'<a href="/files/{WHEEL}">{WHEEL}</a>'.encode()


@contextlib.contextmanager
def serve() -> Iterator[Loopback]:
    site = Loopback()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._begin()

        def do_GET(self) -> None:
            content = self._begin()
            if content is None:
                return
            half = self.path in site.cut or self.path in site.stalled
            self.wfile.write(content[: len(content) // 2] if half else content)
            self.wfile.flush()
            if self.path in site.stalled:
                site.done.wait(60)
            self.close_connection = True

        def _begin(self) -> bytes | None:
            content = site.files.get(self.path)
            self.send_response(200 if content is not None else 404)
            self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "application/zip")
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            return content

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        site.done.set()
        server.shutdown()
        thread.join()
        server.server_close()


def make_wheel() -> bytes:
    """The made-up 100k release in the layout that RecBole's wheel has."""
    inter = [
        "user_id:token\titem_id:token\trating:float\ttimestamp:float",
        *("\t".join(row) for row in RATINGS),
    ]
    item = ["item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq"]
    for movie, title, genres in MOVIES:
        item.append("\t".join([movie, title[:-7], title[-5:-1], " ".join(genres) or "unknown"]))
    user = ["user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token"]
    user += ["\t".join(row) for row in USERS]
    info = "recbole-1.2.1.dist-info/"
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for suffix, rows in (("inter", inter), ("item", item), ("user", user)):
            archive.writestr(f"recbole/dataset_example/ml-100k/ml-100k.{suffix}", "\n".join(rows) + "\n")
        archive.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: recbole\nVersion: 1.2.1\n")
        archive.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(info + "RECORD", "")
    return stream.getvalue()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
