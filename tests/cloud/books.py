"""What two desks have in their books, side by side: the one on this machine and the deployed one.

Both answer with the types of the same API, so whole answers are compared. Left out is what the wall's clock stamps
(`STAMPED`): the deployed desk lives by it, the one on this machine by the market's.
"""

import json
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cloud.desk import PAGE, Desk
from cloud.failing import must

STAMPED = [
    "the times in an order's history",
    "the time of the opening transaction",
    "the ledger's hashes, which reach back to it",
]

# What the command line adds to the portfolio of a desk on one machine: which desk it is, and what waits for a person.
ADDED = ["desk", "watch"]


@dataclass
class Books:
    """What a desk answers about itself."""

    portfolio: dict
    positions: list
    orders: list
    balances: dict
    transactions: list
    fills: list


def cloud_books(desk: Desk, token):
    """The books of the deployed desk, through its API."""

    def pages(path, name, parameter):
        found, query = [], ""
        while True:
            page = desk.get(f"{path}?limit={PAGE}{query}", token)
            found += page[name]
            if page["next"] is None:
                return found
            query = f"&{parameter}={str(page['next']).replace('#', '%23')}"

    decisions = [desk.get(f"/v1/decisions/{one['id']}", token) for one in pages("/v1/decisions", "decisions", "before")]
    return Books(
        portfolio=desk.get("/v1/portfolio", token),
        positions=desk.get("/v1/positions", token),
        orders=pages("/v1/orders", "orders", "before"),
        balances=desk.get("/v1/balances", token),
        transactions=pages("/v1/ledger", "transactions", "after"),
        fills=fills_of(decisions),
    )


class LocalDesk:
    """The desk on this machine, over the same bars."""

    RUN_WITHIN_S = 300

    def __init__(self, ballast: Path, folder: Path):
        self.ballast = ballast
        self.folder = folder

    def replay(self, config, bars: Path):
        """Replays the bars by the deployed desk's configuration, and returns the run's summary."""
        market, strategy, paper = config["markets"][0], config["strategy"], config["paper"]
        instrument = market["instrument"]
        flags = {
            "--replay": f"{instrument['symbol']}={bars}",
            "--strategy": strategy["name"],
            "--stake": strategy["stake"],
            "--cash": config["cash"],
            "--risk": config["profile"]["name"],
            "--fee-bps": paper["fee"],
            "--slippage-bps": paper["slippage"],
            "--tick": instrument["tick"],
            "--lot": instrument["lot"],
        }
        words = [word for flag in flags.items() for word in flag]
        for name, value in strategy["parameters"].items():
            words += ["--param", f"{name}={value}"]
        if paper["participation"] is not None:
            words += ["--participation-bps", paper["participation"]]
        summary = self._run("up", *words, "--until-end")
        told = json.loads((self.folder / "run.json").read_text())["config"]
        differing = sorted(part for part in config.keys() | told.keys() if config.get(part) != told.get(part))
        must(not differing, f"the two desks are not told the same about {', '.join(differing)}")
        return summary

    def books(self):
        """What the desk has in its books."""
        orders = self._run("orders", "--limit", str(PAGE))
        decisions = self._run("decisions", "--limit", str(PAGE))
        for name, page in [("orders", orders), ("decisions", decisions)]:
            must(len(page[name]) < PAGE, f"the command line shows {PAGE} {name} at most: compare fewer bars")
        return Books(
            portfolio={name: told for name, told in self._run("portfolio").items() if name not in ADDED},
            positions=self._run("positions"),
            orders=orders["orders"],
            balances=self._run("ledger"),
            transactions=self._run("ledger", "--transactions"),
            fills=fills_of([self._run("decisions", one["id"]) for one in decisions["decisions"]]),
        )

    def _run(self, *words):
        command = [str(self.ballast), *words, "--json", "--data-dir", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=self.RUN_WITHIN_S, check=False)
        must(done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stderr.strip()}")
        return json.loads(done.stdout)


def compare(local: Books, cloud: Books):
    """Compares two desks' books; returns the lines of a table, each with what it is about and both sides."""
    table = [("fills", len(local.fills), len(cloud.fills))]
    for number in range(max(len(local.fills), len(cloud.fills))):
        table.append((f"fill {number + 1}", *(shown(books.fills, number) for books in (local, cloud))))
    for name in ["orders", "transactions"]:
        table.append((name, len(getattr(local, name)), len(getattr(cloud, name))))
    for name, of in [("orders, each field", unstamped_orders), ("postings, each", unstamped_transactions)]:
        table.append((name, *agreement(of(local), of(cloud))))
    for place in sorted(places(local) | places(cloud)):
        table.append((f"balance {' '.join(place)}", amount(local, place), amount(cloud, place)))
    table.append(("imbalance", flat(local.balances["imbalance"]), flat(cloud.balances["imbalance"])))
    for name in sorted(local.portfolio.keys() | cloud.portfolio.keys()):
        table.append((name, *(flat(books.portfolio.get(name)) for books in (local, cloud))))
    table.append(("positions", flat(local.positions), flat(cloud.positions)))
    return table


def fills_of(decisions):
    """The fills that decisions led to, in the venue's order."""
    found = [fill for decision in decisions for verdict in decision["verdicts"] for fill in verdict["fills"]]
    return sorted(found, key=lambda fill: fill["trade"])


def shown(fills, number):
    """One fill, whole, in a line."""
    if number >= len(fills):
        return "none"
    fill = fills[number]
    at = datetime.fromtimestamp(fill["at"] / 1000, UTC).strftime("%m-%d %H:%M")
    what = f"{fill['side']} {fill['quantity']} at {fill['price']}, fee {fill['fee']} {fill['fee_asset']}"
    return f"{at} {what} #{fill['trade'].lstrip('0')}"


def unstamped_orders(books):
    """Orders by id, with the states they passed through and why, but not when."""
    orders = {}
    for order in books.orders:
        history = [[passage["state"], passage["why"]] for passage in order["history"]]
        orders[order["id"]] = {**order, "history": history}
    return orders


def unstamped_transactions(books):
    """Transactions by number, without hashes and without the opening's time."""
    found = {}
    for row in books.transactions:
        at = None if row["cause"] == "opening" else row["at"]
        found[row["seq"]] = {"cause": row["cause"], "at": at, "postings": row["postings"]}
    return found


def agreement(local, cloud):
    """Two collections by key, as "equal" twice if they are, else as what differs first."""
    for key in sorted(local.keys() | cloud.keys()):
        if local.get(key) != cloud.get(key):
            return flat(local.get(key)), flat(cloud.get(key))
    return "equal", "equal"


def places(books):
    """The ledger's accounts, by asset."""
    return {(one["account"], one["asset"]) for one in books.balances["balances"]}


def amount(books, place):
    """How much the ledger has in one place."""
    found = [one["amount"] for one in books.balances["balances"] if (one["account"], one["asset"]) == place]
    return found[0] if found else "none"


def flat(value):
    """Any value on one line."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
