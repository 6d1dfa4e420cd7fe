//! Text of frames, eight bytes at a time: where a run of characters ends, and what eight digits are worth.
//!
//! Eight bytes are held in one register and looked at together, by arithmetic that sets the high bit of each byte that is
//! looked for. A carry can spoil only bytes behind such a one, so the first of them is always the right one. Tests hold
//! each function to a loop over bytes.

/// The same byte eight times.
const fn eight(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Eight zeros.
const ZEROS: u64 = eight(b'0');
/// The high bit of each byte.
const HIGH: u64 = eight(0x80);

/// How many bytes stand in front of the first that `hits` tells; `slowly` says the same of one byte.
fn before(text: &[u8], hits: impl Fn(u64) -> u64, slowly: impl Fn(u8) -> bool) -> Option<usize> {
    let mut passed: usize = 0;
    let mut rest = text;
    while let Some((bytes, behind)) = rest.split_first_chunk::<8>() {
        let hit = hits(u64::from_le_bytes(*bytes)) & HIGH;
        if hit != 0 {
            return usize::try_from(hit.trailing_zeros() / 8).ok().map(|at| passed.wrapping_add(at));
        }
        (passed, rest) = (passed.wrapping_add(8), behind);
    }
    rest.iter().position(|byte| slowly(*byte)).map(|at| passed.wrapping_add(at))
}

/// How many bytes stand in front of the first quote, backslash or control character.
pub(super) fn plain(text: &[u8]) -> Option<usize> {
    /// That a byte is zero.
    const fn none(bytes: u64) -> u64 {
        bytes.wrapping_sub(eight(1)) & !bytes
    }
    let hits = |bytes: u64| {
        let control = bytes.wrapping_sub(eight(b' ')) & !bytes;
        control | none(bytes ^ eight(b'"')) | none(bytes ^ eight(b'\\'))
    };
    before(text, hits, |byte| matches!(byte, b'"' | b'\\' | 0..b' '))
}

/// How many digits a text begins with.
pub(super) fn digits(text: &[u8]) -> usize {
    before(text, |bytes| none_digit(bytes ^ ZEROS), |byte| !byte.is_ascii_digit()).unwrap_or(text.len())
}

/// The number whose digits are those of `value` and behind them those a text begins with, if there are at most nineteen; and
/// how many there are in the text.
pub(super) fn number(value: u64, text: &[u8]) -> (u64, usize) {
    let (mut value, mut rest, mut count) = (value, text, 0_usize);
    while let Some((bytes, behind)) = rest.split_first_chunk::<8>() {
        let bytes = u64::from_le_bytes(*bytes) ^ ZEROS;
        if none_digit(bytes) & HIGH != 0 {
            break;
        }
        value = value.wrapping_mul(100_000_000).wrapping_add(worth(bytes));
        (rest, count) = (behind, count.wrapping_add(8));
    }
    for byte in rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(digit.into());
        count = count.wrapping_add(1);
    }
    (value, count)
}

/// What bytes are no digits, of bytes whose `0` is zero: a digit is at most 9 then, and 0x76 lifts whatever is more to the high
/// bit.
const fn none_digit(bytes: u64) -> u64 {
    bytes.wrapping_add(eight(0x76)) | bytes
}

/// What eight digits whose `0` is zero are worth: neighbours are joined to numbers of two digits, these to numbers of four,
/// these to one of eight.
const fn worth(digits: u64) -> u64 {
    let twos = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = twos.wrapping_mul(100).wrapping_add(twos >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn eight_at_once_are_what_one_after_the_other_is(text in prop_oneof!["[0-9]{0,24}", "\\PC{0,24}", "[0-9\"\\\\/:\x00-\x21a-z\u{e4}]{0,40}"]) {
            let bytes = text.as_bytes();
            prop_assert_eq!(plain(bytes), bytes.iter().position(|byte| *byte == b'"' || *byte == b'\\' || *byte < b' '));
            let count = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
            prop_assert_eq!(digits(bytes), count);
            if count < 20 {
                let whole: u64 = text[..count].parse().unwrap_or_default();
                prop_assert_eq!(number(0, bytes), (whole, count));
                let (head, tail) = bytes.split_at(count / 2);
                prop_assert_eq!(number(number(0, head).0, tail).0, whole);
            }
        }
    }
}
