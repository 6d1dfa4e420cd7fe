//! Seeded randomness, and random changes of a JSON tree.

use super::json::Node;

/// A generator of numbers (SplitMix64, G. Steele et al., 2014): the same seed gives the same numbers everywhere.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From a name: a target's changes don't depend on its neighbours.
    #[must_use]
    pub fn named(name: &str, seed: u64) -> Self {
        // FNV-1a.
        let hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(hash ^ seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, or zero.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or_default()
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}

/// What takes the place of a scalar.
const SCALARS: [&str; 30] = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1",
    "-0.0",
    "1e400",
    "1E-8",
    "1e9999999999",
    "9223372036854775808",
    "18446744073709551616",
    "0.1234567890123456789012345678901234567890",
    "1234567890123456789012345678901234567890",
    "1700000000",
    "1700000000000000",
    "\"\"",
    "\" \"",
    "\"NaN\"",
    "\"Infinity\"",
    "\"-0.5\"",
    "\"0x10\"",
    "\"1_000\"",
    "\"１\"",
    "\"FOO\"",
    "\"\\ud83d\\ude00\"",
    "\"\\u0000\"",
    "[]",
    "{}",
    "[[[[[[]]]]]]",
];

/// Texts that are no JSON.
#[must_use]
pub fn no_json() -> Vec<Vec<u8>> {
    let html = "<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>";
    let deep = "[".repeat(10_000);
    let mut bodies: Vec<Vec<u8>> = [
        "",
        " ",
        html,
        "<!DOCTYPE html>",
        "error code: 1020",
        "\u{feff}",
        "{",
        "NaN",
        "undefined",
        "{'a':1}",
        deep.as_str(),
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    bodies.push(vec![0xff, 0xfe, 0x00, 0x80]);
    bodies.push(vec![0x1f, 0x8b, 0x08, 0x00]);
    bodies
}

/// One to four random changes.
#[must_use]
pub fn mixed(tree: &Node, random: &mut Random) -> Node {
    let mut changed = tree.clone();
    for _ in 0..=random.below(4) {
        changed = once(&changed, random);
    }
    changed
}

fn once(tree: &Node, random: &mut Random) -> Node {
    let leaves = tree.leaves();
    let Some((path, _)) = random.pick(&leaves).cloned() else { return tree.clone() };
    // A leaf, or something that holds it.
    let path: Vec<usize> = match random.below(4) {
        0 => path.iter().take(random.below(path.len() + 1)).copied().collect(),
        _ => path,
    };
    match random.below(6) {
        0 => tree.without(&path),
        1 => doubled(tree, &path, random),
        2 => swapped(tree, &path, random),
        3 => {
            // What stands elsewhere.
            let other = random.pick(&leaves).and_then(|(other, _)| tree.at(other)).cloned();
            other.map_or_else(|| tree.clone(), |node| tree.with(&path, node))
        }
        4 => {
            let long = format!("\"{}\"", "x".repeat(random.below(5000)));
            tree.with(&path, Node::Scalar(long))
        }
        _ => {
            let text = random.pick(&SCALARS).copied().unwrap_or("null");
            tree.with(&path, Node::Scalar(text.to_owned()))
        }
    }
}

/// A row or a key stands twice.
fn doubled(tree: &Node, path: &[usize], random: &mut Random) -> Node {
    let mut changed = tree.clone();
    let Some((last, parent)) = path.split_last() else { return changed };
    match changed.at_mut(parent) {
        Some(Node::Array(all)) => {
            if let Some(row) = all.get(*last).cloned() {
                all.insert(random.below(all.len() + 1), row);
            }
        }
        Some(Node::Object(entries)) => {
            if let Some((key, _)) = entries.get(*last).cloned() {
                let other = random.pick(&SCALARS).copied().unwrap_or("null");
                entries.push((key, Node::Scalar(other.to_owned())));
            }
        }
        Some(Node::Scalar(_)) | None => {}
    }
    changed
}

/// Two rows, or two keys, change places.
fn swapped(tree: &Node, path: &[usize], random: &mut Random) -> Node {
    let mut changed = tree.clone();
    let Some((last, parent)) = path.split_last() else { return changed };
    match changed.at_mut(parent) {
        Some(Node::Array(all)) if *last < all.len() => {
            let other = random.below(all.len());
            all.swap(*last, other);
        }
        Some(Node::Object(entries)) if *last < entries.len() => {
            let other = random.below(entries.len());
            entries.swap(*last, other);
        }
        Some(Node::Array(_) | Node::Object(_) | Node::Scalar(_)) | None => {}
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_changes() {
        let tree = Node::parse(r#"{"a":[1,2,{"b":"c"}],"d":null}"#).unwrap();
        let texts = |seed| {
            let mut random = Random::named("x", seed);
            (0..50).map(|_| mixed(&tree, &mut random).text()).collect::<Vec<_>>()
        };
        assert_eq!(texts(1), texts(1));
        assert_ne!(texts(1), texts(2));
        assert!(texts(1).iter().any(|text| *text != tree.text()));
    }

    #[test]
    fn no_json_is_none() {
        for body in no_json() {
            assert!(serde_json::from_slice::<serde_json::Value>(&body).is_err());
        }
    }
}
