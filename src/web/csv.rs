//! CSV (RFC 4180) for people who open it in a spreadsheet: what would be run as a formula there
//! is disarmed. Knows no table.

/// One line with its end.
pub fn line<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    let mut line = String::new();
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        push(&mut line, cell.as_ref());
    }
    line.push_str("\r\n");
    line
}

/// A spreadsheet takes these at the beginning of a cell for the start of a formula; a quote in
/// front makes it text (OWASP, CSV injection). Plain numbers stay numbers.
fn is_formula(cell: &str) -> bool {
    cell.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]) && cell.parse::<f64>().is_err()
}

fn push(line: &mut String, cell: &str) {
    let guard = if is_formula(cell) { "'" } else { "" };
    if guard.is_empty() && !cell.contains(['"', ',', '\r', '\n']) {
        line.push_str(cell);
        return;
    }
    line.push('"');
    line.push_str(guard);
    line.push_str(&cell.replace('"', "\"\""));
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn cells_are_quoted_and_formulas_disarmed() {
        assert_eq!(line(["a", "", "b c", "ü"]), "a,,b c,ü\r\n");
        assert_eq!(
            line(["a,b", "say \"x\"", "two\r\nlines"]),
            "\"a,b\",\"say \"\"x\"\"\",\"two\r\nlines\"\r\n"
        );
        assert_eq!(
            line(["=1+1", "+x", "-x", "@x", "\tx"]),
            "\"'=1+1\",\"'+x\",\"'-x\",\"'@x\",\"'\tx\"\r\n"
        );
        assert_eq!(line(["-5", "+4.5", "1e3"]), "-5,+4.5,1e3\r\n");
        assert_eq!(line(["=HYPERLINK(\"http://x\")"]), "\"'=HYPERLINK(\"\"http://x\"\")\"\r\n");
    }
}
