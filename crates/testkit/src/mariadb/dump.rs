//! A database written down as SQL and read back, by the programs that an operator uses.

use std::process::{Command, Stdio};

use super::{MariaDb, PASSWORD, USER};

impl MariaDb {
    /// What `mariadb-dump --single-transaction` writes of the database of this URL: its state of one moment.
    ///
    /// # Panics
    /// If it fails.
    pub fn dump(&self, url: &str) -> Vec<u8> {
        let mut dump = self.client("mariadb-dump");
        dump.args(["--single-transaction", "--quick", "--no-tablespaces"]).arg(name_of(url));
        let dumped = dump.stderr(Stdio::inherit()).output().expect("mariadb-dump is there");
        assert!(dumped.status.success(), "the database is dumped");
        dumped.stdout
    }

    /// Reads a dump into the empty database of this URL.
    ///
    /// # Panics
    /// If it fails.
    pub fn read_dump(&self, url: &str, dump: &[u8]) {
        let mut client = self.client("mariadb").arg(name_of(url)).stdin(Stdio::piped()).spawn();
        let client = client.as_mut().expect("mariadb is there");
        let mut input = client.stdin.take().expect("its input is piped");
        std::io::Write::write_all(&mut input, dump).expect("it takes the dump");
        drop(input);
        assert!(client.wait().expect("it ends").success(), "the dump is read");
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let port = self.port.to_string();
        command.args([
            "--no-defaults",
            "--protocol=tcp",
            "--host=127.0.0.1",
            "--port",
            &port,
            "--user",
            USER,
        ]);
        command.env("MYSQL_PWD", PASSWORD);
        command
    }
}

fn name_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}
