/** What outlives the desk: the table, the history, the venue keys, and the key that all of them are encrypted with. */

import { CfnOutput, Duration, RemovalPolicy, Stack, Tags, Validations, type StackProps } from "aws-cdk-lib";
import { AttributeType, BillingMode, Table, TableEncryption } from "aws-cdk-lib/aws-dynamodb";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key, type IKey } from "aws-cdk-lib/aws-kms";
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import type { Settings } from "./settings.ts";
import { SECRET, type Source } from "./source.ts";

export class DataStack extends Stack {
  readonly tableName: string;
  readonly tableArn: string;
  readonly keyArn: string;
  readonly secretArn: string;

  constructor(scope: Construct, id: string, settings: Settings, source: Source, props: StackProps) {
    super(scope, id, { ...props, terminationProtection: true });
    // By its ARN: constructs would widen the policy of a key that they know, and roles alone say who may use it.
    const key = Key.fromKeyArn(this, "KeyByArn", this.key(settings.desk).keyArn);
    const table = this.table(settings.desk, source, key);
    const history = this.history(key);
    const secret = this.venueKeys(settings.desk, key);
    this.tableName = settings.desk;
    this.tableArn = table.tableArn;
    this.keyArn = key.keyArn;
    this.secretArn = secret.secretArn;

    Tags.of(this).add("kept-after-deletion", "yes");
    const kept = { Table: table.tableArn, History: history.bucketArn, Key: key.keyArn, VenueKeys: secret.secretArn };
    for (const [what, value] of Object.entries(kept)) {
      new CfnOutput(this, `Kept${what}`, { value, description: "Stays when the stack is deleted" });
    }
  }

  private key(desk: string): Key {
    const key = new Key(this, "Key", {
      alias: desk,
      description: `Everything the desk ${desk} keeps`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // Alarms and the budget write to a topic that is encrypted with this key.
    for (const service of ["cloudwatch", "budgets"]) {
      key.addToResourcePolicy(
        new PolicyStatement({
          principals: [new ServicePrincipal(`${service}.amazonaws.com`)],
          actions: ["kms:Decrypt", "kms:GenerateDataKey"],
          // In a key's policy this means the key itself.
          resources: ["*"],
          conditions: { StringEquals: { "aws:SourceAccount": this.account } },
        }),
      );
    }
    return key;
  }

  private table(desk: string, { resources }: Source, key: IKey): Table {
    return new Table(this, "Table", {
      tableName: desk,
      partitionKey: { name: resources.table.partition_key, type: AttributeType.STRING },
      sortKey: { name: resources.table.sort_key, type: AttributeType.STRING },
      timeToLiveAttribute: resources.table.ttl,
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: key,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  private history(key: IKey): Bucket {
    const bucket = new Bucket(this, "History", {
      versioned: true,
      encryption: BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      lifecycleRules: [
        {
          id: "old-versions",
          noncurrentVersionExpiration: Duration.days(30),
          abortIncompleteMultipartUploadAfter: Duration.days(7),
        },
      ],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Validations.of(bucket).acknowledge({
      id: "AwsSolutions-S1",
      reason: "Public market history, written by the desk alone; an access log would need a second bucket to keep.",
    });
    return bucket;
  }

  /** The secret's place. An operator puts the keys in; a template must never hold any, not even made-up ones. */
  private venueKeys(desk: string, key: IKey): Secret {
    const secret = new Secret(this, "VenueKeys", {
      secretName: `${desk}/${SECRET}`,
      description: "API keys of venues, by name; empty until an operator fills it. Never keys that can withdraw.",
      encryptionKey: key,
      // The service insists on generating something: this field is nobody's key, and is overwritten with the rest.
      generateSecretString: { secretStringTemplate: "{}", generateStringKey: "unused", passwordLength: 32 },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Validations.of(secret).acknowledge({
      id: "AwsSolutions-SMG4",
      reason: "Keys of a venue are made and withdrawn at the venue, by a person; nothing here could rotate them.",
    });
    return secret;
  }
}
