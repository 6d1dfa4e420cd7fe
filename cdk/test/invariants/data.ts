/** What the desk keeps, and that nothing else is kept or costs while idle. */

import { found, target, type Evidence } from "./tree.ts";

export function data({ tree, source }: Evidence): string[] {
  const faults: string[] = [];
  const must = (holds: unknown, fault: string): void => {
    if (!holds) faults.push(fault);
  };
  const tables = found(tree, "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable");
  must(tables.length === 1, "there is not exactly one table");
  for (const { stack, id, resource, props } of tables) {
    must(props.PointInTimeRecoverySpecification?.PointInTimeRecoveryEnabled, `table ${id} has no point-in-time recovery`);
    must(props.DeletionProtectionEnabled, `table ${id} can be deleted`);
    must(props.TimeToLiveSpecification?.AttributeName === source.resources.table.ttl, `table ${id} forgets nothing`);
    const key = target(tree, stack, props.SSESpecification?.KMSMasterKeyId);
    must(key?.resource.Type === "AWS::KMS::Key", `table ${id} is not encrypted with the desk's key`);
    must(resource.DeletionPolicy === "Retain", `table ${id} goes with its stack`);
  }
  for (const { id, resource, props } of found(tree, "AWS::S3::Bucket")) {
    const block = Object.values(props.PublicAccessBlockConfiguration ?? {});
    must(props.VersioningConfiguration?.Status === "Enabled", `bucket ${id} has no versions`);
    must(props.BucketEncryption, `bucket ${id} is not encrypted`);
    must(block.length === 4 && block.every((one) => one === true), `bucket ${id} can be made public`);
    must(resource.DeletionPolicy === "Retain", `bucket ${id} goes with its stack`);
  }
  for (const { id, resource, props } of found(tree, "AWS::KMS::Key")) {
    must(props.EnableKeyRotation, `key ${id} does not rotate`);
    must(resource.DeletionPolicy === "Retain", `key ${id} goes with its stack`);
  }
  for (const { id, resource, props } of found(tree, "AWS::SecretsManager::Secret")) {
    must(props.SecretString === undefined, `secret ${id} stands in its template`);
    must(props.KmsKeyId, `secret ${id} is not encrypted with the desk's key`);
    must(resource.DeletionPolicy === "Retain", `secret ${id} goes with its stack`);
  }
  return faults;
}

/** Only the stack with the data leaves anything behind. */
export function leftovers({ tree }: Evidence): string[] {
  const home = found(tree, "AWS::DynamoDB::Table")[0]?.stack;
  return found(tree)
    .filter(({ stack, resource }) => stack !== home && resource.DeletionPolicy?.startsWith("Retain"))
    .map(({ stack, id }) => `${stack}/${id} stays when its stack is deleted`);
}

const COSTLY = ["EC2::NatGateway", "EC2::VPCEndpoint", "EC2::EIP", "ElasticLoadBalancingV2::LoadBalancer"];

/** Nothing that is paid by the hour. */
export function idleCost({ tree }: Evidence): string[] {
  return found(tree, ...COSTLY.map((type) => `AWS::${type}`)).map(({ id, resource }) => `${id}: a ${resource.Type} is paid by the hour`);
}
