/** The path of a bar: queues, functions, schedules. Nothing here outlives its deletion. */

import { Stack, type StackProps } from "aws-cdk-lib";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import type { DataStack } from "./data-stack.ts";
import { DeskFunction } from "./desk-function.ts";
import { Queues } from "./queues.ts";
import { Schedules } from "./schedules.ts";
import type { Settings } from "./settings.ts";
import type { Source } from "./source.ts";

export class PipelineStack extends Stack {
  private readonly functions = new Map<string, IFunction>();

  constructor(
    scope: Construct,
    id: string,
    settings: Settings,
    source: Source,
    data: DataStack,
    props: StackProps,
  ) {
    super(scope, id, props);
    const queues = new Queues(this, "Queues", settings.desk, source.resources);
    for (const definition of source.resources.functions) {
      const { lambda } = new DeskFunction(this, definition, { settings, source, data, queues });
      this.functions.set(definition.name, lambda);
    }
    new Schedules(this, "Schedules", settings.desk, source.resources, (name) => this.functionNamed(name));
  }

  /** A function by its name in resources.json. */
  functionNamed(name: string): IFunction {
    const found = this.functions.get(name);
    if (!found) throw new Error(`There is no function ${name} in infra/resources.json`);
    return found;
  }
}
