/** From a line of permissions.json to statements of a policy. */

import { Stack } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { DataStack } from "./data-stack.ts";
import type { Queues } from "./queues.ts";
import { consumedBy, type Permission, type Source } from "./source.ts";

/** What a consumer does with its queue. */
export const CONSUME = ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility"] as const;

/**
 * What DynamoDB does with the table's key in the caller's name, and only through DynamoDB. A customer's key asks this of
 * readers and writers alike.
 */
export const TABLE_KEY = ["Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "DescribeKey"] as const;

const named = (service: string, actions: readonly string[]): string[] => actions.map((one) => `${service}:${one}`);

/** The service through which alone a key may be used. */
function via(data: Stack, service: string): Record<string, Record<string, string>> {
  return { StringEquals: { "kms:ViaService": `${service}.${data.region}.amazonaws.com` } };
}

/**
 * The table, by actions: all prefixes of an action stand in one statement, and actions with the same prefixes share it. A
 * transaction touches several prefixes at once, and must not depend on being looked at key by key.
 */
export function tableStatements(permission: Permission, data: DataStack): PolicyStatement[] {
  const prefixes = new Map<string, string[]>();
  for (const [prefix, actions] of Object.entries(permission.table)) {
    for (const action of actions) prefixes.set(action, [...(prefixes.get(action) ?? []), `${prefix}#*`]);
  }
  const byKeys = new Map<string, { actions: string[]; keys: string[] }>();
  for (const [action, keys] of prefixes) {
    const group = byKeys.get(keys.join()) ?? { actions: [], keys };
    group.actions.push(action);
    byKeys.set(keys.join(), group);
  }
  const statements = [...byKeys.values()].map(
    ({ actions, keys }) =>
      new PolicyStatement({
        actions: named("dynamodb", actions),
        resources: [data.tableArn],
        conditions: {
          "ForAllValues:StringLike": { "dynamodb:LeadingKeys": keys },
          // "For all values" is true of no values at all: a request without keys must not slip through.
          Null: { "dynamodb:LeadingKeys": "false" },
        },
      }),
  );
  if (statements.length === 0) return [];
  const key = { actions: named("kms", TABLE_KEY), resources: [data.keyArn], conditions: via(data, "dynamodb") };
  return [...statements, new PolicyStatement(key)];
}

/** Queues: sending to those listed; receiving from, and burying the poison of, those consumed. */
export function queueStatements(name: string, { resources, permissions }: Source, queues: Queues): PolicyStatement[] {
  const consumed = consumedBy(resources, name).map((queue) => queues.get(queue.name));
  const targets = [
    ...(permissions[name]?.send ?? []).map((queue) => queues.get(queue).live),
    ...consumed.map(({ dead }) => dead),
  ];
  const statements: PolicyStatement[] = [];
  if (targets.length > 0) {
    const resourceArns = targets.map((queue) => queue.queueArn);
    statements.push(new PolicyStatement({ actions: named("sqs", ["SendMessage"]), resources: resourceArns }));
  }
  if (consumed.length > 0) {
    const resourceArns = consumed.map(({ live }) => live.queueArn);
    statements.push(new PolicyStatement({ actions: named("sqs", CONSUME), resources: resourceArns }));
  }
  return statements;
}

/** The venue keys, for those who talk to venues. */
export function secretStatements(permission: Permission, data: DataStack): PolicyStatement[] {
  if ((permission.secrets ?? []).length === 0) return [];
  return [
    new PolicyStatement({ actions: named("secretsmanager", ["GetSecretValue"]), resources: [data.secretArn] }),
    new PolicyStatement({
      actions: named("kms", ["Decrypt"]),
      resources: [data.keyArn],
      conditions: via(data, "secretsmanager"),
    }),
  ];
}
