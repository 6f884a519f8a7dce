//! The TLS library of stock devices, in the versions that ESP-IDF has, against our server. `cargo xtask test` builds the
//! programs; where it could not, these tests are counted as skipped.

mod device;
mod heap;

use self::device::{Agreed, Build, Device, Failure};
use crate::harness::{House, Server, image};

/// A house with a release, its server, and a device.
struct Scene {
    house: House,
    server: Server,
    device: Device,
    image: Vec<u8>,
}

impl Scene {
    fn new(build: &Build, test: &str) -> Option<Self> {
        let program = build.program(test)?;
        let house = House::new();
        let server = house.serve();
        let device = Device::enroll(&house, build, program);
        let release = image("1.1.0");
        house.publish(&release, 1);
        Some(Self {
            house,
            server,
            device,
            image: release.bytes,
        })
    }
}

/// A device asks for its update and fetches it, all by `version` of TLS.
fn is_updated(build: &Build, test: &str, version: &str, options: &[&str]) {
    let Some(scene) = Scene::new(build, test) else {
        return;
    };
    let agreed = |agreed: &Agreed| {
        assert_eq!(agreed.tls, version);
        let suite = match version {
            "TLSv1.2" => "TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256",
            _ => "TLS1-3-AES-128-GCM-SHA256",
        };
        assert_eq!(agreed.suite, suite);
        assert!(agreed.library.starts_with(build.library), "{agreed:?}");
        assert_eq!(agreed.in_content_len, build.in_content_len);
    };
    let url = format!("{}/ota?v=1.0.0", scene.server.device_url);
    let asked = scene.device.get(&url, options).unwrap();
    agreed(&asked.agreed);
    assert_eq!(asked.status, 302);
    assert_eq!(asked.body, b"");
    let fetched = scene.device.get(&asked.location(), options).unwrap();
    agreed(&fetched.agreed);
    assert_eq!(fetched.status, 200);
    assert!(fetched.body == scene.image, "another image");
    let offers = [("1.1.0".to_owned(), "open".to_owned())];
    assert_eq!(scene.house.offers(), offers);
}

/// Who is not of this installation is refused, by the device or by the server.
fn is_at_home_here_only(build: &Build, test: &str) {
    let Some(scene) = Scene::new(build, test) else {
        return;
    };
    let url = format!("{}/ota?v=1.0.0", scene.server.device_url);
    let refused = |device: &Device, url: &str| -> Failure {
        let failure = device.get(url, &[]).unwrap_err();
        assert_eq!(failure.exit, 1, "{failure:?}");
        assert_eq!(failure.error, "handshake", "{failure:?}");
        failure
    };

    let other = House::new();
    let others = other.serve();
    let foreign = format!("{}/ota?v=1.0.0", others.device_url);
    let failure = refused(&scene.device, &foreign);
    // MBEDTLS_ERR_X509_FATAL_ERROR, in all versions: both give their root the same name, and the key is another.
    assert_eq!(failure.code, "-0x3000", "{failure:?}");
    let reason = "the root of that name in the bundle did not sign this";
    assert!(failure.detail.contains(reason), "{failure:?}");

    // MBEDTLS_ERR_X509_CERT_VERIFY_FAILED
    let renamed = scene.device.calling("ota.example.com");
    assert_eq!(refused(&renamed, &url).code, "-0x2700");

    // A device of the other installation, which believes our server. It still writes its part of the handshake when the
    // server has refused it, and hears why all the same: MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE, not a reset.
    let stranger = Device::enroll(&other, build, build.program(test).unwrap());
    let failure = refused(&stranger.believing(&scene.device), &url);
    assert_eq!(failure.code, "-0x7780", "{failure:?}");
    assert_eq!(scene.device.get(&url, &[]).unwrap().status, 302);
}

/// ESP-IDF v5.5, as it is by default.
const DEFAULT: Build = Build {
    variable: "COUNTERSIGN_MBEDTLS_16K",
    idf: "v5.5",
    library: "Mbed TLS 3.6.",
    in_content_len: 16384,
};

/// ESP-IDF v5.3 on a board that is short of memory, with a bundle of the old format.
const SHORT_OF_MEMORY: Build = Build {
    variable: "COUNTERSIGN_MBEDTLS_4K",
    idf: "v5.3",
    library: "Mbed TLS 3.6.",
    in_content_len: 4096,
};

/// ESP-IDF v4.4.
const OLD: Build = Build {
    variable: "COUNTERSIGN_MBEDTLS_2_28",
    idf: "v4.4",
    library: "Mbed TLS 2.28.",
    in_content_len: 16384,
};

#[test]
fn a_device_with_mbedtls_3_6_is_updated() {
    is_updated(&DEFAULT, "mbedtls_3_6", "TLSv1.2", &[]);
}

#[test]
fn a_device_with_mbedtls_3_6_and_tls_1_3_is_updated() {
    is_updated(&DEFAULT, "mbedtls_3_6_tls13", "TLSv1.3", &["--tls13"]);
}

#[test]
fn a_device_with_buffers_of_4_kib_is_updated() {
    is_updated(&SHORT_OF_MEMORY, "mbedtls_4k", "TLSv1.2", &[]);
}

#[test]
fn a_device_with_buffers_of_4_kib_and_tls_1_3_is_updated() {
    is_updated(
        &SHORT_OF_MEMORY,
        "mbedtls_4k_tls13",
        "TLSv1.3",
        &["--tls13"],
    );
}

#[test]
fn a_device_with_mbedtls_2_28_is_updated() {
    is_updated(&OLD, "mbedtls_2_28", "TLSv1.2", &[]);
}

#[test]
fn a_device_with_mbedtls_3_6_is_at_home_here_only() {
    is_at_home_here_only(&DEFAULT, "mbedtls_3_6_refusals");
}

#[test]
fn a_device_with_buffers_of_4_kib_is_at_home_here_only() {
    is_at_home_here_only(&SHORT_OF_MEMORY, "mbedtls_4k_refusals");
}

#[test]
fn a_device_with_mbedtls_2_28_is_at_home_here_only() {
    is_at_home_here_only(&OLD, "mbedtls_2_28_refusals");
}
