//! Authors that come and go: keys by openssl, sets by the program, a device that follows over TLS, and whoever owns the
//! server and no author's key.

mod ground;

use std::fs;

use self::ground::{database, followed, house, id, key, node, public, said, signed, two_of_three};
use crate::harness::{Link, Server, image, need, over_each_link};

over_each_link! {
    a_device_follows_its_authors_and_takes_what_enough_of_them_signed,
    a_device_that_slept_follows_set_after_set,
    who_owns_server_and_database_and_no_authors_key_gets_no_device_to_run_anything,
}

fn a_device_follows_its_authors_and_takes_what_enough_of_them_signed(link: Link) {
    if !need("author_sets", "openssl", "apt-get install openssl") {
        return;
    }
    let house = house();
    let _server = house.serve();
    house.enroll();
    assert_eq!(
        house
            .ok(&["author", "show", "--product", "demo"])
            .lines()
            .count(),
        1
    );
    two_of_three(&house);

    // A release of before is not published any more; a stolen single key publishes nothing.
    let old = signed(&house, &image("1.1.0"), 1, &["author"]);
    let refused = house.fails(&["release", "publish", &old]);
    assert!(refused.contains("who is not known here"), "{refused}");
    let stolen = signed(&house, &image("1.2.0"), 2, &["ann"]);
    let refused = house.fails(&["release", "publish", &stolen]);
    assert!(
        refused.contains("1 of the 2 authors that set 1 asks for"),
        "{refused}"
    );
    let ann = key(&house, "ann");
    let twice = [
        "release",
        "sign",
        &stolen,
        "--key",
        &ann,
        "--product",
        "demo",
        "--add",
    ];
    assert!(house.fails(&twice).contains("has signed it already"));

    let path = signed(&house, &link.image("2.0.0"), 3, &["ann", "ben"]);
    house.ok(&["release", "publish", &path]);
    // First the authors, then what they say.
    let first = node(&house, link);
    assert_eq!(followed(&first), [1]);
    assert!(!said(&first, "offered"), "{first:?}");
    let second = node(&house, link);
    assert!(said(&second, "confirmed"), "{second:?}");

    // Ann leaves, and Dan comes. Ben alone cannot decide that.
    let (leaves, comes) = (id(&house, "1.cset", 0), public(&house, "dan"));
    let (ben, dan, cyd) = (key(&house, "ben"), key(&house, "dan"), key(&house, "cyd"));
    let (before, next) = (house.text("1.cset"), house.text("2.cset"));
    let making = [
        "author", "replace", &before, "--remove", &leaves, "--author", &comes,
    ];
    let making = [&making[..], &["--key", &ben, "--key", &dan, "--out", &next]].concat();
    let made = house.json(&making);
    assert_eq!(
        (&made["own"]["met"], &made["former"]["met"]),
        (&true.into(), &false.into())
    );
    let refused = house.fails(&["author", "publish", &next]);
    assert!(
        refused.contains("1 of the 2 authors needed of the set before"),
        "{refused}"
    );
    let shown = house.ok(&["author", "show", &next, "--after", &before]);
    assert!(shown.contains("not to be followed yet"), "{shown}");
    house.ok(&["author", "sign", &next, "--key", &cyd, "--after", &before]);
    house.ok(&["author", "publish", &next]);
    assert!(
        house
            .fails(&["author", "publish", &next])
            .contains("immediate successor")
    );
    assert!(
        house
            .fails(&["author", "publish", &before])
            .contains("immediate successor")
    );

    let late = signed(&house, &image("2.1.0"), 4, &["ann", "ben"]);
    let refused = house.fails(&["release", "publish", &late]);
    assert!(
        refused.contains("1 of the 2 authors that set 2 asks for"),
        "{refused}"
    );
    let path = signed(&house, &link.image("2.2.0"), 5, &["ben", "dan"]);
    house.ok(&["release", "publish", &path]);
    assert_eq!(followed(&node(&house, link)), [2]);
    assert!(said(&node(&house, link), "confirmed"));
    assert_eq!(house.device()["running"]["version"], "2.2.0");

    // A device that is made now goes by the newest set from its first minute.
    house.enroll_as("7cdfa1000002", "younger");
    let younger = house.node("younger", &image("1.0.0"), &[]);
    assert!(followed(&younger).is_empty(), "{younger:?}");
    assert!(said(&younger, "confirmed"), "{younger:?}");
    // And what the server has can be had back from it.
    let copy = house.text("copy.cset");
    house.ok(&["author", "show", "--product", "demo", "--out", &copy]);
    assert_eq!(fs::read(&copy).unwrap(), fs::read(&next).unwrap());
}

fn a_device_that_slept_follows_set_after_set(link: Link) {
    if !need("author_sets_slept", "openssl", "apt-get install openssl") {
        return;
    }
    let house = house();
    let _server = house.serve();
    house.enroll();
    two_of_three(&house);
    let (ann, ben) = (key(&house, "ann"), key(&house, "ben"));
    let next = |verb: &str, sequence: u32, more: &[&str]| {
        let before = house.text(&format!("{}.cset", sequence - 1));
        let set = house.text(&format!("{sequence}.cset"));
        let by = ["--key", &ann, "--key", &ben, "--out", &set];
        house.ok(&[&["author", verb, &before][..], more, &by].concat());
        house.ok(&["author", "publish", &set]);
    };
    // Dan comes, Cyd leaves and comes again.
    let cyd = id(&house, "1.cset", 2);
    next("add", 2, &["--author", &public(&house, "dan")]);
    next("replace", 3, &["--remove", &cyd]);
    next(
        "add",
        4,
        &["--author", &public(&house, "cyd"), "--threshold", "2"],
    );
    let path = signed(&house, &link.image("2.0.0"), 1, &["ann", "ben"]);
    house.ok(&["release", "publish", &path]);
    let mut steps = Vec::new();
    for _ in 0..4 {
        steps.extend(followed(&node(&house, link)));
    }
    // At set 1 on it knows both who signed, so that it is updated on the way; it goes on all the same.
    assert_eq!(steps, [1, 2, 3, 4]);
    node(&house, link);
    assert_eq!(house.device()["running"]["version"], "2.0.0");
}

