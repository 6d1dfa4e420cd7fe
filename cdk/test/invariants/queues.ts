/** Queues, and how messages reach functions. */

import { deadName } from "../../lib/source.ts";
import { deskOf, found, resolve, target, type Evidence } from "./tree.ts";

/** Every queue has dead letters, at a redrive that comes after the handler's own limit. */
export function deadLetters({ tree, source }: Evidence): string[] {
  const queues = found(tree, "AWS::SQS::Queue");
  const schedules = found(tree, "AWS::Scheduler::Schedule");
  const dead = new Set([
    ...queues.map((one) => resolve(tree, one.stack, one.props.RedrivePolicy?.deadLetterTargetArn)),
    ...schedules.map((one) => resolve(tree, one.stack, one.props.Target.DeadLetterConfig?.Arn)),
  ]);
  return queues.flatMap(({ stack, id, props }) => {
    if (dead.has(`${stack}/${id}.Arn`)) return [];
    if (!props.RedrivePolicy) return [`queue ${props.QueueName} has no dead letters`];
    return props.RedrivePolicy.maxReceiveCount > source.resources.max_receives
      ? []
      : [`queue ${props.QueueName}: its redrive comes before the handler buries`];
  });
}

/** The queues are those of resources.json with their dead letters, encrypted, FIFO where said. */
export function queues({ tree, source }: Evidence): string[] {
  const desk = deskOf(tree);
  const faults: string[] = [];
  const byName = new Map(found(tree, "AWS::SQS::Queue").map((one) => [one.props.QueueName, one]));
  for (const queue of source.resources.queues) {
    for (const name of [`${desk}-${queue.name}`, `${desk}-${deadName(queue.name)}`]) {
      const one = byName.get(name);
      if (!one) faults.push(`queue ${name} is missing`);
      else if (Boolean(one.props.FifoQueue) !== queue.fifo) faults.push(`queue ${name}: FIFO is not as listed`);
    }
  }
  for (const { props } of byName.values()) {
    if (props.SqsManagedSseEnabled !== true && !props.KmsMasterKeyId) faults.push(`queue ${props.QueueName} is not encrypted`);
    if (props.ContentBasedDeduplication) faults.push(`queue ${props.QueueName} takes equal bodies for one message`);
  }
  return faults;
}

/** Every listed queue is consumed as listed, with partial failures, and hides messages long enough. */
export function mappings({ tree, source }: Evidence): string[] {
  const desk = deskOf(tree);
  const faults: string[] = [];
  const unmapped = new Map(source.resources.queues.map((queue) => [`${desk}-${queue.name}`, queue]));
  for (const { stack, id, props } of found(tree, "AWS::Lambda::EventSourceMapping")) {
    const queue = target(tree, stack, props.EventSourceArn)?.props;
    const consumer = target(tree, stack, props.FunctionName)?.props;
    const listed = unmapped.get(queue?.QueueName);
    unmapped.delete(queue?.QueueName);
    if (!listed || `${desk}-${listed.consumer}` !== consumer?.FunctionName) faults.push(`mapping ${id} is not listed`);
    else if (props.BatchSize !== listed.batch) faults.push(`mapping ${id}: its batch size is not as listed`);
    if (!(props.FunctionResponseTypes ?? []).includes("ReportBatchItemFailures")) {
      faults.push(`mapping ${id} does not report partial failures: one bad message repeats its whole batch`);
    }
    if (!(queue?.VisibilityTimeout >= 6 * consumer?.Timeout)) {
      faults.push(`queue ${queue?.QueueName} hides messages for less than six timeouts of its consumer`);
    }
  }
  return [...faults, ...[...unmapped.keys()].map((name) => `queue ${name} has no consumer`)];
}
