/** The desk as it is deployed breaks no rule, by default and with everything an operator can choose. */

import { describe, expect, it } from "vitest";
import { RULES, violations } from "./invariants/index.ts";
import { evidence, evidenceOf } from "./synth.ts";

describe("the desk by default", () => {
  for (const [name, rule] of Object.entries(RULES)) {
    it(name, () => expect(rule(evidence())).toEqual([]));
  }
});

describe("the desk with everything chosen", () => {
  it("breaks no rule", () => {
    const context = {
      desk: "other-desk",
      issuer: "https://issuer.example",
      audience: "desk,phone",
      alarmEmail: "trader@example.org",
      budgetUsd: "25",
      reserveForKill: "2",
      dataStaleSeconds: "900",
    };
    const chosen = evidenceOf(context);
    expect(violations(chosen)).toEqual([]);
    const text = JSON.stringify(chosen.tree);
    expect(text).toContain('"Issuer":"https://issuer.example"');
    expect(text).toContain('"Audience":["desk","phone"]');
    expect(text).not.toContain("AWS::Cognito");
    expect(text).toContain('"ReservedConcurrentExecutions":2');
    expect(text).toContain("trader@example.org");
    expect(text).not.toContain('"ballast-');
  });
});
