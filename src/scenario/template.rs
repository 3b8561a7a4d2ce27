//! The scenario that `fedfleet new` writes.

/// A commented scenario to start from.
pub const TEMPLATE: &str = include_str!("template.toml");

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::scenario::Scenario;

    #[test]
    fn the_template_is_sound() {
        let outcome = Scenario::read(Path::new("new.toml"), super::TEMPLATE, &[], &crate::registry::Registry::builtin());
        assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }
}
