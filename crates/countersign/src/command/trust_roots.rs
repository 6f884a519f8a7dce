//! `countersign trust roots`.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use countersign_operations::{
    Clock as _,
    text::{chain, hex, rfc3339},
};
use countersign_probe::{DownloadError, Downloading, Url, download};
use countersign_trust::list::List;
use countersign_x509::{name::escaped, sha256};
use serde_json::json;

use crate::{
    cli::{Global, RootsCommand, RootsUpdate, TrustRoots},
    files::{self, Mode},
    output,
    system::SystemClock,
    trust::{
        certificates,
        pool::{Kept, Pool, kept_in},
    },
};

pub(super) fn run(global: &Global, roots: &TrustRoots) -> Result<()> {
    match &roots.command {
        None => show(global),
        Some(RootsCommand::Update(update)) if update.forget => forget(global),
        Some(RootsCommand::Update(update)) => self::update(global, update),
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

fn update(global: &Global, args: &RootsUpdate) -> Result<()> {
    if !global.state.is_dir() {
        bail!(
            "there is no state directory {} to keep it in; make one by `countersign init`, or give the list to each command by --roots",
            global.state.display()
        );
    }
    let source = args.from.as_deref().unwrap_or(MOZILLA);
    let (bytes, from) = taken(source, args)?;
    let list = readable(&bytes).with_context(|| from.clone())?;
    let kept = Kept {
        taken: rfc3339(SystemClock.now()),
        from,
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
    println!("{} roots, from {}", kept.roots, kept.from);
    println!("kept in {}, SHA-256 {}", place.display(), kept.sha256);
    Ok(())
}

/// The list, and what it is called: a URL without its query, or a file's name.
fn taken(source: &str, args: &RootsUpdate) -> Result<(Vec<u8>, String)> {
    if source.contains("://") {
        return super::block_on(fetched(source, args));
    }
    if args.ca.is_some() {
        bail!("--ca is for a list that is fetched from an https URL");
    }
    let path = Path::new(source);
    let (reader, name): (Box<dyn Read>, _) = if source == "-" {
        (Box::new(io::stdin()), "standard input".to_owned())
    } else {
        let file =
            File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        (Box::new(file), name.into_owned())
    };
    let mut bytes = Vec::new();
    // One byte more than is taken shows that there is more.
    let limit = u64::try_from(LONGEST + 1).unwrap_or(u64::MAX);
    reader
        .take(limit)
        .read_to_end(&mut bytes)
        .with_context(|| format!("{name} cannot be read"))?;
    if bytes.len() > LONGEST {
        bail!("{name}: a list of more than {LONGEST} bytes is none of roots");
    }
    Ok((bytes, name))
}

async fn fetched(source: &str, args: &RootsUpdate) -> Result<(Vec<u8>, String)> {
    let shown = source.split(['?', '#']).next().unwrap_or_default();
    // A user in the URL is a secret, too.
    let shown = if source.contains('@') {
        "the URL"
    } else {
        shown
    };
    let url: Url = source
        .parse()
        .with_context(|| format!("{} cannot be fetched", escaped(shown)))?;
    if !(0.1..=600.0).contains(&args.timeout) {
        bail!("--timeout takes seconds between 0.1 and 600");
    }
    let roots = match &args.ca {
        Some(path) => certificates::parse(&files::read(path)?)
            .with_context(|| format!("--ca {}", path.display()))?,
        None => countersign_roots::mozilla()
            .map(|root| root.certificate().clone())
            .collect(),
    };
    let how = Downloading {
        roots: roots.iter().map(|root| root.der().to_vec()).collect(),
        timeout: Duration::from_secs_f64(args.timeout),
        max_bytes: LONGEST,
        max_redirects: REDIRECTS,
    };
    let file = download(&url, &how)
        .await
        .with_context(|| format!("{url} cannot be fetched"))
        .map_err(|error| hinted(error, args))?;
    let from = file.from.to_string();
    if file.content_type.as_deref() == Some("text/html") {
        bail!("{from}: {A_PAGE}");
    }
    Ok((file.body, from))
}

/// What else can be done, where the way out of this network may be the reason.
fn hinted(error: anyhow::Error, args: &RootsUpdate) -> anyhow::Error {
    let hint = match error.downcast_ref() {
        Some(DownloadError::Certificate { .. }) if args.ca.is_none() => {
            "; if a CA of your own vouches for it, name its root by --ca"
        }
        Some(
            DownloadError::Connection(_)
            | DownloadError::Unresolved(_)
            | DownloadError::TooSlow { .. },
        ) => {
            "; where this machine gets out by a proxy alone, fetch it with curl --fail and give it by `--from -`"
        }
        _ => return error,
    };
    anyhow!("{}{hint}", chain(error.as_ref()))
}

/// The roots of a list that is whole, and may be Mozilla's.
fn readable(bytes: &[u8]) -> Result<List> {
    let begins = |text: &[u8]| {
        let first = bytes.trim_ascii_start();
        first
            .get(..text.len())
            .is_some_and(|first| first.eq_ignore_ascii_case(text))
    };
    if begins(b"<!doctype") || begins(b"<html") || begins(b"<head") {
        bail!(A_PAGE);
    }
    let count = |text: &[u8]| {
        bytes
            .windows(text.len())
            .filter(|here| *here == text)
            .count()
    };
    let (begun, ended) = (count(BEGIN), count(END));
    if ended < begun {
        bail!("it is cut: of {begun} certificates, {ended} have an end");
    }
    let list = countersign_trust::list::read(bytes)?;
    if list.roots.len() < FEWEST {
        bail!(
            "it has {} roots; Mozilla's list has more than {FEWEST}. For a list of your own use --roots",
            list.roots.len()
        );
    }
    Ok(list)
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

/// The most bytes of a list: the CCADB's reports have less than 2 MiB. It stops a wrong file, and one without end.
const LONGEST: usize = 16 * 1024 * 1024;

/// The fewest roots that a list of Mozilla's can have: it has had more than a hundred since 2010. It stops a list that was cut.
const FEWEST: usize = 50;

/// How many redirects are followed. It stops a circle.
const REDIRECTS: usize = 5;

/// Where Mozilla's list is, as PEM in CSV (<https://www.ccadb.org/resources>).
const MOZILLA: &str =
    "https://ccadb.my.salesforce-sites.com/mozilla/IncludedCACertificateReportPEMCSV";

/// What a portal, a proxy and an error say in place of the file.
const A_PAGE: &str = "it is a web page (HTML), and no list of roots: look at the URL in a browser";
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";
