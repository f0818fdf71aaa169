//! A disk of a few megabytes that can be filled: a file system in memory. Mounting takes root.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted disk; dropping it unmounts it.
#[derive(Debug)]
pub struct SmallDisk {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl SmallDisk {
    /// A disk of so many megabytes.
    ///
    /// # Panics
    /// If it cannot be mounted: a test that cannot run must not pass.
    pub fn mount(megabytes: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("disk");
        std::fs::create_dir(&path).expect("a folder can be made");
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&path).status();
        assert!(mounted.is_ok_and(|status| status.success()), "a tmpfs can be mounted (it takes root)");
        Self { path, _folder: folder }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fills it until only so many bytes are left; answers the file that fills it.
    ///
    /// # Panics
    /// If it cannot be filled.
    pub fn fill(&self, left: u64) -> PathBuf {
        let filler = self.path.join("filler");
        let told = Command::new("df").args(["--output=avail", "-B1"]).arg(&self.path).output();
        let told = String::from_utf8(told.expect("df runs").stdout).expect("it tells text");
        let free: u64 = told.lines().nth(1).and_then(|line| line.trim().parse().ok()).expect("a number");
        let size = usize::try_from(free.saturating_sub(left)).expect("it fits into memory");
        std::fs::write(&filler, vec![0; size]).expect("the disk can be filled");
        filler
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}
