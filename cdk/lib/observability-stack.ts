/** What tells a person: alarms, dashboards, a budget. Nothing here outlives its deletion. */

import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import { CfnBudget } from "aws-cdk-lib/aws-budgets";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { Construct } from "constructs";
import { Alarms } from "./alarms.ts";
import { Dashboards } from "./dashboards.ts";
import type { Settings } from "./settings.ts";
import type { Source } from "./source.ts";

/** What the other stacks are asked for. */
export interface Watched {
  readonly keyArn: string;
  readonly apiId: string;
}

export class ObservabilityStack extends Stack {
  constructor(scope: Construct, id: string, settings: Settings, source: Source, watched: Watched, props: StackProps) {
    super(scope, id, props);
    const topic = this.topic(settings, watched.keyArn);
    const alarms = new Alarms(this, "Alarms", settings, topic, source.resources, watched.apiId);
    new Dashboards(this, "Dashboards", settings.desk, source.resources, alarms.all);
    this.budget(settings, topic);
    new CfnOutput(this, "AlarmTopic", { value: topic.topicArn });
  }

  private topic(settings: Settings, keyArn: string): Topic {
    const topic = new Topic(this, "Topic", {
      topicName: `${settings.desk}-alarms`,
      masterKey: Key.fromKeyArn(this, "Key", keyArn),
      enforceSSL: true,
    });
    for (const service of ["cloudwatch", "budgets"]) {
      topic.addToResourcePolicy(
        new PolicyStatement({
          principals: [new ServicePrincipal(`${service}.amazonaws.com`)],
          actions: ["sns:Publish"],
          resources: [topic.topicArn],
          conditions: { StringEquals: { "aws:SourceAccount": this.account } },
        }),
      );
    }
    if (settings.alarmEmail !== undefined) topic.addSubscription(new EmailSubscription(settings.alarmEmail));
    return topic;
  }

  /** Of the whole account: a filter by tag would see nothing until the tag is activated for billing. */
  private budget(settings: Settings, topic: Topic): void {
    const at = (notificationType: string, threshold: number): CfnBudget.NotificationWithSubscribersProperty => ({
      notification: { notificationType, threshold, thresholdType: "PERCENTAGE", comparisonOperator: "GREATER_THAN" },
      subscribers: [{ subscriptionType: "SNS", address: topic.topicArn }],
    });
    const budget = new CfnBudget(this, "Budget", {
      budget: {
        budgetName: `${settings.desk}-monthly`,
        budgetType: "COST",
        timeUnit: "MONTHLY",
        budgetLimit: { amount: settings.budgetUsd, unit: "USD" },
      },
      notificationsWithSubscribers: [at("ACTUAL", 80), at("FORECASTED", 100)],
    });
    // The budget asks the topic for permission when it is made, and the policy is a resource of its own.
    budget.node.addDependency(topic);
  }
}
