//! The ways up as a tree, from the server's own certificate to the roots.

use crate::inspect::report::{ChainReport, PathReport};

/// A certificate or an end, and what is above it.
#[derive(Debug, Default)]
struct Node {
    label: String,
    above: Vec<Self>,
}

/// The tree, line by line; then what no path leads over.
pub(super) fn lines(chain: &ChainReport) -> Vec<String> {
    let mut top = Node::default();
    for path in chain.paths.iter().take(MOST_PATHS) {
        let labels = path.over.iter().map(|&position| sent(chain, position));
        let mut node = &mut top;
        for label in labels.chain([end(path)]) {
            node = node.at(label);
        }
    }
    let mut lines = Vec::new();
    for node in &top.above {
        node.draw("", "", "", &mut lines);
    }
    let hidden = chain.paths.len().saturating_sub(MOST_PATHS);
    if hidden > 0 {
        lines.push(format!("and {hidden} more ways up"));
    }
    for one in &chain.certificates {
        let passed = |path: &PathReport| path.over.contains(&one.position);
        if !chain.paths.iter().any(passed) {
            let place = format!(", {}", one.place);
            let mut label = sent(chain, one.position);
            if !label.ends_with(&place) {
                label.push_str(&place);
            }
            lines.push(label);
        }
    }
    lines
}

impl Node {
    fn at(&mut self, label: String) -> &mut Self {
        let known = self.above.iter().position(|node| node.label == label);
        let index = known.unwrap_or_else(|| {
            self.above.push(Self {
                label,
                above: Vec::new(),
            });
            self.above.len().saturating_sub(1)
        });
        &mut self.above[index]
    }

    fn draw(&self, first: &str, begin: &str, rest: &str, lines: &mut Vec<String>) {
        lines.push(format!("{first}{begin}{}", self.label));
        let indent = format!("{first}{rest}");
        let last = self.above.len().saturating_sub(1);
        for (index, node) in self.above.iter().enumerate() {
            if index == last {
                node.draw(&indent, "└─ ", "   ", lines);
            } else {
                node.draw(&indent, "├─ ", "│  ", lines);
            }
        }
    }
}

fn sent(chain: &ChainReport, position: usize) -> String {
    let one = chain.certificates.get(position);
    let Some(fields) = one.and_then(|one| one.fields.as_ref()) else {
        return format!("{position} (unreadable)");
    };
    let (subject, issuer) = &fields.short;
    let place = one.map_or("", |one| one.place);
    let place = match place {
        "own" | "needed" => String::new(),
        other => format!(", {other}"),
    };
    format!("{position} {subject}, by {issuer}{place}")
}

fn end(path: &PathReport) -> String {
    let name = &path.name;
    match (path.end, &path.root) {
        (_, Some(root)) => {
            let trusted = if root.trusted {
                "trusted"
            } else {
                "no longer trusted"
            };
            let shipped = match root.full.as_deref() {
                None => "in no list of ESP-IDF".to_owned(),
                Some("") => "in no full list of ESP-IDF".to_owned(),
                Some(full) => match root.common.as_deref() {
                    Some(common) if common == full => format!("ESP-IDF {full}"),
                    Some("") | None => format!("ESP-IDF {full}, in no common list"),
                    Some(common) => format!("ESP-IDF {full}, common {common}"),
                },
            };
            let distrust = root
                .distrust_after
                .as_deref()
                .map(|day| format!("; nothing issued after {day} is trusted by Mozilla"));
            format!(
                "root {name}: {trusted}; {shipped}; ends {}{}",
                root.not_after,
                distrust.unwrap_or_default()
            )
        }
        ("missing", _) => format!("MISSING: {name}"),
        ("other key", _) => format!("MISSING: {name} with the key that signed this"),
        ("loop", _) => format!("back to {name}: a circle"),
        _ => "vouches for itself, and is no known root".to_owned(),
    }
}

/// How many ways up are drawn.
const MOST_PATHS: usize = 12;
