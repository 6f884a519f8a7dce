//! The request's headers, and how many of them fit a buffer (`lib/http_header.c`).

/// Names and values, in the order in which they were first set.
#[derive(Clone, Debug, Default)]
pub(super) struct Headers(Vec<(String, String)>);

/// What of the headers goes out in one write.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Page {
    /// The first header that is not in it; 0 ends the request, whether all is out or not.
    pub(super) next: usize,
    /// The lines; `None` where no header was left to write.
    pub(super) text: Option<String>,
}

impl Headers {
    /// Sets a value, in the place where the name stood, else at the end.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let value = value.trim().to_owned();
        match self.0.iter_mut().find(|(known, _)| is(known, name)) {
            Some((_, known)) => *known = value,
            None => self.0.push((name.trim().to_owned(), value)),
        }
    }

    /// Removes a header.
    pub(super) fn delete(&mut self, name: &str) {
        self.0.retain(|(known, _)| !is(known, name));
    }

    /// The headers from the one numbered `from` on, as many as fit `room` bytes; with the last one the empty line.
    pub(super) fn page(&self, from: usize, room: usize) -> Page {
        let mut size = 0;
        let mut next = None;
        for (index, (name, value)) in self.0.iter().enumerate() {
            if index >= from {
                size += name.len() + value.len() + ": \r\n".len();
            }
            // Room for the empty line and a NUL is kept with every page.
            if size + "\r\n\0".len() > room {
                next = Some(index);
                break;
            }
        }
        if size == 0 {
            return Page {
                next: 0,
                text: None,
            };
        }
        let end = next.unwrap_or(self.0.len());
        let mut text = String::new();
        for (name, value) in self.0.iter().take(end).skip(from) {
            text.extend([name, ": ", value, "\r\n"]);
        }
        if next.is_none() {
            text += "\r\n";
        }
        Page {
            next: end,
            text: Some(text),
        }
    }
}

fn is(known: &str, name: &str) -> bool {
    known.eq_ignore_ascii_case(name)
}
