//! The library, of which there is one in a process, while the tests are many.

use std::sync::{Mutex, Once, PoisonError};

use countersign_mbedtls_link::Library;

use crate::{heap::count_the_library, random::System};

/// Runs something with the library, which nobody else has meanwhile.
pub(crate) fn with_library<R>(run: impl FnOnce(&Library) -> R) -> R {
    let _alone = LIBRARY.lock().unwrap_or_else(PoisonError::into_inner);
    COUNTS.call_once(count_the_library);
    let random = Box::leak(Box::new(System::open().unwrap()));
    run(&Library::new(random).unwrap())
}

static LIBRARY: Mutex<()> = Mutex::new(());

static COUNTS: Once = Once::new();
