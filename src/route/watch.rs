//! Routing rules from a watched file.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use super::config::RouteConfig;
use super::{Router, Shared};

/// The resolution of modification times: changes within this time can have the same modification time.
const TICK: Duration = Duration::from_millis(20);

/// A guard of a watched file of rules. A drop of the guard ends the watch.
#[must_use = "the file is watched until the `Watch` is dropped"]
#[derive(Debug)]
pub struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Router {
    /// Applies the rules of a TOML file ([`RouteConfig::from_toml`]), a regular file of at most 1 MiB, now and after each change. A thread
    /// checks the file every `interval`, which is at least 10 ms.
    ///
    /// If the file is missing or invalid, the last valid rules remain in force. The log, the sink and
    /// [`RouteStats::config_error`](super::RouteStats::config_error) contain the error. To change the file,
    /// rename a complete new file to its path.
    ///
    /// # Errors
    /// Returns an error if the system cannot create a thread. An invalid file is not an error, not even on
    /// the first read.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Mutex;
    /// use std::time::Duration;
    /// use fusewire::log::Log;
    /// use fusewire::route::{Arm, RouteConfig, Router};
    ///
    /// # let directory = std::env::temp_dir().join(format!("fusewire-doc-watch-{}", std::process::id()));
    /// # let file = directory.with_extension("toml");
    /// std::fs::write(&file, "default = \"binary\"")?;
    /// let log = Log::options(&directory).open()?;
    /// let router = Router::new(log, Mutex::new(std::io::sink()), RouteConfig::default());
    /// let watch = router.watch(&file, Duration::from_secs(1))?;
    /// assert_eq!(router.config().default, Arm::Binary);
    /// # drop((watch, router));
    /// # std::fs::remove_file(&file)?;
    /// # std::fs::remove_dir_all(&directory)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
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

/// The maximum size of the file, in bytes.
const MAX_LEN: u64 = 1 << 20;

/// Reads the text of the file.
fn read(path: &Path) -> io::Result<String> {
    // A pipe can block, and a device has no end.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "expected a regular file"));
    }
    let mut text = String::new();
    fs::File::open(path)?.take(MAX_LEN + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_LEN {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "expected at most 1 MiB, found more"));
    }
    Ok(text)
}

struct Watched {
    path: PathBuf,
    /// The modification time and the length of the file, if every later change alters one of these values.
    seen: Option<(SystemTime, u64)>,
    /// The text of the last read, or its error.
    text: Option<Result<String, String>>,
}

impl Watched {
    /// Reads the file if it possibly changed, and applies new content.
    fn look(&mut self, shared: &Shared) {
        let found =
            fs::metadata(&self.path).and_then(|metadata| Ok((metadata.modified()?, metadata.len()))).ok();
        if found.is_some() && found == self.seen {
            return;
        }
        let text = read(&self.path).map_err(|error| error.to_string());
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
