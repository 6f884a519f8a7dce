//! An authority whose key lies on a token issues, revokes and publishes.

use std::{fs, path::Path, process::Command, sync::Arc};

use countersign_keys::FileKey;
use countersign_pki::{
    Authority, Profile, Profiles, Signer as _,
    crl::{self, RevocationList, Revoked},
    root,
    urn::device_urn,
};
use countersign_protocol::UnixTime;
use countersign_x509::{ReasonCode, pem};

use super::{Ground, on_a_token, run};

/// 2026-01-01T00:00:00Z.
const START: UnixTime = UnixTime(1_767_225_600);

#[test]
fn an_authority_on_a_token_signs_a_crl_that_others_accept() {
    on_a_token(
        "crl::an_authority_on_a_token_signs_a_crl_that_others_accept",
        sign_and_verify,
    );
}

fn sign_and_verify(ground: &Ground) {
    let folder = &ground.folder;
    let rules = Profiles::default();
    let key = Arc::new(ground.generate("device-issuing"));
    let valid = rules.root.validity(START);
    let made = root::self_sign("On a token", &rules.root, &*key, valid, [1; 16]).unwrap();
    let authority = Authority::new(made.clone(), vec![], key).unwrap();
    write(folder, "ca.pem", &pem::to_pem(&[made]));
    for (name, serial) in [("revoked.pem", [0xa1; 16]), ("good.pem", [0xa2; 16])] {
        let profile = Profile::Device {
            id: "board-7".to_owned(),
            urn: device_urn("board-7"),
        };
        let device = FileKey::generate().unwrap();
        let valid = rules.device.validity(START);
        let spki = device.public_key();
        let issued = authority.issue(&profile, &rules.device, spki, valid, serial);
        write(folder, name, &pem::to_pem(&[issued.unwrap()]));
    }
    let list = RevocationList {
        number: 7,
        this_update: START,
        next_update: START.plus(100 * 365 * 86_400),
        revoked: vec![Revoked {
            serial: vec![0xa1; 16],
            at: START,
            reason: ReasonCode::KeyCompromise,
        }],
    };
    let crl = crl::sign(&authority, &list).unwrap();
    write(folder, "list.crl", &crl.to_pem());
    for (device, taken) in [("good.pem", true), ("revoked.pem", false)] {
        let mut openssl = Command::new("openssl");
        openssl.args(["verify", "-x509_strict", "-crl_check", "-CAfile", "ca.pem"]);
        openssl.args(["-CRLfile", "list.crl", device]);
        let output = run(openssl.current_dir(folder));
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.success(), taken, "{device}: {words}");
        assert_eq!(words.contains("certificate revoked"), !taken, "{words}");
    }
    let mut openssl = Command::new("openssl");
    openssl.args([
        "crl",
        "-in",
        "list.crl",
        "-noout",
        "-CAfile",
        "ca.pem",
        "-crlnumber",
    ]);
    let output = run(openssl.current_dir(folder));
    let words = [output.stdout, output.stderr].concat();
    let words = String::from_utf8_lossy(&words);
    assert!(
        words.contains("verify OK") && words.contains("crlNumber=0x07"),
        "{words}"
    );
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}
