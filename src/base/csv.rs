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

/// The rows of `text`, each with the number of its first line. A quote that [`cell`] put in front of a
/// formula is taken off again; cells may be separated by semicolons, as some spreadsheets write them.
///
/// # Errors
/// The line in which a quotation mark is wrong.
pub fn parse(text: &str) -> Result<Vec<(usize, Vec<String>)>, usize> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let head = text.lines().next().unwrap_or_default();
    let separator = if head.contains(';') && !head.contains(',') { ';' } else { ',' };
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut first) = (1, 1);
    let mut characters = text.chars().peekable();
    let (mut quoted, mut closed) = (false, false);
    while let Some(character) = characters.next() {
        line += usize::from(character == '\n');
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' if quoted => (quoted, closed) = (false, true),
            other if quoted => cell.push(other),
            '"' if cell.is_empty() && !closed => quoted = true,
            '"' => return Err(line),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' => {
                row.push(undone(std::mem::take(&mut cell)));
                rows.push((first, std::mem::take(&mut row)));
                (first, closed) = (line, false);
            }
            other if other == separator => {
                row.push(undone(std::mem::take(&mut cell)));
                closed = false;
            }
            other if !closed => cell.push(other),
            _ => return Err(line),
        }
    }
    if quoted {
        return Err(first);
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(undone(cell));
        rows.push((first, row));
    }
    Ok(rows)
}

/// `cell` without the quote that disarmed a formula.
fn undone(cell: String) -> String {
    match cell.strip_prefix('\'') {
        Some(text) if is_formula(text) => text.to_owned(),
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::{line, parse};

    #[test]
    fn what_is_written_is_read_again() {
        let rows: [&[&str]; 4] = [
            &["a", "", "b c", "ü"],
            &["a,b", "say \"x\"", "\"", "two\r\nlines"],
            &["=1+1", "-x", "@x", "'quoted"],
            &["=cmd|' /C'!A0", "<script>", "-5", "🚗"],
        ];
        let text: String = rows.iter().map(|row| line(*row)).collect();
        let parsed = parse(&text).unwrap();
        let cells: Vec<Vec<String>> = parsed.iter().map(|(_, row)| row.clone()).collect();
        assert_eq!(
            cells,
            rows.map(|row| row.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>())
        );
        assert_eq!(parsed.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2, 4, 5]);
    }

    #[test]
    fn files_of_spreadsheets_are_understood_and_broken_ones_say_where() {
        let rows =
            |text| parse(text).map(|rows| rows.into_iter().map(|it| it.1).collect::<Vec<_>>());
        assert_eq!(
            rows("\u{feff}a;b\r\n1;2"),
            Ok(vec![vec!["a".into(), "b".into()], vec!["1".into(), "2".into()]])
        );
        assert_eq!(rows(""), Ok(Vec::<Vec<String>>::new()));
        assert_eq!(parse("a\n\"b"), Err(2));
        assert_eq!(parse("a\nb\"c"), Err(2));
        assert_eq!(parse("a\n\"b\"c"), Err(2));
    }

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
