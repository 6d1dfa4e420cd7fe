/** Functions: processor, logs, environment. */

import { consumedBy, environmentName, MARKET_DATA } from "../../lib/source.ts";
import { compare, deskOf, found, target, type Evidence } from "./tree.ts";

/** The functions are those of resources.json, on the cheaper processor, with the listed memory and time. */
export function functions({ tree, source }: Evidence): string[] {
  const desk = deskOf(tree);
  const listed = new Map(source.resources.functions.map((one) => [`${desk}-${one.name}`, one]));
  const actual = found(tree, "AWS::Lambda::Function");
  const faults = compare(
    actual.map((one) => one.props.FunctionName),
    listed.keys(),
    (name) => `function ${name} is not listed`,
    (name) => `function ${name} is missing`,
  );
  for (const { props } of actual) {
    const name = props.FunctionName;
    const definition = listed.get(name);
    if (props.Architectures?.join() !== "arm64") faults.push(`function ${name} is not arm64`);
    if (props.Runtime !== "provided.al2023") faults.push(`function ${name} is not on provided.al2023`);
    if (props.MemorySize !== definition?.memory_mb || props.Timeout !== definition?.timeout_s) {
      faults.push(`function ${name}: memory or timeout is not as listed`);
    }
    if (props.VpcConfig) faults.push(`function ${name} is in a VPC, where reaching a venue costs a NAT gateway`);
  }
  return faults;
}

/** Every function has a log group of its own, and every log group forgets. */
export function logs({ tree }: Evidence): string[] {
  const faults: string[] = [];
  for (const { stack, props } of found(tree, "AWS::Lambda::Function")) {
    const group = target(tree, stack, props.LoggingConfig?.LogGroup);
    if (group?.props.LogGroupName !== `/aws/lambda/${props.FunctionName}`) {
      faults.push(`function ${props.FunctionName} has no log group of its own`);
    }
  }
  for (const { id, props } of found(tree, "AWS::Logs::LogGroup")) {
    if (!props.RetentionInDays) faults.push(`log group ${props.LogGroupName ?? id} keeps its lines for ever`);
  }
  return faults;
}

const SECRET_NAME = /secret|passw|token|private|credential|api_?key/i;
const SECRET_VALUE = /\b(AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN|^[A-Za-z0-9+/=_-]{32,}$/;

/** A function is told what resources.json says, and nothing that looks like a secret. */
export function environment({ tree, source }: Evidence): string[] {
  const desk = deskOf(tree);
  const names = source.resources.environment;
  return found(tree, "AWS::Lambda::Function").flatMap(({ props }) => {
    const name = String(props.FunctionName).slice(desk.length + 1);
    const told: Record<string, unknown> = props.Environment?.Variables ?? {};
    const expected = [
      names.table,
      names.metrics_namespace,
      ...(source.permissions[name]?.send ?? []).map((queue) => environmentName(names.queue_url, queue)),
      ...consumedBy(source.resources, name).map((queue) => environmentName(names.dead_letter_url, queue.name)),
      ...(name === MARKET_DATA ? [names.market_data_url] : []),
      ...(source.permissions[name]?.secrets ?? []).map(() => names.venue_keys),
    ];
    const secrets = Object.entries(told)
      .filter(([key, value]) => SECRET_NAME.test(key) || (typeof value === "string" && SECRET_VALUE.test(value)))
      .map(([key]) => `function ${name}: ${key} in its environment looks like a secret`);
    const wrong = compare(
      Object.keys(told),
      expected,
      (key) => `function ${name} is told ${key}, which is not listed`,
      (key) => `function ${name} is not told ${key}`,
    );
    return [...secrets, ...wrong];
  });
}
