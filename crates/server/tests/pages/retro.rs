//! The retrospective: the whole text of one, its rules, and hostile sentences.

use crate::pages_fixture::{Story, bad, good};
use decide::rollout::{Order, Phase};
use ringfence_server::retro::{blame_words, markdown};
use std::fs;
use std::path::Path;

fn text(story: &Story) -> String {
    markdown(&story.status(), &story.audit, story.now)
}

#[test]
fn the_retrospective_of_a_reverted_rollout_is_as_agreed() {
    let actual = text(&bad().live(|s| s.rollout.phase() == Phase::Reverted));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages/golden/retro.md");
    if std::env::var_os("RINGFENCE_BLESS").is_some() {
        fs::write(&path, &actual).expect("written");
    }
    let golden = fs::read_to_string(&path).expect("the golden text");
    assert!(golden == actual, "differs from {}:\n{actual}", path.display());
}

#[test]
fn the_order_of_the_log_does_not_matter_and_nobody_is_named_or_blamed() {
    let mut story = good().live(|s| s.rollout.view(s.now).assigned >= 20);
    story.order(Order::Halt, "carol", "odd ticket volume");
    let first = text(&story);
    story.audit.reverse();
    assert_eq!(first, text(&story));
    for name in ["carol", "alice"] {
        assert!(!first.contains(name), "{name} is named");
    }
    assert!(first.contains("halted by a person: odd ticket volume"));
    assert_eq!(blame_words(&first), Vec::<&str>::new());
    assert_eq!(
        blame_words("They Should have looked; human error."),
        ["should have", "human error"]
    );
}

#[test]
fn hostile_sentences_stay_inside_their_cell() {
    let mut story = bad().live(|s| s.rollout.phase() == Phase::Reverted);
    for line in &mut story.audit {
        line.sentence = "a | b\n\n# heading <script>alert(1)</script> [x](y) `z` *s*".into();
    }
    let text = text(&story);
    assert!(!text.contains("<script>") && !text.contains("\n# heading"));
    let rows = text.lines().filter(|line| line.contains("heading") && line.starts_with('|'));
    for row in rows {
        let cells = row.replace("\\|", "").matches('|').count();
        assert_eq!(cells, 7, "{row}");
    }
}

#[test]
fn a_rollout_without_a_log_has_a_retrospective_too() {
    let mut story = good().live(|s| s.rollout.phase() == Phase::Done);
    story.audit.clear();
    let text = text(&story);
    assert!(text.contains("Growth was not stopped."));
    assert!(text.contains("The publication is not among the lines of this log."));
}
