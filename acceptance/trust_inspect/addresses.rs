//! One name, several addresses, and not the same behind each.

use std::{
    fs,
    net::{SocketAddr, TcpListener, ToSocketAddrs as _},
};

use serde_json::Value;

use super::{
    servers::{openssl, shows_at},
    trust,
};
use crate::harness::{House, ca::Ca, need};

/// A root, an issuing CA under it, and a folder with the root as `root.pem`.
fn scene() -> (House, Ca, Ca) {
    let (house, root) = (House::empty(), Ca::root("a root"));
    fs::write(house.path("root.pem"), &root.pem).unwrap();
    (house, root, Ca::root("an issuing CA"))
}

fn texts(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|one| one.as_str().unwrap()).collect()
}

#[test]
fn addresses_that_show_different_chains_are_told_apart() {
    if !need(
        "trust_inspect_addresses",
        "openssl",
        "apt-get install openssl",
    ) {
        return;
    }
    let (house, root, issuing) = scene();
    let leaf = issuing.leaf(&["ota.test"]);
    let behind = [issuing.under(&root)];
    let good = openssl(&house, &leaf, &behind, &[]);
    let bad = openssl(&house, &leaf, &[], &[]);
    let roots = house.text("root.pem");
    let ask = |command: &[&str], connect: [&str; 2]| {
        let mut args = command.to_vec();
        args.extend(["--roots", &roots, "ota.test", "--idf", "v5.5"]);
        args.extend(connect.iter().flat_map(|at| ["--connect", at]));
        trust(&house, &args)
    };
    let both = [good.address.as_str(), bad.address.as_str()];

    let said = ask(&["inspect", "--json"], both);
    let target = &said.json()["targets"][0];
    assert!(!said.verified);
    let addresses = target["addresses"].as_array().unwrap();
    assert_eq!(addresses.len(), 2, "{target:#}");
    for address in addresses {
        let chain = usize::try_from(address["chain"].as_u64().unwrap()).unwrap();
        let is_good = address["address"] == both[0];
        assert_eq!(target["chains"][chain]["verified"], is_good, "{address}");
    }
    let difference = &target["differences"][0];
    let what = texts(&difference["what"]);
    let second = &addresses[1]["address"];
    assert_eq!(&difference["addresses"][0], second);
    // The addresses are sorted, so either may be the first.
    let word = if second == both[1] { "lacks" } else { "has" };
    assert!(
        what[0].starts_with(&format!("it {word} `an issuing CA` by `a root`")),
        "{what:?}"
    );

    let said = ask(&["inspect"], both);
    for part in [
        "its addresses do not show the same: there are 2 chains",
        &format!(
            "chain 2, at {}: it {word} `an issuing CA`",
            second.as_str().unwrap()
        ),
        "chain 1: ",
        "chain 2: ",
    ] {
        assert!(said.stdout.contains(part), "{part}: {}", said.stdout);
    }
    // The reason says where.
    assert!(
        said.stderr.contains(&format!("at {})", bad.address)),
        "{}",
        said.stderr
    );

    // A device may meet either: the bundle is not good for both.
    let bundle = house.text("root.pem");
    let said = ask(&["verify", &bundle], both);
    assert!(!said.verified && said.stdout.contains("it lacks") | said.stdout.contains("it has"));

    // The same twice is no difference.
    let twin = openssl(&house, &leaf, &behind, &[]);
    let said = ask(&["inspect", "--json"], [both[0], &twin.address]);
    let target = &said.json()["targets"][0];
    assert!(said.verified, "{target:#}");
    assert_eq!(texts(&target["notes"]), [""; 0]);
    assert_eq!(target["differences"], serde_json::json!([]));
}

#[test]
fn every_address_that_the_resolver_gives_is_asked() {
    let (house, root, _) = scene();
    // As many as this machine has for the name: 127.0.0.1, and ::1 where it has IPv6.
    let mut found: Vec<SocketAddr> = ("localhost", 443).to_socket_addrs().unwrap().collect();
    found.sort_unstable();
    found.dedup();
    let (port, listeners) = (0..20)
        .find_map(|_| {
            let first = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = first.local_addr().unwrap().port();
            let others = found.iter().filter(|at| at.is_ipv6());
            let others = others.map(|at| TcpListener::bind((at.ip(), port)));
            let mut listeners: Vec<TcpListener> = others.collect::<Result<_, _>>().ok()?;
            listeners.push(first);
            Some((port, listeners))
        })
        .expect("one port on all addresses of localhost");
    for (index, listener) in listeners.into_iter().enumerate() {
        // Each has a certificate of its own.
        let leaf = root.leaf(&["localhost", &format!("n{index}.test")]);
        let chain = vec![leaf.der.clone()];
        shows_at(listener, &leaf, chain);
    }
    let roots = house.text("root.pem");
    let host = format!("localhost:{port}");
    let said = trust(
        &house,
        &[
            "inspect", "--json", "--roots", &roots, "--idf", "v5.5", &host,
        ],
    );
    let target = &said.json()["targets"][0];
    assert!(said.verified, "{target:#}");
    let mut asked: Vec<String> = found
        .iter()
        .map(|at| SocketAddr::new(at.ip(), port).to_string())
        .collect();
    asked.sort();
    let mut seen: Vec<&str> = target["addresses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["address"].as_str().unwrap())
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, asked);
    assert_eq!(target["chains"].as_array().unwrap().len(), asked.len());
    assert_eq!(
        target["differences"].as_array().unwrap().len(),
        asked.len() - 1
    );
    for difference in target["differences"].as_array().unwrap() {
        assert!(
            texts(&difference["what"])[0].starts_with("the server's own certificate is `a server`")
        );
    }
}
