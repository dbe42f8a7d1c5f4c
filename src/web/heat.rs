//! The map of weekdays and hours: seven rows of 24 cells, Monday first, in six steps by quantile.
//! It says its peak in a sentence and holds its values in a hidden table.

use std::fmt::Write as _;

use super::format;

/// Weekdays in the order of the rows.
const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const HOURS: usize = 24;
/// From the top of one row to the top of the next, pixels, and the height of a cell.
const ROW: (usize, usize) = (26, 24);
/// Steps above nothing.
const STEPS: usize = 5;

/// The busiest cell of `rows`: weekday, hour and how much; `None` when all are zero.
pub fn peak(rows: &[Vec<u64>]) -> Option<(&'static str, usize, u64)> {
    let cells = (0..DAYS.len()).flat_map(|day| (0..HOURS).map(move |hour| (day, hour)));
    let (day, hour) = cells.rev().max_by_key(|&(day, hour)| value(rows, day, hour))?;
    let most = value(rows, day, hour);
    Some((DAYS.get(day).copied()?, hour, most)).filter(|_| most > 0)
}

/// The map of `rows` (seven of 24; what is missing counts as zero, what is beyond is ignored).
pub fn heat_map(rows: &[Vec<u64>]) -> String {
    let Some((day, hour, most)) = peak(rows) else {
        return "<p class=\"muted sm\">None so far.</p>".to_owned();
    };
    let mut known: Vec<u64> = rows.iter().flatten().copied().filter(|value| *value > 0).collect();
    known.sort_unstable();
    known.dedup();
    let mut out = String::with_capacity(16 * 1024);
    out.push_str("<div class=\"heat\"><ol aria-hidden=\"true\">");
    for day in DAYS {
        let _ = write!(out, "<li>{}</li>", day.get(..3).unwrap_or(day));
    }
    let _ = write!(
        out,
        "</ol><svg class=\"chart\" height=\"{}\" role=\"img\" aria-label=\"Reads by weekday and \
         hour. Most on {day} at {hour}:00: {}.\">",
        ROW.0 * DAYS.len() + 22,
        format::count(most, "read", "reads"),
    );
    for (row, name) in DAYS.iter().enumerate() {
        for hour in 0..HOURS {
            cell(&mut out, (row, hour), name, value(rows, row, hour), &known);
        }
    }
    for hour in (0..HOURS).step_by(3) {
        let x = (hour as f64 + 0.5) * 100.0 / HOURS as f64;
        let y = ROW.0 * DAYS.len() + 16;
        let _ =
            write!(out, "<text x=\"{x:.2}%\" y=\"{y}\" text-anchor=\"middle\">{hour:02}</text>");
    }
    out.push_str("</svg></div>");
    table(&mut out, rows);
    out
}

fn value(rows: &[Vec<u64>], day: usize, hour: usize) -> u64 {
    rows.get(day).and_then(|row| row.get(hour)).copied().unwrap_or(0)
}

fn cell(out: &mut String, (row, hour): (usize, usize), day: &str, value: u64, known: &[u64]) {
    let x = hour as f64 * 100.0 / HOURS as f64 + 0.2;
    let y = row * ROW.0 + 1;
    let step = step(value, known);
    let _ = write!(
        out,
        "<rect class=\"h{step}\" x=\"{x:.2}%\" y=\"{y}\" width=\"3.77%\" height=\"{}\" rx=\"3\"",
        ROW.1
    );
    if value == 0 {
        out.push_str("/>");
        return;
    }
    let reads = format::count(value, "read", "reads");
    let _ = write!(out, "><title>{day} {hour}:00, {reads}</title></rect>");
}

/// 0 for nothing, else 1 to 5 by the part of the `known` values (sorted, each once) that is not larger.
fn step(value: u64, known: &[u64]) -> usize {
    if value == 0 || known.is_empty() {
        return 0;
    }
    let not_larger = known.partition_point(|other| *other <= value);
    (not_larger * STEPS).div_ceil(known.len()).clamp(1, STEPS)
}

fn table(out: &mut String, rows: &[Vec<u64>]) {
    out.push_str(
        "<div class=\"vh\"><table><caption>Reads by weekday and hour</caption><thead><tr>\
         <th scope=\"col\">Weekday</th><th scope=\"col\">Hour</th><th scope=\"col\">Reads</th>\
         </tr></thead><tbody>",
    );
    for (row, day) in DAYS.iter().enumerate() {
        for hour in (0..HOURS).filter(|hour| value(rows, row, *hour) > 0) {
            let _ = write!(
                out,
                "<tr><th scope=\"row\">{day}</th><td>{hour}:00</td><td>{}</td></tr>",
                format::number(value(rows, row, hour))
            );
        }
    }
    out.push_str("</tbody></table></div>");
}

/// The legend beside a map: what its steps mean.
pub fn heat_key() -> String {
    let mut out =
        String::from("<span class=\"key\">Fewer <svg viewBox=\"0 0 72 10\" aria-hidden=\"true\">");
    for step in 0..=STEPS {
        let x = step * 12;
        let _ = write!(
            out,
            "<rect class=\"h{step}\" x=\"{x}\" width=\"10.5\" height=\"10\" rx=\"2.5\"/>"
        );
    }
    out.push_str("</svg> more</span>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_said_and_values_are_held() {
        let mut rows = vec![vec![0; 24]; 7];
        rows[0][7] = 12;
        rows[6][23] = 1;
        let svg = heat_map(&rows);
        assert!(svg.contains("Most on Monday at 7:00: 12 reads."), "{svg}");
        assert!(svg.contains("<th scope=\"row\">Sunday</th><td>23:00</td><td>1</td>"), "{svg}");
        assert_eq!(svg.matches("<rect").count(), 7 * 24);
        assert_eq!((svg.matches("\"h5\"").count(), svg.matches("\"h3\"").count()), (1, 1), "{svg}");
    }

    #[test]
    fn any_numbers_make_a_map() {
        assert!(heat_map(&[]).contains("None so far"));
        assert!(heat_map(&vec![vec![0; 24]; 7]).contains("None so far"));
        let svg = heat_map(&vec![vec![u64::MAX; 40]; 9]);
        assert!(svg.contains("Monday at 0:00") && !svg.contains("NaN"));
    }

    #[test]
    fn steps_are_quantiles() {
        let known = [1, 2, 3, 100];
        assert_eq!([0, 1, 2, 3, 100].map(|value| step(value, &known)), [0, 2, 3, 4, 5]);
    }
}
