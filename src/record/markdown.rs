//! Text and paths that Markdown and the HTML in it show as they are.

use crate::invalid::acts;

/// `text` with everything escaped that Markdown or HTML would act on, on one line.
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => out.extend(['\\', c]),
            c if acts(c) => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// `text` as code.
pub fn code(text: &str) -> String {
    let text: String = text.chars().map(|c| if acts(c) { ' ' } else { c }).collect();
    if !text.contains('`') {
        return format!("`{text}`");
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    format!("{fence} {text} {fence}")
}

/// A path, `/` between its parts, as the target of a link or an attribute of HTML.
pub fn link(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if c.is_alphanumeric() || "/-._~".contains(c) {
            out.push(c);
        } else {
            c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| out.push_str(&format!("%{byte:02X}")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts() {
        assert_eq!(text("A](http://x) <img src=x> a|b\n`c`"), "A\\](http://x) &lt;img src=x&gt; a\\|b \\`c\\`");
        assert_eq!((text("a\u{202e}b"), code("a\u{2066}b")), ("a b".into(), "`a b`".into()));
        assert_eq!((code("a/b"), code("a`b")), ("`a/b`".into(), "`` a`b ``".into()));
        assert_eq!(link("a b)(\"<x>/é.png"), "a%20b%29%28%22%3Cx%3E/é.png");
    }
}
