//! A stock client cannot say that it went back: that it was handed the whole image and asks with the old version again
//! is all that there is to see.

use std::{thread::sleep, time::Duration};

use super::{Stock, curl_is_there};
use crate::harness::image;

/// Fetches the image in two ranges, as a client in partial mode does, and waits until the server counted it.
fn fetch_and_go_back(stock: &Stock, times: u64) {
    let url = stock.location();
    for range in ["Range: bytes=0-65535", "Range: bytes=65536-"] {
        assert_eq!(stock.ask(&["-H", range, &url]).status, 206);
    }
    let counted = || stock.house.device()["offers"][0]["deliveries"] == times;
    assert!((0..100).any(|_| counted() || {
        sleep(Duration::from_millis(50));
        false
    }));
}

#[test]
fn a_release_that_a_stock_client_never_runs_is_given_up_after_three_times() {
    if !curl_is_there("stock_given_up") {
        return;
    }
    let stock = Stock::new();
    // Asking, and fetching the beginning, is no trial.
    for _ in 0..5 {
        let url = stock.location();
        assert_eq!(stock.ask(&["-H", "Range: bytes=0-9", &url]).status, 206);
        assert_eq!(stock.ask(&["--head", &url]).status, 200);
    }
    for times in 1..=3 {
        fetch_and_go_back(&stock, times);
    }
    assert_eq!(stock.ask(&[&stock.url("1.0.0")]).status, 404);
    let offer = &stock.house.device()["offers"][0];
    assert_eq!(offer["state"], "rolled-back");
    assert_eq!(offer["reason"], "not-confirmed");
    assert_eq!(stock.ask(&[&stock.url("1.0.0")]).status, 404);
    // The next release is offered, and one that runs in the end is confirmed.
    stock.house.publish(&image("1.2.0"), 2);
    stock.location();
    assert_eq!(stock.ask(&[&stock.url("1.2.0")]).status, 304);
    assert_eq!(stock.house.device()["offers"][0]["state"], "confirmed");
}

#[test]
fn a_device_that_runs_it_at_the_last_try_has_confirmed() {
    if !curl_is_there("stock_last_try") {
        return;
    }
    let stock = Stock::new();
    for times in 1..=3 {
        fetch_and_go_back(&stock, times);
    }
    assert_eq!(stock.ask(&[&stock.url("1.1.0")]).status, 304);
    assert_eq!(
        stock.house.offers(),
        [("1.1.0".to_owned(), "confirmed".to_owned())]
    );
}
