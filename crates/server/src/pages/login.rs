//! The login page: one token, and what went wrong with the last one.

use super::layout;
use maud::html;

/// The login page; `problem` is one sentence about the last try.
pub fn login(problem: Option<&str>) -> String {
    layout::bare(
        "Log in",
        html! {
            h1 { "Log in" }
            @if let Some(problem) = problem {
                p.problem role="alert" #problem { (super::words::Glyph::Cross.draw()) (problem) }
            }
            form.stack method="post" action="/login" {
                label for="token" { "Token" }
                input #token type="password" name="token" required
                    autocomplete="current-password" spellcheck="false" autocapitalize="none"
                    aria-describedby=(if problem.is_some() { "problem token-help" } else { "token-help" });
                p.quiet #token-help {
                    "Tokens are files in " code { "tokens/" } " of the project directory: "
                    code { "viewer" } " reads, " code { "author" } " publishes, "
                    code { "operator" } " starts and halts rollouts."
                }
                button.strong type="submit" { "Log in" }
            }
        },
    )
}
