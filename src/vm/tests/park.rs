//! Parking: what waits lies elsewhere while others run, and is the same execution afterwards.

use super::work::task;
use super::*;

/// A Map of tasks with two at work, a Wait, and a task that gets all of it.
fn states() -> String {
    let each = task("Each", r#""Parameters":{"item.$":"$"},"End":true"#);
    let last = task(
        "Last",
        r#""Parameters":{"all.$":"$"},"ResultPath":"$.last","End":true"#,
    );
    format!(
        r#""Map":{{"Type":"Map","ItemsPath":"$.list","ResultPath":"$.done","MaxConcurrency":2,
        "ItemProcessor":{{"StartAt":"Each","States":{{{each}}}}},"Next":"Wait"}},
        "Wait":{{"Type":"Wait","Seconds":5,"Next":"Last"}},{last}"#
    )
}

/// All that can be seen of an execution.
#[derive(Debug, PartialEq)]
struct Seen {
    output: String,
    events: Vec<&'static str>,
    parameters: Vec<String>,
    transitions: u64,
}

/// Plays an execution to its end; `away` is done whenever it waits.
#[track_caller]
fn play(input: &str, mut away: impl FnMut(&mut Player)) -> Seen {
    let mut player = start("Map", &states(), input);
    let (mut status, mut parameters, mut read) = (player.go(), Vec::new(), 0);
    for at in 0.. {
        if status != Status::Waiting {
            break;
        }
        // As shards do: a request's values are read before anything else happens.
        for at in read..player.asked.len() {
            if let Request::Task(_) = player.asked[at] {
                parameters.push(player.parameters(at));
            }
        }
        read = player.asked.len();
        away(&mut player);
        status = match player.asked[at] {
            Request::Task(_) => {
                let answer = format!("{{\"answer\":{at}}}");
                player.answer(at, Answer::Success(answer.as_bytes()))
            }
            Request::Timer(timer) => {
                player.now_ms = timer.at_ms;
                player.answer(at, Answer::Time)
            }
        };
    }
    assert_eq!(status, Status::Succeeded, "{:?}", player.failure());
    let view = player.run.view(&player.program);
    Seen {
        output: view.to_json(player.run.outcome().output),
        events: player.events(),
        parameters,
        transitions: player.run.transitions(),
    }
}

/// Parks the execution, has another one begin in the same buffers and wait, and takes it up again.
#[track_caller]
fn away_and_back(player: &mut Player, small: &mut Run) {
    let before = places(player);
    let asked = std::mem::take(&mut player.asked);
    player.run.park_into(small);
    player.restart(
        r#"{"list":["another"],"text":"of another execution"}"#,
        Level::All,
    );
    assert_eq!(player.go(), Status::Waiting);
    player.run.unpark_from(small);
    player.asked = asked;
    assert_eq!(places(player), before);
}

/// Returns where the tasks stand that were asked for.
fn places(player: &Player) -> Vec<String> {
    let place = |at| {
        let mut out = String::new();
        player
            .run
            .write_place(&player.program, player.token(at), &mut out)
            .expect("a String takes all");
        out
    };
    (0..player.asked.len()).map(place).collect()
}

#[test]
fn a_parked_run_goes_on_as_if_it_had_stayed() {
    // The second is large enough to be compacted before it is parked; the third has nothing to iterate.
    let long = format!(r#"{{"list":["a","b","c"],"text":"{}"}}"#, "x\\n".repeat(2_500));
    for input in [
        r#"{"list":[1,2,3,4],"more":[true,null]}"#,
        &long,
        r#"{"list":[]}"#,
    ] {
        let (mut small, mut times) = (Run::new(), 0);
        let stayed = play(input, |_| {});
        let parked = play(input, |player| {
            times += 1;
            away_and_back(player, &mut small);
        });
        assert!(times >= 2, "parked {times} times");
        assert!(parked == stayed, "{:?}\n{:?}", parked.events, stayed.events);
    }
}

#[test]
fn a_place_names_the_states_around_and_the_iteration() {
    let mut player = start("Map", &states(), r#"{"list":[1,2]}"#);
    assert_eq!(player.go(), Status::Waiting);
    assert_eq!(places(&player), ["/Map/0/Each", "/Map/1/Each"]);
}

/// One that waits in a loop with much is compacted when it has grown, not each time.
#[test]
fn a_run_that_did_not_grow_is_not_compacted_again() {
    let input = format!(r#"{{"list":[1],"text":"{}"}}"#, "x".repeat(100_000));
    let mut player = start("Map", &states(), &input);
    assert_eq!(player.go(), Status::Waiting);
    let mut small = Run::new();
    let mut park = |player: &mut Player| {
        let cost = player.run.park_into(&mut small);
        let live = small.bytes().0;
        player.run.unpark_from(&mut small);
        (cost, live)
    };
    let (first, live) = park(&mut player);
    assert!(first > 2 * 100_000, "{first}: it is compacted and copied");
    for _ in 0..3 {
        let (cost, _) = park(&mut player);
        assert!(cost <= live, "{cost} of {live}: it is copied");
    }
}

#[test]
fn a_parked_run_has_no_more_memory_than_it_needs() {
    let input = format!(r#"{{"list":[1],"text":"{}"}}"#, "x".repeat(2_000));
    let mut player = start("Map", &states(), &input);
    assert_eq!(player.go(), Status::Waiting);
    let mut small = Run::new();
    let large = player.run.bytes().1;
    player.run.park_into(&mut small);
    let (used, reserved) = small.bytes();
    assert!(
        used > 2_000 && reserved < large,
        "{used} of {reserved}; it had {large}"
    );
    player.run.unpark_from(&mut small);
    assert_eq!(small.bytes().0, 0);
    assert_eq!(player.answer(0, Answer::Success(b"1")), Status::Waiting);
}
