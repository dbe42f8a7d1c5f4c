//! The map of the United States as equal squares, one a state, in six steps that grow by about the
//! factor five. It says its finding in a sentence and holds its values in a hidden table.

use std::fmt::Write as _;

use super::{format, regions};

/// From one square to the next, and its side, in the map's own coordinates.
const STEP: (usize, usize) = (41, 38);
/// Values from here on are written into their square.
const SHOWN_FROM: u64 = 1000;
/// State codes by row and column.
const MAP: [&str; 8] = [
    "ak .. .. .. .. .. .. .. .. .. me",
    ".. .. .. .. .. .. .. .. .. vt nh",
    "wa id mt nd mn il wi mi ny ri ma",
    "or nv wy sd ia in oh pa nj ct ..",
    "ca ut co ne mo ky wv va md de ..",
    ".. az nm ks ar tn nc sc dc .. ..",
    ".. .. .. ok la ms al ga .. .. ..",
    "hi .. .. tx .. .. .. .. fl .. ..",
];

/// Whether `code` (`us-ca`, or `ca` from an old agent) is a state on the map; its two letters.
pub fn state(code: &str) -> Option<&'static str> {
    let letters = code.strip_prefix("us-").unwrap_or(code);
    MAP.iter().flat_map(|row| row.split(' ')).find(|known| *known == letters && *known != "..")
}

/// The map of `counts` by state code; other regions are left out.
pub fn state_map(counts: &[(String, u64)]) -> String {
    let count = |letters: &str| {
        let of = |(code, count): &(String, u64)| (state(code) == Some(letters)).then_some(*count);
        counts.iter().filter_map(of).fold(0, u64::saturating_add)
    };
    let mut squares: Vec<(usize, usize, &str, u64)> = Vec::new();
    for (row, line) in MAP.iter().enumerate() {
        for (column, letters) in line.split(' ').enumerate().filter(|(_, code)| *code != "..") {
            squares.push((row, column, letters, count(letters)));
        }
    }
    let mut ranked: Vec<(&str, u64)> =
        squares.iter().filter(|square| square.3 > 0).map(|square| (square.2, square.3)).collect();
    ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let most = ranked.first().map_or(0, |(_, count)| *count);
    let mut out = format!(
        "<svg class=\"map\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">",
        STEP.0 * 10 + STEP.1,
        STEP.0 * (MAP.len() - 1) + STEP.1,
        sentence(&ranked)
    );
    for (row, column, letters, count) in squares {
        square(&mut out, (column * STEP.0, row * STEP.0), letters, count, step(count, most));
    }
    out.push_str("</svg>");
    table(&mut out, &ranked);
    out
}

fn sentence(ranked: &[(&str, u64)]) -> String {
    if ranked.is_empty() {
        return "No reads of plates of US states.".to_owned();
    }
    let first: Vec<String> = ranked
        .iter()
        .take(3)
        .map(|(letters, count)| format!("{} {}", name(letters), format::number(*count)))
        .collect();
    format!("Reads by US state. {}.", first.join(", "))
}

fn name(letters: &str) -> String {
    regions::name(&format!("us-{letters}"), "us")
}

/// 0 for nothing, 5 for the most, and one less for every fifth of it.
fn step(count: u64, most: u64) -> usize {
    if count == 0 {
        return 0;
    }
    let below = (most as f64 / count as f64).ln() / 5.0_f64.ln();
    5 - (below.floor() as usize).min(4)
}

fn square(out: &mut String, (x, y): (usize, usize), letters: &str, count: u64, step: usize) {
    let (side, middle) = (STEP.1, x + STEP.1 / 2);
    // Letters on dark squares are light.
    let ink = match step {
        4.. => " class=\"lit\"",
        3 => " class=\"lit3\"",
        _ => "",
    };
    let letters_shown = letters.to_uppercase();
    let _ = write!(
        out,
        "<g><title>{}, {}</title><rect class=\"h{step}\" x=\"{x}\" y=\"{y}\" width=\"{side}\" \
         height=\"{side}\" rx=\"6\"/>",
        name(letters),
        format::count(count, "read", "reads")
    );
    if count < SHOWN_FROM {
        let _ =
            write!(out, "<text{ink} x=\"{middle}\" y=\"{}\">{letters_shown}</text></g>", y + 23);
        return;
    }
    let number_ink = if ink.is_empty() {
        " class=\"n\"".to_owned()
    } else {
        ink.replace("class=\"", "class=\"n ")
    };
    let _ = write!(
        out,
        "<text{ink} x=\"{middle}\" y=\"{}\">{letters_shown}</text>\
         <text{number_ink} x=\"{middle}\" y=\"{}\">{}</text></g>",
        y + 18,
        y + 31,
        short(count)
    );
}

/// `38.2k`, `412k`, `1.2M`: what fits into a square.
fn short(count: u64) -> String {
    let (amount, unit) =
        if count < 999_500 { (count as f64 / 1e3, "k") } else { (count as f64 / 1e6, "M") };
    if amount < 99.95 { format!("{amount:.1}{unit}") } else { format!("{amount:.0}{unit}") }
}

fn table(out: &mut String, ranked: &[(&str, u64)]) {
    out.push_str(
        "<div class=\"vh\"><table><caption>Reads by US state</caption><thead><tr>\
         <th scope=\"col\">State</th><th scope=\"col\">Reads</th></tr></thead><tbody>",
    );
    for (letters, count) in ranked {
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
            name(letters),
            format::number(*count)
        );
    }
    out.push_str("</tbody></table></div>");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(rows: &[(&str, u64)]) -> Vec<(String, u64)> {
        rows.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect()
    }

    #[test]
    fn every_state_has_one_square() {
        let mut codes: Vec<&str> =
            MAP.iter().flat_map(|row| row.split(' ')).filter(|code| *code != "..").collect();
        assert!(MAP.iter().all(|row| row.split(' ').count() == 11));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), 51, "fifty states and the District of Columbia");
        assert!(codes.iter().all(|code| name(code) != code.to_uppercase()), "all have names");
    }

    #[test]
    fn the_finding_is_said_and_values_are_held() {
        let svg = state_map(&counts(&[
            ("us-ca", 38_211),
            ("ca", 1),
            ("us-nv", 2904),
            ("fr", 9),
            ("ca-on", 5),
            ("us-tx", 7),
        ]));
        assert!(svg.contains("Reads by US state. California 38,212, Nevada 2,904, Texas 7."));
        assert!(svg.contains("<th scope=\"row\">Texas</th><td>7</td>") && svg.contains(">38.2k<"));
        assert!(!svg.contains("France") && !svg.contains("Ontario"));
        assert_eq!(svg.matches("<rect").count(), 51);
    }

    #[test]
    fn steps_follow_the_most() {
        let steps =
            [(25_000, 5), (5_001, 5), (4_999, 4), (999, 3), (199, 2), (39, 1), (1, 1), (0, 0)];
        for (count, expected) in steps {
            assert_eq!(step(count, 25_000), expected, "{count}");
        }
        let svg = state_map(&counts(&[("us-ca", u64::MAX), ("us-ca", 1), ("<b>", 1)]));
        assert!(!svg.contains("<b>") && !svg.contains("NaN"));
        assert!(state_map(&[]).contains("No reads of plates of US states."));
    }

    #[test]
    fn short_numbers_fit() {
        for (count, expected) in [
            (1240, "1.2k"),
            (38_211, "38.2k"),
            (412_000, "412k"),
            (999_600, "1.0M"),
            (1_234_567, "1.2M"),
        ] {
            assert_eq!(short(count), expected);
        }
    }
}
