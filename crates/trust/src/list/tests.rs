use super::*;
use crate::mint::Ca;

fn pem_of(name: &str) -> String {
    pem::to_pem(&[Ca::root(name).certificate])
}

fn names(list: &List) -> Vec<&str> {
    let name = |listed: &Listed| listed.certificate.common_name().map(str::to_owned);
    assert!(list.roots.iter().all(|listed| name(listed).is_some()));
    list.roots
        .iter()
        .filter_map(|listed| listed.certificate.common_name())
        .collect()
}

#[test]
fn a_pem_list_is_read_whatever_stands_between() {
    let [a, b] = ["a", "b"].map(pem_of);
    let text = format!(
        "\u{feff}## of today\r\nA\r\n===\r\n{}{a}\n{}",
        a.replace('\n', "\r\n"),
        b.trim_end()
    );
    let list = read(text.as_bytes()).unwrap();
    assert_eq!(names(&list), ["a", "b"]);
    assert!(list.passed_over.is_empty());
}

#[test]
fn one_odd_certificate_stops_nobody() {
    let odd = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    let cut = "-----BEGIN CERTIFICATE-----\nMIIB\n";
    let list = read(
        [pem_of("a"), odd.to_owned(), pem_of("b"), cut.to_owned()]
            .concat()
            .as_bytes(),
    )
    .unwrap();
    assert_eq!(names(&list), ["a", "b"]);
    assert_eq!(list.passed_over.len(), 2);
    assert!(list.passed_over[0].starts_with("certificate 2: "));
}

#[test]
fn the_ccadbs_report_is_read_by_its_columns() {
    let (a, b, c) = (pem_of("a"), pem_of("b"), pem_of("c"));
    let text = format!(
        "\"Owner\",\"Common Name or Certificate Name\",\"Trust Bits\",\"Distrust for TLS After Date\",\"PEM Info\"\n\
         \"O, \"\"Inc\"\"\",\"Root A\",\"Email;Websites\",\"2024.11.30\",\"'{a}'\"\r\n\
         \"O\",\"Root B\",\"Email\",\"\",\"'{b}'\"\r\n\
         \"O\",\"Root C\",\"Websites\",\"\",\"'{c}'\""
    );
    let list = read(text.as_bytes()).unwrap();
    assert_eq!(names(&list), ["a", "c"]);
    assert_eq!(list.roots[0].name.as_deref(), Some("Root A"));
    assert_eq!(list.roots[0].distrust_after, Some(1_733_011_199));
    assert_eq!(list.roots[1].distrust_after, None);
    assert_eq!(list.passed_over, ["Root B: not trusted for websites"]);
}

#[test]
fn what_is_no_list_is_refused() {
    let check = |text: &str, error| assert_eq!(read(text.as_bytes()), Err(error), "{text}");
    check("", Error::Empty);
    check("hello\n", Error::Empty);
    check("Owner,Name\nx,y\n", Error::NoPemColumn);
    check("Owner,\"PEM Info\nx", Error::Cut { line: 1 });
    check("PEM Info,x\nnothing,x\n", Error::Empty);
}
