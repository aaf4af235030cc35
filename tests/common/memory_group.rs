//! Groups of processes with a memory limit: cgroups of version 1 or 2.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A memory cgroup. When it is dropped, it kills the remaining processes and removes the group.
pub struct MemoryGroup {
    path: PathBuf,
    version: Version,
    /// The mount point, if the hierarchy was mounted only for this test.
    mounted: Option<tempfile::TempDir>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl MemoryGroup {
    /// Creates a group with a limit of `bytes` bytes of memory and without swap.
    ///
    /// # Errors
    /// Returns the reason why each way to create a group failed.
    pub fn new(bytes: u64) -> Result<Self, String> {
        let mut reasons = Vec::new();
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        for mount in mounts.lines() {
            let [_, at, kind, options, ..] = mount.split(' ').collect::<Vec<_>>()[..] else { continue };
            let made = match kind {
                "cgroup2" => Self::make(Path::new(at), Version::Two, bytes),
                "cgroup" if options.split(',').any(|option| option == "memory") => {
                    Self::make(Path::new(at), Version::One, bytes)
                }
                _ => continue,
            };
            match made {
                Ok(group) => return Ok(group),
                Err(reason) => reasons.push(reason),
            }
        }
        match Self::mount(bytes) {
            Ok(group) => Ok(group),
            Err(reason) => Err([reasons, vec![reason]].concat().join("; ")),
        }
    }

    /// Mounts the memory controller of version 1. A kernel can support the controller although it is
    /// not mounted.
    fn mount(bytes: u64) -> Result<Self, String> {
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mount = Command::new("mount")
            .args(["-t", "cgroup", "-o", "memory", "none"])
            .arg(directory.path())
            .output();
        let mount = mount.map_err(|error| format!("mount: {error}"))?;
        if !mount.status.success() {
            return Err(String::from_utf8_lossy(&mount.stderr).trim().to_owned());
        }
        let mut made = Self::make(directory.path(), Version::One, bytes);
        match &mut made {
            Ok(group) => group.mounted = Some(directory),
            Err(_) => drop(Command::new("umount").arg(directory.path()).status()),
        }
        made
    }

    fn make(root: &Path, version: Version, bytes: u64) -> Result<Self, String> {
        let told = |what: &Path, error: std::io::Error| format!("{}: {error}", what.display());
        let write = |file: &Path, text: &str| fs::write(file, text).map_err(|error| told(file, error));
        if version == Version::Two {
            let controllers = root.join("cgroup.controllers");
            let found = fs::read_to_string(&controllers).map_err(|error| told(&controllers, error))?;
            if !found.split_whitespace().any(|controller| controller == "memory") {
                return Err(format!("{}: no memory controller", controllers.display()));
            }
            write(&root.join("cgroup.subtree_control"), "+memory")?;
        }
        let path = root.join(format!("fusewire-test-{}-{bytes}", std::process::id()));
        fs::create_dir(&path).map_err(|error| told(&path, error))?;
        let group = Self { path, version, mounted: None };
        let limits: &[&str] = match version {
            Version::One => &["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"],
            Version::Two => &["memory.max", "memory.swap.max"],
        };
        write(&group.path.join(limits[0]), &bytes.to_string())?;
        // A kernel without swap support may lack the second file.
        let swap = if version == Version::One { bytes } else { 0 };
        let _ = fs::write(group.path.join(limits[1]), swap.to_string());
        Ok(group)
    }

    /// Moves a process into the group.
    pub fn add(&self, process: u32) {
        fs::write(self.path.join("cgroup.procs"), process.to_string()).unwrap();
    }

    /// Returns the number of processes that the kernel killed because the group ran out of memory.
    pub fn kills(&self) -> u64 {
        let file = if self.version == Version::One { "memory.oom_control" } else { "memory.events" };
        let text = fs::read_to_string(self.path.join(file)).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        line.unwrap_or_else(|| panic!("{file}: {text}")).parse().unwrap()
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        let processes = fs::read_to_string(self.path.join("cgroup.procs")).unwrap_or_default();
        for process in processes.lines().filter_map(|process| process.parse().ok()) {
            // SAFETY: this system call accesses no memory of the process.
            unsafe { libc::kill(process, libc::SIGKILL) };
        }
        // The group is busy until the kernel removed the killed processes.
        for _ in 0..200 {
            if fs::remove_dir(&self.path).is_ok() || !self.path.exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        if let Some(directory) = &self.mounted {
            let _ = Command::new("umount").arg(directory.path()).status();
        }
    }
}
