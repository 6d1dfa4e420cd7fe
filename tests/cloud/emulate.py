"""Deploys the desk onto an AWS emulator on this machine and tells, line by line, what it does there.

Usage, in the folder `tests`: `python -B -m cloud.emulate --cdk-out DIR --ballast FILE --bars FILE ...` (see README.md).
Ends with 0 if all of it holds, else with 1 and the reason.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from subprocess import SubprocessError

from botocore.exceptions import BotoCoreError, ClientError

from cloud.desk import Desk, embedded
from cloud.emulator import Emulator
from cloud.failing import Failed, must
from cloud.market import Market, read_bars
from cloud.stacks import Stacks
from cloud.story import FIRST_BARS, FUNCTIONS, LATER_BARS_MAX, Scene, tell
from cloud.tokens import Issuer

LAST_WORDS = 6
RESOURCES = Path(__file__).resolve().parents[2] / "infra/resources.json"


def arguments():
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--cdk-out", type=Path, required=True, help="the synthesised app, for this machine's processor")
    parser.add_argument("--ballast", type=Path, required=True, help="the desk for this machine")
    parser.add_argument("--bars", type=Path, required=True, help="recorded bars, CSV, plain or gzip")
    parser.add_argument("--bars-count", type=int, default=200, help="how many of them are traded and compared")
    parser.add_argument("--issuer-port", type=int, required=True, help="PORT of -c issuer=https://127.0.0.1:PORT")
    parser.add_argument("--audience", default="ballast", help="the NAME of -c audience=NAME")
    parser.add_argument("--market-port", type=int, required=True, help="PORT of -c marketDataUrl=http://127.0.0.1:PORT")
    return parser.parse_args()


def main():
    """Tells the story in a folder of its own, which stays only if something does not hold."""
    began = time.monotonic()

    def say(text):
        print(f"{time.monotonic() - began:7.1f} s  {text}", flush=True)

    folder = Path(tempfile.mkdtemp(prefix="ballast-emulate-"))
    try:
        run(arguments(), folder, say)
    except (Failed, BotoCoreError, ClientError, OSError, SubprocessError) as failure:
        say(f"FAILED: {failure}")
        say(f"logs and data of this run: {folder}")
        return 1
    shutil.rmtree(folder)
    say("all of it holds")
    return 0


def run(given, folder, say):
    """Starts everything, deploys, tells the story, and takes everything down again, whatever happens."""
    config = packaged_config(given.cdk_out)
    symbol, interval = config["markets"][0]["instrument"]["symbol"], config["markets"][0]["interval"]
    bars = read_bars(given.bars)[: given.bars_count + LATER_BARS_MAX]
    must(FIRST_BARS < given.bars_count < len(bars), f"{given.bars}: {len(bars)} bars are too few, or --bars-count is")
    market = Market(given.market_port, symbol, interval, bars)
    market.stand(FIRST_BARS, horizon=given.bars_count)
    issuer = Issuer(given.issuer_port, given.audience, folder)
    with market, issuer, Emulator(folder, issuer.certificate) as emulator:
        say(f"MiniStack up at {emulator.url}, process {emulator.process.pid}")
        stacks = Stacks(emulator, given.cdk_out)
        outputs = deploy(stacks, say)
        desk = Desk(emulator, config, api_id(outputs))
        routes = json.loads(RESOURCES.read_text())["routes"]
        scene = Scene(desk, market, issuer, routes, given.ballast, folder, given.bars_count, say)
        try:
            tell(scene)
        except Exception:
            last_words(desk, emulator, say)
            raise
        take_down(stacks, emulator, say)
    say("MiniStack stopped")


def packaged_config(cdk_out):
    """The configuration that was packaged with the functions: all have the same one."""
    found = {path.read_text() for path in cdk_out.glob("asset.*/desk.json")}
    must(len(found) == 1, f"{cdk_out}: the functions have {len(found)} different desk.json, not one")
    config = json.loads(found.pop())
    must(len(config["markets"]) == 1, "desk.json: the recorded bars are of one market, so it must have one market")
    return config


def deploy(stacks, say):
    """Creates the stacks; returns all their outputs."""
    outputs = {}
    for stack in stacks.create():
        say(f"stack {stack.name}: {len(stack.resources)} resources")
        for logical, reason in stack.stripped.items():
            say(f"  without {logical}, {reason}")
        outputs.update(stack.outputs)
    return outputs


def api_id(outputs):
    """The API's id, the first part of its address."""
    return outputs["ApiUrl"].split("://")[1].split(".")[0]


def last_words(desk, emulator, say):
    """The last lines that every function wrote, and what the emulator complained about."""
    for function in FUNCTIONS:
        lines = [line for line in desk.log_lines(function) if "_aws" not in embedded(line)]
        for line in lines[-LAST_WORDS:]:
            say(f"  {function}: {line}")
    lines = emulator.log.read_text(errors="replace").splitlines()
    complaints = [line for line in lines if " WARNING [" in line or " ERROR [" in line]
    for line in complaints[-LAST_WORDS:]:
        say(f"  emulator: {line}")


def take_down(stacks, emulator, say):
    """Deletes the stacks. What must outlive them is there afterwards, nothing else is, and the table can't be deleted."""
    kept = stacks.delete()
    name = "ballast"
    table = emulator.client("dynamodb")
    described = table.describe_table(TableName=name)["Table"]
    must(described["DeletionProtectionEnabled"], "the table can be deleted: its deletion protection is missing")
    try:
        table.delete_table(TableName=name)
        raise Failed("the table could be deleted")
    except table.exceptions.ClientError as refusal:
        code = refusal.response["Error"]["Code"]
        must(code == "ValidationException", f"the table refuses to be deleted for another reason: {refusal}")
    buckets = [b["Name"] for b in emulator.client("s3").list_buckets()["Buckets"] if "history" in b["Name"]]
    secrets = emulator.client("secretsmanager").list_secrets()["SecretList"]
    found = [b for b in buckets] + [s["Name"] for s in secrets if s["Name"].startswith(name)]
    must(len(found) == 2, f"a history bucket and the venue keys should be left; there are {found}")
    left = leftovers(emulator, name)
    must(not left, f"left behind: {', '.join(left)}")
    say(f"stacks deleted; kept: {', '.join(sorted(kept))}; the table refuses to be deleted; nothing else is left")


def leftovers(emulator, name):
    """The names of functions, queues, schedules and alarms of the desk that are still there."""
    functions = emulator.client("lambda").list_functions()["Functions"]
    queues = emulator.client("sqs").list_queues(QueueNamePrefix=name).get("QueueUrls", [])
    schedules = emulator.client("scheduler").list_schedules(NamePrefix=name)["Schedules"]
    alarms = emulator.client("cloudwatch").describe_alarms(AlarmNamePrefix=name)["MetricAlarms"]
    names = [f["FunctionName"] for f in functions] + queues
    names += [s["Name"] for s in schedules] + [a["AlarmName"] for a in alarms]
    return [one for one in names if name in one]


if __name__ == "__main__":
    sys.exit(main())
