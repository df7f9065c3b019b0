//! The one table of a reviewer's rules. `docs/lint.md` says the same for readers; a test compares the two.

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; the exit code stays 0.
    Note,
    /// A reviewer would ask for a change, or for a reason.
    Warning,
}

macro_rules! rules {
    ($($variant:ident = $severity:ident: $says:literal),* $(,)?) => {
        /// A rule of a reviewer.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule {
            $(
                #[doc = $says]
                $variant,
            )*
        }

        impl Rule {
            /// Every rule, in the order of the page.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in findings and suppressions.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),* }
            }

            /// How much its findings matter, unless one says otherwise.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),* }
            }

            /// One sentence about it.
            #[must_use]
            pub fn says(self) -> &'static str {
                match self { $(Self::$variant => $says),* }
            }
        }
    };
}

rules! {
    HardCodedAccount = Warning: "An account id stands where the runbook works in that account alone",
    HardCodedArn = Warning: "An ARN names one account or one Region",
    HardCodedRegion = Warning: "A Region stands where the runbook works in that Region alone",
    HardCodedPartition = Note: "An ARN names the partition `aws`: it is wrong in GovCloud and in China",
    HardCodedSecret = Warning: "A password, key or token stands in the text",
    MissingAssumeRole = Warning: "Scripts that call AWS need `assumeRole`; without it other steps have the rights of the caller that starts the runbook",
    UnusedAssumeRole = Warning: "A role is declared that nothing runs under",
    UnusedParameter = Warning: "Nothing refers to a parameter",
    RetiredRuntime = Warning: "AWS no longer runs scripts of this runtime",
    MissingHandler = Warning: "The script does not define the function that the step calls",
    ScriptSyntax = Warning: "`ruff` cannot read the script",
    CodeInjection = Warning: "A value is pasted into the text of a script",
    CommandInjection = Warning: "A parameter that may hold any text is pasted into a command",
    UnreachableStep = Warning: "No way through the runbook leads to the step",
    UnknownOutput = Warning: "A reference names an output that its step does not have",
    OutputNeverThere = Warning: "A reference names an output of a step that cannot have run before",
    NeverSatisfied = Warning: "The step waits for something that can never be so",
    MissingTimeout = Warning: "Nothing ends the step if what it waits for never happens",
    DestructiveWithoutApproval = Warning: "The step destroys something that the runbook did not make, and no `aws:approve` comes before it",
    SuppressionWithoutReason = Warning: "A suppression does not say why",
    UnknownSuppression = Warning: "A suppression names a rule that does not exist",
    UnusedSuppression = Warning: "A suppression suppresses nothing",
}

impl Rule {
    /// The rule of a name.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.id() == id)
    }
}
