//! Code of yours that panics: a violation as any other, with its seed, its parameters, and few steps.
//!
//! Whatever runs inside of a run is caught where the simulator calls it: the state machine, the disk, the clients, and
//! the core. While that lasts the panic hook of the process keeps silent, so that a run which is cut down by hundreds
//! of replays does not write hundreds of messages; panics elsewhere go to the hook that was there before. What was
//! left half done is not used any more. With `panic = "abort"` nothing can be caught.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

use crate::judge::Violation;

/// The property that a panic breaks.
pub(crate) const PROPERTY: &str = "nothing panics";

thread_local! {
    /// How deep this thread is in calls that are caught.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Where the latest panic was.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// What is done, or that it panics while it does `what`.
pub(crate) fn caught<T>(
    what: impl FnOnce() -> String,
    act: impl FnOnce() -> Result<T, Violation>,
) -> Result<T, Violation> {
    keep_silent();
    DEPTH.set(DEPTH.get() + 1);
    let outcome = panic::catch_unwind(AssertUnwindSafe(act));
    DEPTH.set(DEPTH.get() - 1);
    outcome.unwrap_or_else(|message| Err(violation(&what(), &*message)))
}

fn violation(what: &str, message: &(dyn Any + Send)) -> Violation {
    let text = message.downcast_ref::<&str>().copied();
    let text = text.or_else(|| message.downcast_ref::<String>().map(String::as_str));
    let place = PLACE.take().unwrap_or_else(|| "an unknown place".to_owned());
    let text = text.unwrap_or("something that is no text");
    Violation::new(PROPERTY, format!("{what} panics at {place}: {text}"))
}

/// Where a violation of this property says that the panic was: the same mistake is at the same place.
pub(crate) fn place(detail: &str) -> Option<&str> {
    let (_, place) = detail.split_once(" panics at ")?;
    place.split_once(": ").map(|(place, _)| place)
}

/// The hook is put in place once, and asks each time whether anybody catches.
fn keep_silent() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            if DEPTH.get() == 0 {
                before(info);
            } else {
                PLACE.set(info.location().map(ToString::to_string));
            }
        }));
    });
}
