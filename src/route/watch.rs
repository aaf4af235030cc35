//! Rules in a file that is watched.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use super::config::RouteConfig;
use super::{Router, Shared};

/// How long a file's time of change is not trusted to differ after another change.
const TICK: Duration = Duration::from_millis(20);

/// A file of rules that is watched as long as this lives.
#[must_use = "the file is watched until the `Watch` is dropped"]
#[derive(Debug)]
pub struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Router {
    /// Puts the rules of a TOML file in force ([`RouteConfig::from_toml`]), now and whenever it changes; it is looked at every
    /// `interval`, at least every 10 ms.
    ///
    /// A file that is gone, or cannot be used, leaves the last good rules in force; why, is in the log, in the sink, and in
    /// [`RouteStats::config_error`](super::RouteStats::config_error). Best replaced by renaming a whole one over it.
    ///
    /// # Errors
    /// Where there are no threads to be had. A bad file is none: what holds for later ones holds for the first.
    pub fn watch(&self, file: impl Into<PathBuf>, interval: Duration) -> io::Result<Watch> {
        let (stop, stopped) = channel();
        let interval = interval.max(Duration::from_millis(10));
        let mut watched = Watched { path: file.into(), seen: None, text: None };
        watched.look(&self.0);
        let router: Weak<Shared> = Arc::downgrade(&self.0);
        let thread = thread::Builder::new().name("fusewire-route".to_owned()).spawn(move || {
            while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                let Some(shared) = router.upgrade() else { return };
                watched.look(&shared);
            }
        })?;
        Ok(Watch { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

struct Watched {
    path: PathBuf,
    /// Time of change and length, where they can be trusted to differ for another text.
    seen: Option<(SystemTime, u64)>,
    /// What was read last, or why nothing could be.
    text: Option<Result<String, String>>,
}

impl Watched {
    /// Reads the file where it may have changed, and puts in force what is new in it.
    fn look(&mut self, shared: &Shared) {
        let found =
            fs::metadata(&self.path).and_then(|metadata| Ok((metadata.modified()?, metadata.len()))).ok();
        if found.is_some() && found == self.seen {
            return;
        }
        let text = fs::read_to_string(&self.path).map_err(|error| error.to_string());
        let settled = |(modified, _): &(SystemTime, u64)| modified.elapsed().is_ok_and(|age| age > TICK);
        self.seen = found.filter(settled);
        if self.text.as_ref() == Some(&text) {
            return;
        }
        let config = text
            .as_ref()
            .map_err(String::clone)
            .and_then(|text| RouteConfig::from_toml(text).map_err(|error| error.to_string()));
        shared.take_over(&self.path, config);
        self.text = Some(text);
    }
}

impl Shared {
    fn take_over(&self, path: &Path, config: Result<RouteConfig, String>) {
        let mut kept = self.config_error.lock().unwrap_or_else(PoisonError::into_inner);
        match config {
            Ok(config) => {
                *kept = None;
                drop(kept);
                self.put_in_force(config);
                self.report_config(path);
            }
            Err(error) => {
                let told = format!("{}: {error}", path.display());
                *kept = Some(told);
                drop(kept);
                self.report_config_error(path, &error);
            }
        }
    }
}
