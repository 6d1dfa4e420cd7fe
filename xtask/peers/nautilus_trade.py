"""What nautilus takes to read the trades that `venue_bench` reads, with the decoders and types of its own adapter.

    nautilus_trade.py PORT

PORT is not used: nothing is sent. A frame of a combined stream goes the adapter's way: its envelope is decoded for the
stream's name, the frame is decoded once more as what the name says, and becomes a tick. Its plain streams have no
envelope, and no way of their own in the adapter. The last line that is printed is the figures as JSON, in nanoseconds, by
our names of them: the median, the 99th percentile, and the thread's own time on the processor.
"""

import json
import time

import msgspec
import nautilus_trader
from nautilus_trader.adapters.binance.common.schemas.market import BinanceAggregatedTradeMsg, BinanceDataMsgWrapper
from nautilus_trader.adapters.binance.spot.schemas.market import BinanceSpotTradeMsg
from nautilus_trader.model.identifiers import InstrumentId

BATCH = 10
BATCHES = 5000
FRAMES = 1000
KINDS = {"trade": ("t", BinanceSpotTradeMsg), "aggTrade": ("a", BinanceAggregatedTradeMsg)}


def percentile(values, per_cent):
    """By the nearest rank."""
    rank = max(1, -(-len(values) * per_cent // 100))
    return int(sorted(values)[rank - 1])


def frame(kind, turn):
    event = {
        "e": kind, "E": 1722161166000 + turn, "s": "BTCUSDT", KINDS[kind][0]: 3000000000 + turn,
        "p": f"{20000 + turn}.41000000", "q": f"0.{turn + 1:05}000",
    }
    if kind == "aggTrade":
        event |= {"f": 3000000000 + turn, "l": 3000000000 + turn}
    event |= {"T": 1722161166000 + turn, "m": turn % 2 == 0, "M": True}
    return json.dumps({"stream": f"btcusdt@{kind}", "data": event}, separators=(",", ":")).encode()


def read(kind):
    """From a frame to the library's tick."""
    envelope = msgspec.json.Decoder(BinanceDataMsgWrapper)
    decoders = {f"@{name}": msgspec.json.Decoder(message) for name, (_, message) in KINDS.items()}
    instruments = {"BTCUSDT": InstrumentId.from_str("BTCUSDT.BINANCE")}
    frames = [frame(kind, turn) for turn in range(FRAMES)]

    def work(turn):
        raw = frames[turn % FRAMES]
        stream = envelope.decode(raw).stream
        for name, decoder in decoders.items():
            if name in stream:
                data = decoder.decode(raw).data
                return data.parse_to_trade_tick(instrument_id=instruments[data.s], ts_init=time.time_ns())

    assert str(work(7).price) == "20007.41000000"
    walls, turn, cpu = [], 0, 0
    for batch in range(-(BATCHES // 10), BATCHES):
        if batch == 0:
            walls, cpu = [], time.thread_time_ns()
        began = time.perf_counter_ns()
        for _ in range(BATCH):
            work(turn)
            turn += 1
        walls.append((time.perf_counter_ns() - began) // BATCH)
    cpu = (time.thread_time_ns() - cpu) // (BATCH * BATCHES)
    return {"p50": percentile(walls, 50), "p99": percentile(walls, 99), "cpu": cpu}


figures = {f"read: {kind}, binance, combined stream": read(kind) for kind in KINDS}
print(json.dumps({"name": f"nautilus {nautilus_trader.__version__}", "ns": figures}))
