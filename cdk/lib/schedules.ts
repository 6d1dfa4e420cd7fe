/** What happens by the clock. */

import { Stack, Validations } from "aws-cdk-lib";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { CfnSchedule, CfnScheduleGroup } from "aws-cdk-lib/aws-scheduler";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { DEAD_RETENTION } from "./queues.ts";
import type { Resources } from "./source.ts";

/** `rate(1 minute)` of 60 seconds. */
export function rate(seconds: number): string {
  const minutes = seconds / 60;
  return minutes === 1 ? "rate(1 minute)" : `rate(${minutes} minutes)`;
}

/** The physical name of the dead letters of all schedules. */
export function schedulesDeadName(desk: string): string {
  return `${desk}-schedules-dead`;
}

export class Schedules extends Construct {
  constructor(
    scope: Construct,
    id: string,
    desk: string,
    resources: Resources,
    functionNamed: (name: string) => IFunction,
  ) {
    super(scope, id);
    const group = new CfnScheduleGroup(this, "Group", { name: desk });
    const dead = this.deadLetters(desk);
    const role = this.role(resources, dead, functionNamed);
    for (const schedule of resources.schedules) {
      const rule = new CfnSchedule(this, schedule.function, {
        name: `${desk}-${schedule.function}`,
        groupName: desk,
        scheduleExpression: rate(schedule.every_s),
        flexibleTimeWindow: { mode: "OFF" },
        target: {
          arn: functionNamed(schedule.function).functionArn,
          roleArn: role.roleArn,
          input: JSON.stringify(schedule.input),
          // The next one is a minute away, and finds whatever this one left undone.
          retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
          deadLetterConfig: { arn: dead.queueArn },
        },
      });
      rule.node.addDependency(group);
    }
  }

  private deadLetters(desk: string): Queue {
    const dead = new Queue(this, "dead", {
      queueName: schedulesDeadName(desk),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: DEAD_RETENTION,
    });
    Validations.of(dead).acknowledge({
      id: "AwsSolutions-SQS3",
      reason: "It is a dead letter queue itself, of EventBridge Scheduler, which needs no redrive policy to use it.",
    });
    return dead;
  }

  /** One role for all schedules: it may call exactly what they call. */
  private role(resources: Resources, dead: Queue, functionNamed: (name: string) => IFunction): Role {
    const called = [...new Set(resources.schedules.map((schedule) => schedule.function))];
    const { account } = Stack.of(this);
    return new Role(this, "Role", {
      assumedBy: new ServicePrincipal("scheduler.amazonaws.com", {
        conditions: { StringEquals: { "aws:SourceAccount": account } },
      }),
      inlinePolicies: {
        schedules: new PolicyDocument({
          statements: [
            new PolicyStatement({
              actions: ["lambda:InvokeFunction"],
              resources: called.map((name) => functionNamed(name).functionArn),
            }),
            new PolicyStatement({ actions: ["sqs:SendMessage"], resources: [dead.queueArn] }),
          ],
        }),
      },
    });
  }
}
