//! `countersign device enroll`: the key is made here and stays in the folder that is written.

mod stores;

use std::path::Path;

use anyhow::{Context, Result, bail};
use countersign_images::author_set::complete;
use countersign_keys::FileKey;
use countersign_operations::view::EnrolledView;
use countersign_pki::{Signer as _, certificate_request};
use countersign_protocol::SignedAuthorSet;
use countersign_provision::{layout, layout::FlashLayout, nvs, secure_cert};
use countersign_trust::{IdfRelease, bundle};
use countersign_x509::{Certificate, pem};
use esp_formats::partition_table::Partition;
use serde_json::json;
use zeroize::Zeroizing;

use self::stores::Stores;
use crate::{
    cli::{self, DeviceEnroll, Global},
    files::{self, Mode, NewFolder},
    operator::Operator,
    output,
};

/// Enrolls a device, and writes all that it needs into a new folder.
pub(crate) async fn enroll(operator: &mut Operator, asked: &DeviceEnroll) -> Result<EnrolledView> {
    let idf: IdfRelease = asked
        .idf
        .parse()
        .with_context(|| format!("`{}` is no ESP-IDF release; write it as v5.5", asked.idf))?;
    let extra = Extra {
        wifi: wifi(&asked.wifi)?,
        stores: Stores::read(&asked.stores, idf)?,
    };
    let folder = NewFolder::begin(&asked.out)?;
    let key = FileKey::create_new(&folder.path().join("device.key"))?;
    let request = certificate_request(&key, &asked.id)?;
    let body = json!({ "id": asked.id, "product": asked.product, "request": request });
    let enrolled: EnrolledView = operator.post("/v1/devices", &body).await?;
    write(folder.path(), &enrolled, &key, idf, extra).with_context(|| {
        format!("device `{}` is enrolled, and its folder could not be written; revoke it, and enroll another id", asked.id)
    })?;
    folder.finish()?;
    Ok(enrolled)
}

/// What a device is told that its server does not know.
#[derive(Default)]
pub(crate) struct Extra {
    pub(crate) wifi: Option<nvs::Wifi>,
    pub(crate) stores: Option<Stores>,
}

/// Writes what an enrolled device needs, but for its private key, into `folder`.
pub(crate) fn write(
    folder: &Path,
    enrolled: &EnrolledView,
    key: &FileKey,
    idf: IdfRelease,
    extra: Extra,
) -> Result<()> {
    let Extra { wifi, stores } = extra;
    let (hosts, store_trust) = match stores {
        Some(Stores { hosts, bundle }) => (hosts, Some(bundle)),
        None => (Vec::new(), None),
    };
    let put = |name: &str, bytes: &[u8], mode| files::write(&folder.join(name), bytes, mode);
    let chain = pem::certificates(enrolled.chain.as_bytes())?;
    let roots = pem::certificates(enrolled.server_root.as_bytes())?;
    let Some(server_root) = roots.first() else {
        bail!("the answer holds no server root")
    };
    if chain.first().map(Certificate::public_key) != Some(key.public_key()) {
        bail!("the certificate that came is not for the key that was made");
    }
    let authors = enrolled
        .authors
        .iter()
        .map(|author| unhex(author))
        .collect::<Option<Vec<_>>>();
    let authors = authors.context("the answer's authors are not hexadecimal")?;
    let set = enrolled.author_set.as_deref().map(author_set).transpose()?;
    let bundle = bundle::build(&roots, bundle::format_for(idf))?;
    let settings = nvs::Settings {
        server: enrolled.device_url.clone(),
        product: enrolled.product.clone(),
        device: enrolled.id.clone(),
        authors: authors.clone(),
        allowed_hosts: hosts,
        wifi,
    };
    let ders: Vec<Vec<u8>> = chain
        .iter()
        .map(|certificate| certificate.der().to_vec())
        .collect();
    let flash = FlashLayout::for_image(0).context("no flash layout")?;
    let place = |label| {
        flash
            .partition(label)
            .with_context(|| format!("no partition {label}"))
    };
    let size = |partition: &Partition| usize::try_from(partition.size);
    let (nvs_at, cert_at, trust_at, stores_at, authors_at) = (
        place(layout::NVS)?,
        place(layout::SECURE_CERT)?,
        place(layout::TRUST)?,
        place(layout::TRUST_STORES)?,
        place(layout::AUTHORS)?,
    );
    let pem_key = key.to_pkcs8_pem()?;
    let secure_cert = secure_cert::build(&ders, &pem_key, server_root.der(), size(&cert_at)?)?;

    put("device.pem", enrolled.chain.as_bytes(), Mode::Public)?;
    put(
        "server-root.pem",
        enrolled.server_root.as_bytes(),
        Mode::Public,
    )?;
    put(TRUST, &bundle, Mode::Public)?;
    if let Some(bundle) = &store_trust {
        put(TRUST_STORES, bundle, Mode::Public)?;
    }
    for (n, author) in authors.iter().enumerate() {
        let name = format!("author-{}.pem", n + 1);
        put(
            &name,
            pem::encode("PUBLIC KEY", author).as_bytes(),
            Mode::Public,
        )?;
    }
    // A network's password is the one secret that can be in it.
    let has_secret = settings
        .wifi
        .as_ref()
        .is_some_and(|wifi| wifi.password.is_some());
    let mode = || {
        if has_secret {
            Mode::Secret
        } else {
            Mode::Public
        }
    };
    put(NVS, &nvs::write(&settings, size(&nvs_at)?)?, mode())?;
    // What ESP-IDF's own tools make the two partitions of: for projects that build or extend them.
    put("nvs.csv", nvs::csv(&settings)?.as_bytes(), mode())?;
    put("partitions.csv", flash.csv().as_bytes(), Mode::Public)?;
    put(SECURE_CERT, &secure_cert, Mode::Secret)?;
    put("partition-table.bin", &flash.encode_table()?, Mode::Public)?;
    // Where the partitions go, as `esptool write-flash @flash_args` reads it.
    let at = |offset: u32, name: &str| format!("{offset:#x} {name}\n");
    let mut flash_args = vec![
        at(esp_formats::partition_table::OFFSET, "partition-table.bin"),
        at(nvs_at.offset, NVS),
        at(cert_at.offset, SECURE_CERT),
        at(trust_at.offset, TRUST),
    ];
    if store_trust.is_some() {
        flash_args.push(at(stores_at.offset, TRUST_STORES));
    }
    if let Some(set) = &set {
        put(AUTHOR_SET, set, Mode::Public)?;
        flash_args.push(at(authors_at.offset, AUTHOR_SET));
    }
    put("flash_args", flash_args.concat().as_bytes(), Mode::Public)
}

