/**
 * Three dashboards of fewer than fifty metrics each: so many are free in an account. A fourth, or a fiftieth metric,
 * would cost more a month than the rest of an idle desk.
 */

import { Duration } from "aws-cdk-lib";
import * as cw from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";
import { schedulesDeadName } from "./schedules.ts";
import { consumedBy, deadName, metricsNamespace, type Resources } from "./source.ts";

const PERIOD = Duration.minutes(5);

export class Dashboards extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly desk: string,
    private readonly resources: Resources,
    alarms: readonly cw.IAlarm[],
  ) {
    super(scope, id);
    const status = new cw.AlarmStatusWidget({ title: "Alarms", alarms: [...alarms], width: 24, height: 6 });
    this.dashboard("pipeline", [[status], ...this.functions(), ...this.queues(), this.cost()]);
    this.dashboard("trading", this.trading());
    this.dashboard("risk", this.risk());
  }

  private dashboard(name: string, widgets: cw.IWidget[][]): void {
    const dashboardName = `${this.desk}-${name}`;
    new cw.Dashboard(this, name, { dashboardName, defaultInterval: Duration.days(1), widgets });
  }

  private functions(): cw.IWidget[][] {
    const of = (metricName: string, statistic: string, names: string[]): cw.IMetric[] =>
      names.map((name) =>
        this.aws("Lambda", metricName, statistic, name, { FunctionName: `${this.desk}-${name}` }),
      );
    const all = this.resources.functions.map(({ name }) => name);
    // Of durations only those that an order waits for: there are fifty metrics, not more.
    const waitedFor = all.filter((name) => consumedBy(this.resources, name).length > 0);
    return [
      [graph("Invocations", of("Invocations", "Sum", all)), graph("Errors", of("Errors", "Sum", all))],
      [
        graph("Duration of what an order waits for, p95, ms", of("Duration", "p95", waitedFor)),
        graph("Throttles, whole account", [this.aws("Lambda", "Throttles", "Sum", "throttles", {})]),
      ],
    ];
  }

  private queues(): cw.IWidget[][] {
    const names = this.resources.queues.map(({ name }) => name);
    const of = (metricName: string, statistic: string, queues: string[]): cw.IMetric[] =>
      queues.map((name) => this.aws("SQS", metricName, statistic, name, { QueueName: `${this.desk}-${name}` }));
    const visible = "ApproximateNumberOfMessagesVisible";
    const schedules = { QueueName: schedulesDeadName(this.desk) };
    const dead = [
      ...of(visible, "Maximum", names.map(deadName)),
      this.aws("SQS", visible, "Maximum", "schedules-dead", schedules),
    ];
    return [
      [
        graph("Waiting messages", of(visible, "Maximum", names), 8),
        graph("Oldest message, s", of("ApproximateAgeOfOldestMessage", "Maximum", names), 8),
        graph("Dead letters", dead, 8),
      ],
    ];
  }

  /** What the bill is made of. Most requests to SQS are Lambda asking queues that are empty. */
  private cost(): cw.IWidget[] {
    const table = (name: string): cw.IMetric => this.aws("DynamoDB", name, "Sum", name, { TableName: this.desk });
    const polls = this.resources.queues.map(({ name }) =>
      this.aws("SQS", "NumberOfEmptyReceives", "Sum", name, { QueueName: `${this.desk}-${name}` }),
    );
    const charges = new cw.Metric({
      namespace: "AWS/Billing",
      metricName: "EstimatedCharges",
      dimensionsMap: { Currency: "USD" },
      statistic: "Maximum",
      period: Duration.hours(6),
      // Billing is reported there only, and only when billing alerts are switched on.
      region: "us-east-1",
    });
    const units = [table("ConsumedReadCapacityUnits"), table("ConsumedWriteCapacityUnits")];
    const invocations = this.aws("Lambda", "Invocations", "Sum", "invocations, whole account", {});
    return [
      graph("Cost: table units", units, 6),
      graph("Cost: invocations", [invocations], 6),
      graph("Cost: SQS requests to empty queues", polls, 6),
      graph("Cost: charges of this month, USD, whole account", [charges], 6),
    ];
  }

  private trading(): cw.IWidget[][] {
    return [
      [graph("Equity and cash", [this.own("Equity", "Average"), this.own("Cash", "Average")], 24)],
      [
        graph("Signals, approvals, fills", [this.own("Signals"), this.own("Approved"), this.own("Fills")]),
        graph("Open positions", [this.own("OpenPositions", "Maximum")]),
      ],
    ];
  }

  private risk(): cw.IWidget[][] {
    return [
      [graph("Refused, by layer", [this.by("Refused")]), graph("Age of market data, s", [this.own("DataAge", "Maximum")])],
      [
        graph("Orders of unknown outcome", [this.own("UnknownOrders")], 6),
        graph("Books and venue differ", [this.own("Findings")], 6),
        graph("Kill switch, breakers that opened", [this.own("KillSwitch"), this.own("BreakerOpen")], 6),
        graph("Messages buried, by queue", [this.by("DeadLetters")], 6),
      ],
    ];
  }

  private aws(
    service: string,
    metricName: string,
    statistic: string,
    label: string,
    dimensionsMap: Record<string, string>,
  ): cw.Metric {
    const namespace = `AWS/${service}`;
    return new cw.Metric({ namespace, metricName, statistic, label, dimensionsMap, period: PERIOD });
  }

  private own(metricName: string, statistic = "Sum"): cw.Metric {
    this.declared(metricName);
    const namespace = metricsNamespace(this.desk);
    return new cw.Metric({ namespace, metricName, statistic, label: metricName, period: PERIOD });
  }

  /** A metric by its dimension, whatever values that takes. */
  private by(metricName: string): cw.IMetric {
    const dimension = this.declared(metricName).dimension;
    const schema = `{"${metricsNamespace(this.desk)}",${dimension}}`;
    return new cw.MathExpression({
      expression: `SEARCH('${schema} MetricName="${metricName}"', 'Sum', ${PERIOD.toSeconds()})`,
      usingMetrics: {},
      label: "",
      period: PERIOD,
    });
  }

  /** A metric nobody writes would be an empty graph for ever. */
  private declared(metricName: string): Resources["metrics"][number] {
    const found = this.resources.metrics.find(({ name }) => name === metricName);
    if (!found) throw new Error(`There is no metric ${metricName} in infra/resources.json`);
    return found;
  }
}

function graph(title: string, left: cw.IMetric[], width = 12): cw.GraphWidget {
  return new cw.GraphWidget({ title, left, width, height: 6 });
}
