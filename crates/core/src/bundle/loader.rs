//! The thread that loads one bundle after another while models are exchanged. What a load needs and frees again is
//! much more than what it leaves; an allocator keeps such room for the thread that asked for it, so that loads on
//! ever new threads would let a process grow for no reason.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use super::Bundle;

/// One bundle, or why it is refused.
pub(super) type Loaded = Result<Arc<Bundle>, String>;

/// A thread that ends when this is dropped.
#[derive(Debug)]
pub(super) struct Loader(Sender<(PathBuf, Sender<Loaded>)>);

impl Loader {
    /// Begins the thread; none where the system gives none.
    pub(super) fn begin() -> Option<Self> {
        let (orders, ordered) = channel::<(PathBuf, Sender<Loaded>)>();
        let work = move || {
            for (path, answer) in ordered {
                // Whoever ordered it waits.
                let _ = answer.send(load(&path));
            }
        };
        std::thread::Builder::new().name("bundle loader".to_owned()).spawn(work).ok()?;
        Some(Self(orders))
    }

    /// Loads a bundle there, and waits for it; none where the thread is gone.
    pub(super) fn load(&self, path: &Path) -> Option<Loaded> {
        let (answer, answered) = channel();
        self.0.send((path.to_owned(), answer)).ok()?;
        answered.recv().ok()
    }
}

/// Loads a bundle here. A panic is a reason like another.
pub(super) fn load(path: &Path) -> Loaded {
    match std::panic::catch_unwind(|| Bundle::load(path)) {
        Ok(Ok(bundle)) => Ok(Arc::new(bundle)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("loading it panicked".to_owned()),
    }
}