/// The network, with its password out of its file.
fn wifi(asked: &cli::Wifi) -> Result<Option<nvs::Wifi>> {
    let Some(ssid) = &asked.ssid else {
        return Ok(None);
    };
    let password = match &asked.password_file {
        None => None,
        Some(path) => {
            let text = Zeroizing::new(files::read_text(path)?);
            let line = text.lines().next().unwrap_or_default();
            Some(Zeroizing::new(line.to_owned()))
        }
    };
    let wifi = nvs::Wifi {
        ssid: ssid.clone(),
        password,
        country: asked.country.clone(),
    };
    wifi.check().context(
        "the network cannot be joined: a name has 1 to 32 bytes, a password 8 to 63, or 64 hexadecimal digits, \
         a country two capital letters",
    )?;
    Ok(Some(wifi))
}

pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok());
    digits
        .map(|pair| u8::from_str_radix(pair?, 16).ok())
        .collect()
}

pub(super) async fn run(global: &Global, asked: &DeviceEnroll) -> Result<()> {
    let mut operator = Operator::reach(global).await?;
    let enrolled = enroll(&mut operator, asked).await?;
    if global.json {
        return output::json(&json!({
            "device": enrolled.id,
            "product": enrolled.product,
            "urn": enrolled.urn,
            "serial": enrolled.serial,
            "folder": asked.out,
            "stores": asked.stores.hosts,
        }));
    }
    println!("enrolled {} as {}", enrolled.id, enrolled.urn);
    let row = |name: &str, what: &str| vec![format!("  {name}"), what.to_owned()];
    let mut rows = vec![
        row(
            "device.key",
            "its private key: nowhere else, give it to nobody",
        ),
        row("device.pem", "its certificate, and the issuing authority's"),
        row(
            "server-root.pem",
            "the root of the servers that it shall trust",
        ),
        row(
            "x509_crt_bundle",
            "the same for ESP-IDF, as its certificate bundle",
        ),
        row("author-1.pem …", "who may sign its releases"),
        row(
            "nvs.bin, nvs.csv",
            "its settings; the same for ESP-IDF's generator",
        ),
        row(
            "esp_secure_cert.bin",
            "its key and certificates, for the partition of that name",
        ),
        row(
            "partition-table.bin, partitions.csv",
            "the partition table that these fit; the same for an ESP-IDF project",
        ),
        row(
            "flash_args",
            "where they go: esptool write-flash @flash_args, in that folder",
        ),
    ];
    if asked.stores.bundle.is_some() {
        let what = "whom it shall trust as a store, for our own node";
        // Beside the other bundle.
        rows.insert(BUNDLES, row(TRUST_STORES, what));
    }
    output::table(&[&format!("in {}", asked.out.display()), ""], rows);
    Ok(())
}

/// The author set that the device goes by from the start, as its partition holds it.
fn author_set(signed: &str) -> Result<Vec<u8>> {
    let signed = unhex(signed).context("the answer's author set is not hexadecimal")?;
    let set = SignedAuthorSet::parse(&signed).context("the answer's author set is none")?;
    let complete = complete(&set).context("the answer's author set is not its authors'")?;
    countersign_provision::author_set::write(complete.payload())
        .context("the answer's author set fits no partition")
}

/// The settings' partition, in the folder of a device.
pub(crate) const NVS: &str = "nvs.bin";
/// The partition with key and certificates.
pub(crate) const SECURE_CERT: &str = "esp_secure_cert.bin";
/// The trust bundle.
pub(crate) const TRUST: &str = "x509_crt_bundle";
/// The same for stores, where there are any.
pub(crate) const TRUST_STORES: &str = "x509_crt_bundle.stores";
/// How many files are told of up to the first bundle.
const BUNDLES: usize = 4;
/// The partition with the author set, where the product has one.
pub(crate) const AUTHOR_SET: &str = "authors.bin";
