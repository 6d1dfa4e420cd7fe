/** Alarms, their sections in the runbook, and dashboards. */

import { baseName, deadName } from "../../lib/source.ts";
import { schedulesDeadName } from "../../lib/schedules.ts";
import { compare, deskOf, found, list, resolve, type Evidence, type Json } from "./tree.ts";

const RUNBOOK = /Runbook: infra\/runbook\.md#([a-z0-9-]+)$/;
const PARTS = ["What it means", "What to look at", "What to do", "How to know that it is over"];

/** Every alarm calls somebody and names its section; every section belongs to an alarm and has its four parts. */
export function runbook({ tree, runbook }: Evidence): string[] {
  const desk = deskOf(tree);
  const sections = new Map(runbook.split(/^## /m).slice(1).map((text) => [text.split("\n", 1)[0] ?? "", text]));
  const faults: string[] = [];
  const named: string[] = [];
  for (const { props } of found(tree, "AWS::CloudWatch::Alarm")) {
    const anchor = RUNBOOK.exec(props.AlarmDescription ?? "")?.[1];
    if (anchor) named.push(anchor);
    if (`${desk}-${anchor}` !== props.AlarmName) faults.push(`alarm ${props.AlarmName} does not name its section`);
    if (list(props.AlarmActions).length === 0) faults.push(`alarm ${props.AlarmName} calls nobody`);
  }
  const differ = compare(
    named,
    sections.keys(),
    (name) => `the runbook has no section ${name}`,
    (name) => `no alarm names the runbook's section ${name}`,
  );
  for (const [name, text] of sections) {
    for (const part of PARTS) if (!text.includes(`**${part}.**`)) faults.push(`runbook, ${name}: "${part}" is missing`);
  }
  return [...faults, ...differ];
}

/** Every function, queue and dead letter queue is watched. */
export function alarms({ tree, source }: Evidence): string[] {
  const desk = deskOf(tree);
  const watched = new Set(found(tree, "AWS::CloudWatch::Alarm").map(({ props }) => `${props.AlarmName} ${subject(props)}`));
  const expected = [
    ...found(tree, "AWS::Lambda::Function").map(({ props }) => `${props.FunctionName}-errors Errors ${props.FunctionName}`),
    ...source.resources.queues.flatMap(({ name }) => [
      `${desk}-${baseName(name)}-age ApproximateAgeOfOldestMessage ${desk}-${name}`,
      `${desk}-${baseName(name)}-dead-letters ApproximateNumberOfMessagesVisible ${desk}-${deadName(name)}`,
    ]),
    `${desk}-schedules-dead-letters ApproximateNumberOfMessagesVisible ${schedulesDeadName(desk)}`,
  ];
  return expected.filter((one) => !watched.has(one)).map((one) => `there is no alarm ${one}`);
}

/** An alarm over a scheduled function can ring: a period is at least as long as the time from one call to the next. */
export function canRing({ tree, source }: Evidence): string[] {
  const desk = deskOf(tree);
  const periods = new Map(found(tree, "AWS::CloudWatch::Alarm").map(({ props }) => [props.AlarmName, props.Period as number]));
  return source.resources.schedules
    .filter(({ function: name, every_s }) => (periods.get(`${desk}-${name}-errors`) ?? 0) < every_s)
    .map(({ function: name, every_s }) => `alarm ${desk}-${name}-errors can't ring: ${name} is called every ${every_s} s only`);
}

/** An alarm over a metric of the desk's own looks at one that is written: without its dimension only where that is totalled. */
export function written({ tree, source }: Evidence): string[] {
  const lone = source.resources.metrics.filter(({ dimension, total }) => dimension === undefined || total === true);
  const names = new Set<string>(lone.map(({ name }) => name));
  return found(tree, "AWS::CloudWatch::Alarm")
    .filter(({ props }) => String(props.Namespace).startsWith("Ballast/") && !names.has(props.MetricName))
    .map(({ props }) => `alarm ${props.AlarmName} looks at ${props.MetricName}, which nobody writes without a dimension`);
}

function subject(props: Json): string {
  return `${props.MetricName} ${list<Json>(props.Dimensions).map((one) => one.Value).join()}`;
}

/** So many dashboards, of so many metrics each, are free. */
const DASHBOARDS = 3;
const METRICS = 50;

export function dashboards({ tree, source }: Evidence): string[] {
  const all = found(tree, "AWS::CloudWatch::Dashboard");
  const faults = all.length > DASHBOARDS ? [`${all.length} dashboards: only ${DASHBOARDS} are free`] : [];
  let shown = "";
  for (const { stack, props } of all) {
    const body = resolve(tree, stack, props.DashboardBody);
    const count = metricsIn(body);
    shown += body;
    if (count >= METRICS) faults.push(`dashboard ${props.DashboardName} has ${count} metrics`);
  }
  const absent = source.resources.metrics.filter(({ name }) => !shown.includes(`"${name}"`) && !shown.includes(`\\"${name}\\"`));
  return [...faults, ...absent.map(({ name }) => `no dashboard shows ${name}`)];
}

/** A search counts as as many metrics as it may find in this desk, at a guess on the safe side. */
const SEARCH = 15;

function metricsIn(body: string): number {
  const rows = (JSON.parse(body).widgets as Json[]).flatMap((widget) => widget.properties.metrics ?? []);
  return rows.reduce((sum: number, row: Json[]) => sum + (typeof row[0] === "object" ? SEARCH : 1), 0);
}
