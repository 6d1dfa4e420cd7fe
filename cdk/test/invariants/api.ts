/** The API: its routes, who may use them, and what is written down about it. */

import { KILL_SWITCH } from "../../lib/source.ts";
import { compare, found, target, type Evidence } from "./tree.ts";

/** How often a second the kill switch must at least be answered. */
const KILL_RATE = 5;

/** The routes are the listed ones; every one that is not open wants a token, and no verdict on one that changes
 * something is remembered. */
export function routes({ tree, source }: Evidence): string[] {
  const listed = new Map(source.resources.routes.map((route) => [`${route.method} ${route.path}`, route]));
  const actual = found(tree, "AWS::ApiGatewayV2::Route");
  const faults = compare(
    actual.map((route) => route.props.RouteKey),
    listed.keys(),
    (key) => `route ${key} is not listed`,
    (key) => `route ${key} is missing`,
  );
  for (const { stack, props } of actual) {
    const key = String(props.RouteKey);
    if (listed.get(key)?.open && key.startsWith("GET ")) continue;
    const authorizer = target(tree, stack, props.AuthorizerId)?.props;
    if (props.AuthorizationType !== "JWT" || authorizer?.AuthorizerType !== "JWT") {
      faults.push(`route ${key} wants no token`);
    }
    if (!key.startsWith("GET ") && authorizer?.AuthorizerResultTtlInSeconds > 0) {
      faults.push(`route ${key} changes something, and the verdict on its caller is cached`);
    }
  }
  return faults;
}

/** The stage holds callers back, but never whoever wants to stop trading. */
export function stage({ tree, source }: Evidence): string[] {
  return found(tree, "AWS::ApiGatewayV2::Stage").flatMap(({ id, props }) => {
    const faults: string[] = [];
    const everywhere = props.DefaultRouteSettings?.ThrottlingRateLimit;
    if (!(everywhere > 0)) faults.push(`stage ${id} holds nobody back`);
    for (const route of source.resources.routes.filter((one) => one.method !== "GET")) {
      const key = `${route.method} ${route.path}`;
      const limit = props.RouteSettings?.[key]?.ThrottlingRateLimit;
      if (!(limit < everywhere)) faults.push(`route ${key} is not held back further`);
      if (route.function === KILL_SWITCH && !(limit >= KILL_RATE)) faults.push(`route ${key} holds back the kill switch`);
    }
    const format = String(props.AccessLogSettings?.Format ?? "");
    if (format === "") faults.push(`stage ${id} writes no access log`);
    if (/authorization|header|body|\.token/i.test(format)) faults.push(`stage ${id} logs what may be a secret`);
    return faults;
  });
}

/** Only this API may call the functions behind it. */
export function callers({ tree }: Evidence): string[] {
  return found(tree, "AWS::Lambda::Permission")
    .filter(({ props }) => !JSON.stringify(props.SourceArn ?? "").includes(":execute-api:"))
    .map(({ id }) => `permission ${id} lets more than the API in`);
}
