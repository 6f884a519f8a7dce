//! `countersign device import`: files become entries here; what they are worth is found out where the state is.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use countersign_operations::{
    import::{ENTRIES, Entry, list},
    view::{ImportView, NotImportedView},
};
use countersign_x509::pem;
use serde_json::{Value, json};

use crate::{
    cli::{DeviceImport, Global},
    files,
    operator::{self, Operator},
    output::{self, or_dash},
    trust::certificates,
};

/// What was read of the files.
#[derive(Debug, Default)]
struct Read {
    entries: Vec<Entry>,
    /// CAs that stand between, PEM.
    intermediates: String,
    /// Files that could not be read.
    unreadable: Vec<NotImportedView>,
}

pub(super) async fn run(global: &Global, asked: &DeviceImport) -> Result<()> {
    let mut read = Read::default();
    for path in &asked.files {
        read.take(path)?;
    }
    if read.entries.is_empty() && read.unreadable.is_empty() {
        bail!("there is no device in what was given");
    }
    let total = read.entries.len().saturating_add(read.unreadable.len());
    let batches = batches(&read.entries);
    let mut operator = Operator::reach(global).await?;
    let mut all = ImportView {
        refused: read.unreadable.clone(),
        ..ImportView::default()
    };
    // Of several batches all are tried before one is written; and nothing is, where a file was of no use.
    let only_try = asked.dry_run || (!asked.skip_bad && !read.unreadable.is_empty());
    if only_try || batches.len() > 1 {
        for batch in &batches {
            let tried = send(&mut operator, asked, &read, batch, true).await?;
            add(&mut all, tried);
        }
    }
    if !only_try && (batches.len() == 1 || asked.skip_bad || all.refused.is_empty()) {
        all = ImportView {
            refused: read.unreadable.clone(),
            ..ImportView::default()
        };
        for (number, batch) in batches.iter().enumerate() {
            let done = send(&mut operator, asked, &read, batch, false).await;
            let done = done.with_context(|| {
                format!(
                    "{} of {} parts are in, of {ENTRIES} devices at most; do the same again, and they are passed over",
                    number,
                    batches.len()
                )
            })?;
            let went_in = done.written || done.refused.is_empty();
            add(&mut all, done);
            if !went_in && !asked.skip_bad {
                break;
            }
        }
    }
    all.dry_run = asked.dry_run;
    show(global, &all)?;
    let refused = all.refused.len();
    if refused > 0 && !asked.skip_bad {
        let what = if asked.dry_run { "would be" } else { "are" };
        let rest = if all.written {
            "some parts are in"
        } else {
            "nothing was imported"
        };
        bail!("{refused} of {total} {what} refused, and {rest}; --skip-bad passes them over");
    }
    Ok(())
}

impl Read {
    fn take(&mut self, path: &Path) -> Result<()> {
        if path.is_dir() {
            let entries = fs::read_dir(path)
                .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
            let mut entries: Vec<PathBuf> =
                entries.with_context(|| format!("{} cannot be read", path.display()))?;
            entries.sort();
            for entry in entries {
                if ends_with(&entry, &["pem", "der", "crt", "cer", "csv"]) && entry.is_file() {
                    self.take_file(&entry);
                } else {
                    eprintln!("{} was passed over", entry.display());
                }
            }
        } else {
            self.take_file(path);
        }
        Ok(())
    }

    fn take_file(&mut self, path: &Path) {
        let taken = if ends_with(path, &["csv"]) {
            self.take_list(path)
        } else {
            self.take_certificates(path)
        };
        if let Err(error) = taken {
            self.unreadable.push(NotImportedView {
                from: path.display().to_string(),
                device: None,
                reason: "unreadable".to_owned(),
                reason_text: countersign_operations::text::chain(error.as_ref()),
            });
        }
    }

    fn take_list(&mut self, path: &Path) -> Result<()> {
        let text = files::read_text(path)?;
        let entries = list::read(&text, &path.display().to_string())?;
        self.entries.extend(entries);
        Ok(())
    }

    fn take_certificates(&mut self, path: &Path) -> Result<()> {
        let all = certificates::parse(&files::read(path)?)?;
        let several = all.len() > 1;
        for (at, certificate) in all.iter().enumerate() {
            let text = pem::to_pem(std::slice::from_ref(certificate));
            if certificate.is_ca() {
                self.intermediates.push_str(&text);
                continue;
            }
            let file = path.display();
            let from = if several {
                format!("{file} certificate {}", at.saturating_add(1))
            } else {
                file.to_string()
            };
            self.entries.push(Entry {
                from,
                certificate: Some(text),
                ..Entry::default()
            });
        }
        Ok(())
    }
}

/// Entries in parts, none of which is more than is taken at once.
fn batches(entries: &[Entry]) -> Vec<&[Entry]> {
    let mut batches = Vec::new();
    let mut rest = entries;
    while !rest.is_empty() {
        let mut bytes = 0_usize;
        let fits = rest.iter().take(ENTRIES).take_while(|entry| {
            let fields = [
                &entry.id,
                &entry.product,
                &entry.certificate,
                &entry.fingerprint,
                &entry.pin,
            ];
            let fields = fields.into_iter().flatten().map(String::len);
            bytes = bytes.saturating_add(ENTRY + entry.from.len() + fields.sum::<usize>());
            bytes <= BYTES
        });
        // One by itself is sent whatever its size: the server says what it thinks of it.
        let (batch, behind) = rest.split_at(fits.count().max(1));
        batches.push(batch);
        rest = behind;
    }
    batches
}

async fn send(
    operator: &mut Operator,
    asked: &DeviceImport,
    read: &Read,
    entries: &[Entry],
    dry_run: bool,
) -> Result<ImportView> {
    let body: Value = json!({
        "product": asked.product,
        "entries": entries,
        "intermediates": read.intermediates,
        "dry_run": dry_run,
        "skip_bad": asked.skip_bad,
    });
    let path = operator::path("/v1/authorities/", &asked.authority, "/import");
    operator.post(&path, &body).await
}

fn add(all: &mut ImportView, one: ImportView) {
    all.new = all.new.saturating_add(one.new);
    all.known = all.known.saturating_add(one.known);
    all.written |= one.written;
    all.refused.extend(one.refused);
}

fn show(global: &Global, all: &ImportView) -> Result<()> {
    if global.json {
        return output::json(all);
    }
    if !all.refused.is_empty() {
        let row = |one: &NotImportedView| {
            let device = or_dash(one.device.as_deref());
            vec![one.from.clone(), device, one.reason_text.clone()]
        };
        let rows = all.refused.iter().map(row);
        output::table(&["REFUSED", "DEVICE", "WHY"], rows.collect());
    }
    let done = if all.written {
        "imported"
    } else {
        "would import"
    };
    println!(
        "{done} {} new devices; {} are known already, {} are refused",
        all.new,
        all.known,
        all.refused.len()
    );
    Ok(())
}

fn ends_with(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    let ending = ending.to_ascii_lowercase();
    endings.contains(&&*ending)
}

/// The most bytes of a batch: the operator plane takes 17 MiB, and escaping needs some.
const BYTES: usize = 12 * 1024 * 1024;
/// What an entry needs beside its fields.
const ENTRY: usize = 100;
