//! What methods combine with, as text: for one method, and as the tables of the documents.

use crate::{
    invalid::Invalid,
    registry::{Choice, Entry, Registry, Verdict},
};

/// The kinds of choices of a method, each with its choices and what comes of them.
fn verdicts(entry: &Entry, registry: &Registry) -> Vec<(&'static str, Vec<(Choice, Verdict)>)> {
    let mut kinds: Vec<(&'static str, Vec<(Choice, Verdict)>)> = Vec::new();
    for &choice in entry.choices() {
        let tried = (choice, entry.verdict(choice, registry));
        match kinds.last_mut() {
            Some((kind, choices)) if *kind == choice.kind => choices.push(tried),
            _ => kinds.push((choice.kind, vec![tried])),
        }
    }
    kinds
}

/// The section of a method's page: what fits, and what does not for which reason.
pub(super) fn section(entry: &Entry, registry: &Registry) -> String {
    let mut text = String::new();
    for (kind, tried) in verdicts(entry, registry) {
        let fit: Vec<&str> =
            tried.iter().filter(|(_, verdict)| *verdict == Verdict::Fits).map(|(choice, _)| choice.name).collect();
        text += &format!("{kind}: {}\n", if fit.is_empty() { "none".to_owned() } else { fit.join(", ") });
        for (names, reason) in reasons(&tried) {
            text += &format!("  not {names}: {reason}\n");
        }
    }
    text
}

/// Why choices do not fit, those of one reason together.
fn reasons(tried: &[(Choice, Verdict)]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (choice, verdict) in tried {
        let reason = match verdict {
            Verdict::Fits => continue,
            Verdict::Under(other, Invalid { message, .. }) => format!("{message} (but it does under `{}`)", other.name),
            Verdict::Misfit(Invalid { message, .. }) => message.clone(),
        };
        match found.iter_mut().find(|(_, known)| *known == reason) {
            Some((names, _)) => *names += &format!(", {}", choice.name),
            None => found.push((choice.name.to_owned(), reason)),
        }
    }
    found
}

/// The tables of all methods, in Markdown.
pub(super) fn page(registry: &Registry) -> String {
    let mut text = String::from(
        "# What combines with what\n\n\
         Made by `fedfleet methods --combinations` from the needs that each method states, with default parameters. ✓ fits with the \
         method's own recipe; ○ fits under another schedule than its own; – is refused before anything runs, for the reason below the \
         table.\n",
    );
    for (section, title) in [("federated", "With a server"), ("peers", "Between peers")] {
        let methods: Vec<&Entry> = registry.methods().iter().filter(|entry| entry.section == section).collect();
        text += &format!("\n## {title}\n");
        let Some(first) = methods.first() else { continue };
        let all: Vec<_> = methods.iter().map(|entry| (entry.card.name, verdicts(entry, registry))).collect();
        for (number, (kind, choices)) in verdicts(first, registry).iter().enumerate() {
            let names: Vec<&str> = choices.iter().map(|(choice, _)| choice.name).collect();
            text += &format!("\n### {kind}\n\n| method | {} |\n|{}\n", names.join(" | "), " --- |".repeat(names.len() + 1));
            for (name, kinds) in &all {
                let marks: Vec<&str> = kinds[number].1.iter().map(|(_, verdict)| mark(verdict)).collect();
                text += &format!("| `{name}` | {} |\n", marks.join(" | "));
            }
            text += &listed(&all.iter().map(|(name, kinds)| (*name, reasons(&kinds[number].1))).collect::<Vec<_>>());
        }
    }
    text
}

fn mark(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Fits => "✓",
        Verdict::Under(..) => "○",
        Verdict::Misfit(_) => "–",
    }
}

/// The reasons below a table, each once with the methods and choices that it is about.
fn listed(all: &[(&str, Vec<(String, String)>)]) -> String {
    let mut found: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    for (name, reasons) in all {
        for (choices, reason) in reasons {
            match found.iter_mut().find(|(known, _)| known == reason) {
                Some((_, of)) => of.push((name, choices)),
                None => found.push((reason, vec![(name, choices)])),
            }
        }
    }
    let mut text = String::new();
    for (reason, of) in found {
        let alike = of.iter().all(|(_, choices)| *choices == of[0].1);
        let methods = |of: &[(&str, &str)]| of.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let whose = if alike {
            format!("{} with {}", methods(&of), of[0].1)
        } else {
            of.iter().map(|(name, choices)| format!("`{name}` with {choices}")).collect::<Vec<_>>().join("; ")
        };
        text += &format!("- {whose}: {reason}.\n");
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}
