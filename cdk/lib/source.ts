/**
 * infra/resources.json and infra/permissions.json: the one source for what the desk is made of and who may do what.
 * Everything here is derived from them; nothing else in this folder repeats what they say.
 */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";

export interface QueueSource {
  readonly name: string;
  readonly fifo: boolean;
  readonly consumer: string;
  readonly batch: number;
}

export interface ScheduleSource {
  readonly function: string;
  readonly every_s: number;
  readonly input: unknown;
}

export interface FunctionSource {
  readonly name: string;
  readonly memory_mb: number;
  readonly timeout_s: number;
  readonly http: boolean;
}

export interface RouteSource {
  readonly method: string;
  readonly path: string;
  readonly function: string;
  readonly open?: boolean;
}

export interface MetricSource {
  readonly name: string;
  readonly unit: string;
  readonly dimension?: string;
  /** Whether it is written over all values of its dimension, too: an alarm looks at one metric. */
  readonly total?: boolean;
}

/** infra/resources.json. */
export interface Resources {
  readonly table: { readonly partition_key: string; readonly sort_key: string; readonly ttl: string };
  readonly max_receives: number;
  readonly queues: readonly QueueSource[];
  readonly schedules: readonly ScheduleSource[];
  readonly functions: readonly FunctionSource[];
  readonly routes: readonly RouteSource[];
  readonly environment: {
    readonly table: string;
    readonly queue_url: string;
    readonly dead_letter_url: string;
    readonly metrics_namespace: string;
    readonly market_data_url: string;
    readonly venue_keys: string;
  };
  readonly metrics: readonly MetricSource[];
}

/** What one function may do. */
export interface Permission {
  /** The table's actions, by the first part of the partition key. */
  readonly table: Readonly<Record<string, readonly string[]>>;
  readonly send: readonly string[];
  readonly secrets?: readonly string[];
}

/** infra/permissions.json without its remark. */
export type Permissions = Readonly<Record<string, Permission>>;

/** Both files. */
export interface Source {
  readonly resources: Resources;
  readonly permissions: Permissions;
}

/** The function that stops trading. */
export const KILL_SWITCH = "kill-switch";
/** The function that reads the market over the internet. */
export const MARKET_DATA = "market-data";
/** The secret with the keys of the venues. */
export const SECRET = "venue-keys";

const INFRA = resolve(import.meta.dirname, "../../infra");

/** Reads both files, or throws an error that lists everything in them that does not fit together. */
export function readSource(): Source {
  const read = (file: string): Record<string, unknown> => JSON.parse(readFileSync(resolve(INFRA, file), "utf8"));
  const { about: _resources, ...resources } = read("resources.json");
  const { about: _permissions, ...permissions } = read("permissions.json");
  const source = { resources, permissions } as unknown as Source;
  const faults = contradictions(source);
  if (faults.length > 0) throw new Error(`infra/*.json contradict each other:\n  - ${faults.join("\n  - ")}`);
  return source;
}

/** What does not fit together. */
export function contradictions({ resources, permissions }: Source): string[] {
  const functions = new Set(resources.functions.map((one) => one.name));
  const queues = new Set(resources.queues.map((one) => one.name));
  const faults: string[] = [];
  const known = (set: Set<string>, name: string, where: string): void => {
    if (!set.has(name)) faults.push(`${where} names ${name}, which does not exist`);
  };
  for (const queue of resources.queues) known(functions, queue.consumer, `queue ${queue.name}`);
  for (const schedule of resources.schedules) {
    known(functions, schedule.function, "a schedule");
    if (schedule.every_s % 60 !== 0) faults.push(`schedule ${schedule.function}: not a whole number of minutes`);
  }
  for (const route of resources.routes) known(functions, route.function, `route ${route.path}`);
  for (const name of functions) if (!(name in permissions)) faults.push(`function ${name} has no permissions`);
  for (const [name, permission] of Object.entries(permissions)) {
    known(functions, name, "permissions.json");
    for (const queue of permission.send) known(queues, queue, `permissions of ${name}`);
    for (const secret of permission.secrets ?? []) known(new Set([SECRET]), secret, `permissions of ${name}`);
  }
  return faults;
}

/** `signals` of `signals.fifo`. */
export function baseName(queue: string): string {
  return queue.replace(/\.fifo$/, "");
}

/** `signals-dead.fifo` of `signals.fifo`. */
export function deadName(queue: string): string {
  return queue === baseName(queue) ? `${queue}-dead` : `${baseName(queue)}-dead.fifo`;
}

/** An environment name from its pattern. */
export function environmentName(pattern: string, queue: string): string {
  return pattern.replace("{QUEUE}", baseName(queue).toUpperCase().replaceAll("-", "_"));
}

/** The queues that a function consumes. */
export function consumedBy(resources: Resources, name: string): QueueSource[] {
  return resources.queues.filter((queue) => queue.consumer === name);
}

/** How often a schedule calls the function, in seconds; nothing if none does. */
export function everySeconds(resources: Resources, name: string): number | undefined {
  return resources.schedules.find((schedule) => schedule.function === name)?.every_s;
}

/** Whether a schedule calls the function. */
export function isScheduled(resources: Resources, name: string): boolean {
  return resources.schedules.some((schedule) => schedule.function === name);
}

/** The namespace of the desk's own metrics. */
export function metricsNamespace(desk: string): string {
  return `Ballast/${desk}`;
}
