//! How a process is started: defaults, then a file, then the environment.
