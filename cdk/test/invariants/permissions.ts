/** What roles may do, held against permissions.json in both directions. */

import { CONSUME, TABLE_KEY } from "../../lib/grants.ts";
import { schedulesDeadName } from "../../lib/schedules.ts";
import { consumedBy, deadName } from "../../lib/source.ts";
import { compare, deskOf, found, list, resolve, target, type Evidence, type Found, type Json, type Tree } from "./tree.ts";

/** Every role may do what it should, and nothing else; there is no role without a purpose. */
export function permissions(evidence: Evidence): string[] {
  const { tree, source } = evidence;
  const desk = deskOf(tree);
  const expected = new Map<string, { who: string; grants: string[] }>();
  for (const { stack, props } of found(tree, "AWS::Lambda::Function")) {
    const name = String(props.FunctionName).slice(desk.length + 1);
    expect(expected, resolve(tree, stack, props.Role), name, wanted(evidence, desk, name));
  }
  const called = source.resources.schedules.map((one) => `lambda:InvokeFunction on ${desk}-${one.function}`);
  for (const { stack, props } of found(tree, "AWS::Scheduler::Schedule")) {
    const grants = [...called, `sqs:SendMessage on ${schedulesDeadName(desk)}`];
    expect(expected, resolve(tree, stack, props.Target.RoleArn), "the schedules", grants);
  }
  const faults = found(tree, "AWS::IAM::Role").flatMap((role) => {
    const purpose = expected.get(`${role.stack}/${role.id}.Arn`);
    if (!purpose) return [`role ${role.id} is nobody's`];
    const managed = list(role.props.ManagedPolicyArns).map(() => `${purpose.who} has a managed policy`);
    const differ = compare(
      granted(tree, role),
      purpose.grants,
      (grant) => `${purpose.who} may ${grant}, which is not listed`,
      (grant) => `${purpose.who} may not ${grant}, though it is listed`,
    );
    return [...managed, ...differ];
  });
  const others = found(tree, "AWS::IAM::ManagedPolicy", "AWS::IAM::User", "AWS::IAM::Group");
  return [...faults, ...others.map(({ id }) => `${id}: only roles of the desk's own have permissions`)];
}

function expect(all: Map<string, { who: string; grants: string[] }>, role: string, who: string, grants: string[]): void {
  const before = all.get(role);
  if (before && before.who !== who) all.set(role, { who: `${before.who} together with ${who}`, grants: [] });
  else all.set(role, { who, grants });
}

/** What a function should be able to do. */
function wanted({ source }: Evidence, desk: string, name: string): string[] {
  const permission = source.permissions[name];
  const consumed = consumedBy(source.resources, name);
  const table = Object.entries(permission?.table ?? {}).flatMap(([prefix, actions]) =>
    actions.map((action) => `dynamodb:${action} on ${desk} with keys ${prefix}#*`),
  );
  const secrets = (permission?.secrets ?? []).map((secret) => `secretsmanager:GetSecretValue on ${desk}/${secret}`);
  return [
    ...["CreateLogStream", "PutLogEvents"].map((action) => `logs:${action} on /aws/lambda/${desk}-${name}`),
    ...table,
    ...(table.length > 0 ? TABLE_KEY.map((action) => `kms:${action} on the key via dynamodb`) : []),
    ...(permission?.send ?? []).map((queue) => `sqs:SendMessage on ${desk}-${queue}`),
    ...consumed.map((queue) => `sqs:SendMessage on ${desk}-${deadName(queue.name)}`),
    ...consumed.flatMap((queue) => CONSUME.map((action) => `sqs:${action} on ${desk}-${queue.name}`)),
    ...secrets,
    ...(secrets.length > 0 ? ["kms:Decrypt on the key via secretsmanager"] : []),
  ];
}

/** What a role allows, each grant as a line. */
function granted(tree: Tree, role: Found): string[] {
  const attached = found(tree, "AWS::IAM::Policy").filter(({ stack, props }) =>
    list(props.Roles).some((one) => resolve(tree, stack, one) === `${role.stack}/${role.id}`),
  );
  const documents = [
    ...list<Json>(role.props.Policies).map((policy) => policy.PolicyDocument),
    ...attached.map(({ props }) => props.PolicyDocument),
  ];
  return documents
    .flatMap((document) => list<Json>(document.Statement))
    .filter((statement) => statement.Effect === "Allow")
    .flatMap((statement) => grants(tree, role.stack, statement));
}

function grants(tree: Tree, stack: string, statement: Json): string[] {
  const lines: string[] = [];
  for (const action of list<string>(statement.Action ?? `everything but ${statement.NotAction}`)) {
    for (const resource of list<Json>(statement.Resource ?? "everything else")) {
      for (const condition of conditions(tree, stack, statement.Condition)) {
        lines.push(`${action} on ${label(tree, stack, resource)}${condition}`);
      }
    }
  }
  return lines;
}

/** The two forms of condition that are known, in words; any other form as it stands, which then matches nothing. */
function conditions(tree: Tree, stack: string, condition: Json): string[] {
  if (condition === undefined) return [""];
  const keys = list<string>(condition["ForAllValues:StringLike"]?.["dynamodb:LeadingKeys"]);
  const form = JSON.stringify(condition);
  const guarded = { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": keys }, Null: { "dynamodb:LeadingKeys": "false" } };
  if (keys.length > 0 && form === JSON.stringify(guarded)) return keys.map((key) => ` with keys ${key}`);
  const via = condition.StringEquals?.["kms:ViaService"];
  if (via !== undefined && Object.keys(condition).length === 1 && Object.keys(condition.StringEquals).length === 1) {
    const service = /^(\w+)\.\$\{AWS::Region\}\.amazonaws\.com$/.exec(resolve(tree, stack, via))?.[1];
    if (service) return [` via ${service}`];
  }
  return [` if ${form}`];
}

/** A resource by its physical name. */
function label(tree: Tree, stack: string, resource: Json): string {
  const one = target(tree, stack, resource);
  if (!one) return resolve(tree, stack, resource);
  if (one.resource.Type === "AWS::KMS::Key") return "the key";
  const { QueueName, TableName, FunctionName, LogGroupName, Name } = one.props;
  return QueueName ?? TableName ?? FunctionName ?? LogGroupName ?? Name ?? `${one.stack}/${one.id}`;
}
