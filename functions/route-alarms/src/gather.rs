//! Look-ups that AWS answers for many names in one call: what the triggers of a batch ask at about the same
//! time is asked once for each account and Region.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws::AwsError;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use relay_core::id::{AccountId, Region};
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a look-up waits for the other triggers of its batch. One of them may take seconds, where its
/// account does not answer; the others do not wait for that.
const PATIENCE: Duration = Duration::from_millis(200);
/// DescribeAlarms takes so many names; DescribeInstances takes more.
const NAMES: usize = 100;

/// How many triggers are being worked on and do not wait for a look-up.
#[derive(Debug, Clone)]
pub(crate) struct Busy(Arc<watch::Sender<usize>>);

/// One of them, until it is dropped.
pub(crate) struct Worker(Arc<watch::Sender<usize>>);

impl Default for Busy {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Busy {
    pub(crate) fn begin(&self) -> Worker {
        self.0.send_modify(|busy| *busy += 1);
        Worker(Arc::clone(&self.0))
    }

    /// One more waits for a look-up.
    fn wait(&self) {
        self.0.send_modify(|busy| *busy = busy.saturating_sub(1));
    }

    /// So many have their answer, all at once: the first of them must not find the others idle.
    fn resume(&self, waiters: usize) {
        self.0.send_modify(|busy| *busy += waiters);
    }

    /// Until nobody can join a look-up any more, or patience ends.
    async fn all_wait(&self) {
        let mut busy = self.0.subscribe();
        // Whichever came first: the look-up is due.
        let _ = timeout(PATIENCE, busy.wait_for(|busy| *busy == 0)).await;
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.send_modify(|busy| *busy = busy.saturating_sub(1));
    }
}

type Place = (AccountId, Region);
/// By name; without those that AWS does not know.
type Answers<A> = Arc<HashMap<String, Result<A, AwsError>>>;
type Round<A> = Shared<BoxFuture<'static, Answers<A>>>;
type Rounds<A> = Arc<Mutex<HashMap<Place, Open<A>>>>;

/// A look-up that others may still join.
struct Open<A> {
    names: BTreeSet<String>,
    waiters: usize,
    round: Round<A>,
}

/// Look-ups of one kind by name, gathered by account and Region.
pub(crate) struct Gatherer<A> {
    busy: Busy,
    open: Rounds<A>,
}

impl<A> fmt::Debug for Gatherer<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gatherer")
    }
}

impl<A: Send + Sync + 'static> Gatherer<A> {
    pub(crate) fn new(busy: Busy) -> Self {
        Self { busy, open: Rounds::default() }
    }

    /// The answers about these names and whatever else is asked in the same account and Region by now. An
    /// error that passes is everybody's; after another one, every name is asked by itself.
    pub(crate) async fn ask<C, F>(&self, place: Place, names: &[&str], call: C) -> Answers<A>
    where
        C: Fn(Vec<String>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<HashMap<String, A>, AwsError>> + Send + 'static,
    {
        let round = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let joined = open.entry(place.clone()).or_insert_with(|| {
                let (busy, open) = (self.busy.clone(), Arc::clone(&self.open));
                let round = async move {
                    busy.all_wait().await;
                    let closed = open.lock().unwrap_or_else(PoisonError::into_inner).remove(&place);
                    let (names, waiters) =
                        closed.map(|open| (open.names, open.waiters)).unwrap_or_default();
                    let answers = look_up(names, call).await;
                    busy.resume(waiters);
                    Arc::new(answers)
                };
                Open { names: BTreeSet::new(), waiters: 0, round: round.boxed().shared() }
            });
            joined.names.extend(names.iter().map(ToString::to_string));
            joined.waiters += 1;
            joined.round.clone()
        };
        self.busy.wait();
        round.await
    }
}

