//! The cases, as their files have them.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its id.
    pub id: String,
    /// The method it is about, by its common name (`createOrder`).
    pub method: String,
    /// Whether it is about a response.
    pub response: bool,
    /// What was given.
    pub input: Vec<Value>,
    /// What a request should be.
    pub url: Option<String>,
    /// The body a request should have.
    pub output: Option<Value>,
    /// What the venue answered.
    pub http_response: Value,
    /// What that means.
    pub parsed_response: Value,
    /// Options of this case.
    pub options: Value,
    /// What an independent replay observed.
    pub observed: Value,
}

impl Case {
    /// The parameters at the end of the input: the last object that is given.
    #[must_use]
    pub fn params(&self) -> serde_json::Map<String, Value> {
        match self.input.last() {
            Some(Value::Object(map)) => map.clone(),
            _ => serde_json::Map::new(),
        }
    }

    /// A parameter, as text.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<String> {
        match self.params().get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    /// Whether one of the parameters is set to true.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.params().get(name) == Some(&Value::Bool(true))
    }

    /// The path the URL names.
    #[must_use]
    pub fn path(&self) -> &str {
        let url = self.url.as_deref().unwrap_or_default();
        let behind = url.split_once("://").map_or(url, |(_, rest)| rest);
        let path = behind.find('/').and_then(|at| behind.get(at..)).unwrap_or("/");
        path.split('?').next().unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct RawFile {
    #[serde(default)]
    request_file_settings: BTreeMap<String, Value>,
    requests: Vec<RawCase>,
    responses: Vec<RawCase>,
    markets: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct RawCase {
    id: String,
    ccxt_method: String,
    case: BTreeMap<String, Value>,
    #[serde(default)]
    observed_with_ccxt_4_5_90: Value,
}

/// A venue's file.
pub struct CaseFile {
    /// The cases that are not disabled: requests, then responses.
    pub cases: Vec<Case>,
    /// Keys whose value can't be known.
    pub skip_keys: Vec<String>,
    /// The markets, by their unified names.
    pub markets: BTreeMap<String, Value>,
}

/// Reads a venue's file.
///
/// # Errors
/// Words, if it can't be read.
pub fn read(path: &Path) -> Result<CaseFile, String> {
    let text = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let raw: RawFile = serde_json::from_slice(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    let skip = raw.request_file_settings.get("skipKeys").and_then(Value::as_array).cloned().unwrap_or_default();
    let skip_keys = skip.iter().filter_map(|key| key.as_str().map(str::to_owned)).collect();
    let requests = raw.requests.into_iter().map(|case| (false, case));
    let cases = requests.chain(raw.responses.into_iter().map(|case| (true, case)));
    let cases = cases.filter(|(_, case)| !is_set(case.case.get("disabled"))).map(|(response, raw)| one(response, raw));
    Ok(CaseFile { cases: cases.collect(), skip_keys, markets: raw.markets })
}

fn is_set(value: Option<&Value>) -> bool {
    !matches!(value, None | Some(Value::Null | Value::Bool(false)))
}

fn one(response: bool, raw: RawCase) -> Case {
    let RawCase { id, ccxt_method, mut case, observed_with_ccxt_4_5_90 } = raw;
    let mut take = |name: &str| case.remove(name).unwrap_or(Value::Null);
    Case {
        id,
        method: ccxt_method,
        response,
        input: take("input").as_array().cloned().unwrap_or_default(),
        url: take("url").as_str().map(str::to_owned),
        output: Some(take("output")).filter(|output| !output.is_null() && output.as_str() != Some("")),
        http_response: take("httpResponse"),
        parsed_response: take("parsedResponse"),
        options: take("options"),
        observed: observed_with_ccxt_4_5_90,
    }
}
