/** The app as the tests see it: the context of cdk.json, placeholders for programs. Synthesised once. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { App } from "aws-cdk-lib";
import { makeDesk, type Desk } from "../lib/desk.ts";
import { readSettings } from "../lib/settings.ts";
import { readSource } from "../lib/source.ts";
import type { Evidence, Tree } from "./invariants/tree.ts";

const read = (file: string): string => readFileSync(resolve(import.meta.dirname, file), "utf8");

/** An app with the flags of cdk.json and what an operator adds. */
export function app(context: Record<string, unknown> = {}): App {
  const flags = JSON.parse(read("../cdk.json")).context;
  return new App({ context: { ...flags, code: "placeholder", ...context }, analyticsReporting: false });
}

/** The desk in an app. */
export function desk(into: App): Desk {
  return makeDesk(into, readSettings(into.node), readSource());
}

/** The templates of an app. */
export function templates(of: App): Tree {
  return Object.fromEntries(of.synth().stacks.map((stack) => [stack.stackName, structuredClone(stack.template)]));
}

/** Everything that the rules look at, made from a context. */
export function evidenceOf(context: Record<string, unknown> = {}): Evidence {
  const made = app(context);
  desk(made);
  return {
    tree: templates(made),
    source: readSource(),
    runbook: read("../../infra/runbook.md"),
    allowed: JSON.parse(read("allowed-wildcards.json")),
  };
}

let made: Evidence | undefined;

/** The evidence of the desk as it is deployed by default. The caller gets a copy of its own to break. */
export function evidence(): Evidence {
  made ??= evidenceOf();
  return structuredClone(made);
}
