//! One file a command. Each has `run`, which answers the exit code.

pub(crate) mod audit;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod drift;
pub(crate) mod erase;
pub(crate) mod experiment;
pub(crate) mod features;
pub(crate) mod jobs;
pub(crate) mod journal;
pub(crate) mod jwt;
pub(crate) mod load_test;
pub(crate) mod migrate;
pub(crate) mod outcomes;
pub(crate) mod prune;
pub(crate) mod restore_log;
pub(crate) mod score;
pub(crate) mod up;
pub(crate) mod user;

use std::process::ExitCode;

use crate::args::Command;

/// Runs a command.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Up(up) => up::run(&up),
        Command::Migrate(migrate) => migrate::run(&migrate),
        Command::Score(score) => score::run(&score),
        Command::Doctor(target) => doctor::run(&target),
        Command::Config(config) => config::run(&config),
        Command::Drift(drift) => drift::run(&drift),
        Command::Jobs(jobs) => jobs::run(&jobs),
        Command::Features(features) => features::run(&features),
        Command::Outcomes(outcomes) => outcomes::run(&outcomes),
        Command::Experiment(experiment) => experiment::run(&experiment),
        Command::Erase(erase) => erase::run(&erase),
        Command::LoadTest(test) => load_test::run(&test),
        Command::User(user) => user::run(&user),
        Command::Audit(audit) => audit::run(&audit),
        Command::Jwt(jwt) => jwt::run(&jwt),
        Command::Prune(prune) => prune::run(&prune),
        Command::Journal(journal) => journal::run(&journal),
        Command::RestoreLog(restore) => restore_log::run(&restore),
    }
}
