/** Each rule is able to fail: the desk is broken in one place, and the rule that guards it says so. */

import { describe, expect, it } from "vitest";
import { violations } from "./invariants/index.ts";
import { found, type Evidence, type Found, type Json, type Resource } from "./invariants/tree.ts";
import { evidence } from "./synth.ts";

/** The one resource of a type of which the text says something. */
function pick(on: Evidence, type: string, says = ""): Found {
  const match = found(on.tree, type).find((one) => JSON.stringify(one.resource).includes(says));
  if (!match) throw new Error(`there is no ${type} with ${says} to break`);
  return match;
}

const lambda = (on: Evidence, name: string): Json => pick(on, "AWS::Lambda::Function", `"ballast-${name}"`).props;
const queue = (on: Evidence, name: string): Found => pick(on, "AWS::SQS::Queue", `"ballast-${name}"`);
const alarm = (on: Evidence, name: string): Found => pick(on, "AWS::CloudWatch::Alarm", `"ballast-${name}"`);
const remove = (on: Evidence, one: Found): void => void delete on.tree[one.stack]?.Resources[one.id];

function add(on: Evidence, part: string, id: string, resource: Resource): void {
  const template = on.tree[`ballast-${part}`];
  if (template) template.Resources[id] = resource;
}

/** The statements of a function's role in one of its policies. */
function statements(on: Evidence, name: string, policy: string): Json[] {
  const role = lambda(on, name).Role["Fn::GetAtt"][0];
  const policies: Json[] = on.tree["ballast-pipeline"]?.Resources[role]?.Properties.Policies;
  return policies.find((one) => one.PolicyName === policy).PolicyDocument.Statement;
}

function allow(on: Evidence, name: string, Action: string, Resource: Json): void {
  statements(on, name, "table").push({ Effect: "Allow", Action, Resource });
}

const secretArn = (on: Evidence): Json => statements(on, "order-placement", "secrets")[0].Resource;

