//! What the node tells, on the serial line.

use core::cell::Cell;

use countersign_mbedtls_link::Error;
use countersign_node::{Event, Observer};
use esp_println::println;

/// Prints a line for each event.
#[derive(Debug)]
pub(crate) struct Serial {
    /// Where the link notes why it could not connect.
    fault: &'static Cell<Option<Error>>,
    /// The last tenth of a download that was told.
    tenth: u32,
}

impl Serial {
    /// A line for each event, and the link's own words where there was no connection.
    pub(crate) fn new(fault: &'static Cell<Option<Error>>) -> Self {
        Self { fault, tenth: 0 }
    }
}

impl Observer for Serial {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::CheckedIn { next_s } => {
                let heap = esp_alloc::HEAP.stats();
                println!("checked in; next in {next_s} s");
                println!(
                    "heap: {} bytes used, {} at most, of {}",
                    heap.current_usage, heap.max_usage, heap.size
                );
            }
            Event::CheckInFailed(reason) => {
                println!("check-in failed: {}", reason.code());
                self.explain();
            }
            Event::ServerBusy { seconds } => println!("the server is busy; again in {seconds} s"),
            Event::Offered { version, size } => {
                self.tenth = 0;
                println!("offered {version}, {size} bytes");
            }
            Event::AuthorsFixed => {
                println!("no partition for author sets: the factory's authors stay");
            }
            Event::AuthorsFollowed { sequence } => println!("going by author set {sequence} now"),
            Event::AuthorsRefused(why) => println!("no successor of the authors: {why}"),
            Event::AuthorsPutOff => {
                println!("the next authors could not be checked or kept for now");
            }
            Event::Resumed { done } => println!("going on at byte {done}"),
            Event::Progress { done, total } => self.progress(done, total),
            Event::Retrying { wait_ms } => {
                println!("connection lost; again in {wait_ms} ms");
                self.explain();
            }
            Event::AddressEnded => println!("the URL has ended; asking for another"),
            Event::Verified => println!("read back and verified"),
            Event::Selected { slot } => println!("ota_{slot} is next to boot"),
            Event::Confirmed => println!("this image is confirmed"),
            Event::RolledBack => println!("the boot loader went back; the release is barred"),
            Event::SelfTestFailed => println!("no server was reached in time; going back"),
            Event::Refused(reason) => println!("refused: {}", reason.code()),
            Event::Failed(reason) => println!("failed for now: {}", reason.code()),
            Event::Reported(outcome) => println!("reported: {}", outcome.code()),
            other => println!("{other:?}"),
        }
    }
}

impl Serial {
    /// What TLS had to say of the last connection, once.
    fn explain(&self) {
        if let Some(fault) = self.fault.take() {
            println!("TLS: {fault}");
        }
    }

    /// Tells every tenth, for each sector would be 400 lines.
    fn progress(&mut self, done: u32, total: u32) {
        let tenth = done
            .checked_div(total.checked_div(10).unwrap_or_default())
            .unwrap_or(10);
        if tenth > self.tenth {
            self.tenth = tenth;
            println!("{done} of {total} bytes");
        }
    }
}
