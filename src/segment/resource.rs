//! The producer of entries: the resource of OpenTelemetry.

use std::path::PathBuf;

use crate::encode::EntryWriter;
use crate::kind::NodeFlags;
use crate::owned::{OwnedAttribute, OwnedValue};

/// The producer of the entries of a segment, as resource attributes of OpenTelemetry: `service.name`, `host.name`,
/// `process.pid`, ...
///
/// ```
/// use fusewire::owned::OwnedValue;
/// use fusewire::segment::Resource;
///
/// let resource = Resource::of_this_process("orders").with("service.version", OwnedValue::String("1.4".to_owned()));
/// let name = resource.attributes().iter().find(|attribute| attribute.key == "service.name").unwrap();
/// assert_eq!(name.value, OwnedValue::String("orders".to_owned()));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    attributes: Vec<OwnedAttribute>,
    /// The process id in the attributes, if [`of_this_process`](Self::of_this_process) has added it.
    process: Option<u32>,
}

/// The attribute with the process id.
const PID: &str = "process.pid";

impl Resource {
    /// Creates a resource without attributes.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Creates the resource of this process: the service name, host name, process id and command, operating system,
    /// and this library.
    ///
    /// The names are defined by OpenTelemetry, *Resource semantic conventions*.
    #[must_use]
    pub fn of_this_process(service_name: &str) -> Self {
        let text = |text: &str| OwnedValue::String(text.to_owned());
        let mut resource = Self::empty().with("service.name", text(service_name));
        if let Some(host) = host_name() {
            resource = resource.with("host.name", text(&host));
        }
        let process = std::process::id();
        resource = resource.with(PID, OwnedValue::Uint(process.into()));
        resource.process = Some(process);
        if let Some(command) = std::env::args_os().next() {
            resource = resource.with("process.command", text(&command.to_string_lossy()));
        }
        resource
            .with("os.type", text(std::env::consts::OS))
            .with("host.arch", text(std::env::consts::ARCH))
            .with("telemetry.sdk.name", text("fusewire"))
            .with("telemetry.sdk.version", text(env!("CARGO_PKG_VERSION")))
    }

    /// Creates the resource of this process with the name of its program as the service name: the file name in the
    /// first argument, or else the file name of the executable.
    pub(crate) fn default_of_this_process() -> Self {
        let file_name = |path: PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
        let program = std::env::args_os().next().and_then(|path| file_name(path.into()));
        let program = program.or_else(|| std::env::current_exe().ok().and_then(file_name));
        Self::of_this_process(program.as_deref().unwrap_or("unknown_service"))
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with(mut self, key: &str, value: OwnedValue) -> Self {
        self.attributes.push(OwnedAttribute { key: key.to_owned(), value, flags: NodeFlags::NONE });
        self
    }

    /// Replaces the process id of the parent in a forked child, if [`of_this_process`](Self::of_this_process) has
    /// added it.
    pub(crate) fn renew(&mut self) {
        let process = std::process::id();
        let Some(before) = self.process.filter(|before| *before != process) else { return };
        self.process = Some(process);
        for attribute in &mut self.attributes {
            if attribute.key == PID && attribute.value == OwnedValue::Uint(before.into()) {
                attribute.value = OwnedValue::Uint(process.into());
            }
        }
    }

    /// Returns the attributes.
    #[must_use]
    pub fn attributes(&self) -> &[OwnedAttribute] {
        &self.attributes
    }

    /// Writes the resource as an entry that has only attributes.
    pub(crate) fn write_to(&self, entry: &mut EntryWriter<'_>) {
        for OwnedAttribute { key, value, .. } in &self.attributes {
            entry.attr(key, value);
        }
    }
}

#[cfg(target_os = "linux")]
fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim_end().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(not(target_os = "linux"))]
fn host_name() -> Option<String> {
    std::env::var("HOSTNAME").ok()
}
