"""A market whose time the story sets: recorded bars behind Binance's public candle endpoint.

The market stands behind `closed` bars. The next one has begun, and like Binance the server answers with it, too: its
opening price, and nothing traded yet. The `Date` of an answer is the market's time, by which the desk tells closed from
begun. Behind the `horizon` nothing has begun: that is how recorded bars end for the desk on one machine.
"""

import csv
import gzip
import http.server
import json
import threading
import urllib.parse
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from cloud.failing import Failed, must

ROWS_MAX = 1000
COLUMNS = ["timestamp_ms", "open", "high", "low", "close", "volume"]


@dataclass(frozen=True)
class Bar:
    """A bar; prices and volume stay the text they were recorded as."""

    open_time: int
    open: str
    high: str
    low: str
    close: str
    volume: str

    def begun(self):
        """The same bar before anything was traded in it."""
        return Bar(self.open_time, self.open, self.open, self.open, self.open, "0")


def read_bars(path: Path):
    """The bars of a recorded file, plain or gzip."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", newline="") as lines:
        rows = csv.DictReader(lines)
        must(rows.fieldnames == COLUMNS, f"{path}: the columns are {rows.fieldnames}, not {COLUMNS}")
        return [Bar(int(row.pop("timestamp_ms")), **row) for row in rows]


def write_bars(path: Path, bars):
    """Writes bars the way `ballast up --replay` reads them."""
    with path.open("w", newline="") as lines:
        rows = csv.writer(lines, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows([b.open_time, b.open, b.high, b.low, b.close, b.volume] for b in bars)


class Market:
    """The market of one symbol, serving on a loopback port while its `with` block lasts."""

    def __init__(self, port: int, symbol: str, interval: str, bars):
        must(len(bars) > 1, "a market needs more than one bar")
        self.symbol = symbol
        self.interval = interval
        self.interval_ms = bars[1].open_time - bars[0].open_time
        self.bars = bars
        self._closed = 0
        self._horizon = len(bars)
        self._lock = threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), answering(self))
        self._server.daemon_threads = True

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    @property
    def closed(self):
        """How many bars have closed."""
        return self._closed

    def last_closed(self):
        """The bar that closed last."""
        return self.bars[self._closed - 1]

    def stand(self, closed, horizon=None):
        """Sets the market's time: so many bars have closed, and behind the horizon none has begun."""
        with self._lock:
            self._horizon = self._horizon if horizon is None else horizon
            must(closed <= self._horizon <= len(self.bars), f"there are no {closed} bars to close")
            self._closed = closed

    def now_ms(self):
        """The market's time: when the last closed bar ended and the next began."""
        return self.bars[0].open_time if self._closed == 0 else self.last_closed().open_time + self.interval_ms

    def klines(self, query):
        """What the endpoint answers: rows and the time of the answer."""
        if query.get("symbol") != self.symbol or query.get("interval") != self.interval:
            raise Failed(f"the market has {self.symbol} on {self.interval} bars only")
        limit = min(int(query.get("limit", 500)), ROWS_MAX)
        with self._lock:
            seen = self.bars[: self._closed]
            if self._closed < self._horizon:
                seen = [*seen, self.bars[self._closed].begun()]
            now = self.now_ms()
        if "startTime" in query:
            start = int(query["startTime"])
            chosen = [bar for bar in seen if bar.open_time >= start][:limit]
        else:
            chosen = seen[-limit:]
        return [self._row(bar) for bar in chosen], now

    def _row(self, bar):
        end = bar.open_time + self.interval_ms - 1
        return [bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume, end, "0", 0, "0", "0", "0"]


def answering(market: Market):
    """A handler of GET requests to the market."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked = urllib.parse.urlsplit(self.path)
            if asked.path != "/api/v3/klines":
                return self._answer(404, {"msg": "not found"}, market.now_ms())
            try:
                rows, now = market.klines(dict(urllib.parse.parse_qsl(asked.query)))
            except (Failed, ValueError) as error:
                return self._answer(400, {"msg": str(error)}, market.now_ms())
            return self._answer(200, rows, now)

        def _answer(self, status, document, now_ms):
            body = json.dumps(document).encode()
            self.send_response_only(status)
            self.send_header("Date", formatdate(now_ms / 1000, usegmt=True))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Nobody reads the access log of a test."""

    return Handler
