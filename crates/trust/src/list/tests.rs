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
fn a_block_ends_where_it_says_whatever_dashes_follow() {
    let [a, b, c] = ["a", "b", "c"].map(pem_of);
    let [a, b] = [a.trim_end(), b.trim_end()];
    let list = read(format!("{a}{b}-BEGIN CERTIFICATE-----\nMIIB\n{c}").as_bytes()).unwrap();
    assert_eq!(names(&list), ["a", "b", "c"]);
    assert!(list.passed_over.is_empty());
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

#[test]
fn what_a_list_says_moves_no_terminal() {
    let a = pem_of("a");
    let text = format!(
        "Common Name or Certificate Name,PEM Info\nA\u{1b}[2J\u{202e},\"'{a}'\"\n\u{9b}2J,x\n"
    );
    let list = read(text.as_bytes()).unwrap();
    assert_eq!(list.roots[0].name.as_deref(), Some("A\\u{1b}[2J\\u{202e}"));
    assert_eq!(
        list.passed_over,
        ["\\u{9b}2J: no `BEGIN CERTIFICATE` in the text"]
    );
}

#[test]
fn a_key_in_a_list_goes_nowhere() {
    let (a, key) = (pem_of("a"), pem::encode("PRIVATE KEY", &[7; 60]));
    let secret = key.lines().nth(1).unwrap().to_owned();
    let csv = "Common Name or Certificate Name,PEM Info\n";
    for text in [format!("{key}{a}{key}"), format!("{csv}A,\"'{a}'\"\n{key}")] {
        let list = read(text.as_bytes()).unwrap();
        assert_eq!(names(&list), ["a"]);
        assert!(!format!("{list:?}").contains(&secret));
    }
}
