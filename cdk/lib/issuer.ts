/** Whose tokens the API takes: an issuer that exists, or a user pool of the desk's own. */

import { CfnOutput, Duration, RemovalPolicy, Validations, type Stack } from "aws-cdk-lib";
import { AccountRecovery, FeaturePlan, Mfa, UserPool } from "aws-cdk-lib/aws-cognito";
import type { Issuer, Settings } from "./settings.ts";

/** The issuer that was chosen, or that of a new user pool. */
export function issuerOf(stack: Stack, settings: Settings): Issuer {
  const issuer = settings.issuer ?? userPool(stack, settings.desk);
  new CfnOutput(stack, "Issuer", { value: issuer.url });
  return issuer;
}

/** A pool without self sign-up: an operator creates the few users there are. */
function userPool(stack: Stack, desk: string): Issuer {
  const pool = new UserPool(stack, "Users", {
    userPoolName: desk,
    selfSignUpEnabled: false,
    signInAliases: { email: true },
    signInCaseSensitive: false,
    accountRecovery: AccountRecovery.EMAIL_ONLY,
    mfa: Mfa.OPTIONAL,
    mfaSecondFactor: { otp: true, sms: false },
    featurePlan: FeaturePlan.ESSENTIALS,
    passwordPolicy: {
      minLength: 14,
      requireDigits: true,
      requireLowercase: true,
      requireUppercase: true,
      requireSymbols: true,
      passwordHistorySize: 5,
      tempPasswordValidity: Duration.days(1),
    },
    removalPolicy: RemovalPolicy.DESTROY,
  });
  Validations.of(pool).acknowledge(
    { id: "AwsSolutions-COG2", reason: "A second factor is each user's choice: a desk of one must not lock itself out." },
    { id: "AwsSolutions-COG3", reason: "Threat protection needs Cognito's Plus plan, which costs per user." },
    { id: "AwsSolutions-COG8", reason: "The Plus plan's threat protection costs per user; the pool has no sign-up page." },
  );
  const client = pool.addClient("Client", {
    userPoolClientName: desk,
    generateSecret: false,
    disableOAuth: true,
    authFlows: { userSrp: true, adminUserPassword: true },
    preventUserExistenceErrors: true,
    enableTokenRevocation: true,
    accessTokenValidity: Duration.hours(1),
    idTokenValidity: Duration.hours(1),
    refreshTokenValidity: Duration.days(1),
  });
  new CfnOutput(stack, "UserPoolId", { value: pool.userPoolId });
  new CfnOutput(stack, "UserPoolClientId", { value: client.userPoolClientId });
  const url = `https://cognito-idp.${stack.region}.${stack.urlSuffix}/${pool.userPoolId}`;
  return { url, audience: [client.userPoolClientId] };
}
