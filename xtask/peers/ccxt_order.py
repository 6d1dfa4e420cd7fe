"""What ccxt takes for the work that `venue_bench` measures of ours, at the same server.

    ccxt_order.py PORT

The server's answer carries, as the order's client id, the instant in nanoseconds since 1970 at which the first byte of
the request had come. The last line that is printed is the figures as JSON, in nanoseconds, by our names of them: the
median, the 99th percentile, and the thread's own time on the processor.
"""

import asyncio
import json
import sys
import time

import ccxt
import ccxt.async_support
import ccxt.pro

BATCH = 10
BUILDS = 300
READS = 1000
WARM_UP = 200
CALLS = 2000
SYMBOL = "BTC/USDT"
MARKET = {
    "id": "BTCUSDT",
    "symbol": SYMBOL,
    "base": "BTC",
    "quote": "USDT",
    "baseId": "BTC",
    "quoteId": "USDT",
    "type": "spot",
    "spot": True,
    "margin": False,
    "swap": False,
    "future": False,
    "option": False,
    "contract": False,
    "linear": None,
    "inverse": None,
    "active": True,
    "precision": {"amount": 0.00001, "price": 0.01},
    "limits": {
        "amount": {"min": 0.00001, "max": 9000.0},
        "price": {"min": 0.01, "max": 1000000.0},
        "cost": {"min": 5.0, "max": None},
    },
    "info": {"orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"], "permissions": ["SPOT"]},
}


def exchange(kind, port):
    made = kind({"apiKey": "NobodyHasThisKey0123456789" * 2, "secret": "NobodyHasThisSecret" * 3, "enableRateLimit": False})
    server = f"http://127.0.0.1:{port}"
    for name, url in made.urls["api"].items():
        if isinstance(url, str) and url.startswith("https://api.binance.com"):
            made.urls["api"][name] = server + url[len("https://api.binance.com"):]
    made.set_markets([dict(MARKET)])
    return made


def order(turn):
    return SYMBOL, "limit", "buy", 0.03333, 30000 + turn % 100 / 100


def percentile(values, per_cent):
    """By the nearest rank."""
    rank = max(1, -(-len(values) * per_cent // 100))
    return int(sorted(values)[rank - 1])


def cost(walls, cpu, count):
    return {"p50": percentile(walls, 50), "p99": percentile(walls, 99), "cpu": cpu // count}


def in_batches(batches, work):
    """What one operation takes, timed in batches behind a tenth as many that don't count."""
    walls, turn, cpu = [], 0, 0
    for batch in range(-(batches // 10), batches):
        if batch == 0:
            walls, cpu = [], time.thread_time_ns()
        began = time.perf_counter_ns()
        for _ in range(BATCH):
            work(turn)
            turn += 1
        walls.append((time.perf_counter_ns() - began) // BATCH)
    return cost(walls, time.thread_time_ns() - cpu, batches * BATCH)


def build(made):
    """From the call's arguments to the signed request, without sending it."""

    def work(turn):
        request = made.create_order_request(*order(turn))
        signed = made.sign("order", ["private"], "POST", request)
        assert "signature=" in signed["body"]

    return in_batches(BUILDS, work)


def read(kind):
    """From a trade's frame to the library's structure."""
    made = ccxt.pro.binance()
    made.set_markets([dict(MARKET)])
    market = made.market(SYMBOL)
    number = {"trade": "t", "aggTrade": "a"}[kind]
    frames = []
    for turn in range(READS):
        event = {
            "e": kind, "E": 1722161166000 + turn, "s": "BTCUSDT", number: 3000000000 + turn, "p": f"{20000 + turn}.41000000",
            "q": f"0.{turn + 1:05}000", "T": 1722161166000 + turn, "m": turn % 2 == 0, "M": True,
        }
        frames.append(json.dumps(event, separators=(",", ":")))
    return in_batches(READS, lambda turn: made.parse_ws_trade(json.loads(frames[turn % READS]), market))


async def calls(made):
    """From the call to the first byte at the server."""
    times, cpu = [], 0
    for turn in range(WARM_UP + CALLS):
        if turn == WARM_UP:
            cpu = time.thread_time_ns()
        began = time.time_ns()
        placed = await made.create_order(*order(turn))
        if turn >= WARM_UP:
            times.append(int(placed["clientOrderId"]) - began)
    cpu = time.thread_time_ns() - cpu
    await made.close()
    return cost(times, cpu, CALLS)


def main():
    port = int(sys.argv[1])
    figures = {
        "read: trade, binance": read("trade"),
        "read: aggTrade, binance": read("aggTrade"),
        "order: build and sign, binance": build(exchange(ccxt.binance, port)),
        "order: call to first byte": asyncio.run(calls(exchange(ccxt.async_support.binance, port))),
    }
    print(json.dumps({"name": f"ccxt {ccxt.__version__}", "ns": figures}))


main()
