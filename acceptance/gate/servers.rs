//! A device's certificate where a server's should be, shown to clients of every line of ESP-IDF releases. The node's refusal is
//! in `refusals/servers.rs`.

use std::{path::Path, time::Duration};

use crate::{
    esp_idf::{Dial, Peer, Program, Rustls, lines},
    harness::{Authority, House, OpenSsl, need, skip},
};

/// openssl at any port, with `NAME.pem` and `NAME.key` of a folder.
fn listen(folder: &Path, name: &str) -> (OpenSsl, u16) {
    let file = |end: &str| folder.join(format!("{name}.{end}"));
    let (chain, key) = (file("pem"), file("key"));
    let (chain, key) = (chain.to_str().unwrap(), key.to_str().unwrap());
    let server = OpenSsl::listen(0, &["-cert", chain, "-cert_chain", chain, "-key", key]);
    let port = server.address.rsplit_once(':').unwrap().1.parse().unwrap();
    (server, port)
}

fn connect(client: &dyn Dial, port: u16) -> Result<(), String> {
    let peer = Peer {
        port,
        name: "localhost",
        timeout: Duration::from_secs(30),
    };
    client.connect(&peer).map(drop)
}

#[test]
fn no_stock_client_takes_a_device_for_its_server() {
    if !need("device_as_server", "openssl", "apt-get install openssl") {
        return;
    }
    let house = House::new();
    // A neighbour's own, and one that the CA of devices would make for a server.
    house.enroll_as("7cdfa1000002", "second");
    let stolen = Authority::stolen(&house, "device").server("localhost");
    stolen.write(&house.path(""), "stolen");
    let (_first, device) = listen(&house.path("second"), "device");
    let (_second, by_its_ca) = listen(&house.path(""), "stolen");
    // Our own server's, so that it is whom they are shown that counts.
    let (_third, ours) = listen(&house.state().join("server"), "server");

    let mut tried = 0;
    let mut check = |what: &str, client: &dyn Dial| {
        assert_eq!(connect(client, ours), Ok(()), "{what}");
        for port in [device, by_its_ca] {
            let told = connect(client, port).unwrap_err();
            let refused = ["X509_CERT_VERIFY_FAILED", "-0x2700", "-0x3000"];
            assert!(
                refused.iter().any(|code| told.contains(code)),
                "{what}: {told}"
            );
            tried += 1;
        }
    };
    for (n, line) in lines().iter().enumerate() {
        let folder = format!("of-{n}");
        let idf = line.first.idf().to_string();
        let id = format!("7cdfa1001{n:03}");
        let out = house.text(&folder);
        house.ok(&["device", "enroll", &id, "--idf", &idf, "--out", &out]);
        let folder = house.path(&folder);
        for tls13 in [false, true] {
            let mut client = Rustls::of_folder(line.first, &folder);
            client.tls13 = tls13;
            check(&format!("{line}, TLS 1.3: {tls13}"), &client);
        }
    }
    for (variable, idf) in [
        ("COUNTERSIGN_MBEDTLS_2_28", "v4.4"),
        ("COUNTERSIGN_MBEDTLS_16K", "v5.5"),
        ("COUNTERSIGN_MBEDTLS_4K", "v5.3"),
    ] {
        let out = house.text(variable);
        let id = format!("7cdfa100{}", &idf.replace(['v', '.'], "20"));
        house.ok(&["device", "enroll", &id, "--idf", idf, "--out", &out]);
        match Program::named_by(variable, &house.path(variable)) {
            Some(program) => check(variable, &program),
            None => skip(
                "device_as_server",
                variable,
                "cargo xtask test --only tools,mbedtls",
            ),
        }
    }
    eprintln!("{tried} handshakes, none of them to its end");
}
