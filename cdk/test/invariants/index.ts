/** Every rule over the whole tree. A rule says what is broken; a whole tree breaks none. */

import * as api from "./api.ts";
import * as data from "./data.ts";
import * as functions from "./functions.ts";
import { permissions } from "./permissions.ts";
import * as queues from "./queues.ts";
import type { Evidence } from "./tree.ts";
import * as watching from "./watching.ts";
import { wildcards } from "./wildcards.ts";

export const RULES: Record<string, (evidence: Evidence) => string[]> = {
  "queues are as listed": queues.queues,
  "every queue has dead letters": queues.deadLetters,
  "queues reach their consumers": queues.mappings,
  "functions are as listed": functions.functions,
  "functions have logs that forget": functions.logs,
  "functions are told what is listed": functions.environment,
  "roles may do what is listed and nothing else": permissions,
  "nothing allows a wildcard": wildcards,
  "data is kept": data.data,
  "nothing else is left behind": data.leftovers,
  "nothing is paid by the hour": data.idleCost,
  "routes want a token": api.routes,
  "callers are held back, the kill switch is not": api.stage,
  "only the API calls functions": api.callers,
  "alarms and runbook agree": watching.runbook,
  "everything is watched": watching.alarms,
  "alarms over schedules can ring": watching.canRing,
  "alarms look at what is written": watching.written,
  "dashboards are free": watching.dashboards,
};

/** What breaks a rule. */
export function violations(evidence: Evidence): string[] {
  return Object.values(RULES).flatMap((rule) => rule(evidence));
}
