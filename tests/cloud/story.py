"""What the deployed desk has to show, step by step. Each step ends the story with a reason at the first thing that does
not hold.

The market's time is the story's: after the schedules have shown that they fire by themselves they are disabled, and the
market moves on bar by bar, each as soon as the desk is quiet. Nothing else of the desk is touched: what is invoked
directly is given what its schedule gives it.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cloud.books import STAMPED, LocalDesk, cloud_books, compare
from cloud.desk import Desk
from cloud.failing import Failed, must
from cloud.market import Market, write_bars
from cloud.tokens import Issuer, new_key

# So few that no strategy wishes anything yet: of several new bars only the newest may lead to a wish.
FIRST_BARS = 3
# How many bars behind the compared ones may pass until the desk is flat, and until the next entry.
LATER_BARS_MAX = 400
# A schedule's minute, the emulator's ten seconds between looks, and a cold start; and all that once more, for a busy machine.
SCHEDULES_WITHIN_S = 190
METRICS = {"Signals", "Approved", "Fills", "DataAge", "Equity", "Cash", "OpenPositions"}
FUNCTIONS = [
    "market-data",
    "signal-inference",
    "risk-validation",
    "order-placement",
    "fill-booking",
    "reconciliation",
    "portfolio-snapshot",
    "kill-switch",
    "api",
]
OPERATOR = "operator-of-this-run"


@dataclass
class Scene:
    """Who plays in the story."""

    desk: Desk
    market: Market
    issuer: Issuer
    routes: list
    ballast: Path
    folder: Path
    bars_count: int
    say: Callable[[str], None]

    def token(self):
        """A token that the API takes."""
        return self.issuer.token(OPERATOR)

    def next_bar(self):
        """Lets one more bar close and waits until the desk has done all that follows from it."""
        self.market.stand(self.market.closed + 1)
        self.desk.run_schedule("market-data")
        self.desk.wait_quiet(self.market.last_closed().open_time)


def tell(scene: Scene):
    """The whole story."""
    schedules_fire(scene)
    bars_are_traded(scene)
    both_desks_agree(scene)
    snapshot_and_metrics(scene)
    redelivery_changes_nothing(scene)
    poison_is_buried(scene)
    only_tokens_of_the_issuer_open_the_api(scene)
    the_kill_switch_holds(scene)


def schedules_fire(scene: Scene):
    """Nobody invokes anything: the first bars and the account can only come from the schedules."""
    desk, began = scene.desk, time.monotonic()
    account = None
    while account is None or len(desk.candles()) < FIRST_BARS:
        waited = time.monotonic() - began
        must(
            waited < SCHEDULES_WITHIN_S,
            f"after {waited:.0f} s the schedules have stored {len(desk.candles())} of {FIRST_BARS} bars, "
            f"and the account {'is not' if account is None else 'is'} open",
        )
        time.sleep(1)
        account = desk.row(f"ACCOUNT#{desk.account}", "ACCOUNT")
    scene.say(
        f"schedules fired after {time.monotonic() - began:.0f} s: market-data stored {len(desk.candles())} bars, "
        f"reconciliation opened the account with {account['cash']} {account['quote']}"
    )
    desk.wait_quiet(scene.market.last_closed().open_time)
    desk.stop_schedules()
    scene.say("the poke went through bars to signal-inference; schedules disabled, the story sets the time from here")


def bars_are_traded(scene: Scene):
    """Every further bar, one by one."""
    began, first = time.monotonic(), scene.market.closed
    while scene.market.closed < scene.bars_count:
        scene.next_bar()
        if scene.market.closed % 50 == 0:
            scene.say(f"bar {scene.market.closed} of {scene.bars_count}: {len(scene.desk.fills())} fills")
    took = time.monotonic() - began
    stored = len(scene.desk.candles())
    must(stored == scene.bars_count, f"{stored} candles are stored, not {scene.bars_count}")
    must(scene.desk.fills(), "not one trade was made: nothing has been shown")
    must(not scene.desk.dead_letters(), f"there are dead letters: {scene.desk.dead_letters()}")
    count = scene.market.closed - first
    fills = len(scene.desk.fills())
    scene.say(f"{count} bars traded, {1000 * took / count:.0f} ms each: {fills} fills, no dead letters")


def both_desks_agree(scene: Scene):
    """The same bars through the desk on this machine; then both books, side by side."""
    scene.desk.run_schedule("reconciliation")
    scene.desk.wait_quiet(scene.market.last_closed().open_time)
    bars = scene.folder / "bars.csv"
    write_bars(bars, scene.market.bars[: scene.bars_count])
    local = LocalDesk(scene.ballast, scene.folder / "local")
    summary = local.replay(scene.desk.config, bars)
    summed = ", ".join(f"{summary[what]} {what}" for what in ["signals", "fills", "trades", "stops"])
    scene.say(f"the same {summary['bars']} bars through `ballast up` on this machine: {summed}")
    ours, theirs = local.books(), cloud_books(scene.desk, scene.token())
    table = compare(ours, theirs)
    for name, here, there in table:
        same = f"{here} | same" if here == there else f"{here} | {there}   DIFFERENT"
        scene.say(f"  {name:28} {same}")
    scene.say(f"  not compared: {', '.join(STAMPED)}")
    differing = [name for name, here, there in table if here != there]
    must(not differing, f"the two desks differ in: {', '.join(differing)}")
    rows = {fill["trade"]: fill for fill in scene.desk.fills()}
    for fill in theirs.fills:
        row = {name: rows[fill["trade"]][name] for name in fill}
        must(row == fill, f"the table has {row}, the API says {fill}")
    must(len(rows) == len(theirs.fills), f"the table has {len(rows)} fills, the API {len(theirs.fills)}")
    scene.say(f"both desks agree in {len(table)} of {len(table)} lines, and so do API and table in {len(rows)} fills")


def snapshot_and_metrics(scene: Scene):
    """The portfolio is written down, and what happened is in the logs as metrics."""
    desk = scene.desk
    desk.run_schedule("portfolio-snapshot")
    snapshots = desk.rows(f"SNAPSHOTS#{desk.account}")
    must(snapshots, "portfolio-snapshot stored nothing")
    equity = desk.get("/v1/portfolio", scene.token())["equity"]
    stored = snapshots[-1]["valuation"]["equity"]
    must(stored == equity, f"the snapshot says {stored}, the API {equity}")
    scene.say(f"portfolio-snapshot stored an equity of {stored}, as the API says")
    found = {function: desk.metrics(function) for function in FUNCTIONS}
    missing = METRICS - set().union(*found.values())
    must(not missing, f"no function has logged {', '.join(sorted(missing))}; found: {found}")
    told = [f"{function} {', '.join(sorted(names))}" for function, names in found.items() if names]
    scene.say(f"metrics in the logs: {'; '.join(told)}")


def redelivery_changes_nothing(scene: Scene):
    """A message of each queue once more, as if it had never been deduplicated: every step finds itself done."""
    desk = scene.desk
    rows, before = desk.money_hash()
    group = f"{desk.account}#{desk.symbol}"
    for queue, message in sent_before(scene).items():
        desk.send(queue, json.dumps({"v": 1, **message}), group, f"once-more-{queue}")
    desk.wait_quiet(scene.market.last_closed().open_time)
    after = desk.money_hash()
    must(after == (rows, before), f"{rows} money rows had the hash {before}; now {after[0]} rows have {after[1]}")
    must(not desk.dead_letters(), f"a redelivered message was buried: {desk.dead_letters()}")
    scene.say(f"a message of each of the 5 queues delivered once more: all {rows} money rows as before, {before[:16]}…")


def sent_before(scene: Scene):
    """A message that the desk has sent to each queue, by what the rows say."""
    desk = scene.desk
    market = {"symbol": desk.symbol}
    owned = {"account": desk.account, **market}
    orders = desk.get("/v1/orders?limit=200", scene.token())["orders"]
    entry = next((one for one in orders if one["leg"] == "entry"), None)
    closing = next((one for one in orders if one["leg"] != "entry"), None)
    must(entry and closing, "the bars lead to no entry with an exit: nothing can be delivered once more")
    return {
        "bars": {"kind": "bars", **market, "interval": desk.interval},
        "signals.fifo": {"kind": "signal", **owned, "signal": entry["decision"], "attempt": entry["attempt"]},
        "orders.fifo": {"kind": "order", **owned, "intent": entry["id"]},
        "exits.fifo": {"kind": "order", **owned, "intent": closing["id"]},
        "fills.fifo": {"kind": "fill", "fill": desk.fills()[-1]},
    }


def poison_is_buried(scene: Scene):
    """Garbage, and a good message behind it in the same group: one is buried with its reason, the other handled."""
    desk, garbage = scene.desk, "this is no message"
    group = f"{desk.account}#{desk.symbol}"
    good = {"v": 1, **sent_before(scene)["signals.fifo"]}
    _, before = desk.money_hash()
    desk.send("signals.fifo", garbage, group, "poison")
    desk.send("signals.fifo", json.dumps(good), group, "behind-the-poison")
    desk.wait_quiet(scene.market.last_closed().open_time)
    buried = desk.dead_letters()
    must(
        [(queue, body) for queue, body, _ in buried] == [("signals.fifo", garbage)],
        f"the dead letters should be the one that is no message; they are {buried}",
    )
    reason = buried[0][2]
    must(reason, "the dead letter does not carry its reason")
    _, after = desk.money_hash()
    must(after == before, "the poison, or the good message behind it, changed a money row")
    # That the group goes on is seen later, too: the last step's wishes are judged in it.
    scene.say(f"poison buried: {reason!r}; the message behind it was handled, the queue is empty")


def only_tokens_of_the_issuer_open_the_api(scene: Scene):
    """Every route, with and without tokens."""
    desk, issuer = scene.desk, scene.issuer
    for route in scene.routes:
        path = route["path"].replace("{id}", "none")
        status, _ = desk.call(route["method"], path, body={} if route["method"] == "POST" else None)
        expected = 200 if route.get("open") else 401
        must(status == expected, f"{route['method']} {path} without a token is answered with {status}, not {expected}")
    bad = {
        "signed by another key": issuer.token(OPERATOR, key=new_key()),
        "expired": issuer.token(OPERATOR, expires_in_s=-60),
        "for another audience": issuer.token(OPERATOR, audience="somebody-else"),
    }
    for kind, token in bad.items():
        for route in scene.routes:
            method, path = route["method"], route["path"].replace("{id}", "none")
            status, _ = desk.call(method, path, token, {"reason": "none"} if method == "POST" else None)
            must(
                status == 401 or route.get("open"),
                f"{method} {path} with a token {kind} is answered with {status}, not 401",
            )
    must(not desk.get("/v1/kill", scene.token())["killed"], "somebody without a good token has used the kill switch")
    scene.say(
        f"API: {len(scene.routes)} routes without a token 401 unless open; 401 with a token {', '.join(bad)}; "
        "200 with a good one"
    )


def the_kill_switch_holds(scene: Scene):
    """From flat, so that the next wish is an entry: after the kill it is refused, and the venue sees no new order."""
    desk, market = scene.desk, scene.market
    last = min(len(market.bars), scene.bars_count + LATER_BARS_MAX)
    market.stand(market.closed, horizon=len(market.bars))
    scene.next_bar()
    while any(position["quantity"] != "0" for position in desk.get("/v1/positions", scene.token())):
        must(market.closed < last, f"the desk is not flat after {market.closed} bars")
        scene.next_bar()
    status, answer = desk.call("POST", "/v1/kill", scene.token(), {"mode": "keep_stops", "reason": "the story ends"})
    must(status == 200, f"POST /v1/kill is answered with {status}: {answer}")
    switch = desk.get("/v1/kill", scene.token())
    must(switch["killed"] and switch["by"] == OPERATOR, f"the switch does not know who: {switch}")
    scene.say(f"killed at bar {market.closed} by {switch['by']}: {switch['mode']}, {switch['reason']!r}")
    desk.run_schedule("kill-switch")
    must(desk.get("/v1/kill", scene.token()) == switch, "the schedule's sweep has changed the switch")
    orders, decided = len(desk.venue_orders()), newest_decision(scene)["id"]
    while newest_decision(scene)["id"] == decided:
        must(market.closed < last, f"no entry was wished for until bar {market.closed}")
        scene.next_bar()
    wish = newest_decision(scene)
    if wish["leg"] != "entry" or wish["outcome"] != "refused: kill":
        raise Failed(f"the next decision is not an entry refused by the kill switch: {wish}")
    found = len(desk.venue_orders())
    must(found == orders, f"the venue had {orders} orders at the kill, and {found} now")
    scene.say(f"bar {market.closed}: {wish['because']} Refused by the kill switch; the venue still has {found} orders")


def newest_decision(scene: Scene):
    """The last decision."""
    return scene.desk.get("/v1/decisions?limit=1", scene.token())["decisions"][0]
