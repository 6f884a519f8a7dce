//! What was found, as Prometheus' textfile collector reads it.

use std::fmt::Write as _;

use countersign_x509::Certificate;

use super::Checked;

/// All metrics, in the text format (version 0.0.4).
pub(crate) fn metrics(checked: &Checked) -> String {
    let mut text = String::new();
    gauge(
        &mut text,
        "check_exit_code",
        "What trust check found, as its exit code: 0 fine, 1 unknown, 3 change, 4 warning, 5 alarm.",
        [(vec![], u64::from(checked.level().exit_code()))],
    );
    gauge(
        &mut text,
        "check_timestamp_seconds",
        "When the check was made.",
        [(vec![], checked.now.0)],
    );
    let answered = checked.hosts.iter().map(|host| (host.label.as_str(), 1));
    let silent = checked.silent.iter().map(|(host, _)| (host.as_str(), 0));
    gauge(
        &mut text,
        "host_answered",
        "Whether the host showed a chain.",
        answered
            .chain(silent)
            .map(|(host, value)| (vec![("host", host)], value)),
    );
    let mut verifies: Vec<(Vec<(&str, &str)>, u64)> = Vec::new();
    for proof in &checked.proofs {
        let labels = vec![
            ("host", proof.host.as_str()),
            ("idf", proof.target.as_str()),
        ];
        let accepted = u64::from(proof.verdict.outcome.is_ok());
        match verifies.iter_mut().find(|(known, _)| *known == labels) {
            Some((_, value)) => *value &= accepted,
            None => verifies.push((labels, accepted)),
        }
    }
    gauge(
        &mut text,
        "host_verifies",
        "Whether a device with the bundle and this ESP-IDF accepts all that the host sends.",
        verifies,
    );
    let ends = checked.hosts.iter().filter_map(|host| {
        let leaf = |chain: &Vec<Vec<u8>>| Certificate::from_der(chain.first()?).ok();
        let leaves = host.chains.iter().filter_map(leaf);
        let first = leaves.map(|leaf| leaf.not_after()).min()?;
        Some((vec![("host", host.label.as_str())], first))
    });
    gauge(
        &mut text,
        "host_certificate_not_after_timestamp_seconds",
        "When the host's own certificate ends, the first of several.",
        ends,
    );
    let of_root = |value: fn(&super::RootState) -> Option<u64>| {
        checked.roots.iter().filter_map(move |root| {
            let labels = vec![
                ("root", root.name.as_str()),
                ("sha256", root.sha256.as_str()),
            ];
            Some((labels, value(root)?))
        })
    };
    gauge(
        &mut text,
        "root_not_after_timestamp_seconds",
        "When a root of the bundle ends.",
        of_root(|root| Some(root.not_after)),
    );
    gauge(
        &mut text,
        "root_distrust_after_timestamp_seconds",
        "From when on Mozilla trusts no new certificate of a root of the bundle.",
        of_root(|root| root.distrust_after),
    );
    gauge(
        &mut text,
        "root_successors_missing",
        "How many announced successors of a root the bundle lacks.",
        of_root(|root| u64::try_from(root.missing.len()).ok()),
    );
    text
}

/// One metric with all its values; nothing at all where there are none.
fn gauge<'a>(
    text: &mut String,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Vec<(&'a str, &'a str)>, u64)>,
) {
    let mut values = values.into_iter().peekable();
    if values.peek().is_none() {
        return;
    }
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP {PREFIX}{name} {help}");
    let _ = writeln!(text, "# TYPE {PREFIX}{name} gauge");
    for (labels, value) in values {
        let labels: Vec<String> = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
            .collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", labels.join(","))
        };
        let _ = writeln!(text, "{PREFIX}{name}{labels} {value}");
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

const PREFIX: &str = "countersign_trust_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_says_what_it_is_before_its_values() {
        let mut text = String::new();
        let labels = vec![("root", "a\"b\\c\nd")];
        gauge(&mut text, "x", "What it is.", [(labels, 7)]);
        gauge(&mut text, "none", "Nothing.", []);
        let expected = "# HELP countersign_trust_x What it is.\n# TYPE countersign_trust_x gauge\n\
                        countersign_trust_x{root=\"a\\\"b\\\\c\\nd\"} 7\n";
        assert_eq!(text, expected);
    }
}
