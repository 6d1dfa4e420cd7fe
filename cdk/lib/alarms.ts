/** When a person is called. Every alarm has a section in infra/runbook.md under its short name. */

import { Duration } from "aws-cdk-lib";
import { Alarm, ComparisonOperator, MathExpression, Metric, TreatMissingData, type IMetric } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import { schedulesDeadName } from "./schedules.ts";
import type { Settings } from "./settings.ts";
import { baseName, consumedBy, deadName, everySeconds, metricsNamespace, type FunctionSource, type Resources } from "./source.ts";

const MINUTE = Duration.minutes(1);
const FIVE_MINUTES = Duration.minutes(5);

/** How long a message may wait before somebody should look, in seconds. */
const OLD_MESSAGE = 120;

/** What makes an alarm ring. */
interface Rule {
  /** What it means, as a sentence. */
  readonly meaning: string;
  readonly metric: IMetric;
  /** Rings at this value and above. */
  readonly threshold: number;
  /** So many datapoints of so many. */
  readonly datapoints?: readonly [number, number];
  /** Rings when nothing is reported, too. */
  readonly ringsOnSilence?: boolean;
}

export class Alarms extends Construct {
  readonly all: Alarm[] = [];

  constructor(
    scope: Construct,
    id: string,
    private readonly settings: Settings,
    private readonly topic: ITopic,
    resources: Resources,
    apiId: string,
  ) {
    super(scope, id);
    for (const definition of resources.functions) this.functionErrors(definition, resources);
    for (const queue of resources.queues) this.queue(queue.name);
    this.deadLetters("schedules", schedulesDeadName(settings.desk));
    this.trading();
    this.platform(apiId);
  }

  private functionErrors({ name }: FunctionSource, resources: Resources): void {
    const errors = (period: Duration): IMetric =>
      this.aws("Lambda", "Errors", { FunctionName: `${this.settings.desk}-${name}` }, period);
    // A schedule that fails once is made good by the next: three of five in a row is a fault. A consumer's failure comes
    // back with its message.
    const every = consumedBy(resources, name).length === 0 ? everySeconds(resources, name) : undefined;
    this.add(`${name}-errors`, {
      meaning: `The function ${name} keeps failing.`,
      ...(every
        ? { metric: errors(Duration.seconds(every)), threshold: 1, datapoints: [3, 5] }
        : { metric: errors(FIVE_MINUTES), threshold: 3 }),
    });
  }

  private queue(name: string): void {
    const { desk } = this.settings;
    this.deadLetters(baseName(name), `${desk}-${deadName(name)}`);
    this.add(`${baseName(name)}-age`, {
      meaning: `A message has waited in ${name} for more than ${OLD_MESSAGE} seconds.`,
      metric: this.aws("SQS", "ApproximateAgeOfOldestMessage", { QueueName: `${desk}-${name}` }, MINUTE, "Maximum"),
      threshold: OLD_MESSAGE + 1,
      datapoints: [3, 3],
    });
  }

  private deadLetters(base: string, queueName: string): void {
    this.add(`${base}-dead-letters`, {
      meaning: `There are dead letters in ${queueName}.`,
      metric: this.aws("SQS", "ApproximateNumberOfMessagesVisible", { QueueName: queueName }, MINUTE, "Maximum"),
      threshold: 1,
    });
  }

  private trading(): void {
    const own = (name: string, statistic = "Sum", period = MINUTE): IMetric =>
      new Metric({ namespace: metricsNamespace(this.settings.desk), metricName: name, statistic, period });
    this.add("data-stale", {
      meaning: "The market data is old, or nobody says how old it is: strategies decide on nothing new.",
      metric: own("DataAge", "Maximum", FIVE_MINUTES),
      threshold: this.settings.dataStaleSeconds,
      datapoints: [2, 2],
      ringsOnSilence: true,
    });
    this.add("books-differ", {
      meaning: "The books and the venue differ, round after round.",
      metric: own("Findings"),
      threshold: 1,
      datapoints: [3, 5],
    });
    this.add("orders-unknown", {
      meaning: "An order was sent and its outcome is not known.",
      metric: own("UnknownOrders"),
      threshold: 1,
    });
    this.add("breaker-open", {
      meaning: "A venue does not answer as a venue: nothing of a kind is sent there for a while.",
      metric: own("BreakerOpen"),
      threshold: 1,
    });
    this.add("kill-switch-used", {
      meaning: "The kill switch was used: trading was stopped, or somebody wants it to go on.",
      metric: own("KillSwitch"),
      threshold: 1,
    });
  }

  private platform(apiId: string): void {
    const table = { TableName: this.settings.desk };
    this.add("table-throttled", {
      meaning: "DynamoDB refuses requests to the table for being too many.",
      metric: new MathExpression({
        expression: "FILL(reads, 0) + FILL(writes, 0)",
        usingMetrics: {
          reads: this.aws("DynamoDB", "ReadThrottleEvents", table, FIVE_MINUTES),
          writes: this.aws("DynamoDB", "WriteThrottleEvents", table, FIVE_MINUTES),
        },
        label: "throttled",
        period: FIVE_MINUTES,
      }),
      threshold: 1,
    });
    this.add("api-5xx", {
      meaning: "The API answers with its own failures.",
      metric: this.aws("ApiGateway", "5xx", { ApiId: apiId }, FIVE_MINUTES),
      threshold: 1,
    });
    this.add("functions-throttled", {
      meaning: "Lambda refuses to run functions: the account has used up its concurrent executions.",
      metric: this.aws("Lambda", "Throttles", {}, FIVE_MINUTES),
      threshold: 1,
    });
  }

  private aws(
    service: string,
    metricName: string,
    dimensionsMap: Record<string, string>,
    period: Duration,
    statistic = "Sum",
  ): Metric {
    return new Metric({ namespace: `AWS/${service}`, metricName, dimensionsMap, period, statistic });
  }

  private add(shortName: string, rule: Rule): void {
    const [datapoints, periods] = rule.datapoints ?? [1, 1];
    const alarm = new Alarm(this, shortName, {
      alarmName: `${this.settings.desk}-${shortName}`,
      alarmDescription: `${rule.meaning} Runbook: infra/runbook.md#${shortName}`,
      metric: rule.metric,
      threshold: rule.threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: periods,
      datapointsToAlarm: datapoints,
      treatMissingData: rule.ringsOnSilence ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    alarm.addOkAction(new SnsAction(this.topic));
    this.all.push(alarm);
  }
}
