//! Keys, certificates, requests, and what they are kept in.

use std::sync::Arc;

use countersign_images::sealed::generate;
use countersign_keys::FileKey;
use countersign_pki::{
    Authority, Profile, Profiles, Signer, Validity, certificate_request, crl, root, urn::device_urn,
};
use countersign_protocol::UnixTime;
use countersign_provision::secure_cert;
use countersign_trust::bundle;
use countersign_x509::{Certificate, CertificateRequest, Crl, ReasonCode, pem};
use esp_formats::{bundle::Format, sealed_image::Scheme};

use crate::Seeds;

/// One hierarchy, a server and a device under it, and vectors of `x509` in DER.
pub(crate) fn seeds() -> Seeds {
    let (root, issuing) = hierarchy();
    let device_key = FileKey::generate().unwrap();
    let device = Profile::Device {
        id: "7cdfa1000001".to_owned(),
        urn: device_urn("7cdfa1000001"),
    };
    let device = issue(&issuing, &device, &device_key);
    let names = ["s3.example", "*.s3.example", "127.0.0.1"];
    let server = Profile::Server {
        names: names.map(str::to_owned).to_vec(),
    };
    let server = issue(&issuing, &server, &FileKey::generate().unwrap());
    let request = certificate_request(&device_key, "7cdfa1000001").unwrap();
    let request_der = pem::blocks(request.as_bytes(), "CERTIFICATE REQUEST").unwrap();

    let ders = |chain: &[Certificate]| -> Vec<Vec<u8>> {
        chain.iter().map(|one| one.der().to_vec()).collect()
    };
    let key = device_key.to_pkcs8_pem().unwrap();
    let partition = secure_cert::build(&ders(&device), &key, root.der(), 0x2000).unwrap();
    let used = partition.iter().rposition(|byte| *byte != 0xFF).unwrap();
    let partition = partition[..=used].to_vec();
    let roots = [root.clone(), issuing.certificate().clone()];
    let bundled = |format| bundle::build(&roots, format).unwrap();
    let sent = [ders(&server), vec![root.der().to_vec()]].concat().concat();
    let text = format!("# chain\r\n{}\nthe end", pem::to_pem(&device));

    let rsa = generate(Scheme::Rsa3072).unwrap();
    let ecies = generate(Scheme::EciesP256).unwrap();

    let mut seeds = vec![
        ("bundle", "legacy", bundled(Format::Legacy)),
        ("bundle", "offsets", bundled(Format::Offsets)),
        ("certificate", "device", device[0].der().to_vec()),
        ("certificate", "server", server[0].der().to_vec()),
        ("certificate", "root", root.der().to_vec()),
        ("certificate_request", "p256", request_der.concat()),
        ("crl", "four", revoking(&issuing, FOUR)),
        ("crl", "none", revoking(&issuing, &[])),
        ("identity", "device", partition.clone()),
        ("key_file", "pkcs8", key.as_bytes().to_vec()),
        ("key_file", "few_rounds", FEW_ROUNDS.to_vec()),
        ("key_file", "few_rounds_der", encrypted(FEW_ROUNDS)),
        ("key_file", "small_scrypt_der", encrypted(SMALL_SCRYPT)),
        ("key_file", "uri", URI.to_vec()),
        ("pem", "chain", text.into_bytes()),
        ("pem", "request", request.into_bytes()),
        ("private_key", "pkcs8", key.as_bytes().to_vec()),
        (
            "public_key",
            "spki",
            device_key.public_key_pem().into_bytes(),
        ),
        (
            "public_key",
            "certificate",
            pem::to_pem(&device[..1]).into_bytes(),
        ),
        ("seal_key", "rsa_private", rsa.secret.to_vec()),
        ("seal_key", "rsa_public", rsa.public.to_pem().into_bytes()),
        (
            "seal_key",
            "p256_public",
            ecies.public.to_pem().into_bytes(),
        ),
        ("seal_key", "p256_private", key.as_bytes().to_vec()),
        ("seal_key", "err_certificate", CERTIFICATE.to_vec()),
        ("secure_cert", "device", partition),
        ("server_chain", "issuing", sent),
        ("server_chain", "root_alone", root.der().to_vec()),
        ("signature", "p256", device_key.sign(b"message").unwrap()),
        ("signature", "short", vec![0x30, 7, 2, 1, 5, 2, 2, 0, 0x80]),
    ];
    for (name, text) in CRLS {
        seeds.push(("crl", name, Crl::from_pem(text).unwrap().der().to_vec()));
    }
    for (name, text) in VECTORS {
        if let Ok(found) = pem::certificates(text) {
            seeds.push(("certificate", name, found[0].der().to_vec()));
        } else if CertificateRequest::from_pem(text).is_ok() {
            let der = pem::blocks(text, "CERTIFICATE REQUEST").unwrap();
            seeds.push(("certificate_request", name, der.concat()));
        }
    }
    seeds
}

