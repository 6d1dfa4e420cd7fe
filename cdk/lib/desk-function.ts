/** One of the desk's functions: program, log, environment, and a role that may do what permissions.json says. */

import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, Function as LambdaFunction, LoggingFormat, Runtime } from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { DataStack } from "./data-stack.ts";
import { functionCode } from "./function-code.ts";
import { queueStatements, secretStatements, tableStatements } from "./grants.ts";
import type { Queues } from "./queues.ts";
import type { Settings } from "./settings.ts";
import * as src from "./source.ts";

/** What a function is made from. */
export interface DeskFunctionProps {
  readonly settings: Settings;
  readonly source: src.Source;
  readonly data: DataStack;
  readonly queues: Queues;
}

export class DeskFunction extends Construct {
  readonly lambda: LambdaFunction;

  constructor(scope: Construct, definition: src.FunctionSource, props: DeskFunctionProps) {
    super(scope, definition.name);
    const { settings, source, queues } = props;
    const { name } = definition;
    const functionName = `${settings.desk}-${name}`;
    const logGroup = new LogGroup(this, "Log", {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const scheduled = src.isScheduled(source.resources, name);
    this.lambda = new LambdaFunction(this, "Function", {
      functionName,
      runtime: Runtime.PROVIDED_AL2023,
      handler: "bootstrap",
      code: functionCode(settings.code, name),
      architecture: settings.arch === "arm64" ? Architecture.ARM_64 : Architecture.X86_64,
      memorySize: definition.memory_mb,
      timeout: Duration.seconds(definition.timeout_s),
      role: this.role(name, logGroup, props),
      logGroup,
      // The program's lines are JSON already.
      loggingFormat: LoggingFormat.TEXT,
      environment: environment(name, settings, source, queues),
      // Whatever a schedule missed, it asks again within the minute: a retry would only be late.
      ...(scheduled && { retryAttempts: 0, maxEventAge: Duration.seconds(60) }),
      ...(name === src.KILL_SWITCH && { reservedConcurrentExecutions: settings.reserveForKill }),
    });
    for (const queue of src.consumedBy(source.resources, name)) {
      this.lambda.addEventSourceMapping(src.baseName(queue.name), {
        eventSourceArn: queues.get(queue.name).live.queueArn,
        batchSize: queue.batch,
        reportBatchItemFailures: true,
      });
    }
  }

  /** A role of its own, without AWS's managed policies: they may write to every log there is. */
  private role(name: string, logGroup: LogGroup, { source, data, queues }: DeskFunctionProps): Role {
    const permission = source.permissions[name];
    if (!permission) throw new Error(`infra/permissions.json says nothing about ${name}`);
    const log = new PolicyStatement({
      actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
      resources: [logGroup.logGroupArn],
    });
    const policies: Record<string, PolicyStatement[]> = {
      log: [log],
      table: tableStatements(permission, data),
      queues: queueStatements(name, source, queues),
      secrets: secretStatements(permission, data),
    };
    const documents = Object.entries(policies)
      .filter(([, statements]) => statements.length > 0)
      .map(([title, statements]) => [title, new PolicyDocument({ statements })] as const);
    return new Role(this, "Role", {
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      inlinePolicies: Object.fromEntries(documents),
    });
  }
}

/** What a function is told: of queues only those it sends to, of dead letters only those it fills. */
function environment(
  name: string,
  settings: Settings,
  { resources, permissions }: src.Source,
  queues: Queues,
): Record<string, string> {
  const names = resources.environment;
  const told: Record<string, string> = {
    [names.table]: settings.desk,
    [names.metrics_namespace]: src.metricsNamespace(settings.desk),
  };
  for (const queue of permissions[name]?.send ?? []) {
    told[src.environmentName(names.queue_url, queue)] = queues.get(queue).live.queueUrl;
  }
  for (const queue of src.consumedBy(resources, name)) {
    told[src.environmentName(names.dead_letter_url, queue.name)] = queues.get(queue.name).dead.queueUrl;
  }
  if (name === src.MARKET_DATA) told[names.market_data_url] = settings.marketDataUrl;
  // Where they stand, not what they are.
  for (const secret of permissions[name]?.secrets ?? []) told[names.venue_keys] = `${settings.desk}/${secret}`;
  return told;
}
