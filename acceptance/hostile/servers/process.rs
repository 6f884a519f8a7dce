//! The same against `countersign node run`, as a process: it ends, says why, and says so by its exit code.

use std::{process::Stdio, sync::Arc, thread, time::Duration};

use countersign_virtual_node::Time;
use tokio::time::Instant;

use super::{
    attacks,
    scene::{Address, Cast},
    stage::Stage,
};

#[test]
fn a_node_run_by_hand_ends_and_says_what_its_server_did() {
    let stage = Stage::new(3);
    let cases = [
        (
            "garbage in place of TLS",
            "no check-in  the connection failed too often",
        ),
        (
            "headers without end in a check-in answer",
            "no check-in  the server's answer breaks the protocol",
        ),
        (
            "half a handshake, then silence",
            "the connection timed out (no answer in time)",
        ),
    ];
    for (number, (name, words)) in cases.into_iter().enumerate() {
        let attack = attacks()
            .into_iter()
            .find(|attack| attack.name == name)
            .unwrap();
        let address = Address::listen(
            stage.props(),
            Time::default(),
            Arc::clone(&attack.script),
            stage.honest(),
        );
        address.cast(Cast::Hostile);
        let flash = stage.flash(number, address.port());
        let folder = flash.parent().unwrap().to_str().unwrap();
        let mut command = stage.house.command(&["node", "run", "--once", folder]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().unwrap();
        let start = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if start.elapsed() > HANGS {
                child.kill().unwrap();
                panic!("{name}: it hangs");
            }
            thread::sleep(Duration::from_millis(20));
        }
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        eprintln!("{name}: exit code {:?}\n{said}", output.status.code());
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(said.contains(words), "{name}: {said}");
    }
}

/// Ten times as long as its link waits.
const HANGS: Duration = Duration::from_secs(100);
