//! Charts drawn on the server: SVG by presentation attributes and classes, so that colours come
//! from the style sheet. Every chart says its finding in a sentence. Knows numbers, not reads.

use std::fmt::Write as _;

use super::format;

/// Width and height of a sparkline's own coordinates.
const SPARK: (f64, f64) = (108.0, 32.0);
/// Space above and below the line of a sparkline.
const SPARK_MARGIN: f64 = 3.0;
/// Height of the bar area of the hour chart, pixels, and of the whole chart.
const BARS: (f64, f64) = (206.0, 230.0);
/// Space above the highest bar, pixels: the label of the top rule.
const BARS_TOP: f64 = 14.0;
/// Hours of a day; also the number of bars.
const HOURS: usize = 24;

/// A line over `series` (oldest first) with the ground below it filled; `""` for fewer than two
/// numbers. `unit` completes the sentence: `reads a month`.
pub fn sparkline(series: &[u64], unit: &str) -> String {
    let (Some(first), Some(last), true) = (series.first(), series.last(), series.len() > 1) else {
        return String::new();
    };
    let (low, high) = (range_low(series), series.iter().copied().max().unwrap_or(0));
    let span = (high - low).max(1) as f64;
    let step = SPARK.0 / (series.len() - 1) as f64;
    let mut line = String::new();
    for (index, value) in series.iter().enumerate() {
        let x = index as f64 * step;
        let room = SPARK.1 - 2.0 * SPARK_MARGIN;
        let y = SPARK.1 - SPARK_MARGIN - (*value - low) as f64 / span * room;
        let _ = write!(line, "{}{x:.1} {y:.1}", if index == 0 { "M" } else { "L" });
    }
    let sentence = format!(
        "Last {} months, from {} to {} {}",
        series.len(),
        format::number(*first),
        format::number(*last),
        escape(unit)
    );
    format!(
        "<svg class=\"spark\" viewBox=\"0 0 {w} {h}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"{sentence}\"><path class=\"fill\" d=\"{line}V{h}H0Z\"/>\
         <path d=\"{line}\"/></svg>",
        w = SPARK.0,
        h = SPARK.1,
    )
}

/// Lines keep their zero unless that flattens them: growth from 36,000 to 48,000 should show.
fn range_low(series: &[u64]) -> u64 {
    let (low, high) =
        (series.iter().copied().min().unwrap_or(0), series.iter().copied().max().unwrap_or(0));
    if low >= high / 2 { low } else { 0 }
}

/// Bars for the 24 hours of a day, the hour `now` (0-23) set apart, a dashed line for a `usual` such
/// day unless that is empty, and a hidden table with the values. Missing hours count as zero, more
/// than 24 are ignored.
pub fn hour_bars(hours: &[u64], now: usize, usual: &[u64]) -> String {
    let value = |hour: usize| hours.get(hour).copied().unwrap_or(0);
    let expected = |hour: usize| usual.get(hour).copied().unwrap_or(0);
    let most = (0..HOURS).map(value).max().unwrap_or(0);
    let (top, rules) = rules((0..HOURS).map(expected).max().unwrap_or(0).max(most));
    let scale = |amount: u64| amount as f64 / top as f64 * (BARS.0 - BARS_TOP);
    let sentence = match (0..HOURS).rev().max_by_key(|hour| value(*hour)) {
        Some(hour) if most > 0 => format!(
            "Reads per hour today. Busiest so far: {hour}:00 with {}.",
            format::count(most, "read", "reads")
        ),
        _ if (0..HOURS).any(|hour| expected(hour) > 0) => "No reads today so far.".to_owned(),
        _ => return "<p class=\"muted sm\">None so far.</p>".to_owned(),
    };
    let mut out = format!(
        "<svg class=\"chart\" height=\"{}\" role=\"img\" aria-label=\"{sentence}\">",
        BARS.1
    );
    for rule in &rules {
        let y = BARS.0 - scale(*rule);
        let _ =
            write!(out, "<line class=\"rule\" x1=\"0\" x2=\"100%\" y1=\"{y:.0}\" y2=\"{y:.0}\"/>");
    }
    for hour in 0..HOURS {
        bar(&mut out, hour, value(hour), scale(value(hour)), hour == now);
    }
    if (0..HOURS).any(|hour| expected(hour) > 0) {
        usual_line(&mut out, |hour| BARS.0 - scale(expected(hour)));
    }
    // After the bars, so that a night's bar does not hide them.
    for rule in rules {
        let y = BARS.0 - scale(rule) - 4.0;
        let _ = write!(out, "<text x=\"0\" y=\"{y:.0}\">{}</text>", format::number(rule));
    }
    let _ = write!(
        out,
        "<line class=\"rule\" x1=\"0\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/></svg>",
        y = BARS.0
    );
    hour_table(&mut out, &value, usual);
    out
}

