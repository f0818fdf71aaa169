//! `bellwether`: the command line. Each command is a file under `commands/`.

mod actor;
mod args;
mod commands;
mod confirm;
mod embedded;
mod password;
mod progress;
mod rows;
mod samples;
mod span;
mod table;

use clap::Parser as _;

use args::{Args, Command, Up};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    let args = Args::parse();
    match commands::run(args.command.unwrap_or_else(|| Command::Up(Up::default()))) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bellwether: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
