//! The list of roots.

use std::fs;

use countersign_roots::mozilla;
use countersign_x509::pem;

use super::{
    ground::{Ca, openssl_files, write},
    web::web,
};
use crate::harness::{House, need};

/// So many of Mozilla's roots, as PEM.
fn sixty() -> String {
    let roots = mozilla().take(60).map(|root| root.certificate().clone());
    pem::to_pem(&roots.collect::<Vec<_>>())
}

#[test]
fn another_list_is_kept_and_counts_until_it_is_forgotten() {
    let house = House::empty();
    let before = house.json(&["trust", "roots"]);
    assert!(
        before["source"]
            .as_str()
            .unwrap()
            .starts_with("webpki-root-certs")
    );
    assert!(before["roots"].as_array().unwrap().len() > 200);
    let own = Ca::new("Brand New Root");
    let list = write(&house, "list.pem", sixty() + &own.root);
    let update = ["trust", "roots", "update", "--from", &list];
    assert!(house.fails(&update).contains("countersign init"));
    fs::create_dir(house.state()).unwrap();
    house.ok(&update);
    let now = house.json(&["trust", "roots"]);
    assert!(
        now["source"]
            .as_str()
            .unwrap()
            .starts_with("the list taken on ")
    );
    let current = |said: &serde_json::Value| {
        let roots = said["roots"].as_array().unwrap().iter();
        roots.filter(|root| root["mozilla"] == true).count()
    };
    assert_eq!(current(&now), 61);
    // It is chosen from.
    let chain = write(&house, "chain.pem", own.server("a.example", &[]).chain);
    let out = house.text("out");
    let bundle = [
        "trust", "bundle", "--chain", &chain, "--idf", "v5.5", "--out", &out,
    ];
    assert!(house.ok(&bundle).contains("Brand New Root"));
    // What does not fit its digest is not believed.
    fs::write(house.state().join("trust/roots.list"), sixty()).unwrap();
    assert!(
        house
            .fails(&["trust", "roots"])
            .contains("trust roots update")
    );
    house.ok(&["trust", "roots", "update", "--forget"]);
    assert_eq!(house.json(&["trust", "roots"]), before);
}

