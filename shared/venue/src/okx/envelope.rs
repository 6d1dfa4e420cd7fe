//! The envelope of every answer: `{code, msg, data}`, and in answers about orders an `sCode` a row.

use super::errors;
use crate::protocol::wire::{MaybeMs, Text};
use crate::protocol::{ReadFault, Reply};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(default)]
    code: Text,
    #[serde(default)]
    msg: Text,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

impl Head<'_> {
    fn data(&self) -> &str {
        self.data.map_or("[]", RawValue::get)
    }
}

/// The envelope; an answer without one is the fault of whatever stands between the venue and us.
fn head(reply: &Reply) -> Result<Head<'_>, ReadFault> {
    let text = std::str::from_utf8(&reply.body).unwrap_or_default();
    match serde_json::from_str::<Head<'_>>(text) {
        Ok(head) if head.code.some().is_some() => Ok(head),
        _ if !reply.is_success() => Err(errors::http(reply).into()),
        Ok(_) => Err(ReadFault::parse(reply, "there is no code")),
        Err(e) => Err(ReadFault::parse(reply, e)),
    }
}

/// The rows of an answer.
pub(super) fn rows<T: DeserializeOwned>(reply: &Reply) -> Result<Vec<T>, ReadFault> {
    let head = head(reply)?;
    if head.code.0 != "0" {
        return Err(errors::api(reply, &head.code.0, &head.msg.0).into());
    }
    if !reply.is_success() {
        return Err(errors::http(reply).into());
    }
    let data = if head.data() == "null" { "[]" } else { head.data() };
    serde_json::from_str(data).map_err(|e| ReadFault::parse(reply, e))
}

/// The rows of an answer, each turned into something of ours.
pub(super) fn each<T: DeserializeOwned, U>(
    reply: &Reply,
    turn: impl FnMut(T) -> Result<U, String>,
) -> Result<Vec<U>, ReadFault> {
    rows(reply)?.into_iter().map(turn).collect::<Result<_, _>>().map_err(|e| ReadFault::parse(reply, e))
}

/// The first row of an answer that always has one.
pub(super) fn first<T: DeserializeOwned>(reply: &Reply) -> Result<T, ReadFault> {
    rows(reply)?.into_iter().next().ok_or_else(|| ReadFault::parse(reply, "there is no row"))
}

/// What became of one order in a request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Ack {
    /// The venue's id of an order.
    pub(super) ord_id: Text,
    /// The venue's id of an order that waits for its trigger.
    pub(super) algo_id: Text,
    /// Our id.
    pub(super) cl_ord_id: Text,
    /// Our id of an order that waits for its trigger.
    pub(super) algo_cl_ord_id: Text,
    /// Zero, or what went wrong.
    pub(super) s_code: Text,
    /// In words.
    pub(super) s_msg: Text,
    /// When.
    pub(super) ts: MaybeMs,
}

impl Ack {
    /// The venue's id.
    pub(super) fn id(&self) -> Option<String> {
        self.algo_id.owned().or_else(|| self.ord_id.owned())
    }

    /// Our id.
    pub(super) fn client_id(&self) -> Option<String> {
        self.algo_cl_ord_id.owned().or_else(|| self.cl_ord_id.owned())
    }

    /// The fault it tells of.
    pub(super) fn fault(&self, reply: &Reply) -> Option<crate::protocol::ApiError> {
        match self.s_code.some() {
            None | Some("0") => None,
            Some(code) => Some(errors::api(reply, code, &self.s_msg.0)),
        }
    }
}

/// What became of each order. The envelope's own code says only whether any of them failed, so rows count where there
/// are any; each of them must say how it went.
pub(super) fn acks(reply: &Reply, wanted: usize) -> Result<Vec<Ack>, ReadFault> {
    let head = head(reply)?;
    let rows = serde_json::from_str::<Vec<Ack>>(head.data());
    let whole = |rows: &[Ack]| rows.len() == wanted && rows.iter().all(|ack| ack.s_code.some().is_some());
    match rows {
        Ok(rows) if reply.is_success() && whole(&rows) => Ok(rows),
        _ if head.code.0 != "0" => Err(errors::api(reply, &head.code.0, &head.msg.0).into()),
        _ if !reply.is_success() => Err(errors::http(reply).into()),
        Ok(rows) => Err(ReadFault::parse(reply, format!("{} of {wanted} orders were answered", rows.len()))),
        Err(e) => Err(ReadFault::parse(reply, e)),
    }
}

/// What became of the one order.
pub(super) fn ack(reply: &Reply) -> Result<Ack, ReadFault> {
    let ack = acks(reply, 1)?.into_iter().next().ok_or_else(|| ReadFault::parse(reply, "there is no row"))?;
    match ack.fault(reply) {
        Some(fault) => Err(fault.into()),
        None => Ok(ack),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Meaning;

    #[test]
    fn a_fault_of_the_order_is_found_inside_a_success() {
        let body = r#"{"code":"1","msg":"All operations failed","data":[{"ordId":"","clOrdId":"a1","sCode":"51016","sMsg":"Client order ID already exists."}]}"#;
        let fault = ack(&Reply::new(200, body)).unwrap_err();
        assert_eq!(fault.meaning(), Meaning::DuplicateId);
        let body = r#"{"code":"0","msg":"","data":[{"ordId":"1","sCode":"51149","sMsg":"timed out"}]}"#;
        assert_eq!(ack(&Reply::new(200, body)).unwrap_err().meaning(), Meaning::Unclear);
    }

    #[test]
    fn a_page_of_a_proxy_is_unclear_and_never_a_refusal() {
        for (status, body) in [(403, "<html>"), (502, ""), (503, "{}"), (200, "<html>"), (200, r#"{"data":[]}"#)] {
            let fault = rows::<Ack>(&Reply::new(status, body)).unwrap_err();
            assert_eq!(fault.meaning(), Meaning::Unclear, "{status} {body}");
        }
        let mut reply = Reply::new(429, r#"{"code":"50011","msg":"Too Many Requests"}"#);
        reply.headers.push(("retry-after".into(), "2".into()));
        let ReadFault::Api(error) = rows::<Ack>(&reply).unwrap_err() else { panic!() };
        assert_eq!((error.meaning, error.retry_after_ms), (Meaning::RateLimit, Some(2000)));
    }

    #[test]
    fn an_answer_about_fewer_orders_than_asked_is_not_believed() {
        let body = r#"{"code":"0","data":[{"ordId":"1","sCode":"0"}]}"#;
        assert!(matches!(acks(&Reply::new(200, body), 2), Err(ReadFault::Parse { .. })));
        let silent = r#"{"code":"0","data":[{"ordId":"1"}]}"#;
        assert!(matches!(ack(&Reply::new(200, silent)), Err(ReadFault::Parse { .. })));
    }
}
