//! Taking a key from its owner, without showing it.

use anyhow::bail;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use venue::protocol::{Capabilities, Credentials};
use zeroize::Zeroizing;

/// No part of a key is longer, in bytes.
const LINE_MAX: u64 = 16 * 1024;

type Secret = Zeroizing<String>;

/// The credentials of a venue: from the environment, from the terminal, or from lines of standard input.
pub(super) fn credentials(capabilities: &Capabilities, from_env: bool) -> anyhow::Result<Credentials> {
    let mut names = vec![("key", "BALLAST_VENUE_KEY"), ("secret", "BALLAST_VENUE_SECRET")];
    if capabilities.passphrase {
        names.push(("passphrase", "BALLAST_VENUE_PASSPHRASE"));
    }
    let terminal = std::io::stdin().is_terminal();
    let mut lines = BufReader::new(std::io::stdin().lock());
    let mut parts = Vec::new();
    for (what, variable) in names {
        parts.push(match (from_env, terminal) {
            (true, _) => from_variable(variable)?,
            (false, true) => from_terminal(capabilities.name, what)?,
            (false, false) => from_line(&mut lines, capabilities.name, what)?,
        });
    }
    nothing_more(lines.buffer(), capabilities)?;
    let mut parts = parts.into_iter();
    let mut next = || parts.next().map(|mut part| std::mem::take(&mut *part));
    let (key, secret) = (next().unwrap_or_default(), next().unwrap_or_default());
    Ok(Credentials::new(capabilities.venue, key, secret, next())?)
}

fn from_variable(variable: &str) -> anyhow::Result<Secret> {
    let Some(found) = std::env::var_os(variable) else { bail!("--from-env: {variable} is not set") };
    // The system's words about it would repeat it.
    Ok(Zeroizing::new(found.into_string().map_err(|_| anyhow::anyhow!("{variable} is no UTF-8 text"))?))
}

fn from_terminal(venue: &str, what: &str) -> anyhow::Result<Secret> {
    let typed = rpassword::prompt_password(format!("{venue} {what} (not shown): "));
    Ok(Zeroizing::new(typed.map_err(|e| anyhow::anyhow!("the terminal can't be read: {e}"))?))
}

fn from_line(input: &mut impl BufRead, venue: &str, what: &str) -> anyhow::Result<Secret> {
    let mut line = Zeroizing::new(String::new());
    let fault = |e: std::io::Error| {
        if e.kind() == std::io::ErrorKind::InvalidData {
            return anyhow::anyhow!("the {what} on standard input is no UTF-8 text: write it as {venue} shows it");
        }
        anyhow::anyhow!("standard input can't be read: {}", e.kind())
    };
    let read = input.take(LINE_MAX).read_line(&mut line).map_err(fault)?;
    if read == 0 {
        bail!(
            "standard input ended before the {what}: {venue} wants key, secret and, where it has one, passphrase, a line each"
        );
    }
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}

/// That nothing came behind the last line: a secret with line breaks would be cut, a passphrase that nobody asked for be
/// lost. Of what came only: who writes may keep the pipe open.
fn nothing_more(rest: &[u8], capabilities: &Capabilities) -> anyhow::Result<()> {
    if rest.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let parts = if capabilities.passphrase { "key, secret and passphrase" } else { "key and secret" };
    bail!("standard input has more lines than {} has parts of a key: it wants {parts}, a line each", capabilities.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_one_by_one_and_their_absence_is_named() {
        let mut input = std::io::Cursor::new("one\r\ntwo");
        assert_eq!(from_line(&mut input, "X", "key").unwrap().as_str(), "one");
        assert_eq!(from_line(&mut input, "X", "secret").unwrap().as_str(), "two");
        let missing = from_line(&mut input, "X", "passphrase").unwrap_err().to_string();
        assert!(missing.contains("passphrase"), "{missing}");
    }

    #[test]
    fn what_is_no_text_and_what_is_too_much_is_refused_with_the_way_out() {
        let fault = from_line(&mut std::io::Cursor::new([0xff, b'\n']), "X", "secret").unwrap_err().to_string();
        assert!(fault.contains("the secret on standard input is no UTF-8 text"), "{fault}");
        let capabilities = venue::registry::adapter("binance").unwrap().protocol.capabilities();
        assert!(nothing_more(b"\n \r\n", capabilities).is_ok());
        let fault = nothing_more(b"a third\n", capabilities).unwrap_err().to_string();
        assert!(fault.contains("key and secret, a line each") && !fault.contains("a third"), "{fault}");
    }
}
