//! Tables of what was found: printed for a person, and held against the docs, so that the docs say what was measured.

use std::{fs, path::Path};

/// A table under way.
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// One without rows.
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        Self {
            headings: headings.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, a cell for each heading.
    pub(crate) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        assert_eq!(N, self.headings.len(), "{cells:?}");
        self.rows.push(cells.map(str::to_owned).to_vec());
    }

    /// Prints it; `cargo xtask tables` shows it.
    pub(crate) fn print(&self, title: &str) {
        eprintln!("\n{title}\n\n{}", self.markdown());
    }

    /// Demands that it stands in `docs/FILE`, between `<!-- table NAME -->` and `<!-- end NAME -->`. With
    /// `COUNTERSIGN_WRITE_DOCS` set, puts it there.
    pub(crate) fn stands_in(&self, file: &str, name: &str) {
        let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs"));
        let path = docs.join(file);
        let text = fs::read_to_string(&path).unwrap();
        let (begin, end) = (
            format!("<!-- table {name} -->\n"),
            format!("<!-- end {name} -->"),
        );
        let (before, rest) = text
            .split_once(&begin)
            .unwrap_or_else(|| panic!("no {begin}"));
        let (stands, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no {end}"));
        let table = format!("\n{}\n", self.markdown());
        if stands == table {
            return;
        }
        if std::env::var_os("COUNTERSIGN_WRITE_DOCS").is_some() {
            return fs::write(&path, [before, &begin, &table, &end, after].concat()).unwrap();
        }
        panic!("docs/{file} says otherwise; set COUNTERSIGN_WRITE_DOCS=1 to write:\n{table}");
    }

    fn markdown(&self) -> String {
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let cells: Vec<String> = cells.map(|cell| cell.replace('|', "\\|")).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let mut text = line(&mut self.headings.iter().copied());
        text += "|";
        text += &"---|".repeat(self.headings.len());
        text += "\n";
        for row in &self.rows {
            text += &line(&mut row.iter().map(String::as_str));
        }
        text
    }
}