/** What is broken, what is then said, and how it is broken. */
const SABOTAGE: [string, string | RegExp, (on: Evidence) => void][] = [
  ["a wildcard as action", "allows a wildcard: AWS::IAM::Role: dynamodb:*", (on) => allow(on, "api", "dynamodb:*", "x")],
  ["a wildcard as resource", /allows a wildcard: AWS::IAM::Role: sqs:SendMessage on \*/, (on) => allow(on, "api", "sqs:SendMessage", "*")],
  ["a key open to everybody", "allows a wildcard: AWS::KMS::Key: kms:Decrypt for everybody", (on) => {
    const policy = pick(on, "AWS::KMS::Key").props.KeyPolicy;
    policy.Statement.push({ Effect: "Allow", Action: "kms:Decrypt", Principal: "*", Resource: "*" });
  }],
  ["a reason for a wildcard that is gone", "no wildcard needs: gone", (on) => {
    (on as Json).allowed.push({ what: "gone", reason: "once" });
  }],
  ["a wildcard without a reason", "allows a wildcard: AWS::KMS::Key: kms:* on *", (on) => void ((on as Json).allowed[0].reason = "")],
  ["an alarm that is too quick for its schedule", "alarm ballast-portfolio-snapshot-errors can't ring", (on) => {
    alarm(on, "portfolio-snapshot-errors").props.Period = 60;
  }],
  ["a queue without dead letters", "queue ballast-orders.fifo has no dead letters", (on) => {
    delete queue(on, "orders.fifo").props.RedrivePolicy;
  }],
  ["a redrive before the handler buries", "its redrive comes before the handler buries", (on) => {
    queue(on, "bars").props.RedrivePolicy.maxReceiveCount = 3;
  }],
  ["a queue that is missing", "queue ballast-exits.fifo is missing", (on) => remove(on, queue(on, "exits.fifo"))],
  ["a queue in the clear", "queue ballast-bars is not encrypted", (on) => delete queue(on, "bars").props.SqsManagedSseEnabled],
  ["deduplication by content", "takes equal bodies for one message", (on) => {
    queue(on, "fills.fifo").props.ContentBasedDeduplication = true;
  }],
  ["a mapping that repeats whole batches", "does not report partial failures", (on) => {
    delete pick(on, "AWS::Lambda::EventSourceMapping").props.FunctionResponseTypes;
  }],
  ["a queue nobody reads", "has no consumer", (on) => remove(on, pick(on, "AWS::Lambda::EventSourceMapping"))],
  ["a message that comes back too early", "less than six timeouts", (on) => void (queue(on, "bars").props.VisibilityTimeout = 60)],
  ["another processor", "function ballast-api is not arm64", (on) => void (lambda(on, "api").Architectures = ["x86_64"])],
  ["a function that is missing", "function ballast-api is missing", (on) => {
    remove(on, pick(on, "AWS::Lambda::Function", '"ballast-api"'));
  }],
  ["a log for ever", "keeps its lines for ever", (on) => delete pick(on, "AWS::Logs::LogGroup").props.RetentionInDays],
  ["a function without a log of its own", "function ballast-api has no log group of its own", (on) => {
    delete lambda(on, "api").LoggingConfig;
  }],
  ["a secret in an environment, by name", "API_KEY in its environment looks like a secret", (on) => {
    lambda(on, "api").Environment.Variables.API_KEY = "x";
  }],
  ["a secret in an environment, by looks", "HINT in its environment looks like a secret", (on) => {
    lambda(on, "api").Environment.Variables.HINT = "AKIAIOSFODNN7EXAMPLE";
  }],
  ["a function that is told too much", "api is told QUEUE_URL_ORDERS, which is not listed", (on) => {
    lambda(on, "api").Environment.Variables.QUEUE_URL_ORDERS = "x";
  }],
  ["a function that is told where the keys are", "api is told VENUE_KEYS, which is not listed", (on) => {
    lambda(on, "api").Environment.Variables.VENUE_KEYS = "ballast/venue-keys";
  }],
  ["a function that is told too little", "api is not told TABLE_NAME", (on) => delete lambda(on, "api").Environment.Variables.TABLE_NAME],
  ["an action that is not listed", "api may dynamodb:DeleteItem on ballast with keys LEDGER#*, which is not listed", (on) => {
    const [first] = statements(on, "api", "table");
    const condition = structuredClone(first.Condition);
    condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] = ["LEDGER#*"];
    statements(on, "api", "table").push({ ...first, Action: "dynamodb:DeleteItem", Condition: condition });
  }],
  ["an action that is listed and missing", /market-data may not dynamodb:\w+ on ballast with keys \w+#\*, though it is listed/, (on) => {
    statements(on, "market-data", "table").shift();
  }],
  ["a permission that grew in permissions.json only", "api may not dynamodb:PutItem on ballast with keys LEDGER#*", (on) => {
    (on.source.permissions as Json).api.table.LEDGER.push("PutItem");
  }],
  ["keys without the guard against none", /api may dynamodb:\w+ on ballast if .*which is not listed/, (on) => {
    delete statements(on, "api", "table")[0].Condition.Null;
  }],
  ["the table without keys", "api may dynamodb:Query on ballast, which is not listed", (on) => {
    allow(on, "api", "dynamodb:Query", statements(on, "api", "table")[0].Resource);
  }],
  ["the key beyond DynamoDB", "api may kms:Decrypt on the key, which is not listed", (on) => {
    const [granted] = statements(on, "api", "table").filter((one) => JSON.stringify(one.Action).includes("kms:"));
    allow(on, "api", "kms:Decrypt", granted.Resource);
  }],
  ["a secret granted to api", "api may secretsmanager:GetSecretValue on ballast/venue-keys, which is not listed", (on) => {
    allow(on, "api", "secretsmanager:GetSecretValue", secretArn(on));
  }],
  ["sending to a queue that is not listed", "api may sqs:SendMessage on ballast-orders.fifo, which is not listed", (on) => {
    allow(on, "api", "sqs:SendMessage", { "Fn::GetAtt": [queue(on, "orders.fifo").id, "Arn"] });
  }],
  ["a policy attached from outside", "api may s3:GetObject on x, which is not listed", (on) => {
    const Statement = [{ Effect: "Allow", Action: "s3:GetObject", Resource: "x" }];
    const Roles = [{ Ref: lambda(on, "api").Role["Fn::GetAtt"][0] }];
    add(on, "pipeline", "Extra", { Type: "AWS::IAM::Policy", Properties: { Roles, PolicyDocument: { Statement } } });
  }],
  ["a managed policy", "api has a managed policy", (on) => {
    const role = on.tree["ballast-pipeline"]?.Resources[lambda(on, "api").Role["Fn::GetAtt"][0]];
    if (role) role.Properties.ManagedPolicyArns = ["arn:aws:iam::aws:policy/AdministratorAccess"];
  }],
  ["two functions with one role", "together with", (on) => void (lambda(on, "api").Role = lambda(on, "kill-switch").Role)],
  ["a role that is nobody's", "role Extra is nobody's", (on) => add(on, "pipeline", "Extra", { Type: "AWS::IAM::Role", Properties: {} })],
  ["schedules that may call more", "the schedules may lambda:InvokeFunction on ballast-api", (on) => {
    const role = pick(on, "AWS::IAM::Role", "scheduler.amazonaws.com");
    const id = pick(on, "AWS::Lambda::Function", '"ballast-api"').id;
    role.props.Policies[0].PolicyDocument.Statement[0].Resource.push({ "Fn::GetAtt": [id, "Arn"] });
  }],
  ["a table without recovery", "has no point-in-time recovery", (on) => delete pick(on, "AWS::DynamoDB::Table").props.PointInTimeRecoverySpecification],
  ["a table that can be deleted", "can be deleted", (on) => void (pick(on, "AWS::DynamoDB::Table").props.DeletionProtectionEnabled = false)],
  ["a table that forgets nothing", "forgets nothing", (on) => delete pick(on, "AWS::DynamoDB::Table").props.TimeToLiveSpecification],
  ["a table with AWS's own key", "is not encrypted with the desk's key", (on) => delete pick(on, "AWS::DynamoDB::Table").props.SSESpecification],
  ["a table that goes with its stack", "goes with its stack", (on) => void (pick(on, "AWS::DynamoDB::Table").resource.DeletionPolicy = "Delete")],
  ["a bucket without versions", "has no versions", (on) => delete pick(on, "AWS::S3::Bucket").props.VersioningConfiguration],
  ["a bucket in the clear", /bucket History\w+ is not encrypted/, (on) => delete pick(on, "AWS::S3::Bucket").props.BucketEncryption],
  ["a public bucket", "can be made public", (on) => void (pick(on, "AWS::S3::Bucket").props.PublicAccessBlockConfiguration.BlockPublicAcls = false)],
  ["a key that does not rotate", "does not rotate", (on) => void (pick(on, "AWS::KMS::Key").props.EnableKeyRotation = false)],
  ["a secret in its template", "stands in its template", (on) => void (pick(on, "AWS::SecretsManager::Secret").props.SecretString = "{}")],
  ["a log that stays", "stays when its stack is deleted", (on) => void (pick(on, "AWS::Logs::LogGroup").resource.DeletionPolicy = "Retain")],
  ["a NAT gateway", "a AWS::EC2::NatGateway is paid by the hour", (on) => add(on, "pipeline", "Nat", { Type: "AWS::EC2::NatGateway", Properties: {} })],
  ["a route without a token", "route GET /v1/orders wants no token", (on) => {
    const { props } = pick(on, "AWS::ApiGatewayV2::Route", '"GET /v1/orders"');
    props.AuthorizationType = "NONE";
    delete props.AuthorizerId;
  }],
  ["a mutation that is marked open", "route POST /v1/kill wants no token", (on) => {
    (on.source.resources.routes.find((one) => one.method === "POST" && one.path === "/v1/kill") as Json).open = true;
    pick(on, "AWS::ApiGatewayV2::Route", '"POST /v1/kill"').props.AuthorizationType = "NONE";
  }],
  ["a cached mutation", "route POST /v1/kill changes something, and the verdict on its caller is cached", (on) => {
    pick(on, "AWS::ApiGatewayV2::Authorizer").props.AuthorizerResultTtlInSeconds = 300;
  }],
  ["a route that is not listed", "route ANY /{proxy+} is not listed", (on) => {
    pick(on, "AWS::ApiGatewayV2::Route", '"GET /v1/orders"').props.RouteKey = "ANY /{proxy+}";
  }],
  ["a stage that holds nobody back", "holds nobody back", (on) => delete pick(on, "AWS::ApiGatewayV2::Stage").props.DefaultRouteSettings],
  ["a stage that holds back the kill switch", "holds back the kill switch", (on) => {
    pick(on, "AWS::ApiGatewayV2::Stage").props.RouteSettings["POST /v1/kill"].ThrottlingRateLimit = 1;
  }],
  ["a token in the access log", "logs what may be a secret", (on) => {
    pick(on, "AWS::ApiGatewayV2::Stage").props.AccessLogSettings.Format += "$context.authorizer.token";
  }],
  ["a function that anybody's API may call", "lets more than the API in", (on) => delete pick(on, "AWS::Lambda::Permission").props.SourceArn],
  ["a function without an alarm", "there is no alarm ballast-api-errors Errors ballast-api", (on) => remove(on, alarm(on, "api-errors"))],
  ["an alarm on the wrong queue", "there is no alarm ballast-orders-dead-letters", (on) => {
    alarm(on, "orders-dead-letters").props.Dimensions[0].Value = "ballast-orders.fifo";
  }],
  ["an alarm over a metric that is written by its dimension only", "looks at BreakerOpen, which nobody writes", (on) => {
    delete (on.source.resources.metrics.find((one) => one.name === "BreakerOpen") as Json).total;
  }],
  ["an alarm that names no section", "alarm ballast-api-5xx does not name its section", (on) => {
    alarm(on, "api-5xx").props.AlarmDescription = "The API fails.";
  }],
  ["an alarm that calls nobody", "alarm ballast-api-5xx calls nobody", (on) => delete alarm(on, "api-5xx").props.AlarmActions],
  ["a runbook without a section", "the runbook has no section data-stale", (on) => {
    (on as Json).runbook = on.runbook.replace("## data-stale\n", "### data-stale\n");
  }],
  ["a section without an alarm", "no alarm names the runbook's section gone", (on) => void ((on as Json).runbook += "\n## gone\n")],
  ["a section that does not say when it is over", '"How to know that it is over" is missing', (on) => {
    (on as Json).runbook = on.runbook.replace("**How to know that it is over.**", "");
  }],
  ["a fourth dashboard", "4 dashboards: only 3 are free", (on) => {
    add(on, "observability", "Fourth", structuredClone(pick(on, "AWS::CloudWatch::Dashboard").resource));
  }],
  ["a dashboard with too many metrics", "dashboard full has 50 metrics", (on) => {
    const metrics = Array.from({ length: 50 }, (_, index) => ["AWS/Lambda", `${index}`]);
    const { props } = pick(on, "AWS::CloudWatch::Dashboard", "trading");
    const shown = ["Signals", "Approved", "Fills", "Equity", "Cash", "OpenPositions"];
    props.DashboardName = "full";
    props.DashboardBody = JSON.stringify({ widgets: [{ properties: { metrics, shown } }] });
  }],
  ["a metric nobody sees", "no dashboard shows Equity", (on) => {
    pick(on, "AWS::CloudWatch::Dashboard", "trading").props.DashboardBody = '{"widgets":[]}';
  }],
];

describe("the rules see", () => {
  for (const [what, said, sabotage] of SABOTAGE) {
    it(what, () => {
      const broken = evidence();
      sabotage(broken);
      const faults = violations(broken);
      const hit = faults.some((fault) => (typeof said === "string" ? fault.includes(said) : said.test(fault)));
      expect(hit, `said only: ${faults.join("; ") || "nothing"}`).toBe(true);
    });
  }
});