pub(crate) fn hierarchy() -> (Certificate, Authority) {
    let rules = Profiles::default();
    let key = FileKey::generate().unwrap();
    let root = root::self_sign("Root", &rules.root, &key, VALIDITY, [1; 16]).unwrap();
    let above = Authority::new(root.clone(), vec![], Arc::new(key)).unwrap();
    let key = FileKey::generate().unwrap();
    let issuing = above.issue_ca(
        "Issuing",
        &rules.issuing,
        key.public_key(),
        VALIDITY,
        [2; 16],
    );
    let issuing = Authority::new(issuing.unwrap(), vec![root.clone()], Arc::new(key)).unwrap();
    (root, issuing)
}

/// A CRL with certificates of these serial numbers.
fn revoking(issuing: &Authority, serials: &[(&[u8], ReasonCode)]) -> Vec<u8> {
    let entry = |(serial, reason): &(&[u8], ReasonCode)| crl::Revoked {
        serial: serial.to_vec(),
        at: UnixTime(1_800_000_000),
        reason: *reason,
    };
    let list = crl::RevocationList {
        number: 258,
        this_update: UnixTime(1_800_000_000),
        next_update: UnixTime(4_000_000_000),
        revoked: serials.iter().map(entry).collect(),
    };
    crl::sign(issuing, &list).unwrap().der().to_vec()
}

pub(crate) fn issue(issuing: &Authority, profile: &Profile, key: &FileKey) -> Vec<Certificate> {
    let rules = Profiles::default();
    let rules = match profile {
        Profile::Server { .. } => rules.server,
        Profile::Device { .. } => rules.device,
    };
    let issued = issuing.issue(profile, &rules, key.public_key(), VALIDITY, [3; 16]);
    issuing.chain_of(issued.unwrap())
}

const FOUR: &[(&[u8], ReasonCode)] = &[
    (&[1], ReasonCode::Unspecified),
    (&[0x80; 16], ReasonCode::KeyCompromise),
    (&[0x7f; 20], ReasonCode::CessationOfOperation),
    (&[0x80], ReasonCode::Superseded),
];
pub(crate) const VALIDITY: Validity = Validity {
    not_before: UnixTime(1_700_000_000),
    not_after: Some(UnixTime(4_000_000_000)),
};

macro_rules! vector {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!(
                "../../../../crates/x509/tests/data/ok_",
                $name,
                ".pem"
            )),
        )
    };
}

const VECTORS: [(&str, &[u8]); 9] = [
    vector!("ed25519"),
    vector!("p521"),
    vector!("rsa2048"),
    vector!("rsa_pss"),
    vector!("two_names"),
    vector!("leaf"),
    vector!("request_p384_sha256"),
    vector!("request_rsa2048"),
    vector!("request_wants_ca"),
];

const CRLS: [(&str, &[u8]); 2] = [vector!("crl"), vector!("crl_until_2050")];

/// An encrypted key without its PEM.
fn encrypted(text: &[u8]) -> Vec<u8> {
    let blocks = pem::blocks(text, "ENCRYPTED PRIVATE KEY").unwrap();
    blocks.concat()
}

const FEW_ROUNDS: &[u8] =
    include_bytes!("../../../../crates/keys/tests/data/ok_encrypted_few_rounds.pem");
const SMALL_SCRYPT: &[u8] =
    include_bytes!("../../../../crates/keys/tests/data/ok_encrypted_small_scrypt.pem");
const URI: &[u8] = b"pkcs11:token=Our%20HSM;serial=42;manufacturer=a;model=b;object=device-issuing;id=%01%ff;type=private\
    ?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:///run/pin\n";

/// Where a key should be.
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
