//! A server's process, watched over by a shell that ends it when we are gone, however we went: a server that a
//! whole test binary shares is never dropped.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Starts the program behind the folder's name, tells its process id, and waits for our end or our word. Unless the
/// word is `keep`, the folder goes too.
const WATCH: &str = r#"
folder=$1; shift
"$@" >>"$folder/log" 2>&1 </dev/null &
echo $!
read -r word
kill -KILL $! 2>/dev/null
wait
[ "$word" = keep ] || rm -rf "$folder"
"#;

pub(super) struct Process {
    shell: Child,
    id: u32,
}

impl Process {
    /// Starts a program that logs to the file `log` in `folder`.
    pub(super) fn start(program: &str, arguments: &[String], folder: &Path) -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", WATCH, "sh"])
            .arg(folder)
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell can be started");
        let mut line = String::new();
        let output = shell.stdout.take().expect("its output is piped");
        BufReader::new(output).read_line(&mut line).expect("it tells the process id");
        let id = line.trim().parse().expect("a process id is a number");
        Self { shell, id }
    }

    /// Sends a signal.
    pub(super) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.id.to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the server can be sent {name}");
    }

    /// `kill -9`, and waits for the end. The folder stays.
    pub(super) fn kill(mut self) {
        self.end("keep\n");
    }

    fn end(&mut self, word: &str) {
        if let Some(mut input) = self.shell.stdin.take() {
            // It may be gone already.
            let _ = input.write_all(word.as_bytes());
        }
        let _ = self.shell.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end("");
    }
}
