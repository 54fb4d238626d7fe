//! The policy that people copy and edit is the policy that the programs carry.
#![allow(missing_docs)]

use ringfence_decide::policy::{Policy, builtin};

const SHIPPED: &str = include_str!("../../../policies/standard.toml");

#[test]
fn the_shipped_file_is_the_built_in_policy() {
    let policy: Policy = toml::from_str(SHIPPED).expect("a policy");
    assert_eq!(policy, builtin::standard());
    assert_eq!(policy.check(), []);
}

#[test]
fn every_figure_of_the_file_has_a_comment_or_a_commented_lane() {
    let uncommented: Vec<&str> = SHIPPED
        .split("\n\n")
        .filter(|part| !part.trim_start().starts_with('#') && !part.contains("schema"))
        .collect();
    assert_eq!(uncommented, [""; 0]);
}

#[test]
fn a_policy_written_as_toml_reads_back() {
    for policy in [
        builtin::standard(),
        builtin::shortened(600, builtin::standard().heartbeat, builtin::standard().tick),
    ] {
        let text = toml::to_string(&policy).expect("writable");
        assert_eq!(toml::from_str::<Policy>(&text).expect("readable"), policy);
    }
}
