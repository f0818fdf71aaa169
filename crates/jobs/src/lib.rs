//! What is done later: job payloads and the queue behind them.
