//! The rows against graphs made for the purpose.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Edge, Fault, check, graph};

const ROWS: &[&[&str]] = &[&["program"], &["left", "right"], &["ground"]];

fn edge(from: &str, to: &str, dev: bool) -> Edge {
    Edge {
        from: from.to_owned(),
        to: to.to_owned(),
        dev,
    }
}

fn faults(names: &[&str], edges: &[Edge]) -> Vec<Fault> {
    let names: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).collect();
    check(ROWS, &names, &edges.iter().cloned().collect())
}

#[test]
fn accepts_edges_that_point_down_over_any_distance() {
    let edges = [
        edge("program", "left", false),
        edge("program", "ground", false),
    ];
    assert_eq!(faults(&["program", "left", "ground"], &edges), []);
}

#[test]
fn rejects_edges_that_point_sideways_or_up() {
    for (from, to) in [("left", "right"), ("ground", "left"), ("ground", "program")] {
        let bad = edge(from, to, false);
        assert_eq!(
            faults(&[from, to], std::slice::from_ref(&bad)),
            [Fault::NotDown(bad)]
        );
    }
}

#[test]
fn lets_tests_look_sideways_but_not_up() {
    assert_eq!(
        faults(&["left", "right"], &[edge("left", "right", true)]),
        []
    );
    let bad = edge("ground", "left", true);
    assert_eq!(
        faults(&["ground", "left"], std::slice::from_ref(&bad)),
        [Fault::NotDown(bad)]
    );
}

#[test]
fn rejects_a_crate_without_a_row() {
    assert_eq!(
        faults(&["newcomer"], &[]),
        [Fault::NoRow("newcomer".to_owned())]
    );
}

#[test]
fn takes_only_edges_between_members_from_the_metadata() {
    let metadata = json!({ "packages": [
        { "name": "left", "dependencies": [
            { "name": "ground", "kind": null, "path": "/w/ground" },
            { "name": "right", "kind": "dev", "path": "/w/right" },
            { "name": "ground", "kind": "build", "path": "/w/ground" },
            { "name": "serde", "kind": null },
        ] },
        { "name": "right", "dependencies": [] },
        { "name": "ground", "dependencies": [] },
    ] });
    let (names, edges) = graph(&metadata);
    assert_eq!(names.len(), 3);
    assert_eq!(
        edges.into_iter().collect::<Vec<_>>(),
        [edge("left", "ground", false), edge("left", "right", true)]
    );
}