async fn look_up<A, C, F>(wanted: BTreeSet<String>, call: C) -> HashMap<String, Result<A, AwsError>>
where
    C: Fn(Vec<String>) -> F,
    F: Future<Output = Result<HashMap<String, A>, AwsError>>,
{
    let wanted: Vec<String> = wanted.into_iter().collect();
    let mut answers = HashMap::new();
    for names in wanted.chunks(NAMES) {
        match call(names.to_vec()).await {
            Ok(found) => answers.extend(found.into_iter().map(|(name, one)| (name, Ok(one)))),
            Err(error) if error.is_transient() || names.len() == 1 => {
                answers.extend(names.iter().map(|name| (name.clone(), Err(error.clone()))));
            }
            // It may be about one of them alone.
            Err(_) => {
                for name in names {
                    match call(vec![name.clone()]).await {
                        Ok(found) => {
                            answers.extend(found.into_iter().map(|(name, one)| (name, Ok(one))));
                        }
                        Err(error) => {
                            answers.insert(name.clone(), Err(error));
                        }
                    }
                }
            }
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws::AwsErrorKind;
    use futures::future::join_all;
    use tokio::time::{Instant, sleep};

    type Calls = Arc<Mutex<Vec<Vec<String>>>>;

    fn here() -> Place {
        ("111122223333".parse().unwrap(), "us-east-1".parse().unwrap())
    }

    type Answer = Option<Result<usize, AwsErrorKind>>;

    /// Each asks for a name after a while of other work, of so many milliseconds; the answer is the length
    /// of the name.
    async fn ask_all(
        gatherer: &Gatherer<usize>,
        calls: &Calls,
        names: impl IntoIterator<Item = (&str, u64)>,
    ) -> Vec<Answer> {
        let workers: Vec<_> = names.into_iter().map(|name| (name, gatherer.busy.begin())).collect();
        let asked =
            workers.into_iter().map(async |(name, _worker)| ask(gatherer, calls, name).await);
        join_all(asked).await
    }

    async fn ask(gatherer: &Gatherer<usize>, calls: &Calls, (name, after): (&str, u64)) -> Answer {
        sleep(Duration::from_millis(after)).await;
        let calls = Arc::clone(calls);
        let call = move |names: Vec<String>| {
            calls.lock().unwrap().push(names.clone());
            async move {
                for (bad, kind) in
                    [("denied", AwsErrorKind::AccessDenied), ("busy", AwsErrorKind::Throttled)]
                {
                    if names.contains(&bad.to_owned()) {
                        return Err(AwsError { kind, ..AwsError::invalid_request(&bad) });
                    }
                }
                let known = names.into_iter().filter(|name| name != "gone");
                Ok(known.map(|name| (name.clone(), name.len())).collect())
            }
        };
        let answers = gatherer.ask(here(), &[name], call).await;
        answers.get(name).map(|answer| answer.as_ref().copied().map_err(|error| error.kind))
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_asked_together_is_one_call_and_everybody_gets_an_answer() {
        let (gatherer, calls) = (Gatherer::new(Busy::default()), Calls::default());
        let names = [("a", 0), ("bb", 50), ("gone", 90), ("a", 90)];
        let begin = Instant::now();
        let answers = ask_all(&gatherer, &calls, names).await;
        assert_eq!(answers, [Some(Ok(1)), Some(Ok(2)), None, Some(Ok(1))]);
        assert_eq!(*calls.lock().unwrap(), [["a", "bb", "gone"]]);
        assert_eq!(begin.elapsed(), Duration::from_millis(90), "nobody waits once all have asked");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_trigger_is_not_waited_for() {
        let (gatherer, calls) = (Gatherer::new(Busy::default()), Calls::default());
        let names = [("a", 0), ("b", 10), ("late", 5_000)];
        let answers = ask_all(&gatherer, &calls, names).await;
        assert_eq!(answers, [Some(Ok(1)), Some(Ok(1)), Some(Ok(4))]);
        assert_eq!(*calls.lock().unwrap(), [vec!["a", "b"], vec!["late"]]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_about_one_name_is_nobody_elses_and_one_that_passes_is_everybodys() {
        let (gatherer, calls) = (Gatherer::new(Busy::default()), Calls::default());
        let names = [("a", 0), ("denied", 0)];
        let answers = ask_all(&gatherer, &calls, names).await;
        assert_eq!(answers, [Some(Ok(1)), Some(Err(AwsErrorKind::AccessDenied))]);
        assert_eq!(calls.lock().unwrap().len(), 3, "{calls:?}");

        calls.lock().unwrap().clear();
        let names = [("a", 0), ("busy", 0)];
        let answers = ask_all(&gatherer, &calls, names).await;
        assert_eq!(
            answers,
            [Some(Err(AwsErrorKind::Throttled)), Some(Err(AwsErrorKind::Throttled))]
        );
        assert_eq!(calls.lock().unwrap().len(), 1, "it is not asked harder: {calls:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_names_a_hundred_at_most() {
        let (gatherer, calls) = (Gatherer::new(Busy::default()), Calls::default());
        let names: Vec<String> = (0..150).map(|n| format!("n{n}")).collect();
        let asked = names.iter().map(|name| (name.as_str(), 0));
        assert!(
            ask_all(&gatherer, &calls, asked)
                .await
                .iter()
                .all(|answer| matches!(answer, Some(Ok(_))))
        );
        let sizes: Vec<usize> = calls.lock().unwrap().iter().map(Vec::len).collect();
        assert_eq!(sizes, [100, 50]);
    }
}
