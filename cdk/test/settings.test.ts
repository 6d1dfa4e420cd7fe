/** What an operator can't choose is refused at once, all of it, with the way out. */

import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readSettings } from "../lib/settings.ts";
import { contradictions, readSource, type Source } from "../lib/source.ts";
import { app, desk, evidenceOf } from "./synth.ts";

it("names every fault of the context at once", () => {
  const context = { desk: "My_Desk", arch: "mips", budgetUsd: "much", issuer: "http://x", alarmEmail: "nobody" };
  expect(() => readSettings(app(context).node)).toThrow(
    /desk=[^]*arch=[^]*alarmEmail=[^]*issuer: must be an https URL[^]*audience: [^]*budgetUsd=/,
  );
});

it("names what infra/*.json contradict each other in", () => {
  const source = structuredClone(readSource()) as Source & { resources: { queues: unknown[] } };
  source.resources.queues.push({ name: "lost", fifo: false, consumer: "nobody", batch: 1 });
  expect(contradictions(source)).toEqual(["queue lost names nobody, which does not exist"]);
});

it("says how to build the functions when they are not there", () => {
  expect(() => desk(app({ code: "/nowhere" }))).toThrow(/\/nowhere\/market-data\/bootstrap is missing: .*cargo xtask package/);
});

it("takes functions that were built before", () => {
  const folder = mkdtempSync(join(tmpdir(), "desk-"));
  for (const { name } of readSource().resources.functions) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "bootstrap"), name);
  }
  const { tree } = evidenceOf({ code: folder, arch: "x86_64" });
  const text = JSON.stringify(tree["ballast-pipeline"]);
  expect(text).toContain('"Architectures":["x86_64"]');
  const keys = text.match(/"S3Key":"[0-9a-f]+\.zip"/g) ?? [];
  expect(new Set(keys).size).toBe(readSource().resources.functions.length);
});

it("looks nothing up: the same templates come out twice, for any account", () => {
  const twice = [evidenceOf().tree, evidenceOf().tree].map((tree) => JSON.stringify(tree));
  expect(twice[0]).toBe(twice[1]);
  expect(twice[0]).toContain('"AWS::AccountId"');
});
