//! Who is turned away, at which door, and what the operator hears of it: clients at our server, servers at our device,
//! and messages that say what is not so.

mod clients;
mod messages;
mod servers;

use serde_json::Value;

use crate::harness::House;

/// The newest refusals at a house's server, as many as were meant to be there: plane, claimed name, reason.
fn refusals(house: &House) -> Vec<(String, String, String)> {
    let told = house.operator("/v1/refusals");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = told.as_array().unwrap().iter();
    all.map(|one| {
        assert!(!text(&one["reason_text"]).is_empty(), "{one}");
        (
            text(&one["plane"]),
            text(&one["claimed"]),
            text(&one["reason"]),
        )
    })
    .collect()
}
