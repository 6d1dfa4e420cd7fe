//! A JSON text as a tree that keeps every literal as it stands: no number passes through a float, keys keep their order,
//! and a key may stand twice.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A string with its quotes, a number, `true`, `false` or `null`.
    Scalar(String),
    /// An array.
    Array(Vec<Node>),
    /// An object.
    Object(Vec<(String, Node)>),
}

struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Of;
        impl<'de> Visitor<'de> for Of {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(entries)
            }
        }
        deserializer.deserialize_map(Of).map(Self)
    }
}

impl Node {
    /// The tree of a text, if it is JSON.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str::<&RawValue>(text).ok().and_then(Self::of)
    }

    fn of(raw: &RawValue) -> Option<Self> {
        let text = raw.get();
        match text.as_bytes().first()? {
            b'{' => {
                let Entries(entries) = serde_json::from_str(text).ok()?;
                entries
                    .into_iter()
                    .map(|(key, raw)| Some((key, Self::of(raw)?)))
                    .collect::<Option<_>>()
                    .map(Self::Object)
            }
            b'[' => {
                let all: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                all.into_iter().map(Self::of).collect::<Option<_>>().map(Self::Array)
            }
            _ => Some(Self::Scalar(text.to_owned())),
        }
    }

    /// A string.
    #[must_use]
    pub fn string(text: &str) -> Self {
        Self::Scalar(serde_json::Value::from(text).to_string())
    }

    /// As text.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Scalar(text) => text.clone(),
            Self::Array(all) => format!("[{}]", all.iter().map(Self::text).collect::<Vec<_>>().join(",")),
            Self::Object(entries) => {
                let entry =
                    |(key, node): &(String, Self)| format!("{}:{}", serde_json::Value::from(key.as_str()), node.text());
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(","))
            }
        }
    }

    /// Where its leaves are, each with the key it stands under.
    #[must_use]
    pub fn leaves(&self) -> Vec<(Vec<usize>, String)> {
        let mut leaves = Vec::new();
        self.collect(&mut Vec::new(), "", &mut leaves);
        leaves
    }

    fn collect(&self, path: &mut Vec<usize>, key: &str, leaves: &mut Vec<(Vec<usize>, String)>) {
        let mut within = |at: usize, key: &str, node: &Self| {
            path.push(at);
            node.collect(path, key, leaves);
            path.pop();
        };
        match self {
            Self::Scalar(_) => leaves.push((path.clone(), key.to_owned())),
            Self::Array(all) => all.iter().enumerate().for_each(|(at, node)| within(at, key, node)),
            Self::Object(entries) => entries.iter().enumerate().for_each(|(at, (key, node))| within(at, key, node)),
        }
    }

    /// What stands at a place.
    #[must_use]
    pub fn at(&self, path: &[usize]) -> Option<&Self> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        match self {
            Self::Scalar(_) => None,
            Self::Array(all) => all.get(*first)?.at(rest),
            Self::Object(entries) => entries.get(*first)?.1.at(rest),
        }
    }

    /// What stands at a place, to be changed.
    pub fn at_mut(&mut self, path: &[usize]) -> Option<&mut Self> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        match self {
            Self::Scalar(_) => None,
            Self::Array(all) => all.get_mut(*first)?.at_mut(rest),
            Self::Object(entries) => entries.get_mut(*first)?.1.at_mut(rest),
        }
    }

    /// The same with another value at a place.
    #[must_use]
    pub fn with(&self, path: &[usize], node: Self) -> Self {
        let mut changed = self.clone();
        if let Some(place) = changed.at_mut(path) {
            *place = node;
        }
        changed
    }

    /// The same without what stands at a place.
    #[must_use]
    pub fn without(&self, path: &[usize]) -> Self {
        let mut changed = self.clone();
        if let Some((last, parent)) = path.split_last() {
            match changed.at_mut(parent) {
                Some(Self::Array(all)) if *last < all.len() => drop(all.remove(*last)),
                Some(Self::Object(entries)) if *last < entries.len() => drop(entries.remove(*last)),
                Some(Self::Array(_) | Self::Object(_) | Self::Scalar(_)) | None => {}
            }
        }
        changed
    }

    /// The same with the keys of every object in the opposite order.
    #[must_use]
    pub fn reversed(&self) -> Self {
        match self {
            Self::Scalar(text) => Self::Scalar(text.clone()),
            Self::Array(all) => Self::Array(all.iter().map(Self::reversed).collect()),
            Self::Object(entries) => {
                Self::Object(entries.iter().rev().map(|(key, node)| (key.clone(), node.reversed())).collect())
            }
        }
    }

    /// The text within a string, or a number's own.
    #[must_use]
    pub fn scalar(&self) -> Option<String> {
        let Self::Scalar(text) = self else { return None };
        if text.starts_with('"') { serde_json::from_str(text).ok() } else { Some(text.clone()) }
    }

    /// A scalar that stands in quotes if this one does.
    #[must_use]
    pub fn alike(&self, text: &str) -> Self {
        match self {
            Self::Scalar(own) if own.starts_with('"') => Self::string(text),
            Self::Scalar(_) | Self::Array(_) | Self::Object(_) => Self::Scalar(text.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_as_it_was() {
        let text = r#"{"a":[1.10,"x\"y",null,{"a":1E-8,"a":2}],"b":{}}"#;
        let tree = Node::parse(text).unwrap();
        assert_eq!(tree.text(), text);
        assert_eq!(tree.leaves().len(), 5);
        assert_eq!(tree.reversed().reversed(), tree);
        assert_eq!(tree.without(&[0, 3, 0]).text(), r#"{"a":[1.10,"x\"y",null,{"a":2}],"b":{}}"#);
        assert_eq!(tree.with(&[1], Node::string("z")).text(), text.replace("{}}", r#""z"}"#));
        assert_eq!(Node::parse(r#"{"a":1"#), None);
    }
}
