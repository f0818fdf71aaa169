//! Log lines as flat JSON objects: a line's own fields, and those of the spans that it stands in, side by
//! side, so that `uid` is found by its name whoever wrote it.

use std::fmt;
use std::io::Write as _;

use chrono::{SecondsFormat, Utc};
use serde::ser::{SerializeMap as _, Serializer as _};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Writes each event as one line.
pub(super) struct JsonLines<W> {
    writer: W,
}

impl<W> JsonLines<W> {
    pub(super) fn new(writer: W) -> Self {
        Self { writer }
    }
}

/// Fields in the order in which they were recorded; what is recorded again replaces what was there.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn set(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Adds the fields of a span further out, which count for less.
    fn surround(&mut self, outer: &Self) {
        for (name, value) in &outer.0 {
            if !self.0.iter().any(|(known, _)| known == name) {
                self.0.push((name, value.clone()));
            }
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.remove(at).1)
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.set(field.name(), value.to_string().into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field.name(), format!("{value:?}").into());
    }
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.surround(outer);
            }
        }
        let Ok(mut line) = line(event, fields) else { return };
        line.push(b'\n');
        // One write a line, so that lines of several threads do not mix. Where it fails, nobody can be told.
        let _ = self.writer.make_writer_for(event.metadata()).write_all(&line);
    }
}

fn line(event: &Event<'_>, mut fields: Fields) -> serde_json::Result<Vec<u8>> {
    let metadata = event.metadata();
    // Crates that log by `log` and not by `tracing` have their target in a field.
    let target = fields.take("log.target");
    let target = target.as_ref().and_then(Value::as_str).unwrap_or(metadata.target());
    let message = fields.take("message").unwrap_or_default();
    let mut text = Vec::with_capacity(256);
    let mut serializer = serde_json::Serializer::new(&mut text);
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("timestamp", &Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true))?;
    map.serialize_entry("level", metadata.level().as_str())?;
    map.serialize_entry("message", &message)?;
    map.serialize_entry("target", target)?;
    for (name, value) in &fields.0 {
        // A field cannot pass for one of the four above.
        if !["timestamp", "level", "target"].contains(name) && !name.starts_with("log.") {
            map.serialize_entry(name, value)?;
        }
    }
    map.end()?;
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(log: impl FnOnce()) -> Vec<Value> {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::registry().with(JsonLines::new(move || writer.clone()));
        tracing::subscriber::with_default(subscriber, log);
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn what_a_span_learns_later_stands_beside_the_lines_own_fields() {
        let lines = lines(|| {
            let span = tracing::info_span!("request", route = "/predict", uid = tracing::field::Empty);
            span.record("uid", "7");
            tracing::info!(parent: &span, status = 200, "answered");
        });
        assert_eq!(lines.len(), 1);
        let line = &lines[0];
        assert_eq!(
            (&line["uid"], &line["route"], &line["status"]),
            (&"7".into(), &"/predict".into(), &200.into())
        );
        assert_eq!((&line["message"], &line["level"]), (&"answered".into(), &"INFO".into()));
    }

    #[test]
    fn the_innermost_value_counts_and_no_field_is_written_twice() {
        let lines = lines(|| {
            let _outer = tracing::info_span!("outer", step = 1, outer = true).entered();
            let _inner = tracing::info_span!("inner", step = 2).entered();
            tracing::warn!(step = 3, level = "none", "twice\nover");
            tracing::warn!("once");
        });
        assert_eq!((&lines[0]["step"], &lines[0]["outer"]), (&3.into(), &true.into()));
        assert_eq!((&lines[0]["level"], &lines[0]["message"]), (&"WARN".into(), &"twice\nover".into()));
        assert_eq!(lines[1]["step"], 2);
    }
}
