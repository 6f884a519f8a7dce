//! What is not to be registered.

use std::fs;

use super::{house, other::Other};

#[test]
fn what_is_not_to_be_registered_is_refused_with_its_reason() {
    let (house, b) = (house(), Other::root("B"));
    let leaf = b.device("board-7");
    fs::write(house.path("leaf.pem"), &leaf.chain).unwrap();
    fs::write(house.path("two.pem"), [&*b.pem, &*b.pem].concat()).unwrap();
    fs::write(house.path("cut.pem"), &b.pem[..b.pem.len() / 2]).unwrap();
    fs::write(house.path("key.pem"), &leaf.key).unwrap();
    fs::write(house.path("empty.pem"), "").unwrap();
    let b_file = b.write(&house, "b.pem");
    let authorities = house.state().join("authorities");
    let own = |name: &str| authorities.join(name).to_str().unwrap().to_owned();
    let register = |name: &str, file: &str, more: &[&str]| {
        let mut args = vec!["ca", "register", name, "--certificate", file];
        args.extend(["--product", "theirs", "--vouches-for"]);
        args.extend(if more.is_empty() { &["new"] } else { more });
        house.fails(&args)
    };
    for (file, reason) in [
        (house.text("leaf.pem"), "is no CA"),
        (house.text("two.pem"), "2 certificates"),
        (house.text("cut.pem"), "cut short"),
        (house.text("key.pem"), "private key"),
        (house.text("empty.pem"), "empty"),
        (house.text("none.pem"), "none.pem"),
        (own("device-root.pem"), "of this installation"),
        (own("server-root.pem"), "of this installation"),
        (own("device-issuing.pem"), "of this installation"),
        (own("server-issuing.pem"), "of this installation"),
    ] {
        let told = register("x", &file, &[]);
        assert!(told.contains(reason), "{file}: {told}");
    }
    let until = ["known", "--new-until", "2027-01-01T00:00:00Z"];
    assert!(register("x", &b_file, &until).contains("unfit-authority"));
    assert!(register("x", &b_file, &["new", "--new-until", "tomorrow"]).contains("is no time"));
    assert!(register("Not_A_Name", &b_file, &[]).contains("bad-name"));
    let told = house.ok(&["ca", "list"]);
    assert!(told.contains("no other authority"), "{told}");
    b.register(&house, "new", &[]);
    assert!(register("b", &b_file, &[]).contains("authority-exists"));
    assert!(register("b2", &b_file, &[]).contains("authority-exists"));
    let told = house.fails(&["ca", "set", "b"]);
    assert!(told.contains("nothing to change"), "{told}");
    let told = house.fails(&["ca", "set", "nobody", "--vouches-for", "new"]);
    assert!(told.contains("unknown-authority"), "{told}");
}
