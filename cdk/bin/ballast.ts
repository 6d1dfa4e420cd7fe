/** Makes the desk's templates from the context and from infra/*.json. */

import { App } from "aws-cdk-lib";
import { makeDesk } from "../lib/desk.ts";
import { readSettings } from "../lib/settings.ts";
import { readSource } from "../lib/source.ts";

const app = new App();
makeDesk(app, readSettings(app.node), readSource());
