/** The desk as four stacks, and what depends on what. */

import { DefaultStackSynthesizer, Tags, type App, type StackProps } from "aws-cdk-lib";
import { ApiStack } from "./api-stack.ts";
import { DataStack } from "./data-stack.ts";
import { ObservabilityStack } from "./observability-stack.ts";
import { PipelineStack } from "./pipeline-stack.ts";
import type { Settings } from "./settings.ts";
import type { Source } from "./source.ts";

/** The stacks of a desk. */
export interface Desk {
  readonly data: DataStack;
  readonly pipeline: PipelineStack;
  readonly api: ApiStack;
  readonly observability: ObservabilityStack;
}

/** Makes the stacks of a desk. They name no account and no region, so synthesis looks nothing up. */
export function makeDesk(app: App, settings: Settings, source: Source): Desk {
  const props = (description: string): StackProps => ({
    description,
    synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }),
  });
  const name = (part: string): string => `${settings.desk}-${part}`;
  const data = new DataStack(app, name("data"), settings, source, props("Ballast: table, history, key, venue keys"));
  const pipeline = new PipelineStack(
    app,
    name("pipeline"),
    settings,
    source,
    data,
    props("Ballast: functions, queues, schedules"),
  );
  const api = new ApiStack(app, name("api"), settings, source, pipeline, props("Ballast: HTTP API and who may use it"));
  const observability = new ObservabilityStack(
    app,
    name("observability"),
    settings,
    source,
    { keyArn: data.keyArn, apiId: api.apiId },
    props("Ballast: alarms, dashboards, budget"),
  );
  // It refers to functions and queues by their names, which CloudFormation can't see.
  observability.addStackDependency(pipeline);
  Tags.of(app).add("desk", settings.desk);
  return { data, pipeline, api, observability };
}
