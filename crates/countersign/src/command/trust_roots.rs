//! `countersign trust roots`.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use anyhow::{Context, Result, bail};
use countersign_operations::{
    Clock as _,
    text::{hex, rfc3339},
};
use countersign_x509::sha256;
use serde_json::json;

use crate::{
    cli::{Global, RootsCommand, TrustRoots},
    files::{self, Mode},
    output,
    system::SystemClock,
    trust::pool::{Kept, Pool, kept_in},
};

pub(super) fn run(global: &Global, roots: &TrustRoots) -> Result<()> {
    match &roots.command {
        None => show(global),
        Some(RootsCommand::Update { forget: true, .. }) => forget(global),
        Some(RootsCommand::Update { from, .. }) => match from {
            Some(from) => update(global, from),
            None => bail!("--from FILE is wanted"),
        },
    }
}

fn show(global: &Global) -> Result<()> {
    let pool = Pool::open(None, &global.state)?;
    let current = pool.roots().iter().filter(|root| root.current).count();
    let dated = pool
        .roots()
        .iter()
        .filter(|root| root.distrust_after.is_some())
        .count();
    if global.json {
        let roots = pool.roots().iter().map(|root| {
            json!({
                "name": root.name,
                "sha256": hex(&root.certificate.fingerprint()),
                "not_after": output::date(root.certificate.not_after()),
                "mozilla": root.current,
                "distrust_after": root.distrust_after.map(output::date),
            })
        });
        return output::json(&json!({
            "source": pool.source,
            "esp_idf": countersign_roots::ESP_IDF_DATE.to_string(),
            "distrust_dates": countersign_roots::DISTRUST_DATE.to_string(),
            "roots": roots.collect::<Vec<_>>(),
        }));
    }
    output::pairs(&[
        ("roots", format!("{} known", pool.roots().len())),
        ("Mozilla's", format!("{current}, from {}", pool.source)),
        (
            "dropped since",
            format!("{}, which some ESP-IDF ships", pool.roots().len() - current),
        ),
        (
            "dates of distrust",
            format!("{dated}, read up to {}", countersign_roots::DISTRUST_DATE),
        ),
        (
            "lists of ESP-IDF",
            format!(
                "{} releases and branches, read on {}",
                countersign_roots::Release::all().len(),
                countersign_roots::ESP_IDF_DATE
            ),
        ),
    ]);
    Ok(())
}

fn update(global: &Global, from: &Path) -> Result<()> {
    let named = from.to_string_lossy();
    if named.contains("://") {
        bail!(
            "this program fetches no lists; fetch it with curl --fail and give it by `--from -`: {MOZILLA} is Mozilla's"
        );
    }
    if !global.state.is_dir() {
        bail!(
            "there is no state directory {} to keep it in; make one by `countersign init`, or give the list to each command by --roots",
            global.state.display()
        );
    }
    let bytes = if from == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin()
            .take(LONGEST + 1)
            .read_to_end(&mut bytes)
            .context("stdin cannot be read")?;
        bytes
    } else {
        files::read(from)?
    };
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LONGEST {
        bail!("a list of more than {LONGEST} bytes is none of roots");
    }
    let list = countersign_trust::list::read(&bytes).with_context(|| named.to_string())?;
    if list.roots.len() < FEWEST {
        bail!(
            "{named} has {} roots; Mozilla's list has more than {FEWEST}. For a list of your own use --roots",
            list.roots.len()
        );
    }
    let kept = Kept {
        taken: rfc3339(SystemClock.now()),
        from: from
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        sha256: hex(&sha256(&bytes)),
        roots: list.roots.len(),
    };
    let [place, about] = kept_in(&global.state);
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    // Between the two files the digest does not fit, and whoever reads says so.
    files::write(&place, &bytes, Mode::Public)?;
    files::write(&about, toml::to_string(&kept)?.as_bytes(), Mode::Public)?;
    for passed_over in &list.passed_over {
        eprintln!("note: passed over: {passed_over}");
    }
    if global.json {
        return output::json(&kept);
    }
    println!(
        "{} roots kept in {}, SHA-256 {}",
        kept.roots,
        place.display(),
        kept.sha256
    );
    Ok(())
}

fn forget(global: &Global) -> Result<()> {
    for path in kept_in(&global.state) {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("{} cannot be removed", path.display()));
            }
            _ => {}
        }
    }
    println!(
        "the built-in list counts again: {}",
        countersign_roots::MOZILLA_SOURCE
    );
    Ok(())
}

/// The most bytes of a list: the CCADB's reports have less than 2 MiB. It stops a wrong file.
const LONGEST: u64 = 16 * 1024 * 1024;

/// The fewest roots that a list of Mozilla's can have: it has had more than a hundred since 2010. It stops a list that was cut.
const FEWEST: usize = 50;

/// Where Mozilla's list is, as PEM in CSV (<https://www.ccadb.org/resources>).
const MOZILLA: &str =
    "https://ccadb.my.salesforce-sites.com/mozilla/IncludedCACertificateReportPEMCSV";
