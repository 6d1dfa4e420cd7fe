/** A function's program: a placeholder, or a folder that was built before. Synthesis never builds. */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Code } from "aws-cdk-lib/aws-lambda";
import type { CodeSource } from "./settings.ts";

const PLACEHOLDER = resolve(import.meta.dirname, "../placeholder");

/** The code of the function of that name, or an error that says how to build it. */
export function functionCode(source: CodeSource, name: string): Code {
  if (source.kind === "placeholder") return Code.fromAsset(PLACEHOLDER);
  const folder = join(source.path, name);
  if (!existsSync(join(folder, "bootstrap"))) {
    throw new Error(
      `${join(folder, "bootstrap")} is missing: build them with \`cargo xtask package\`, or name the folder of the ` +
        "built functions with -c code=DIR (-c code=placeholder makes templates that can't run)",
    );
  }
  return Code.fromAsset(folder);
}
