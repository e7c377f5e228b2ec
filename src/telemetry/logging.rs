//! The gate's own messages, on standard error.

use crate::conf::{LogFormat, LogLevel, Logs};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::Subscriber;
use tracing_subscriber::util::SubscriberInitExt;

/// There is a logger already.
#[derive(Debug, thiserror::Error)]
#[error("the log cannot be started: {0}")]
pub struct LoggingError(#[from] tracing_subscriber::util::TryInitError);

/// Starts the log of this process. Once.
///
/// Libraries speak from warnings up only, whatever the level: their finer messages hold what they were given,
/// headers with signatures and tokens among it (security rule 29).
pub fn init_logging(logs: &Logs) -> Result<(), LoggingError> {
    let filter = EnvFilter::new(directives(logs.level));
    let builder = Subscriber::builder().with_env_filter(filter).with_writer(std::io::stderr);
    match logs.format {
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init()?,
        LogFormat::Text => builder.finish().try_init()?,
    }
    Ok(())
}

fn directives(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "warn,rolegate=info",
        LogLevel::Debug => "warn,rolegate=debug",
        LogLevel::Trace => "warn,rolegate=trace",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_29_libraries_stay_at_warnings_whatever_the_level() {
        for level in [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug, LogLevel::Trace] {
            let first = directives(level).split(',').next().unwrap();
            assert!(matches!(first, "error" | "warn"), "{level:?}");
            assert!(EnvFilter::try_new(directives(level)).is_ok());
        }
    }
}
