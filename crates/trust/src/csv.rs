//! Text in columns (RFC 4180).

/// A line of fields; more lines, where a field has some.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Its fields, without their quotes.
    pub fields: Vec<String>,
}

/// The text ends within a quoted field.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("it ends within the quotes of line {line}")]
pub struct Cut {
    /// The line on which the field begins, from 1.
    pub line: usize,
}

/// The records of a text: fields may be quoted, and then hold commas, line ends and doubled quotes. A byte order mark is no
/// part of the first.
///
/// # Errors
/// [`Cut`].
pub fn records(text: &str) -> Result<Vec<Record>, Cut> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut records, mut fields, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut began, mut quoted_since) = (1, 1, None);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        line += usize::from(c == '\n');
        match (c, quoted_since) {
            ('"', None) => quoted_since = Some(line),
            ('"', Some(_)) if rest.peek() == Some(&'"') => {
                rest.next();
                field.push('"');
            }
            ('"', Some(_)) => quoted_since = None,
            (',', None) => fields.push(std::mem::take(&mut field)),
            ('\r', None) => {}
            ('\n', None) => {
                fields.push(std::mem::take(&mut field));
                let fields = std::mem::take(&mut fields);
                records.push(Record {
                    line: began,
                    fields,
                });
                began = line;
            }
            (c, _) => field.push(c),
        }
    }
    if let Some(line) = quoted_since {
        return Err(Cut { line });
    }
    if !field.is_empty() || !fields.is_empty() {
        fields.push(field);
        records.push(Record {
            line: began,
            fields,
        });
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_may_hold_what_parts_others() {
        let read = |text| -> Vec<(usize, Vec<String>)> {
            let records = records(text).unwrap().into_iter();
            records.map(|one| (one.line, one.fields)).collect()
        };
        let line = |line, fields: &[&str]| {
            let fields = fields.iter().map(|&field| field.to_owned());
            (line, fields.collect::<Vec<_>>())
        };
        assert_eq!(read(""), []);
        assert_eq!(
            read("\u{feff}a,b\r\n1,2"),
            [line(1, &["a", "b"]), line(2, &["1", "2"])]
        );
        let text = "a,\"b\nb\"\n\"say \"\"c\"\"\",\n\nd\n";
        let wanted = [
            line(1, &["a", "b\nb"]),
            line(3, &["say \"c\"", ""]),
            line(4, &[""]),
            line(5, &["d"]),
        ];
        assert_eq!(read(text), wanted);
        assert_eq!(records("a\nb,\"c"), Err(Cut { line: 2 }));
    }
}
