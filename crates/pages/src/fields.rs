//! A form's fields as they came: names may repeat, order is kept.

/// Fields of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`. Line ends become `\n`.
    pub fn parse(body: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(body);
        Self(pairs.map(|(name, value)| (name.into_owned(), value.replace("\r\n", "\n"))).collect())
    }

    /// The first value of a name; empty where there is none.
    pub fn first(&self, name: &str) -> &str {
        self.0.iter().find(|(given, _)| given == name).map_or("", |(_, value)| value.as_str())
    }

    /// Every value of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Whether a box was ticked, or a field sent at all.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(given, _)| given == name)
    }

    /// Every field, in order.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// The same without some names.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect())
    }

    /// The same, with a field more.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As [`Fields::parse`] reads it.
    pub fn encode(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_comes_back_whatever_it_holds() {
        let fields = Fields::default().with("reason", "50 % & more = \"<b>\"\nsecond line 😀").with("a", "");
        assert_eq!(Fields::parse(fields.encode().as_bytes()), fields);
    }

    #[test]
    fn names_may_repeat_and_keep_their_order() {
        let fields = Fields::parse(b"arm=a&x=1&arm=b");
        assert_eq!(fields.all("arm").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(fields.first("arm"), "a");
        assert_eq!(fields.first("none"), "");
        assert!(fields.has("x") && !fields.has("y"));
    }
}
