/** The HTTP API: the routes of resources.json, a token for all but the open ones, and limits on how often. */

import { CfnOutput, RemovalPolicy, Stack, Validations, type StackProps } from "aws-cdk-lib";
import * as gateway from "aws-cdk-lib/aws-apigatewayv2";
import { HttpJwtAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { issuerOf } from "./issuer.ts";
import type { PipelineStack } from "./pipeline-stack.ts";
import type { Settings } from "./settings.ts";
import { KILL_SWITCH, type RouteSource, type Source } from "./source.ts";

/** How often the API may be asked, a second and at once. */
const THROTTLE = { ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 };
/** The same for what changes something. */
const THROTTLE_CHANGE = { ThrottlingRateLimit: 2, ThrottlingBurstLimit: 5 };
/** The same for the kill switch: whoever wants to stop trading may press again and again. */
const THROTTLE_KILL = { ThrottlingRateLimit: 10, ThrottlingBurstLimit: 20 };

export class ApiStack extends Stack {
  readonly apiId: string;

  constructor(
    scope: Construct,
    id: string,
    settings: Settings,
    source: Source,
    pipeline: PipelineStack,
    props: StackProps,
  ) {
    super(scope, id, props);
    const api = new gateway.HttpApi(this, "Api", { apiName: settings.desk, createDefaultStage: false });
    this.apiId = api.apiId;
    const issuer = issuerOf(this, settings);
    const authorizer = new HttpJwtAuthorizer("Token", issuer.url, { jwtAudience: [...issuer.audience] });

    const integrations = new Map<string, HttpLambdaIntegration>();
    const integrationOf = (name: string): HttpLambdaIntegration => {
      const integration = integrations.get(name) ?? this.integration(name, pipeline);
      integrations.set(name, integration);
      return integration;
    };
    const routes = source.resources.routes.map((route) => {
      const made = new gateway.HttpRoute(this, `${route.method} ${route.path}`, {
        httpApi: api,
        routeKey: gateway.HttpRouteKey.with(route.path, route.method as gateway.HttpMethod),
        integration: integrationOf(route.function),
        ...(!route.open && { authorizer }),
      });
      if (route.open) {
        const reason = "Says nothing about the desk; resources.json marks it as open.";
        Validations.of(made).acknowledge({ id: "AwsSolutions-APIG4", reason });
      }
      return made;
    });
    this.stage(settings.desk, api, source.resources.routes).node.addDependency(...routes);
    new CfnOutput(this, "ApiUrl", { value: api.apiEndpoint });
  }

  private integration(name: string, pipeline: PipelineStack): HttpLambdaIntegration {
    return new HttpLambdaIntegration(name, pipeline.functionNamed(name), {
      payloadFormatVersion: gateway.PayloadFormatVersion.VERSION_2_0,
      // One permission for the whole API instead of one a route.
      scopePermissionToRoute: false,
    });
  }

  private stage(desk: string, api: gateway.HttpApi, routes: readonly RouteSource[]): gateway.CfnStage {
    const log = new LogGroup(this, "AccessLog", {
      logGroupName: `/aws/vendedlogs/${desk}-api`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    return new gateway.CfnStage(this, "Stage", {
      apiId: api.apiId,
      stageName: "$default",
      autoDeploy: true,
      accessLogSettings: { destinationArn: log.logGroupArn, format: ACCESS_LOG },
      defaultRouteSettings: {
        throttlingRateLimit: THROTTLE.ThrottlingRateLimit,
        throttlingBurstLimit: THROTTLE.ThrottlingBurstLimit,
      },
      routeSettings: Object.fromEntries(
        routes
          .filter((route) => route.method !== "GET")
          .map((route) => [`${route.method} ${route.path}`, throttleOf(route)]),
      ),
    });
  }
}

function throttleOf(route: RouteSource): typeof THROTTLE {
  return route.function === KILL_SWITCH ? THROTTLE_KILL : THROTTLE_CHANGE;
}

/** Who asked what and what became of it: never a header, never a body. */
const ACCESS_LOG = JSON.stringify({
  requestId: "$context.requestId",
  time: "$context.requestTime",
  ip: "$context.identity.sourceIp",
  route: "$context.routeKey",
  path: "$context.path",
  status: "$context.status",
  length: "$context.responseLength",
  latency: "$context.responseLatency",
  subject: "$context.authorizer.claims.sub",
  refusal: "$context.authorizer.error",
  failure: "$context.integrationErrorMessage",
});
