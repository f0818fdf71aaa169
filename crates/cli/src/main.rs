//! `bellwether`: the command line. Each command is a file under `commands/`.

mod args;
mod commands;
mod confirm;
mod embedded;
mod progress;
mod rows;
mod span;
mod table;

use clap::Parser as _;

use args::{Args, Command, Up};

fn main() -> std::process::ExitCode {
    let args = Args::parse();
    let outcome = match args.command.unwrap_or_else(|| Command::Up(Up::default())) {
        Command::Up(up) => commands::up::run(&up),
        Command::Migrate(target) => commands::migrate::run(&target),
        Command::Score(score) => commands::score::run(&score),
        Command::Doctor(target) => commands::doctor::run(&target),
        Command::Config(config) => commands::config::run(&config),
        Command::Jobs(jobs) => commands::jobs::run(&jobs),
        Command::Features(features) => commands::features::run(&features),
        Command::Erase(erase) => commands::erase::run(&erase),
        Command::LoadTest(test) => commands::load_test::run(&test),
        Command::User(user) => commands::user::run(&user),
        Command::Prune(prune) => commands::prune::run(&prune),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bellwether: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
