//! Faults on demand, for tests of what the proxy does when the filter traps. The artifact that ships
//! is built without the feature `faults`, and has none of this.

#[cfg(not(feature = "faults"))]
mod never {
    pub(crate) const fn at(_callback: &str) {}
}

#[cfg(feature = "faults")]
mod armed {
    use std::cell::RefCell;

    thread_local! {
        static CALLBACK: RefCell<Option<String>> = const { RefCell::new(None) };
    }

    /// From now on, this callback traps.
    pub(crate) fn arm(callback: Option<String>) {
        CALLBACK.with(|own| own.replace(callback));
    }

    /// Traps, if this is the callback that shall.
    pub(crate) fn at(callback: &str) {
        if CALLBACK.with(|own| own.borrow().as_deref() == Some(callback)) {
            trap(callback);
        }
    }

    #[expect(clippy::panic, reason = "this is what the feature is for")]
    fn trap(callback: &str) {
        panic!("fault injected: {callback}");
    }
}

#[cfg(feature = "faults")]
pub(crate) use armed::{arm, at};
#[cfg(not(feature = "faults"))]
pub(crate) use never::at;
