/** No wildcard in anything that allows, unless it is on the list with a reason. */

import { found, list, resolve, type Evidence, type Found, type Json } from "./tree.ts";

export function wildcards({ tree, allowed }: Evidence): string[] {
  const reasons = new Map(allowed.map(({ what, reason }) => [what, reason]));
  const used = new Set<string>();
  const faults: string[] = [];
  for (const one of found(tree)) {
    for (const statement of documents(one).flatMap((document) => list<Json>(document?.Statement))) {
      if (statement.Effect !== "Allow") continue;
      for (const what of wild(statement, (value) => resolve(tree, one.stack, value))) {
        const entry = `${one.resource.Type}: ${what}`;
        used.add(entry);
        if (!reasons.get(entry)) faults.push(`${one.stack}/${one.id} allows a wildcard: ${entry}`);
      }
    }
  }
  return [...faults, ...[...reasons.keys()].filter((what) => !used.has(what)).map((what) => `no wildcard needs: ${what}`)];
}

/** Every policy that a resource carries. */
function documents({ props }: Found): Json[] {
  const { PolicyDocument, KeyPolicy, AssumeRolePolicyDocument, ResourcePolicy, Policies } = props;
  const inline = list<Json>(Policies).map((policy) => policy.PolicyDocument);
  return [PolicyDocument, KeyPolicy, AssumeRolePolicyDocument, ResourcePolicy, ...inline].filter(Boolean);
}

function wild(statement: Json, resolved: (value: Json) => string): string[] {
  const actions = list<Json>(statement.Action).map(resolved);
  const resources = list<Json>(statement.Resource).map(resolved);
  const principals = list<Json>(statement.Principal?.AWS ?? statement.Principal).filter((one) => one === "*");
  const lines = actions.flatMap((action) =>
    [...resources, ...(resources.length === 0 ? [""] : [])]
      .filter((resource) => action.includes("*") || resource.includes("*"))
      .map((resource) => `${action} on ${resource}`),
  );
  for (const excluded of ["NotAction", "NotResource", "NotPrincipal"]) if (statement[excluded]) lines.push(excluded);
  return [...lines, ...principals.map(() => `${actions.join()} for everybody`)];
}