/// The dashed line through the middle of every hour, in coordinates of its own: a path knows no
/// percent.
fn usual_line(out: &mut String, y: impl Fn(usize) -> f64) {
    let _ = write!(
        out,
        "<svg width=\"100%\" height=\"{h}\" viewBox=\"0 0 {HOURS} {h}\" \
         preserveAspectRatio=\"none\"><path class=\"usual\" d=\"",
        h = BARS.0
    );
    for hour in 0..HOURS {
        let letter = if hour == 0 { 'M' } else { 'L' };
        let _ = write!(out, "{letter}{hour}.5 {:.0}", y(hour));
    }
    out.push_str("\"/></svg>");
}

fn bar(out: &mut String, hour: usize, value: u64, height: f64, now: bool) {
    let step = 100.0 / HOURS as f64;
    let x = hour as f64 * step + 0.55;
    if value > 0 {
        // A read is always seen, however small it is beside the busiest hour.
        let height = height.max(2.0);
        let _ = write!(
            out,
            "<rect class=\"bar{}\" x=\"{x:.2}%\" y=\"{:.0}\" width=\"3.05%\" height=\"{height:.0}\" \
             rx=\"2\"><title>{hour}:00, {}</title></rect>",
            if now { " now" } else { "" },
            BARS.0 - height,
            format::count(value, "read", "reads")
        );
    }
    if hour.is_multiple_of(3) {
        let _ = write!(
            out,
            "<text x=\"{:.2}%\" y=\"{}\" text-anchor=\"middle\">{hour:02}</text>",
            x + 1.52,
            BARS.1 - 6.0
        );
    }
}

fn hour_table(out: &mut String, value: &dyn Fn(usize) -> u64, usual: &[u64]) {
    let expected = |hour: usize| usual.get(hour).copied().unwrap_or(0);
    out.push_str(
        "<div class=\"vh\"><table><caption>Reads per hour today</caption><thead><tr>\
         <th scope=\"col\">Hour</th><th scope=\"col\">Reads</th>",
    );
    if !usual.is_empty() {
        out.push_str("<th scope=\"col\">Usual</th>");
    }
    out.push_str("</tr></thead><tbody>");
    for hour in (0..HOURS).filter(|hour| value(*hour) > 0 || expected(*hour) > 0) {
        let reads = format::number(value(hour));
        let _ = write!(out, "<tr><th scope=\"row\">{hour}:00</th><td>{reads}</td>");
        if !usual.is_empty() {
            let _ = write!(out, "<td>{}</td>", format::number(expected(hour)));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
}

/// The top of the scale and at most three rules on round numbers.
fn rules(most: u64) -> (u64, Vec<u64>) {
    if most == 0 {
        return (1, Vec::new());
    }
    let mut step: u64 = 1;
    'found: loop {
        for factor in [1, 2, 5] {
            let candidate = step.saturating_mul(factor);
            if candidate.saturating_mul(3) >= most || candidate == u64::MAX {
                step = candidate;
                break 'found;
            }
        }
        step = step.saturating_mul(10);
    }
    let count = most.div_ceil(step);
    (step.saturating_mul(count), (1..=count).map(|n| step.saturating_mul(n)).collect())
}

/// A meter that shows `value` as part of `most`, for the rows of a ranking. Its number stands
/// beside it, so it is hidden from screen readers.
pub fn rank_meter(value: u64, most: u64) -> String {
    format!(
        "<meter class=\"full\" min=\"0\" max=\"{}\" value=\"{}\" aria-hidden=\"true\"></meter>",
        most.max(1),
        value.min(most.max(1))
    )
}

/// A confidence as a meter with its number; amber below `low`.
pub fn confidence(percent: f32, low: f32) -> String {
    let percent = if percent.is_finite() { percent.clamp(0.0, 100.0) } else { 0.0 };
    let text = format::one_decimal(percent);
    format!(
        "<span class=\"conf\"><meter min=\"0\" max=\"100\" low=\"{low}\" optimum=\"100\" \
         value=\"{text}\" aria-hidden=\"true\"></meter>{text}</span>"
    )
}

/// Text for an attribute or element.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match format::escaped(character) {
            Some(instead) => out.push_str(instead),
            None => out.push(character),
        }
    }
    out
}

#[cfg(test)]
#[path = "chart_tests.rs"]
mod tests;
