//! `cargo xtask roots --esp-idf`: which release ships which root, from ESP-IDF's repository.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use countersign_roots::table::{self, COLUMNS, CSV, Row, to_hex};
use countersign_roots::{Release, ReleaseSet};
use countersign_x509::{Certificate, pem, sha256};

/// Writes `roots.csv` anew: the lists from the repository, names and distrust dates as they were.
pub(super) fn run(repository: &Path) -> Result<()> {
    let mut rows: Vec<Row> = table::rows().to_vec();
    let mut lists: Vec<(&'static Release, [Vec<Shipped>; 4])> = Vec::new();
    for release in Release::all() {
        lists.push((release, read(repository, release)?));
    }
    let mut sets: BTreeMap<[u8; 32], [Vec<&Release>; 4]> = BTreeMap::new();
    for (release, shipped) in &lists {
        for (index, root) in shipped
            .iter()
            .enumerate()
            .flat_map(|(i, list)| list.iter().map(move |root| (i, root)))
        {
            if !rows.iter().any(|row| row.sha256 == root.sha256) {
                rows.push(Row::new(root.sha256, &root.label));
            }
            sets.entry(root.sha256).or_default()[index].push(release);
        }
    }
    for row in &mut rows {
        let [full, common, local, deprecated] = sets.remove(&row.sha256).unwrap_or_default();
        let set = |releases: Vec<&Release>| releases.into_iter().collect::<ReleaseSet>();
        row.full = set(full);
        row.common = set(common);
        row.local = set(local);
        row.deprecated = set(deprecated);
    }
    rows.sort_by_key(|row| row.name.to_lowercase());
    for (release, shipped) in &lists {
        for list in shipped {
            same_order(&rows, list).with_context(|| format!("{release}: order of the rows"))?;
        }
    }
    let comments = CSV.lines().take_while(|line| line.starts_with('#'));
    let lines = comments.map(str::to_owned).chain([COLUMNS.to_owned()]);
    let text: String = lines
        .chain(rows.iter().map(ToString::to_string))
        .map(|line| line + "\n")
        .collect();
    super::write("roots.csv", &text)
}

/// One certificate in one of ESP-IDF's files.
struct Shipped {
    sha256: [u8; 32],
    subject: Vec<u8>,
    label: String,
}

/// Reads a release's lists: full, common, local, deprecated; empty where it has no such file.
fn read(repository: &Path, release: &Release) -> Result<[Vec<Shipped>; 4]> {
    let list = |file: &str| -> Result<Vec<Shipped>> {
        let text = show(repository, release, file)?.unwrap_or_default();
        certificates(&text).with_context(|| format!("{release}: {file}"))
    };
    let full = list("cacrt_all.pem")?;
    if full.is_empty() {
        bail!("{release} has no cacrt_all.pem in {}", repository.display());
    }
    let filter = show(repository, release, "cmn_crt_authorities.csv")?.unwrap_or_default();
    let names: Vec<&str> = filter.lines().skip(1).filter_map(second_field).collect();
    let common = list("cacrt_all.pem")?
        .into_iter()
        .filter(|root| names.contains(&root.label.as_str()))
        .collect();
    Ok([
        full,
        common,
        list("cacrt_local.pem")?,
        list("cacrt_deprecated.pem")?,
    ])
}

/// A file of the release's bundle folder, or nothing where the release has none of that name.
fn show(repository: &Path, release: &Release, file: &str) -> Result<Option<String>> {
    let git = || {
        let mut git = Command::new("git");
        git.arg("-C").arg(repository);
        git
    };
    let object = format!("{release}:components/mbedtls/esp_crt_bundle/{file}");
    if super::output(git().args(["cat-file", "-e", &object])).is_err() {
        return Ok(None);
    }
    super::output(git().args(["show", &object])).map(Some)
}

/// Reads certificates, each with the label that stands over a line of `=` before it.
fn certificates(text: &str) -> Result<Vec<Shipped>> {
    let mut found = Vec::new();
    let (mut before, mut label) = ("", "");
    let mut block: Option<String> = None;
    for line in text.lines() {
        if line == "-----BEGIN CERTIFICATE-----" {
            block = Some(String::new());
        } else if !line.is_empty() && line.bytes().all(|c| c == b'=') {
            label = before;
        }
        if let Some(text) = &mut block {
            text.push_str(line);
            text.push('\n');
        }
        if line == "-----END CERTIFICATE-----" {
            let text = block.take().unwrap_or_default();
            for der in pem::blocks(text.as_bytes(), pem::CERTIFICATE)? {
                let certificate = Certificate::from_der(&der)?;
                found.push(Shipped {
                    sha256: sha256(&der),
                    subject: certificate.subject().to_vec(),
                    label: label.to_owned(),
                });
            }
        }
        before = line;
    }
    Ok(found)
}

/// The second field of a line of CSV whose first may be quoted.
fn second_field(line: &str) -> Option<&str> {
    let rest = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once("\",")?.1,
        None => line.split_once(',')?.1,
    };
    Some(rest.trim_matches('"'))
}

/// A bundle is sorted by subject, and what has the same one stays in the order of the file: so must
/// the rows stand.
fn same_order(rows: &[Row], list: &[Shipped]) -> Result<()> {
    let place = |root: &Shipped| rows.iter().position(|row| row.sha256 == root.sha256);
    for (index, root) in list.iter().enumerate() {
        let behind = &list[index + 1..];
        let wrong = |later: &&Shipped| later.subject == root.subject && place(later) < place(root);
        if let Some(later) = behind.iter().find(wrong) {
            bail!(
                "{} must stand before {}, which has the same name",
                to_hex(&root.sha256),
                to_hex(&later.sha256)
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::second_field;

    #[test]
    fn an_owner_in_quotes_may_hold_commas() {
        assert_eq!(
            second_field("Amazon,Amazon Root CA 1"),
            Some("Amazon Root CA 1")
        );
        let line = "\"IdenTrust Services, LLC\",IdenTrust Commercial Root CA 1";
        assert_eq!(second_field(line), Some("IdenTrust Commercial Root CA 1"));
        assert_eq!(second_field(""), None);
    }
}
