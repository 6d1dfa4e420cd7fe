//! The AWS clients, built once a process, over one HTTP client.
//!
//! Credentials are those the runtime puts into the environment: they last as long as the process. So no chain of
//! providers is linked in, and no call is made to find them.

use crate::Environment;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::time::Duration;

/// How long one call may take: short enough for a second one within a function's time.
const CALL: Duration = Duration::from_secs(4);
const CONNECT: Duration = Duration::from_secs(2);

/// What all clients share.
pub(crate) struct Aws {
    credentials: Credentials,
    region: Region,
    endpoint: Option<String>,
    http: SharedHttpClient,
}

impl std::fmt::Debug for Aws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Aws({})", self.region)
    }
}

impl Aws {
    pub(crate) fn new(environment: &Environment) -> Self {
        Self::over(environment, Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https())
    }

    /// Over an HTTP client of the caller's choice.
    pub(crate) fn over(environment: &Environment, http: SharedHttpClient) -> Self {
        let key = environment.required("AWS_ACCESS_KEY_ID");
        let secret = environment.required("AWS_SECRET_ACCESS_KEY");
        let session = environment.get("AWS_SESSION_TOKEN").map(str::to_owned);
        Self {
            credentials: Credentials::new(key, secret, session, None, "environment"),
            region: Region::new(environment.required("AWS_REGION")),
            endpoint: environment.get("AWS_ENDPOINT_URL").map(str::to_owned),
            http,
        }
    }

    /// What signs.
    pub(crate) const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Where it all is.
    pub(crate) fn region(&self) -> &str {
        self.region.as_ref()
    }

    /// The one address of all services, if it isn't AWS.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    fn timeouts() -> TimeoutConfig {
        TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(CALL).build()
    }

    /// The table's client. It does not retry: what to do about an error is decided above, where it is known whether the
    /// write may have been applied.
    pub(crate) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(self.credentials.clone())
            .region(self.region.clone())
            .http_client(self.http.clone())
            .timeout_config(Self::timeouts())
            .retry_config(RetryConfig::disabled());
        let config = self.endpoint.iter().fold(config, |config, url| config.endpoint_url(url));
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// The queues' client. It retries: a message sent twice is one message to its reader.
    pub(crate) fn sqs(&self) -> aws_sdk_sqs::Client {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(self.credentials.clone())
            .region(self.region.clone())
            .http_client(self.http.clone())
            .timeout_config(Self::timeouts());
        let config = self.endpoint.iter().fold(config, |config, url| config.endpoint_url(url));
        aws_sdk_sqs::Client::from_conf(config.build())
    }
}
