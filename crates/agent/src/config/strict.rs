//! What is wrong with a configuration file, as one sentence with its place.

/// Largest distance of a known key that is suggested.
const DISTANCE_MAX: usize = 3;

/// `FILE:LINE:COLUMN: what is wrong`, with a suggestion for an unknown key.
pub(super) fn sentence(name: &str, text: &str, error: &toml::de::Error) -> String {
    let offset = error.span().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let message = error.message().replace('\n', " ");
    let said = unknown(&message).unwrap_or(message);
    format!("{name}:{line}:{column}: {said}")
}

fn unknown(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown field `")?;
    let mut words = rest.split('`').step_by(2);
    let key = words.next()?;
    let known: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let nearest = known.iter().map(|word| (distance(key, word), *word)).min();
    Some(match nearest {
        Some((away, word)) if away <= DISTANCE_MAX => {
            format!("unknown key '{key}', did you mean '{word}'?")
        }
        _ => format!("unknown key '{key}', known here: {}", known.join(", ")),
    })
}

/// Letters to add, drop or change.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (at, other) in to.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[at + 1];
            row[at + 1] = change.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_suggested_and_a_far_one_is_not() {
        let message = "unknown field `tymeout`, expected one of `url`, `enroll_token`, `timeout`";
        assert_eq!(
            unknown(message).as_deref(),
            Some("unknown key 'tymeout', did you mean 'timeout'?")
        );
        let far = unknown("unknown field `colour`, expected `url` or `enroll_token`");
        assert_eq!(far.as_deref(), Some("unknown key 'colour', known here: url, enroll_token"));
        assert_eq!(unknown("invalid type"), None);
        assert_eq!([distance("", "abc"), distance("kitten", "sitting")], [3, 3]);
    }
}
