//! Structure and meaning of every page in every state.

use crate::html::{Element, Html};
use crate::pages_fixture::{bad, good, large, stories, viewer};
use decide::reason::Reason;
use decide::rollout::Phase;
use ringfence_server::model::{Role, Snapshot};
use ringfence_server::pages;

/// Every page: name, HTML.
fn all_pages() -> Vec<(String, String)> {
    let mut all = vec![
        ("login".to_owned(), pages::login(None)),
        ("login again".to_owned(), pages::login(Some("that token is not known here"))),
        ("a million".to_owned(), pages::now(&large(200), &viewer(Role::Operator))),
    ];
    for (name, snapshot) in stories() {
        for role in Role::ALL {
            all.push((format!("{name}, {role}"), pages::now(&snapshot, &viewer(role))));
            for status in &snapshot.rollouts {
                let page = pages::rollout(&snapshot, &status.rollout, &viewer(role));
                all.push((format!("{name}, {role}, {}", status.rollout), page.expect("known")));
            }
        }
    }
    all
}

fn story(wanted: &str) -> Snapshot {
    stories().into_iter().find(|(name, _)| *name == wanted).expect("a story").1
}

#[test]
fn every_page_is_well_formed_and_every_reference_leads_somewhere() {
    for (name, page) in all_pages() {
        let html = Html::read(&page);
        let ids = html.ids();
        let with_id = html.elements.iter().filter(|element| element.get("id").is_some()).count();
        assert_eq!(ids.len(), with_id, "{name}: an id is there twice");
        for element in &html.elements {
            for attribute in ["aria-labelledby", "aria-describedby", "for"] {
                for id in element.get(attribute).into_iter().flat_map(|ids| ids.split(' ')) {
                    assert!(ids.contains(id), "{name}: {attribute} names {id}, which is not there");
                }
            }
            if let Some(fragment) = element.get("href").and_then(|href| href.strip_prefix('#')) {
                assert!(ids.contains(fragment), "{name}: #{fragment} leads nowhere");
            }
        }
        assert_eq!(html.all("h1").count(), 1, "{name}: one main heading");
        assert_eq!(html.all("main").count(), 1, "{name}");
        assert!(html.all("html").all(|element| element.get("lang") == Some("en")), "{name}");
        for input in html.all("input").filter(|input| input.get("type") != Some("hidden")) {
            let id = input.get("id").expect("inputs have ids");
            assert!(html.all("label").any(|label| label.get("for") == Some(id)), "{name}: {id}");
        }
        assert!(html.all("button").all(|button| !button.text.trim().is_empty()), "{name}");
        assert!(html.all("th").all(|cell| cell.get("scope").is_some()), "{name}: th without scope");
    }
}

#[test]
fn every_picture_has_its_words_or_is_decoration_beside_words() {
    for (name, page) in all_pages() {
        let html = Html::read(&page);
        for svg in html.all("svg") {
            if svg.get("aria-hidden") == Some("true") {
                continue;
            }
            assert_eq!(svg.get("role"), Some("img"), "{name}");
            assert!(html.has_child(svg, "title") && html.has_child(svg, "desc"), "{name}");
            assert!(svg.get("aria-labelledby").is_some_and(|ids| ids.contains(' ')), "{name}");
        }
        // Colour is never alone: every badge holds a glyph and a word.
        for badge in html.by_class("badge") {
            assert!(!badge.text.trim().is_empty() && html.has_child(badge, "svg"), "{name}");
        }
        for waffle in html.by_class("hero") {
            let table = html.all("table").any(|table| html.inside(table, waffle));
            assert!(table, "{name}: the picture has no table of numbers");
        }
    }
}

#[test]
fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
    for (name, page) in all_pages() {
        let html = Html::read(&page);
        assert_eq!(html.all("style").count(), 0, "{name}");
        for script in html.all("script") {
            assert!(script.get("src").is_some_and(|src| src.starts_with("/assets/")), "{name}");
            assert!(script.text.is_empty(), "{name}: inline script");
        }
        for element in &html.elements {
            for (attribute, value) in &element.attributes {
                assert!(attribute != "style", "{name}: inline style in {}", element.name);
                assert!(!attribute.starts_with("on"), "{name}: {attribute} in {}", element.name);
                if matches!(attribute.as_str(), "href" | "src" | "action") {
                    let ours = value.starts_with('#') || value.starts_with('/');
                    assert!(ours && !value.starts_with("//"), "{name}: {attribute} is {value}");
                }
            }
        }
    }
}

/// The seven questions, in the order in which people on call ask them.
const QUESTIONS: [&str; 7] = ["spreading", "reach", "did", "changed", "recovery", "action", "told"];

