"""The synthesised CDK app, put onto the emulator the way `cdk deploy` puts it onto AWS.

Order of steps:
1. Read `manifest.json`: the stacks, and which needs which.
2. Upload every file asset, zipped, to the bucket that the templates name.
3. For each stack, dependencies first: take out what the emulator lacks (`lacking`), create the stack and wait.

The emulator is no validator: that the templates are sound is cfn-lint's and the CDK tests' business.
"""

import io
import json
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from cloud.emulator import ACCOUNT, REGION, Emulator
from cloud.failing import Failed, must

BUDGET = "AWS::Budgets::Budget: its CloudFormation knows none"
METRIC_MATH = "AWS::CloudWatch::Alarm over metric math: its CloudFormation knows alarms over one metric only"

PSEUDO = {"${AWS::AccountId}": ACCOUNT, "${AWS::Region}": REGION, "${AWS::Partition}": "aws"}


@dataclass
class Stack:
    """A stack as it was created."""

    name: str
    resources: dict
    outputs: dict
    stripped: dict


class Stacks:
    """The app's stacks on the emulator."""

    CREATED_WITHIN_S = 120

    def __init__(self, emulator: Emulator, cdk_out: Path):
        self.cloudformation = emulator.client("cloudformation")
        self.s3 = emulator.client("s3")
        self.cdk_out = cdk_out
        self.artifacts = json.loads((cdk_out / "manifest.json").read_text())["artifacts"]
        self.created = []

    def create(self):
        """Creates every stack; yields each as it stands."""
        self._upload_assets()
        for name in self._in_order():
            yield self._create(name)

    def delete(self):
        """Deletes the stacks, last one first; returns what they leave behind: resources meant to stay."""
        kept = []
        for stack in reversed(self.created):
            self.cloudformation.delete_stack(StackName=stack.name)
            self._wait(stack.name, "DELETE_COMPLETE")
            kept += [kind for kind, policy in stack.resources.values() if policy == "Retain"]
        self.created.clear()
        return kept

    def _stack_artifacts(self):
        kind = "aws:cloudformation:stack"
        return {name: found for name, found in self.artifacts.items() if found["type"] == kind}

    def _in_order(self):
        stacks, order = self._stack_artifacts(), []

        def visit(name):
            if name in order:
                return
            for needed in stacks[name].get("dependencies", []):
                if needed in stacks:
                    visit(needed)
            order.append(name)

        for name in stacks:
            visit(name)
        return order

    def _upload_assets(self):
        buckets = set()
        for found in self.artifacts.values():
            if found["type"] != "cdk:asset-manifest":
                continue
            manifest = json.loads((self.cdk_out / found["properties"]["file"]).read_text())
            for asset in manifest["files"].values():
                source = self.cdk_out / asset["source"]["path"]
                if asset["source"]["packaging"] != "zip":
                    continue
                body = zipped(source)
                for destination in asset["destinations"].values():
                    bucket, key = resolved(destination["bucketName"]), destination["objectKey"]
                    if bucket not in buckets:
                        where = {"LocationConstraint": REGION}
                        self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
                        buckets.add(bucket)
                    self.s3.put_object(Bucket=bucket, Key=key, Body=body)

    def _create(self, name):
        properties = self._stack_artifacts()[name]["properties"]
        template = json.loads((self.cdk_out / properties["templateFile"]).read_text())
        stripped = strip(template)
        self.cloudformation.create_stack(
            StackName=name,
            TemplateBody=json.dumps(template, separators=(",", ":")),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        found = self._wait(name, "CREATE_COMPLETE")
        resources = {
            logical: (resource["Type"], resource.get("DeletionPolicy", "Delete"))
            for logical, resource in template["Resources"].items()
        }
        there = self.cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        complete = {r["LogicalResourceId"] for r in there if r["ResourceStatus"] == "CREATE_COMPLETE"}
        missing = sorted(set(resources) - complete)
        must(not missing, f"{name} is said to be complete, but lacks {', '.join(missing)}")
        outputs = {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])}
        stack = Stack(name, resources, outputs, stripped)
        self.created.append(stack)
        return stack

    def _wait(self, name, wanted):
        deadline = time.monotonic() + self.CREATED_WITHIN_S
        while time.monotonic() < deadline:
            try:
                found = self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            except self.cloudformation.exceptions.ClientError as error:
                if wanted == "DELETE_COMPLETE" and "does not exist" in str(error):
                    return None
                raise
            status = found["StackStatus"]
            if status == wanted:
                return found
            if not status.endswith("IN_PROGRESS"):
                raise Failed(f"{name} became {status}, not {wanted}:\n{self._reasons(name)}")
            time.sleep(0.2)
        raise Failed(f"{name} did not become {wanted} within {self.CREATED_WITHIN_S} s:\n{self._reasons(name)}")

    def _reasons(self, name):
        events = self.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        failed = [e for e in events if "FAILED" in e["ResourceStatus"]]
        lines = [f"  {e['LogicalResourceId']} {e['ResourceType']}: {e.get('ResourceStatusReason', '')}" for e in failed]
        return "\n".join(lines) or "  no event says why"


def resolved(text):
    """A name of the asset manifest, with the account and region in it."""
    for name, value in PSEUDO.items():
        text = text.replace(name, value)
    return text


def lacking(resource):
    """Why the emulator can't make a resource; `None` if it can."""
    if resource["Type"] == "AWS::Budgets::Budget":
        return BUDGET
    if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]:
        return METRIC_MATH
    return None


def strip(template):
    """Takes out of a template what the emulator lacks; returns what was taken out, as logical id and reason."""
    found = {logical: lacking(resource) for logical, resource in template["Resources"].items()}
    gone = {logical: reason for logical, reason in found.items() if reason}
    for logical in gone:
        del template["Resources"][logical]
    template["Resources"] = without_references(template["Resources"], gone)
    return gone


def without_references(part, gone):
    """A part of a template in which what referred to a stripped resource, such as a dashboard, names it instead."""
    if isinstance(part, list):
        return [without_references(one, gone) for one in part]
    if not isinstance(part, dict):
        return part
    referred = part.get("Ref") or next(iter(part.get("Fn::GetAtt", [])), None)
    if len(part) == 1 and referred in gone:
        return f"stripped:{referred}"
    return {name: without_references(one, gone) for name, one in part.items()}


def zipped(source: Path):
    """A folder as a deployment package: files keep their modes, because a bootstrap must be executable."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for path in sorted(source.rglob("*")):
            if not path.is_file():
                continue
            entry = zipfile.ZipInfo(str(path.relative_to(source)), date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = (path.stat().st_mode & 0xFFFF) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, path.read_bytes())
    return packed.getvalue()
