//! The golden payloads: named inputs that every trial sends to staging.

use bellwether_core::customer::FieldError;
use bellwether_store::Role;
use bellwether_store::console::{GoldenPayload, NewAuditEntry, Step};
use serde_json::json;

use super::change::Unwritten;
use super::{Actor, Console};
use crate::ConsoleError;

const MAX_NAME_CHARACTERS: usize = 100;
/// As bytes of JSON: what an api takes by default is larger.
const MAX_PAYLOAD_BYTES: usize = 32 << 10;
/// Every trial sends all of them.
const MAX_PAYLOADS: usize = 200;

impl Console {
    /// Every payload, by name.
    ///
    /// # Errors
    /// [`ConsoleError::Store`].
    pub async fn payloads(&self) -> Result<Vec<GoldenPayload>, ConsoleError> {
        Ok(self.database().payloads().await?)
    }

    /// Adds a payload, or writes it over the one of its name. Its author and time are set here. For editors.
    ///
    /// # Errors
    /// [`ConsoleError::Faults`].
    pub async fn save_payload(
        &self,
        actor: &Actor,
        payload: GoldenPayload,
    ) -> Result<GoldenPayload, ConsoleError> {
        actor.must_be(Role::Editor, "save a payload")?;
        let payload = GoldenPayload { author: actor.name.clone(), updated_at: self.now(), ..payload };
        let mut faults = faults(&payload);
        let known = self.payloads().await?;
        if known.len() >= MAX_PAYLOADS && known.iter().all(|other| other.name != payload.name) {
            let message = format!("there are {MAX_PAYLOADS} payloads already: remove one first");
            faults.push(FieldError { field: "name".to_owned(), message });
        }
        if !faults.is_empty() {
            return Err(ConsoleError::Faults(faults));
        }
        let detail = json!({
            "payload": payload.payload,
            "expected_high_risk": payload.expected_high_risk,
        });
        let line = self.line(actor, "payload.saved", &payload.name, detail);
        self.done(line, vec![Step::SavePayload(payload.clone())]).await?;
        Ok(payload)
    }

    /// Removes a payload. For editors.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`].
    pub async fn delete_payload(&self, actor: &Actor, name: &str) -> Result<(), ConsoleError> {
        actor.must_be(Role::Editor, "remove a payload")?;
        if self.payloads().await?.iter().all(|payload| payload.name != name) {
            return Err(ConsoleError::NotFound("there is no payload of that name".to_owned()));
        }
        let line = self.line(actor, "payload.deleted", name, json!({}));
        self.done(line, vec![Step::DeletePayload { name: name.to_owned() }]).await
    }

    fn line(&self, actor: &Actor, action: &str, name: &str, detail: serde_json::Value) -> NewAuditEntry {
        NewAuditEntry {
            at: self.now(),
            actor: actor.to_string(),
            action: action.to_owned(),
            subject: format!("payload {name}"),
            detail,
        }
    }

    /// Saving and removing the same twice ends where doing it once does.
    async fn done(&self, line: NewAuditEntry, steps: Vec<Step>) -> Result<(), ConsoleError> {
        match self.write(line, steps, false).await {
            Ok(_) => Ok(()),
            Err(Unwritten::Conflict(what)) => Err(ConsoleError::Overtaken(what)),
            Err(Unwritten::Unsure) => Err(ConsoleError::Unsure(
                "the database went away while the payload was written down: the list says what became of it as soon \
                 as the database answers"
                    .to_owned(),
            )),
            Err(Unwritten::Store(error)) => Err(error.into()),
        }
    }
}

fn faults(payload: &GoldenPayload) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let mut expect = |holds: bool, field: &str, message: String| {
        if !holds {
            faults.push(FieldError { field: field.to_owned(), message });
        }
    };
    let name = &payload.name;
    let plain = !name.trim().is_empty() && !name.chars().any(char::is_control);
    let short = name.chars().count() <= MAX_NAME_CHARACTERS;
    expect(
        plain && short,
        "name",
        format!("expected 1 to {MAX_NAME_CHARACTERS} characters, none of them a control character"),
    );
    let bytes = serde_json::to_vec(&payload.payload).map_or(usize::MAX, |json| json.len());
    expect(
        bytes <= MAX_PAYLOAD_BYTES,
        "payload",
        format!("expected at most {MAX_PAYLOAD_BYTES} bytes of JSON"),
    );
    expect(!payload.payload.is_empty(), "payload", "expected at least one field".to_owned());
    faults
}
