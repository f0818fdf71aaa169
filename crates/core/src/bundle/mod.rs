//! A bundle on disk: its manifest, its files, and the checks it must pass before it may serve.
