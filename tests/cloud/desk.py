"""The deployed desk, seen from outside: its table, queues, functions, schedules, logs and API."""

import hashlib
import json
import time
import urllib.error
import urllib.request

from cloud.emulator import Emulator
from cloud.failing import Failed, must

NAME = "ballast"
QUEUES = ["bars", "signals.fifo", "exits.fifo", "orders.fifo", "fills.fifo"]
# What the money depends on: everything but candles, signals, the strategy's memory and snapshots.
MONEY = ["ACCOUNT", "DECISION", "DECISIONS", "FILLS", "LEDGER", "ORDER", "ORDERS", "PAPER", "PAPERTRADES"]
PAGE = 200
PLATFORM = ("START RequestId", "END RequestId", "REPORT RequestId")


class Desk:
    """The desk behind an emulator, told what its configuration file tells it."""

    # Longer than a queue hides a message whose function ended without an answer.
    QUIET_WITHIN_S = 240

    def __init__(self, emulator: Emulator, config: dict, api_id: str):
        self.config = config
        self.account = config["account"]
        market = config["markets"][0]
        self.symbol = market["instrument"]["symbol"]
        self.interval = market["interval"]
        self._sqs = emulator.client("sqs")
        self._table = emulator.client("dynamodb")
        self._functions = emulator.client("lambda")
        self._schedules = emulator.client("scheduler")
        self._logs = emulator.client("logs")
        self._api = f"{emulator.url}/_aws/execute-api/{api_id}/$default"
        urls = self._sqs.list_queues(QueueNamePrefix=f"{NAME}-")["QueueUrls"]
        self._urls = {url.rsplit("/", 1)[1].removeprefix(f"{NAME}-"): url for url in urls}
        listed = self._schedules.list_schedules(GroupName=NAME)["Schedules"]
        found = [self._schedules.get_schedule(GroupName=NAME, Name=one["Name"]) for one in listed]
        self._scheduled = {one["Name"].removeprefix(f"{NAME}-"): one for one in found}

    # Queues

    def waiting(self, queue):
        """How many messages a queue has, whether visible, in flight or delayed."""
        counts = [f"ApproximateNumberOfMessages{kind}" for kind in ["", "NotVisible", "Delayed"]]
        found = self._sqs.get_queue_attributes(QueueUrl=self._urls[queue], AttributeNames=counts)
        return sum(int(found["Attributes"][count]) for count in counts)

    def send(self, queue, body, group, dedup):
        """Sends a message as the desk does."""
        fifo = {"MessageGroupId": group, "MessageDeduplicationId": dedup} if queue.endswith(".fifo") else {}
        self._sqs.send_message(QueueUrl=self._urls[queue], MessageBody=body, **fifo)

    def dead_letters(self):
        """Dead letters, at most ten of each queue, as queue, body and reason; they stay where they are."""
        found = []
        for queue in QUEUES:
            got = self._sqs.receive_message(
                QueueUrl=self._urls[dead(queue)],
                MaxNumberOfMessages=10,
                MessageAttributeNames=["All"],
                VisibilityTimeout=0,
            )
            for message in got.get("Messages", []):
                reason = message.get("MessageAttributes", {}).get("reason", {}).get("StringValue", "")
                found.append((queue, message["Body"], reason))
        return found

    def wait_quiet(self, last_bar):
        """Waits until the strategy has read the bar of that time and every queue is empty, twice in a row: a message
        that moves on while one look is taken is seen by the next."""
        deadline = time.monotonic() + self.QUIET_WITHIN_S
        looks = 0
        while looks < 2:
            busy = {queue: count for queue in QUEUES if (count := self.waiting(queue))}
            read = self.cursor()
            looks = 0 if busy or read != last_bar else looks + 1
            if looks == 0:
                must(
                    time.monotonic() < deadline,
                    f"not quiet after {self.QUIET_WITHIN_S} s: the strategy is at {read} of {last_bar}, {busy} wait",
                )
                time.sleep(0.02)

    # Table

    def row(self, pk, sk):
        """A row's content, or `None`."""
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        found = self._table.get_item(TableName=NAME, Key=key, ConsistentRead=True)
        return content(found["Item"]) if "Item" in found else None

    def rows(self, pk, prefix=""):
        """The contents of a partition's rows, in order."""
        condition, values = "pk = :pk", {":pk": {"S": pk}}
        if prefix:
            condition, values = f"{condition} AND begins_with(sk, :sk)", {**values, ":sk": {"S": prefix}}
        pages = self._table.get_paginator("query").paginate(
            TableName=NAME, KeyConditionExpression=condition, ExpressionAttributeValues=values, ConsistentRead=True
        )
        return [content(item) for page in pages for item in page["Items"]]

    def cursor(self):
        """The time of the last bar that the strategy has read."""
        strategy = self.config["strategy"]["name"]
        row = self.row(f"STRATEGY#{self.account}#{strategy}#{self.symbol}#{self.interval}", "CURSOR")
        return row["last_bar"] if row else None

    def candles(self):
        """The stored candles."""
        return self.rows(f"CANDLES#{self.symbol}#{self.interval}")

    def fills(self):
        """The booked fills."""
        return self.rows(f"FILLS#{self.account}")

    def venue_orders(self):
        """Every order that has reached the paper venue."""
        return self.rows(f"PAPER#{self.account}", "ORDER#")

    def money_hash(self):
        """How many rows money depends on, and a hash over them, byte for byte."""
        items = []
        for page in self._table.get_paginator("scan").paginate(TableName=NAME, ConsistentRead=True):
            items += [item for item in page["Items"] if item["pk"]["S"].split("#")[0] in MONEY]
        lines = sorted(json.dumps(item, sort_keys=True) for item in items)
        return len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()

    # Functions, schedules and logs

    def run_schedule(self, function):
        """Invokes a function as its schedule does, and waits for it."""
        given = self._scheduled[function]["Target"]["Input"].encode()
        got = self._functions.invoke(FunctionName=f"{NAME}-{function}", Payload=given)
        must("FunctionError" not in got, f"{function} failed: {got['Payload'].read().decode(errors='replace')}")

    def stop_schedules(self):
        """Disables every schedule."""
        kept = ["Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target"]
        for schedule in self._scheduled.values():
            self._schedules.update_schedule(State="DISABLED", **{part: schedule[part] for part in kept})

    def log_lines(self, function):
        """Everything a function has written, oldest first, without what the platform writes around it."""
        group = f"/aws/lambda/{NAME}-{function}"
        pages = self._logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        lines = [event["message"].rstrip() for page in pages for event in page["events"]]
        return [line for line in lines if not line.startswith(PLATFORM)]

    def metrics(self, function):
        """The names of the metrics in a function's log, in CloudWatch's embedded metric format."""
        names = set()
        for line in self.log_lines(function):
            for directive in embedded(line).get("_aws", {}).get("CloudWatchMetrics", []):
                names |= {metric["Name"] for metric in directive["Metrics"]}
        return names

    # API

    def call(self, method, path, token=None, body=None):
        """Calls the API; returns the status and the answer."""
        request = urllib.request.Request(self._api + path, method=method)
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode(errors="replace")

    def get(self, path, token):
        """What the API answers to somebody it lets in."""
        status, answer = self.call("GET", path, token)
        if status != 200:
            raise Failed(f"GET {path} is answered with {status}: {answer}")
        return answer


def dead(queue):
    """The name of a queue's dead letters."""
    return f"{queue.removesuffix('.fifo')}-dead{'.fifo' if queue.endswith('.fifo') else ''}"


def content(item):
    """What a row says: its body without the envelope."""
    return json.loads(item["b"]["S"])["row"]


def embedded(line):
    """A log line as the object it is, if it is one."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
