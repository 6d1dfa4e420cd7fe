//! Reading a secret, when a function begins: one signed request, for which no client of its own is worth its size.
//!
//! Of an answer only its status and the service's name for an error are ever repeated: the rest may be the secret.

use crate::aws::Aws;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use desk::time::Timestamp;
use serde::Deserialize;
use serde_json::json;
use std::time::{Duration, UNIX_EPOCH};
use venue::live::Transport;
use venue::protocol::{EndpointClass, Method, Request};
use zeroize::Zeroizing;

const SERVICE: &str = "secretsmanager";
/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(4);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    secret_string: String,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "__type")]
    kind: String,
}

/// The text of the secret of that name, asked for at `now`.
///
/// # Errors
/// In words, none of which are the secret's.
pub(crate) async fn read<X: Transport>(
    aws: &Aws,
    transport: &X,
    name: &str,
    now: Timestamp,
) -> Result<Zeroizing<String>, String> {
    let own = || format!("https://{SERVICE}.{}.amazonaws.com", aws.region());
    let base = aws.endpoint().map_or_else(own, str::to_owned);
    let base = base.trim_end_matches('/');
    let request = signed(aws, base, name, now).map_err(|e| format!("the secret {name} can't be asked for: {e}"))?;
    let sent = transport.send(base, &request, PATIENCE).await;
    let reply = sent.map_err(|fault| format!("the secret {name} could not be read: {}", fault.reason))?;
    if !reply.is_success() {
        let refusal: Option<Refusal> = serde_json::from_slice(&reply.body).ok();
        let kind = refusal.map_or_else(|| "no reason is given".to_owned(), |refusal| refusal.kind);
        return Err(format!("the secret {name} could not be read: status {}, {kind}", reply.status));
    }
    let answer: Result<Answer, _> = serde_json::from_slice(&reply.body);
    let text = answer.map_err(|_| format!("the secret {name} has no text"))?;
    Ok(Zeroizing::new(text.secret_string))
}

fn signed(aws: &Aws, base: &str, name: &str, now: Timestamp) -> Result<Request, String> {
    let mut request = Request {
        origin: SERVICE,
        method: Method::Post,
        target: "/".to_owned(),
        headers: vec![
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            ("x-amz-target", "secretsmanager.GetSecretValue".to_owned()),
        ],
        body: json!({ "SecretId": name }).to_string(),
        class: EndpointClass::Account,
        weight: 0,
    };
    let identity: Identity = aws.credentials().clone().into();
    let at = UNIX_EPOCH + Duration::from_millis(now.ms().unsigned_abs());
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(aws.region())
        .name(SERVICE)
        .time(at)
        .settings(SigningSettings::default())
        .build()
        .map_err(|e| e.to_string())?;
    let headers = request.headers.iter().map(|(name, value)| (*name, value.as_str()));
    let body = SignableBody::Bytes(request.body.as_bytes());
    let signable = SignableRequest::new("POST", format!("{base}/"), headers, body).map_err(|e| e.to_string())?;
    let (instructions, _) = sign(signable, &params.into()).map_err(|e| e.to_string())?.into_parts();
    let (added, _) = instructions.into_parts();
    request.headers.extend(added.iter().map(|header| (header.name(), header.value().to_owned())));
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::sync::Mutex;
    use venue::live::transport::SendFault;
    use venue::protocol::Reply;

    const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);

    /// Keeps what it was sent, and answers with one reply.
    struct Wire(Mutex<Vec<(String, Request)>>, Reply);

    impl Transport for Wire {
        async fn send(&self, base: &str, request: &Request, _: Duration) -> Result<Reply, SendFault> {
            self.0.lock().unwrap().push((base.to_owned(), request.clone()));
            Ok(self.1.clone())
        }
    }

    fn aws() -> Aws {
        let told = [
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            ("AWS_SESSION_TOKEN", "the-session"),
            ("AWS_REGION", "eu-central-1"),
        ];
        let told: BTreeMap<String, String> = told.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        Aws::new(&told.into())
    }

    type Told = Result<Zeroizing<String>, String>;

    fn asked(status: u16, body: &str) -> (Told, Vec<(String, Request)>) {
        let (aws, wire) = (aws(), Wire(Mutex::default(), Reply::new(status, body)));
        let read = read(&aws, &wire, "ballast/venue-keys", NOW);
        let read = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(read);
        (read, wire.0.into_inner().unwrap())
    }

    #[test]
    fn the_request_is_signed_as_the_service_wants_it() {
        let (read, sent) = asked(200, r#"{"Name":"x","SecretString":"the text"}"#);
        assert_eq!(read.unwrap().as_str(), "the text");
        let [(base, request)] = sent.as_slice() else { panic!("{} requests", sent.len()) };
        assert_eq!(base, "https://secretsmanager.eu-central-1.amazonaws.com");
        assert_eq!(request.body, r#"{"SecretId":"ballast/venue-keys"}"#);
        assert_eq!(request.header_value("x-amz-date"), Some("20231114T221320Z"));
        assert_eq!(request.header_value("x-amz-security-token"), Some("the-session"));
        // As AWS's own signer for Python makes it of the same request at the same time.
        let signature = "6deef3de468136c6fd108e38433a0094cc6d905782aa3ad8d9a4cd8d10c8c654";
        let expected = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20231114/eu-central-1/secretsmanager/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature={signature}"
        );
        assert_eq!(request.header_value("authorization"), Some(expected.as_str()));
    }

    #[test]
    fn a_refusal_names_the_service_s_reason_and_nothing_else_of_the_answer() {
        let body = r#"{"__type":"AccessDeniedException","message":"canary"}"#;
        let refused = asked(400, body).0.unwrap_err();
        assert!(refused.ends_with("status 400, AccessDeniedException"), "{refused}");
        for (status, body) in [(500, "canary"), (200, r#"{"SecretBinary":"canary"}"#), (200, r#""canary""#)] {
            let refused = asked(status, body).0.unwrap_err();
            assert!(!refused.contains("canary") && refused.contains("ballast/venue-keys"), "{refused}");
        }
    }

    #[test]
    fn nothing_of_what_signs_can_be_shown() {
        let shown = format!("{:?}", aws());
        assert!(!shown.contains("wJal") && !shown.contains("the-session"), "{shown}");
    }
}