#[test]
fn a_halted_page_answers_the_seven_questions_in_order() {
    let snapshot = story("halted");
    let view = snapshot.rollouts[0].view.clone();
    assert_eq!(view.phase, Phase::Reverting);
    let page = pages::now(&snapshot, &viewer(Role::Operator));
    let html = Html::read(&page);
    let answers: Vec<&Element> = html.by_class("answer").collect();
    let order: Vec<bool> =
        answers.iter().zip(QUESTIONS).map(|(answer, class)| answer.has_class(class)).collect();
    assert_eq!(order, [true; 7]);
    let texts: Vec<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
    let wanted: [&[&str]; 7] = [
        &["No.", "259 of 263 (98.4 %) never got it"],
        &["4 of 263 got it", "1 down now of 4", "2 back of 4", "1 down of 47", "ring standard"],
        &["Stopped it at 09:21:31Z", "first harm", "withdrew", "RF0421", "measured 1, limit 0"],
        &["ipc-rules 42 → 43", "18,412 bytes", "sha256:", "published by alice"],
        &["2 of 4 back", "Hands needed: 0 of 263"],
        &["It is stopped.", "ringfence why r-0142"],
        &["Started by carol", "CHG-4411", "audit line"],
    ];
    for ((text, wanted), question) in texts.iter().zip(wanted).zip(QUESTIONS) {
        for part in wanted {
            assert!(text.contains(part), "{question}: {part:?} is not in {text:?}");
        }
    }
    let verdict = html.by_id("now-verdict").expect("the banner");
    assert_eq!(verdict.get("data-urgent"), Some("true"), "a halt with harm interrupts");
    let picture = html.by_id("now-picture").expect("the picture");
    assert!(verdict.place < picture.place, "answers come before pictures");
}

#[test]
fn after_the_revert_the_page_still_says_which_rule_stopped_it() {
    let snapshot = story("reverted");
    assert_eq!(snapshot.rollouts[0].view.phase, Phase::Reverted);
    let html = Html::read(&pages::now(&snapshot, &viewer(Role::Viewer)));
    let did = html.by_class("did").next().expect("the answer");
    assert!(did.text.contains("RF0421"), "{}", did.text);
    let verdict = html.by_id("now-verdict").expect("the banner");
    assert!(verdict.has_class("calm"), "everybody is back: no alarm");
}

#[test]
fn red_is_for_harm_only_and_no_signal_is_hatched() {
    for (name, snapshot) in stories() {
        let page = pages::now(&snapshot, &viewer(Role::Operator));
        let harmed = snapshot.rollouts.iter().any(|status| status.view.harmed > 0);
        let html = Html::read(&page);
        let red = html.elements.iter().any(|element| {
            ["harm", "hurt", "c-down", "hurt-fill"].iter().any(|class| {
                element.has_class(class) && element.get("width").is_none_or(|width| width != "0")
            })
        });
        assert!(!red || harmed, "{name}: red without harm");
        if name == "blind" {
            let verdict = html.by_id("now-verdict").expect("the banner");
            assert!(verdict.has_class("unknown") && verdict.text.contains("no signal"));
        }
    }
    let page = pages::now(&story("advancing"), &viewer(Role::Operator));
    assert!(page.contains("class=\"cell c-offered\" fill=\"url(#now-picture-waffle-wide-hatch)\""));
}

#[test]
fn buttons_follow_the_role_and_carry_the_session() {
    let snapshot = story("advancing");
    let id = snapshot.rollouts[0].rollout.clone();
    for role in Role::ALL {
        let page = pages::rollout(&snapshot, &id, &viewer(role)).expect("known");
        let html = Html::read(&page);
        let orders: Vec<&str> = html
            .all("input")
            .filter(|input| input.get("name") == Some("order"))
            .filter_map(|input| input.get("value"))
            .collect();
        if role.may_order() {
            assert_eq!(orders, ["halt", "revert", "withdraw"]);
        } else {
            assert!(orders.is_empty());
            assert!(page.contains("takes the role"), "{role}: it says why there is no button");
        }
        for form in html.all("form") {
            let csrf = html.all("input").any(|input| {
                input.get("name") == Some("csrf")
                    && input.get("value") == Some("c5f0")
                    && html.inside(input, form)
            });
            assert!(csrf, "{role}: a form without the session's token");
        }
        assert!(page.contains("ringfence halt r-0143"), "{role}: the command is shown");
    }
    let html = Html::read(&pages::rollout(&snapshot, &id, &viewer(Role::Operator)).expect("known"));
    let halt = html.by_class("halt").next().expect("the button");
    let form = halt.parent.map(|index| &html.elements[index]).expect("in a form");
    let asks = html
        .all("input")
        .any(|input| input.get("type") != Some("hidden") && html.inside(input, form));
    assert!(!asks, "halt asks nothing");
}

