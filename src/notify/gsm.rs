//! Short messages: what fits one segment, and which pieces of a message to leave out so that it does.

/// Characters of one segment in the alphabet of GSM, and in UTF-16 when others are needed.
const SEGMENT: usize = 160;
const SEGMENT_UTF16: usize = 70;
/// The basic alphabet (GSM 03.38) without letters and digits.
const BASIC: &str = "@\u{a3}$\u{a5}\u{e8}\u{e9}\u{f9}\u{ec}\u{f2}\u{c7}\n\u{d8}\u{f8}\u{c5}\u{e5}\u{394}_\u{3a6}\u{393}\u{39b}\u{3a9}\u{3a0}\u{3a8}\u{3a3}\u{398}\u{39e}\u{c6}\u{e6}\u{df}\u{c9} !\"#\u{a4}%&'()*+,-./:;<=>?\u{a1}\u{c4}\u{d6}\u{d1}\u{dc}\u{a7}\u{bf}\u{e4}\u{f6}\u{f1}\u{fc}\u{e0}";
/// Characters that take two places.
const EXTENDED: &str = "^{}\\[~]|\u{20ac}";

/// The pieces of a message as one text: the first always, of the others those with which it stays
/// one segment.
pub(super) fn short(pieces: &[String]) -> String {
    let mut pieces = pieces.iter().map(|piece| plain(piece));
    let mut text = pieces.next().unwrap_or_default();
    for piece in pieces.filter(|piece| !piece.is_empty()) {
        let longer = format!("{text} {piece}");
        if fits(&longer) {
            text = longer;
        }
    }
    text
}

/// Whether `text` is one segment.
pub(super) fn fits(text: &str) -> bool {
    match septets(text) {
        Some(count) => count <= SEGMENT,
        None => text.encode_utf16().count() <= SEGMENT_UTF16,
    }
}

/// Places `text` takes in the alphabet of GSM; `None` when it needs another.
fn septets(text: &str) -> Option<usize> {
    text.chars().map(places).sum()
}

fn places(c: char) -> Option<usize> {
    if c.is_ascii_alphanumeric() || BASIC.contains(c) {
        Some(1)
    } else {
        EXTENDED.contains(c).then_some(2)
    }
}

/// Typographic marks as the alphabet has them; everything else stays as it is.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2018}' | '\u{2019}' | '`' | '\u{b4}' => plain.push('\''),
            '\u{201c}' | '\u{201d}' => plain.push('"'),
            '\u{2013}' | '\u{2014}' | '\u{2212}' | '\u{b7}' => plain.push('-'),
            '\u{2026}' => plain.push_str("..."),
            '\u{a0}' | '\u{202f}' => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_segment_where_that_is_possible() {
        let pieces = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let link = "https://box.example.org/alerts/custom/7";
        let long = "x".repeat(150);
        assert_eq!(
            short(&pieces(&["AB1 Match!", "Gate in", link])),
            format!("AB1 Match! Gate in {link}")
        );
        assert_eq!(short(&pieces(&["AB1 Match!", &long, link])), format!("AB1 Match! {link}"));
        assert_eq!(short(&pieces(&["AB1 \u{2013} \u{201c}x\u{201d}\u{2026}"])), "AB1 - \"x\"...");
        for (text, one) in [
            ("a".repeat(160), true),
            ("a".repeat(161), false),
            ("{".repeat(80), true),
            ("{".repeat(81), false),
            ("\u{1f697}".repeat(35), true),
            ("\u{1f697}".repeat(36), false),
            ("\u{e4}\u{20ac}".repeat(53), true),
        ] {
            assert_eq!(fits(&text), one, "{text}");
        }
        let hostile = "=cmd|' /C'!A0<script>\u{1f697}";
        assert_eq!(short(&pieces(&[hostile])), hostile, "literally");
    }
}
