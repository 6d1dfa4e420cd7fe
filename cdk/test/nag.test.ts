/** AWS's own list of good practice finds nothing that is not acknowledged with a reason, and is able to find something. */

import type { App } from "aws-cdk-lib";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { AwsSolutionsChecks } from "cdk-nag";
import { expect, it } from "vitest";
import { app, desk } from "./synth.ts";

/** What the pack says about an app, without what is acknowledged. */
function findings(of: App): string[] {
  const report = new AwsSolutionsChecks(of).validateScope(of);
  return report.violations.map(({ ruleName, violatingResources }) => {
    const where = violatingResources.map((one) => one.constructPath ?? one.resourceLogicalId);
    return `${ruleName} at ${where.join()}`;
  });
}

it("finds nothing at the desk, whoever issues its tokens", () => {
  for (const context of [{}, { issuer: "https://issuer.example", audience: "desk" }]) {
    const made = app(context);
    desk(made);
    expect(findings(made)).toEqual([]);
  }
});

it("finds a bucket that can be read without TLS", () => {
  const made = app();
  const { data } = desk(made);
  new Bucket(data, "Planted");
  const said = findings(made).join("\n");
  expect(said).toContain("AwsSolutions-S10");
  expect(said).toContain("AwsSolutions-S1 ");
});
