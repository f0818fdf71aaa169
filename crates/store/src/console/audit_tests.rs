//! Chains that hold and chains that do not, in memory; and what a digest tells apart.

use std::sync::Mutex;

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use super::*;

/// A log in memory.
struct Lines(Mutex<Vec<AuditEntry>>);

impl Lines {
    fn of(count: usize) -> Self {
        let mut lines: Vec<AuditEntry> = Vec::new();
        for n in 0..count {
            let head = lines.last().map(|line| AuditHead { seq: line.seq, hash: line.hash.clone() });
            let new = NewAuditEntry {
                at: DateTime::UNIX_EPOCH + TimeDelta::nanoseconds(1_234_567_891),
                actor: "ann".to_owned(),
                action: "log.tested".to_owned(),
                subject: format!("line {n}"),
                detail: json!({"n": n}),
            };
            lines.push(AuditEntry::after(head.as_ref(), new));
        }
        Self(Mutex::new(lines))
    }
}

#[async_trait]
impl AuditLog for Lines {
    async fn lines(&self, after: u64, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let lines = self.0.lock().unwrap();
        Ok(lines.iter().filter(|line| line.seq > after).take(limit as usize).cloned().collect())
    }

    async fn recent_lines(&self, _: Option<u64>, _: u32) -> Result<Vec<AuditEntry>, StoreError> {
        unimplemented!("nobody asks")
    }

    async fn audit_head(&self) -> Result<Option<AuditHead>, StoreError> {
        let lines = self.0.lock().unwrap();
        Ok(lines.last().map(|line| AuditHead { seq: line.seq, hash: line.hash.clone() }))
    }

    async fn archived_up_to(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn note_archived(&self, _: u64) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_chain_of_many_pages_is_followed_to_its_end() {
    let log = Lines::of(2 * PAGE as usize + 1);
    assert_eq!(verify_audit(&log).await.unwrap().lines, 2 * u64::from(PAGE) + 1);
    // The first line of a page follows the last of the one before.
    for at in [PAGE - 1, PAGE, 2 * PAGE] {
        let log = Lines::of(2 * PAGE as usize + 1);
        log.0.lock().unwrap()[at as usize].subject.push('!');
        let found = verify_audit(&log).await.unwrap_err();
        assert!(matches!(found, AuditError::Changed { seq } if seq == u64::from(at) + 1), "{found:?}");
        let log = Lines::of(2 * PAGE as usize + 1);
        log.0.lock().unwrap().remove(at as usize - 1);
        let found = verify_audit(&log).await.unwrap_err();
        assert!(matches!(found, AuditError::Gap { expected, .. } if expected == u64::from(at)), "{found:?}");
    }
}

#[test]
fn the_first_line_follows_zeros_and_times_are_kept_to_the_microsecond() {
    let line = Lines::of(1).0.into_inner().unwrap().remove(0);
    assert_eq!((line.seq, line.previous.as_str()), (1, "0".repeat(64).as_str()));
    assert_eq!(line.at.timestamp_subsec_nanos(), 234_567_000);
    // Worked out apart from this code: a log that was written once must hold for ever.
    assert_eq!(line.hash, "e6e8190299c86f735d13f21d9217e44df2b934e1beb499ad9c2c38733b65e012");
}

fn entry() -> impl Strategy<Value = AuditEntry> {
    let texts = (any::<String>(), any::<String>(), any::<String>(), any::<String>(), any::<String>());
    (any::<u64>(), 0..4_000_000_000_000_000_i64, texts).prop_map(|(seq, at, texts)| AuditEntry {
        seq,
        at: DateTime::from_timestamp_micros(at).unwrap(),
        actor: texts.0,
        action: texts.1,
        subject: texts.2,
        detail: texts.3,
        previous: texts.4,
        hash: String::new(),
    })
}

/// A line's texts.
fn texts(line: &mut AuditEntry) -> [&mut String; 5] {
    [&mut line.actor, &mut line.action, &mut line.subject, &mut line.detail, &mut line.previous]
}

proptest! {
    #[test]
    fn any_change_of_any_field_changes_the_digest(
        line in entry(), field in 0..7_usize, at in any::<Index>(), new in any::<char>(), by in 1..u64::MAX,
    ) {
        let mut changed = line.clone();
        match field {
            0 => changed.seq = changed.seq.wrapping_add(by),
            1 => changed.at += TimeDelta::microseconds(1 + (by % 1_000_000_000).cast_signed()),
            field => {
                let text = &mut *texts(&mut changed)[field - 2];
                let mut chars: Vec<char> = text.chars().collect();
                // Put in, or in place of another.
                if by % 2 == 0 || chars.is_empty() {
                    chars.insert(at.index(chars.len() + 1), new);
                } else {
                    let at = at.index(chars.len());
                    prop_assume!(chars[at] != new);
                    chars[at] = new;
                }
                *text = chars.into_iter().collect();
            }
        }
        prop_assert_ne!(changed.digest(), line.digest());
    }

    /// What one field loses another gains: the digest knows where each ends.
    #[test]
    fn text_moved_from_a_field_to_the_next_changes_the_digest(line in entry(), field in 0..4_usize) {
        let mut moved = line.clone();
        let fields = texts(&mut moved);
        let Some(last) = fields[field].pop() else { return Ok(()) };
        fields[field + 1].insert(0, last);
        prop_assert_ne!(moved.digest(), line.digest());
    }

    #[test]
    fn a_line_is_what_its_json_says(line in entry()) {
        let line = AuditEntry { hash: line.digest(), ..line };
        let json = serde_json::to_string(&line).unwrap();
        let read: AuditEntry = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&read, &line);
        prop_assert_eq!(read.digest(), line.hash);
    }
}
