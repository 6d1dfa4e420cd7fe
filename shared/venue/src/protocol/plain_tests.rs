use super::*;
use crate::protocol::wire::{Flag, MaybeMs, MaybeNum, Num, Text};
use proptest::prelude::*;

/// Everything a frame's structure may be made of.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Everything<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    r: Option<&'a str>,
    o: String,
    n: u64,
    i: Option<i64>,
    u: Option<u16>,
    f: Option<f64>,
    b: Option<bool>,
    num: Option<Num>,
    maybe: MaybeNum,
    text: Text,
    flag: Flag,
    at: MaybeMs,
    levels: Vec<(Num, Num)>,
    row: Vec<Num>,
    #[serde(borrow)]
    raw: Option<Raw<'a>>,
    map: std::collections::BTreeMap<String, Text>,
    #[serde(borrow)]
    inner: Option<Box<Everything<'a>>>,
}

const FRAMES: [&str; 6] = [
    r#"{"s":"BTCUSDT","r":"x","o":"y","n":7,"i":-3,"u":9,"b":true,"num":"60123.45000000","maybe":0.10,"text":123}"#,
    r#"{"text":"null","flag":"true","at":1722161166529,"levels":[["1.5","2"],[3,"0.25"]],"row":["1",2,3.5]}"#,
    r#"{"inner":{"s":"","raw":{"a":[1,"b",null,{"c":false}]},"map":{"x":1,"y":"z"}},"raw":[],"unknown":{"d":[[]]}}"#,
    r#"{"maybe":"","text":null,"flag":null,"num":null,"i":null,"raw":-0.5,"f":2,"unknown":-12.25}"#,
    r#"{}"#,
    r#"{"s":"naïve – ¥","n":18446744073709551615,"i":-9223372036854775808,"at":"0","flag":1,"raw":"text"}"#,
];

#[test]
fn what_venues_write_is_read_in_one_pass() {
    for frame in FRAMES {
        let ours = usual::<Everything<'_>>(frame).unwrap();
        assert_eq!(ours, serde_json::from_str(frame).unwrap(), "{frame}");
        assert_eq!(usual::<Raw<'_>>(frame).unwrap().get(), frame);
    }
}

#[test]
fn whatever_is_unusual_is_left_to_serde_json() {
    let deep = format!(r#"{{"unknown":{}{}}}"#, "[".repeat(20), "]".repeat(20));
    for frame in [r#"{ "n": 1 }"#, r#"{"s":"a\"b"}"#, r#"{"maybe":1E-8}"#, r#"{"f":0.5}"#, "{\"n\":1}\n", &deep] {
        assert!(usual::<Everything<'_>>(frame).is_err(), "{frame}");
        let theirs: Everything<'_> = serde_json::from_str(frame).unwrap();
        assert_eq!(from_str::<Everything<'_>>(frame).unwrap(), theirs, "{frame}");
    }
    for bad in
        [r#"{"n":01}"#, r#"{"n":-0}"#, r#"{"n":1,"n":2}"#, r#"{"n":1,}"#, r#"{"n":1}}"#, r#"{"row":[1,]}"#, "", "{"]
    {
        assert!(usual::<Everything<'_>>(bad).is_err(), "{bad}");
        let (ours, theirs) = (from_str::<Everything<'_>>(bad), serde_json::from_str::<Everything<'_>>(bad));
        assert_eq!(ours.unwrap_err().to_string(), theirs.unwrap_err().to_string(), "{bad}");
    }
}

/// What frames are damaged with.
const SHARDS: [&str; 30] = [
    "",
    "\"",
    "\\",
    "\\u0041",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "0",
    "-",
    "+",
    ".",
    "e",
    "1e3",
    "00",
    "-0",
    "99999999999999999999",
    "null",
    "true",
    "nul",
    " ",
    "\n",
    "\u{1}",
    "é",
    "[1,2]",
    "{\"s\":\"q\"}",
    "\"n\":1,",
    "1.5",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_it_reads_serde_json_reads_to_the_same(
        frame in 0..FRAMES.len(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..6, 0..SHARDS.len()), 0..4),
    ) {
        let mut text: Vec<char> = FRAMES[frame].chars().collect();
        for (at, length, shard) in cuts {
            let from = at.index(text.len() + 1);
            let to = (from + length).min(text.len());
            let _: Vec<char> = text.splice(from..to, SHARDS[shard].chars()).collect();
        }
        let text: String = text.into_iter().collect();
        if let Ok(ours) = usual::<Everything<'_>>(&text) {
            let theirs = serde_json::from_str::<Everything<'_>>(&text);
            // In words, because numbers of different decimals are equal.
            let words = |read: &Everything<'_>| format!("{read:?}");
            prop_assert_eq!(Some(words(&ours)), theirs.ok().as_ref().map(words), "{}", text);
        }
        // A value of any kind, which nothing but its grammar limits.
        if let Ok(ours) = usual::<Raw<'_>>(&text) {
            prop_assert_eq!(Some(ours.get()), serde_json::from_str::<&RawValue>(&text).ok().map(RawValue::get));
        }
    }
}
