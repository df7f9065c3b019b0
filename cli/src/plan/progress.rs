//! How far an execution is, as a bar: how many owners and Regions were looked at, and how many shared with.

use std::time::Duration;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// As many events as a page has at most.
const PAGE: i32 = 1000;

/// The progress of one execution, on standard error where that is a terminal.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    /// Where the next page begins: the last one is read again while the execution goes on.
    token: Option<String>,
    /// The last event that was counted.
    seen: i64,
    /// The history may not be read, or not now: the bar only turns.
    blind: bool,
}

impl Progress {
    /// A bar without a length yet; none under `--quiet`.
    pub(super) fn new(quiet: bool) -> Self {
        let target =
            if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(style("{spinner} {elapsed} {msg}"));
        bar.set_message("planning");
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, token: None, seen: 0, blind: false }
    }

    /// Whether anybody sees it.
    pub(super) fn is_seen(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// Reads what has happened since the last time.
    pub(super) async fn follow(&mut self, client: &Client, execution: &str) {
        while !self.blind && self.is_seen() {
            let page = client.get_execution_history().execution_arn(execution);
            let page = page.max_results(PAGE).set_next_token(self.token.clone()).send().await;
            let Ok(page) = page else {
                // An operator of an older stack, for example, may not read it.
                self.blind = true;
                return;
            };
            for event in page.events().iter().filter(|event| event.id() > self.seen) {
                self.count(event);
            }
            self.seen = page.events().iter().map(HistoryEvent::id).fold(self.seen, i64::max);
            match page.next_token {
                Some(token) => self.token = Some(token),
                None => return,
            }
        }
    }

    fn count(&self, event: &HistoryEvent) {
        match event.r#type() {
            HistoryEventType::MapStateEntered => {
                let name = event.state_entered_event_details().map(|state| state.name());
                let looks = name.is_some_and(|name| name.starts_with("Look"));
                self.bar.set_message(if looks { "looking" } else { "sharing" });
            }
            HistoryEventType::MapStateStarted => {
                let length = event.map_state_started_event_details().map(|map| map.length());
                let length = length.and_then(|length| u64::try_from(length).ok()).unwrap_or(0);
                self.bar.set_length(length);
                self.bar.set_position(0);
                let of = "{spinner} {elapsed} {msg} {bar:30} {pos} of {len} owners and Regions";
                self.bar.set_style(style(of));
            }
            HistoryEventType::MapIterationSucceeded | HistoryEventType::MapIterationFailed => {
                self.bar.inc(1);
            }
            _ => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A template of ours is valid; the plain bar stands in for it otherwise.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
