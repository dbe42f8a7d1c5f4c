//! CSV (RFC 4180) for people who open it in a spreadsheet: what would be run as a formula there is
//! disarmed. Knows no table.

/// One line with its end.
pub fn line<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    let mut line = String::new();
    for (index, text) in cells.into_iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        cell(&mut line, text.as_ref());
    }
    line.push_str("\r\n");
    line
}

/// Appends one cell with text from anywhere.
pub fn cell(line: &mut String, text: &str) {
    let guard = if is_formula(text) { "'" } else { "" };
    if !text.contains(['"', ',', '\r', '\n']) {
        line.push_str(guard);
        line.push_str(text);
        return;
    }
    line.push('"');
    line.push_str(guard);
    for part in text.split_inclusive('"') {
        line.push_str(part);
        if part.ends_with('"') {
            line.push('"');
        }
    }
    line.push('"');
}

/// Spreadsheets take these at the beginning of a cell for the start of a formula; a quote in front
/// makes it text (OWASP, CSV injection). Some narrow the full-width signs, some cut off blanks in
/// front. Plain numbers stay numbers.
fn is_formula(text: &str) -> bool {
    const SIGNS: [char; 8] = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
    let signed = text.trim_start().starts_with(SIGNS) || text.starts_with(['\t', '\r', '\n']);
    signed && text.parse::<f64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn cells_are_quoted_and_formulas_disarmed() {
        assert_eq!(line(["a", "", "b c", "ü", "8-KX", "a=1"]), "a,,b c,ü,8-KX,a=1\r\n");
        assert_eq!(
            line(["a,b", "say \"x\"", "\"", "two\r\nlines"]),
            "\"a,b\",\"say \"\"x\"\"\",\"\"\"\",\"two\r\nlines\"\r\n"
        );
        assert_eq!(
            line(["=1+1", "+x", "-x", "@x", "\tx", "\rx", "\nx", "  =1"]),
            "'=1+1,'+x,'-x,'@x,'\tx,\"'\rx\",\"'\nx\",'  =1\r\n"
        );
        for sign in ['\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'] {
            assert_eq!(line([format!("{sign}1")]), format!("'{sign}1\r\n"));
        }
        assert_eq!(line(["-5", "+4.5", "1e3"]), "-5,+4.5,1e3\r\n");
        assert_eq!(line(["=HYPERLINK(\"http://x\")"]), "\"'=HYPERLINK(\"\"http://x\"\")\"\r\n");
    }
}
