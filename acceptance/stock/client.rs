//! A client that asks as `esp_https_ota` with `partial_http_download` does.

use super::Stock;
use crate::harness::{judge, python};

#[test]
fn a_client_that_downloads_by_parts_gets_the_image_bit_for_bit() {
    let Some(python) = python("stock_client") else {
        return;
    };
    let stock = Stock::new();
    let folder = stock.house.text("device");
    for version in ["1.2", "1.3"] {
        let out = stock.house.text("fetched.bin");
        let args = [&stock.url("1.0.0"), &folder, &out, version];
        let asked = judge(&python, "esp_https_ota.py", &args);
        let fetched = std::fs::read(&out).unwrap();
        assert!(fetched == stock.newest.bytes, "{version}: another image");

        let asked = asked.as_array().unwrap();
        let line = |n: usize| {
            let text = |name: &str| asked[n][name].as_str().unwrap();
            (
                text("method"),
                text("path").starts_with("/d/"),
                &asked[n]["status"],
            )
        };
        assert_eq!(line(0), ("HEAD", false, &200.into()));
        assert_eq!(line(1), ("GET", false, &302.into()));
        for n in 2..asked.len() {
            assert_eq!(line(n), ("GET", true, &206.into()));
            // The first server's, at the second.
            assert_eq!(asked[n]["host"], stock.server.device_address());
            assert_ne!(asked[n]["port"], asked[0]["port"]);
            assert_eq!(asked[n]["tls"], format!("TLSv{version}"));
        }
        // 200 KiB and a little, by 64 KiB.
        assert_eq!(asked.len(), 2 + 4, "{asked:?}");
        assert_eq!(asked[5]["range"], "bytes=196608-");
    }
    assert_eq!(
        stock.house.offers(),
        [("1.1.0".to_owned(), "open".to_owned())]
    );
}