#[test]
fn what_is_no_list_of_mozillas_is_not_kept() {
    let house = House::empty();
    fs::create_dir(house.state()).unwrap();
    let few = write(&house, "few.pem", Ca::new("Root").root);
    let none = write(&house, "none.csv", "Owner,Name\nx,y\n");
    let page = write(&house, "page.html", " \n<!DOCTYPE html><p>Not Found");
    let whole = sixty();
    let cut = write(&house, "cut.pem", &whole[..whole.len() - 100]);
    for (from, part) in [
        (few.as_str(), "has 1 roots"),
        (&none, "PEM Info"),
        (&page, "web page (HTML)"),
        (&cut, "cut: of 60 certificates, 59 have an end"),
        ("missing.pem", "cannot be read"),
    ] {
        let stderr = house.fails(&["trust", "roots", "update", "--from", from]);
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    assert!(!house.state().join("trust").exists());
}

#[test]
fn a_list_is_fetched_by_https_from_a_server_that_proves_itself() {
    if !need("trust_roots_update", "openssl", "apt-get install openssl") {
        return;
    }
    let house = House::empty();
    fs::create_dir(house.state()).unwrap();
    let [root, stranger] = ["Root", "Stranger"].map(Ca::new);
    write(&house, "list.pem", sixty());
    write(&house, "page.html", "<html><body>sign in</body></html>");
    let server = openssl_files(&house, "web", &root.server("127.0.0.1", &[]));
    let [ca, other] = [("ca.pem", &root), ("other.pem", &stranger)]
        .map(|(name, ca)| write(&house, name, &ca.root));
    let url = format!("https://{}/list.pem", server.address);
    let update = ["trust", "roots", "update", "--from", &url];
    let signed = format!("{url}?token=secret");

    // Mozilla's roots do not vouch for it, and neither does somebody else's.
    let stderr = house.fails(&["trust", "roots", "update", "--from", &signed]);
    for part in ["no root that is trusted here", "--ca", "list.pem"] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    assert!(!stderr.contains("secret"), "{stderr}");
    let stderr = house.fails(&[&update[..], &["--ca", &other]].concat());
    assert!(stderr.contains("no root that is trusted here"), "{stderr}");
    assert!(!house.state().join("trust").exists());

    let kept = house.json(&[&update[..], &["--ca", &ca]].concat());
    assert_eq!(kept["roots"], 60);
    assert_eq!(kept["from"].as_str(), Some(url.as_str()));
    let now = house.json(&["trust", "roots"]);
    assert!(
        now["source"]
            .as_str()
            .unwrap()
            .starts_with("the list taken on ")
    );

    // A portal's page is no list, and what was kept stays.
    let page = format!("https://{}/page.html", server.address);
    let args = ["trust", "roots", "update", "--from", &page, "--ca", &ca];
    assert!(house.fails(&args).contains("web page (HTML)"));
    assert_eq!(house.json(&["trust", "roots"]), now);
}

#[test]
fn what_comes_in_place_of_a_list_is_told_apart() {
    let house = House::empty();
    fs::create_dir(house.state()).unwrap();
    let root = Ca::new("Root");
    let ca = write(&house, "ca.pem", &root.root);
    let whole = sixty();
    let half = whole[..whole.len() / 2].to_owned();
    let answer = |head: &str, body: &str| format!("HTTP/1.1 {head}\r\n\r\n{body}");
    let pages = vec![
        ("/missing", answer("404 Not Found\r\nContent-Length: 0", "")),
        (
            "/short",
            answer(&format!("200 OK\r\nContent-Length: {}", whole.len()), &half),
        ),
        ("/torn", answer("200 OK", &half)),
        (
            "/half",
            answer(&format!("200 OK\r\nContent-Length: {}", half.len()), &half),
        ),
        (
            "/page",
            answer(
                "200 OK\r\nContent-Type: text/html\r\nContent-Length: 2",
                "ok",
            ),
        ),
        (
            "/plain",
            answer(
                "302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0",
                "",
            ),
        ),
        (
            "/circle",
            answer("302 Found\r\nLocation: /circle\r\nContent-Length: 0", ""),
        ),
        ("/huge", answer("200 OK\r\nContent-Length: 99999999", "")),
        (
            "/list",
            answer(
                &format!("200 OK\r\nContent-Length: {}", whole.len()),
                &whole,
            ),
        ),
        (
            "/moved",
            answer("301 Moved\r\nLocation: list\r\nContent-Length: 0", ""),
        ),
    ];
    let server = web(&root.server("127.0.0.1", &[]), pages);
    let fails = |path: &str| {
        let url = format!("https://{server}{path}");
        house.fails(&["trust", "roots", "update", "--from", &url, "--ca", &ca])
    };
    for (path, part) in [
        ("/missing", "status 404: there is nothing"),
        ("/short", "the file is cut"),
        ("/torn", "the file is cut"),
        ("/half", "it is cut: of"),
        ("/page", "web page (HTML)"),
        ("/plain", "plain http"),
        ("/circle", "more than 5 times"),
        ("/huge", "more than 16777216 bytes"),
    ] {
        let stderr = fails(path);
        assert!(stderr.contains(part), "{part}: {stderr}");
        assert!(stderr.contains(path), "{stderr}");
    }
    for (url, part) in [
        (format!("http://{server}/list"), "write https://"),
        (
            format!("https://user:secret@{server}/list"),
            "a user in the URL",
        ),
        (
            "https://127.0.0.1:1/list?secret".to_owned(),
            "nothing listens",
        ),
        (
            "https://no.such.host.invalid/list".to_owned(),
            "no.such.host.invalid",
        ),
        ("ftp://127.0.0.1/list".to_owned(), "only https"),
    ] {
        let args = [
            "trust",
            "roots",
            "update",
            "--from",
            &url,
            "--timeout",
            "20",
        ];
        let stderr = house.fails(&args);
        assert!(stderr.contains(part), "{part}: {stderr}");
        assert!(!stderr.contains("secret"), "{stderr}");
    }
    assert!(!house.state().join("trust").exists());
    let url = format!("https://{server}/moved");
    house.ok(&["trust", "roots", "update", "--from", &url, "--ca", &ca]);
}
