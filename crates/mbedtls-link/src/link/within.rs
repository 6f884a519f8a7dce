//! Work that ends in time.

use core::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use countersign_node::Clock;

/// Waits for `work`, and no longer than that many milliseconds.
pub(super) async fn within<T>(
    clock: &mut impl Clock,
    limit_ms: u64,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    let mut end = pin!(clock.sleep_ms(limit_ms));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => end.as_mut().poll(context).map(|()| None),
    })
    .await
}