fn who_owns_server_and_database_and_no_authors_key_gets_no_device_to_run_anything(link: Link) {
    if !need("author_sets_owned", "openssl", "apt-get install openssl")
        || !need("author_sets_owned", "python3", "apt-get install python3")
    {
        return;
    }
    let house = house();
    let mallory = key(&house, "mallory");
    let evil = house.text("evil.cset");
    let sign = [
        "author",
        "init",
        "--product",
        "demo",
        "--key",
        &mallory,
        "--out",
        &evil,
    ];
    // Honest until the device is enrolled; then at the same port.
    let listen = {
        let server = house.serve();
        house.enroll();
        let port = server.device_url.rsplit(':').next().unwrap();
        format!("127.0.0.1:{port}")
    };
    let serve = || Server::start(&house, &["--device-listen", &listen]);
    house.ok(&sign);
    // He names himself the author in the settings: the server believes him. The device does not.
    let toml = house.state().join("countersign.toml");
    let settings = fs::read_to_string(&toml).unwrap();
    fs::copy(
        house.path("mallory.pub.pem"),
        house.state().join("authors/evil.pem"),
    )
    .unwrap();
    fs::write(
        &toml,
        settings.replace("authors/demo.pem", "authors/evil.pem"),
    )
    .unwrap();
    house.ok(&["author", "publish", &evil]);
    let path = signed(&house, &link.image("2.0.0"), 1, &["mallory"]);
    house.ok(&["release", "publish", &path]);
    {
        let _server = serve();
        for _ in 0..2 {
            let events = node(&house, link);
            assert!(said(&events, "authors-refused"), "{events:?}");
            assert!(!said(&events, "offered"), "{events:?}");
        }
        assert_eq!(house.device()["running"]["version"], "1.0.0");
    }

    // Of a device that goes by the authors' own set: he writes the database by hand.
    fs::write(&toml, &settings).unwrap();
    database(
        &house,
        "DELETE FROM author_sets; DELETE FROM offers; DELETE FROM releases",
    );
    two_of_three(&house);
    let _server = serve();
    assert_eq!(followed(&node(&house, link)), [1]);
    let (second, ann) = (house.text("evil2.cset"), public(&house, "ann"));
    let next = ["author", "add", &evil, "--author", &ann, "--key", &mallory];
    house.ok(&[&next[..], &["--out", &second]].concat());
    for (sequence, set) in [(1, &evil), (2, &second)] {
        let bytes = fs::read(set).unwrap();
        let hex = |text: String, byte: &u8| text + &format!("{byte:02x}");
        let digits = bytes.iter().fold(String::new(), hex);
        let change = format!(
            "INSERT OR REPLACE INTO author_sets VALUES ('demo', {sequence}, X'{digits}', 1790000000)"
        );
        database(&house, &change);
    }
    let path = signed(&house, &link.image("2.1.0"), 2, &["mallory"]);
    house.ok(&["release", "publish", &path]);
    for _ in 0..2 {
        let events = node(&house, link);
        assert!(said(&events, "authors-refused"), "{events:?}");
        assert!(!said(&events, "offered"), "{events:?}");
    }
    assert_eq!(house.device()["running"]["version"], "1.0.0");
    let refused = ("2.1.0".to_owned(), "refused".to_owned());
    assert_eq!(house.offers(), [refused]);
}

#[test]
fn what_makes_no_set_is_refused_in_a_sentence() {
    if !need("author_sets_refused", "openssl", "apt-get install openssl") {
        return;
    }
    let house = house();
    let (ann, out) = (key(&house, "ann"), house.text("x.cset"));
    let anns = public(&house, "ann");
    let init = [
        "author",
        "init",
        "--product",
        "demo",
        "--key",
        &ann,
        "--out",
        &out,
    ];
    let with = |more: &[&str]| house.fails(&[&init[..], more].concat());
    assert!(with(&["--threshold", "2"]).contains("a threshold from 1 to as many"));
    assert!(with(&["--threshold", "0"]).contains("a threshold from 1 to as many"));
    assert!(with(&["--author", &anns]).contains("is among the authors already"));
    assert!(with(&["--author", &ann]).contains("holds no author's public key"));
    assert!(with(&["--not-after", "tomorrow"]).contains("is no time"));
    assert!(with(&["--not-after", "2020-01-01T00:00:00Z"]).contains("has passed"));
    assert!(!house.path("x.cset").exists());
    house.ok(&init);
    assert!(
        house
            .fails(&["author", "show", &ann])
            .contains("is no author set")
    );
    let nobody = ["author", "add", &out, "--key", &ann, "--out", &out];
    assert!(house.fails(&nobody).contains("who is to be added"));
    let stranger = [
        "author",
        "replace",
        &out,
        "--remove",
        "0011223344556677",
        "--key",
        &ann,
    ];
    let stranger = [&stranger[..], &["--out", &out]].concat();
    assert!(house.fails(&stranger).contains("is not in"));
    let elsewhere = ["author", "show", "--product", "oven"];
    assert!(house.fails(&elsewhere).contains("no product `oven`"));
}