#[test]
fn the_live_parts_are_the_parts_of_their_page() {
    for (name, snapshot) in stories() {
        let viewer = viewer(Role::Operator);
        let mut pairs =
            vec![(pages::now(&snapshot, &viewer), pages::fragments(&snapshot, &viewer))];
        for status in &snapshot.rollouts {
            pairs.push((
                pages::rollout(&snapshot, &status.rollout, &viewer).expect("known"),
                pages::rollout_fragments(&snapshot, &status.rollout, &viewer).expect("known"),
            ));
        }
        for (page, fragments) in pairs {
            for (id, html) in &fragments {
                assert!(page.contains(html.as_str()), "{name}: {id} differs from its page");
                let first = Html::read(html).elements.first().cloned().expect("one element");
                assert_eq!(first.get("id"), Some(id.as_str()), "{name}");
            }
            let data = pages::event_data(&fragments);
            assert!(!data.contains('\n'), "an event's data is one line");
            let read: Vec<(String, String)> = serde_json::from_str(&data).expect("JSON");
            assert_eq!(read, fragments);
        }
    }
}

#[test]
fn names_that_look_like_markup_stay_names() {
    let hostile = "</title><script>alert(1)</script><img src=x onerror=\"alert(2)\">'&";
    let mut snapshot = bad().live(|s| s.rollout.phase() == Phase::Reverting).snapshot(vec![]);
    snapshot.releases[0].by = hostile.into();
    snapshot.releases[0].manifest.file_name = hostile.into();
    let status = &mut snapshot.rollouts[0];
    status.by = hostile.into();
    status.reason = hostile.into();
    let mut reason = Reason::new(decide::rollout::codes::FIRST_HARM, hostile)
        .measured(hostile, hostile)
        .evidence(hostile)
        .next(hostile);
    reason.count = None;
    status.view.reasons = vec![reason];
    status.view.evidence = hostile.into();
    status.view.gates[0].size = hostile.into();
    for stratum in &mut status.view.strata {
        stratum.name = hostile.into();
    }
    for line in &mut snapshot.audit {
        (line.actor, line.verb, line.sentence) = (hostile.into(), hostile.into(), hostile.into());
        line.target = format!("r-{hostile}");
        line.code = Some(hostile.into());
    }
    for machine in &mut snapshot.machines {
        machine.labels.insert("os".into(), hostile.into());
    }
    let mut person = viewer(Role::Operator);
    (person.name, person.csrf) = (hostile.into(), hostile.into());
    let id = snapshot.rollouts[0].rollout.clone();
    let mut all = vec![
        pages::now(&snapshot, &person),
        pages::rollout(&snapshot, &id, &person).expect("known"),
        pages::login(Some(hostile)),
    ];
    all.extend(pages::fragments(&snapshot, &person).into_iter().map(|(_, html)| html));
    for page in all {
        let html = Html::read(&page);
        assert_eq!(html.all("img").count(), 0);
        assert!(html.all("script").all(|script| script.get("src").is_some()));
        assert!(!html.elements.iter().any(|element| element.get("onerror").is_some()));
    }
}

#[test]
fn pages_cost_the_same_for_a_million_machines_and_two_hundred_rollouts_fit_in_a_table() {
    let small = pages::fragments(&large(0), &viewer(Role::Viewer));
    let few = pages::fragments(&story("halted"), &viewer(Role::Viewer));
    let size = |fragments: &[(String, String)], wanted: &str| {
        fragments.iter().find(|(id, _)| id == wanted).map_or(0, |(_, html)| html.len())
    };
    let (million, hundreds) = (size(&small, "now-picture"), size(&few, "now-picture"));
    assert!(million < 2 * hundreds, "{million} bytes for a million, {hundreds} for 263");
    let page = pages::now(&large(200), &viewer(Role::Viewer));
    let html = Html::read(&page);
    let links = html
        .all("a")
        .filter(|a| a.get("href").is_some_and(|href| href.starts_with("/rollouts/r-1")))
        .count();
    assert_eq!(links, 200);
    assert!(page.len() < 400_000, "{} bytes", page.len());
}

#[test]
fn the_page_of_an_unknown_rollout_is_none() {
    let snapshot = good().snapshot(vec![]);
    let id = "r-9999".try_into().expect("name");
    assert_eq!(pages::rollout(&snapshot, &id, &viewer(Role::Viewer)), None);
    assert_eq!(pages::rollout_fragments(&snapshot, &id, &viewer(Role::Viewer)), None);
}
