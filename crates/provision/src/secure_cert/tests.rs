use super::*;

const PARTITION: &[u8] = include_bytes!("../../tests/data/ok_secure_cert.bin");
const DEVICE: &str = include_str!("../../tests/data/device.pem");
const ROOT: &str = include_str!("../../tests/data/server_root.pem");
const SEC1: &str = include_str!("../../tests/data/device.sec1.pem");
const PKCS8: &str = include_str!("../../tests/data/device.pkcs8.pem");

fn der(pem: &str) -> Vec<u8> {
    pem::parse(pem).unwrap().into_contents()
}

fn built(chain: &[Vec<u8>], key: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    build(chain, key, &der(ROOT), 0x2000)
}

#[test]
fn writes_what_espressifs_tool_writes() {
    let ours = built(&[der(DEVICE)], SEC1).unwrap();
    // The tool closes with an integrity entry of 48 bytes, which ESP-IDF does not need.
    let same = PARTITION.len() - 48;
    assert!(ours[..same] == PARTITION[..same]);
    assert!(ours[same..].iter().all(|byte| *byte == 0xFF));
    assert_eq!(ours.len(), 0x2000);
}

#[test]
fn reads_what_espressifs_tool_wrote() {
    let identity = read(PARTITION).unwrap();
    assert_eq!(identity.chain, [der(DEVICE)]);
    assert_eq!(identity.server_root, der(ROOT));
    assert_eq!(*identity.key_pem, SEC1);
}

#[test]
fn keeps_the_whole_chain_and_either_form_of_key() {
    for key in [SEC1, PKCS8] {
        let chain = [der(DEVICE), der(ROOT)];
        let identity = read(&built(&chain, key).unwrap()).unwrap();
        assert_eq!(identity.chain, chain);
        assert_eq!(*identity.key_pem, key);
    }
}

#[test]
fn takes_the_key_out_of_what_openssl_prints_around_it() {
    let printed =
        "-----BEGIN EC PARAMETERS-----\r\nBggqhkjOPQMBBw==\r\n-----END EC PARAMETERS-----\r\n";
    let key = format!("{printed}{}", SEC1.replace('\n', "\r\n"));
    let identity = read(&built(&[der(DEVICE)], &key).unwrap()).unwrap();
    assert_eq!(*identity.key_pem, SEC1);
}

#[test]
fn refuses_keys_that_mbedtls_refuses() {
    let encoded = |label: &str, key: &[u8]| pem::encode(&pem::Pem::new(label, key));
    let mut version_1 = der(PKCS8);
    version_1[5] = 1;
    // An EC key without its curve: `parameters` cut out, lengths mended.
    let full = der(SEC1);
    let mut no_curve = [&full[..39], &full[51..]].concat();
    no_curve[1] -= 12;
    for key in [
        String::new(),
        "no key".to_owned(),
        DEVICE.to_owned(),
        encoded("PRIVATE KEY", &version_1),
        encoded("EC PRIVATE KEY", &no_curve),
        encoded("PRIVATE KEY", &der(SEC1)),
        encoded("EC PRIVATE KEY", &der(PKCS8)),
        encoded("ENCRYPTED PRIVATE KEY", &der(PKCS8)),
        encoded("PRIVATE KEY", &der(PKCS8)[..50]),
        encoded("PRIVATE KEY", &[]),
        format!("{SEC1}{PKCS8}"),
        format!("{SEC1}{SEC1}"),
        SEC1.replace("END", "EN"),
        SEC1.replace('M', "!"),
    ] {
        assert!(
            matches!(built(&[der(DEVICE)], &key), Err(Error::KeyEncoding)),
            "{key}"
        );
    }
}

#[test]
fn refuses_an_identity_that_is_not_whole() {
    assert!(matches!(built(&[], SEC1), Err(Error::CertificateMissing)));
    assert!(matches!(
        built(&[vec![]], SEC1),
        Err(Error::CertificateMissing)
    ));
    assert!(matches!(
        build(&[der(DEVICE)], SEC1, &[], 0x2000),
        Err(Error::CertificateMissing)
    ));
    assert!(matches!(
        build(&[der(DEVICE)], SEC1, &der(ROOT), 0x400),
        Err(Error::Format {
            label: SECURE_CERT,
            ..
        })
    ));
    assert!(matches!(
        read(&[0xFF; 0x2000]),
        Err(Error::EntryMissing {
            kind: Kind::DEVICE_CERTIFICATE
        })
    ));
    let mut damaged = PARTITION.to_vec();
    damaged[40] ^= 1;
    assert!(matches!(read(&damaged), Err(Error::Format { .. })));
}

#[test]
fn refuses_a_chain_whose_last_certificate_is_cut() {
    for chain in [
        format!("{DEVICE}{}", ROOT.replace("-----END", "")),
        format!("{DEVICE}-----BEGIN CERTIFICATE-----\n"),
        format!("-----BEGIN CERTIFICATE-----\n{DEVICE}"),
    ] {
        let mut out = vec![0xFF; 0x2000];
        let mut writer = Writer::new(&mut out);
        for (kind, data) in [
            (Kind::CA_CERTIFICATE, ROOT),
            (Kind::DEVICE_CERTIFICATE, &chain),
            (Kind::PRIVATE_KEY, SEC1),
        ] {
            writer
                .append(&Entry {
                    flags: 0,
                    kind,
                    subtype: 0,
                    data: data.as_bytes(),
                })
                .unwrap();
        }
        assert!(
            matches!(read(&out), Err(Error::CertificateEncoding)),
            "{chain}"
        );
    }
}

#[test]
fn refuses_keys_that_only_the_chip_can_use() {
    let mut out = PARTITION.to_vec();
    let key = read(PARTITION).unwrap().key_pem;
    let mut writer = Writer::new(&mut out);
    for (kind, flags, data) in [
        (Kind::CA_CERTIFICATE, 0, ROOT.as_bytes()),
        (Kind::DEVICE_CERTIFICATE, 0, &der(DEVICE)[..]),
        (Kind::PRIVATE_KEY, 8, key.as_bytes()),
    ] {
        writer
            .append(&Entry {
                flags,
                kind,
                subtype: 0,
                data,
            })
            .unwrap();
    }
    let len = writer.len();
    assert!(matches!(read(&out[..len]), Err(Error::KeyEncoding)));
}

#[test]
fn shows_no_key_in_debug_output() {
    assert!(!format!("{:?}", read(PARTITION).unwrap()).contains("PRIVATE"));
}

#[test]
fn survives_hostile_partitions() {
    for len in 0..PARTITION.len() {
        let _ = read(&PARTITION[..len]);
    }
    // Damage inside the entries, with CRCs made anew so that it is reached.
    for at in (0..PARTITION.len() - 48).step_by(3) {
        let mut damaged = PARTITION.to_vec();
        damaged[at] ^= 0x20;
        let _ = read(&damaged);
        let entries: Vec<_> = Entries::new(PARTITION).map(Result::unwrap).collect();
        let mut out = vec![0xFF; 0x2000];
        let mut writer = Writer::new(&mut out);
        for entry in entries {
            let mut data = entry.data.to_vec();
            if let Some(byte) = data.get_mut(at) {
                *byte ^= 0x20;
            }
            writer
                .append(&Entry {
                    data: &data,
                    ..entry
                })
                .unwrap();
        }
        let _ = read(&out);
    }
}
