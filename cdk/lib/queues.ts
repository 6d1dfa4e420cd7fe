/** The desk's queues, each with its dead letters. */

import { Duration } from "aws-cdk-lib";
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption, type QueueProps } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { baseName, deadName, type QueueSource, type Resources } from "./source.ts";

/** A queue and where its poison goes. */
export interface QueuePair {
  readonly live: Queue;
  readonly dead: Queue;
}

/** The properties that every queue has. */
const EVERY: QueueProps = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true };

/** How long dead letters wait for a person: as long as SQS can keep them. */
export const DEAD_RETENTION = Duration.days(14);

/** How many times the consumer's timeout a message stays hidden, as AWS advises for event source mappings. */
export const VISIBILITY_FACTOR = 6;

/**
 * How many receives beyond the handler's own limit the redrive waits. The handler buries a message itself, with its
 * reason, at `max_receives`; the redrive is the backstop for a handler that crashes before it can.
 */
const BACKSTOP = 2;

/** All queues by their names in resources.json. */
export class Queues extends Construct {
  private readonly pairs = new Map<string, QueuePair>();

  constructor(scope: Construct, id: string, desk: string, resources: Resources) {
    super(scope, id);
    for (const queue of resources.queues) this.pairs.set(queue.name, this.pair(desk, queue, resources));
  }

  /** A queue by its name. */
  get(name: string): QueuePair {
    const pair = this.pairs.get(name);
    if (!pair) throw new Error(`There is no queue ${name} in infra/resources.json`);
    return pair;
  }

  private pair(desk: string, queue: QueueSource, resources: Resources): QueuePair {
    const consumer = resources.functions.find((one) => one.name === queue.consumer);
    // High throughput: groups are accounts and markets, and one of them must not slow the others down.
    const fifo: QueueProps = queue.fifo
      ? {
          fifo: true,
          contentBasedDeduplication: false,
          deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
          fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
        }
      : {};
    const dead = new Queue(this, `${baseName(queue.name)}-dead`, {
      ...EVERY,
      ...fifo,
      queueName: `${desk}-${deadName(queue.name)}`,
      retentionPeriod: DEAD_RETENTION,
    });
    const live = new Queue(this, baseName(queue.name), {
      ...EVERY,
      ...fifo,
      queueName: `${desk}-${queue.name}`,
      visibilityTimeout: Duration.seconds(VISIBILITY_FACTOR * (consumer?.timeout_s ?? 0)),
      deadLetterQueue: { queue: dead, maxReceiveCount: resources.max_receives + BACKSTOP },
    });
    return { live, dead };
  }
}
