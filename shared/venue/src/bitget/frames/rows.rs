//! Frames as the venue writes them.

use super::super::super::protocol::plain::Raw;
use super::super::super::protocol::wire::{MaybeMs, Num, Text};
use super::super::account::RawHolding;
use serde::{Deserialize, Deserializer, de};
use std::fmt;

/// A whole number that may stand in quotes; empty and `null` are none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Whole(Option<i64>);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl de::Visitor<'_> for Visit {
            type Value = Whole;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Whole, E> {
                Ok(Whole(Some(n)))
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Whole, E> {
                i64::try_from(n).map(|n| Whole(Some(n))).map_err(E::custom)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Whole, E> {
                if text.is_empty() {
                    return Ok(Whole(None));
                }
                text.parse().map(|n| Whole(Some(n))).map_err(E::custom)
            }
            fn visit_unit<E: de::Error>(self) -> Result<Whole, E> {
                Ok(Whole(None))
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

impl Whole {
    pub(super) fn number(self) -> Result<Option<u64>, String> {
        self.0.map(|n| u64::try_from(n).map_err(|_| format!("{n} is no number of a message"))).transpose()
    }

    /// A CRC32, which the venue writes as a signed number.
    pub(super) fn checksum(self) -> Option<u32> {
        self.0.and_then(|n| u32::try_from(n.rem_euclid(1 << 32)).ok())
    }
}

/// What a frame is about: `channel` and `instId` in the classic account, `topic` and `symbol` in the unified one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Arg<'a> {
    #[serde(default)]
    pub(super) inst_type: &'a str,
    #[serde(default, alias = "topic")]
    pub(super) channel: &'a str,
    #[serde(default, alias = "symbol")]
    pub(super) inst_id: &'a str,
    #[serde(default)]
    pub(super) interval: &'a str,
}

/// What a frame brings. What comes often is read in one pass where its channel is named before it, as in the classic
/// account.
pub(super) enum Data<'a> {
    Trades(Vec<RawTrade<'a>>),
    Books(Vec<RawBook>),
    Other(Raw<'a>),
}

#[derive(Default)]
pub(super) struct Frame<'a> {
    pub(super) event: Option<&'a str>,
    pub(super) code: Text,
    pub(super) msg: Text,
    pub(super) action: &'a str,
    pub(super) arg: Option<Arg<'a>>,
    pub(super) data: Option<Data<'a>>,
    pub(super) ts: Option<Raw<'a>>,
}

impl<'de> Deserialize<'de> for Frame<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> de::Visitor<'de> for Visit {
            type Value = Frame<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a frame")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Frame<'de>, A::Error> {
                let mut frame = Frame::default();
                while let Some(key) = map.next_key::<&'de str>()? {
                    match key {
                        "event" => frame.event = map.next_value()?,
                        "code" => frame.code = map.next_value()?,
                        "msg" => frame.msg = map.next_value()?,
                        "action" => frame.action = map.next_value()?,
                        "arg" => frame.arg = map.next_value()?,
                        "ts" => frame.ts = map.next_value()?,
                        "data" => {
                            frame.data = match frame.arg.as_ref().map(|arg| arg.channel) {
                                Some("trade" | "publicTrade") => Some(Data::Trades(map.next_value()?)),
                                Some("books") => Some(Data::Books(map.next_value()?)),
                                _ => map.next_value::<Option<Raw<'_>>>()?.map(Data::Other),
                            }
                        }
                        _ => {
                            map.next_value::<de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(frame)
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

/// A trade: the classic names, and the letters of the unified account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawTrade<'a> {
    #[serde(alias = "T")]
    pub(super) ts: Num,
    #[serde(alias = "p")]
    pub(super) price: Num,
    #[serde(alias = "v")]
    pub(super) size: Num,
    #[serde(alias = "S")]
    pub(super) side: &'a str,
    #[serde(default, alias = "i")]
    pub(super) trade_id: Text,
}

#[derive(Deserialize)]
pub(super) struct RawBook {
    #[serde(default, alias = "a")]
    pub(super) asks: Vec<(Num, Num)>,
    #[serde(default, alias = "b")]
    pub(super) bids: Vec<(Num, Num)>,
    #[serde(default)]
    pub(super) checksum: Whole,
    #[serde(default)]
    pub(super) seq: Whole,
    #[serde(default)]
    pub(super) pseq: Whole,
    #[serde(default)]
    pub(super) ts: MaybeMs,
}

/// A bar of the unified account.
#[derive(Deserialize)]
pub(super) struct RawBar {
    pub(super) start: Text,
    pub(super) open: Text,
    pub(super) high: Text,
    pub(super) low: Text,
    pub(super) close: Text,
    pub(super) volume: Text,
}

#[derive(Deserialize)]
pub(super) struct RawUnifiedAccount {
    #[serde(default)]
    pub(super) coin: Vec<RawHolding>,
}
