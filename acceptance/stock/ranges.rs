//! Parts of an image (RFC 9110 §14).

use super::{Stock, curl_is_there};

#[test]
fn ranges_of_an_image_are_what_was_asked_for() {
    if !curl_is_there("stock_ranges") {
        return;
    }
    let stock = Stock::new();
    let url = stock.location();
    let size = stock.newest.bytes.len();
    let beyond = (size + 10).to_string();
    let cases = [
        ("0-0".to_owned(), 0, 0),
        ("0-1023".to_owned(), 0, 1023),
        ("4096-8191".to_owned(), 4096, 8191),
        // An open end, a suffix, an end beyond the image's, a suffix longer than the image.
        (format!("{}-", size - 100), size - 100, size - 1),
        ("-100".to_owned(), size - 100, size - 1),
        (format!("1000-{beyond}"), 1000, size - 1),
        (format!("-{beyond}"), 0, size - 1),
        (format!("{0}-{0}", size - 1), size - 1, size - 1),
    ];
    for (range, first, last) in &cases {
        let header = format!("Range: bytes={range}");
        let answer = stock.ask(&["-H", &header, &url]);
        assert_eq!(answer.status, 206, "{range}");
        let content_range = format!("bytes {first}-{last}/{size}");
        assert_eq!(answer.header("content-range"), Some(&*content_range));
        let length = (last - first + 1).to_string();
        assert_eq!(answer.header("content-length"), Some(&*length));
        assert!(answer.body == stock.newest.bytes[*first..=*last], "{range}");
    }
}

#[test]
fn a_range_beyond_the_end_is_416_with_the_size() {
    if !curl_is_there("stock_416") {
        return;
    }
    let stock = Stock::new();
    let url = stock.location();
    let size = stock.newest.bytes.len();
    for range in [format!("{size}-"), format!("{size}-{}", size + 9)] {
        let answer = stock.ask(&["-H", &format!("Range: bytes={range}"), &url]);
        assert_eq!(answer.status, 416, "{range}");
        let whole = format!("bytes */{size}");
        assert_eq!(answer.header("content-range"), Some(&*whole));
        assert_eq!(answer.body, b"");
    }
}

#[test]
fn what_a_server_may_pass_over_gets_the_whole_image() {
    if !curl_is_there("stock_passed_over") {
        return;
    }
    let stock = Stock::new();
    let url = stock.location();
    let etag = stock.ask(&["--head", &url]);
    let etag = etag.header("etag").unwrap().to_owned();
    let same = format!("If-Range: {etag}");
    let cases: [(&[&str], u16); 5] = [
        (&["-H", "Range: bytes=0-1,5-6"], 200),
        (&["-H", "Range: bytes=9-3"], 200),
        (&["-H", "Range: lines=1-2"], 200),
        // A range of another image would splice two.
        (&["-H", "Range: bytes=0-9", "-H", "If-Range: \"0\""], 200),
        (&["-H", "Range: bytes=0-9", "-H", &same], 206),
    ];
    for (args, status) in cases {
        let answer = stock.ask(&[args, &[&url]].concat());
        assert_eq!(answer.status, status, "{args:?}");
        let length = if status == 200 {
            stock.newest.bytes.len()
        } else {
            10
        };
        assert!(answer.body == stock.newest.bytes[..length], "{args:?}");
    }
}

#[test]
fn head_on_the_image_tells_its_length() {
    if !curl_is_there("stock_image_head") {
        return;
    }
    let stock = Stock::new();
    let url = stock.location();
    let answer = stock.ask(&["--head", &url]);
    assert_eq!(answer.status, 200);
    let size = stock.newest.bytes.len().to_string();
    assert_eq!(answer.header("content-length"), Some(&*size));
    assert_eq!(answer.header("accept-ranges"), Some("bytes"));
    assert_eq!(answer.body, b"");
}
