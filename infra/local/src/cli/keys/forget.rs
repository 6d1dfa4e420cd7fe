//! `ballast keys remove`: forgetting a configuration, and what of its key stays behind elsewhere.

use super::{Named, still_trading};
use crate::cli::print::{print_json, say};
use crate::in_use::user;
use crate::keyring::Keyring;
use serde_json::json;
use venue::keys::Configuration;

/// The other labels of a configuration's key at the same venue, whichever of its servers they name: what is deleted there is gone
/// for all of them. None where the keys can't be opened.
fn same_key(keyring: &Keyring, label: &str) -> Vec<String> {
    let (Ok(this), Ok(all)) = (keyring.get(label), keyring.all()) else { return Vec::new() };
    let other = |one: &Configuration| one.label != this.label && one.venue == this.venue;
    let same = all.into_iter().filter(|one| other(one) && one.credentials.key() == this.credentials.key());
    same.map(|one| one.label).collect()
}

/// Forgets a configuration, and says what else has to be done.
pub(super) fn remove(named: &Named) -> anyhow::Result<()> {
    let mut keyring = named.common.at.existing()?;
    // One that can't be opened is forgotten all the same.
    let user = keyring.get(&named.label).ok().and_then(|known| user(&named.common.at.keys_dir, &known));
    let same = same_key(&keyring, &named.label);
    let entry = keyring.remove(&named.label)?;
    if named.common.json {
        let removed = json!({ "label": entry.label, "venue": entry.venue, "removed": true, "in_use_by": user, "also_under": same });
        return print_json(&removed);
    }
    let (label, prefix, venue) = (&entry.label, &entry.key_prefix, &entry.venue);
    if same.is_empty() {
        say(&format!("{label:?} is forgotten; delete the key {prefix}… at {venue} too"));
    } else {
        let same: Vec<String> = same.iter().map(|label| format!("{label:?}")).collect();
        say(&format!(
            "{label:?} is forgotten; the key {prefix}… is still that of {}: leave it at {venue}",
            same.join(", ")
        ));
    }
    still_trading(user);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use venue::keys::Settings;
    use venue::protocol::Credentials;

    #[test]
    fn labels_that_share_a_key_are_named_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut keyring = Keyring::open(&folder.path().join("keys"), None).unwrap();
        for (label, venue, key) in [
            ("one", "binance", "k-1"),
            ("two", "binance", "k-1"),
            ("three", "binance", "k-2"),
            ("four", "bybit", "k-1"),
        ] {
            let credentials = Credentials::new(venue, key.into(), "canary".into(), None).unwrap();
            keyring
                .add(&Configuration { label: label.into(), venue, credentials, settings: Settings::default() })
                .unwrap();
        }
        assert_eq!(same_key(&keyring, "two"), ["one"]);
        assert!(same_key(&keyring, "three").is_empty());
        keyring.remove("one").unwrap();
        assert!(same_key(&keyring, "two").is_empty());
    }
}
