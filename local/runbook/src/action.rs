//! The actions of the language.

use serde::{Deserialize, Serialize};

macro_rules! actions {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// An `aws:` action.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum ActionKind {
            $(
                #[doc = concat!("`", $name, "`")]
                #[serde(rename = $name)]
                $variant,
            )*
        }

        impl ActionKind {
            /// Every action, in the order of their names.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in a document, e.g. `aws:sleep`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

actions! {
    Approve = "aws:approve",
    AssertAwsResourceProperty = "aws:assertAwsResourceProperty",
    Branch = "aws:branch",
    ChangeInstanceState = "aws:changeInstanceState",
    CopyImage = "aws:copyImage",
    CreateImage = "aws:createImage",
    CreateStack = "aws:createStack",
    CreateTags = "aws:createTags",
    DeleteImage = "aws:deleteImage",
    DeleteStack = "aws:deleteStack",
    ExecuteAutomation = "aws:executeAutomation",
    ExecuteAwsApi = "aws:executeAwsApi",
    ExecuteScript = "aws:executeScript",
    ExecuteStateMachine = "aws:executeStateMachine",
    InvokeLambdaFunction = "aws:invokeLambdaFunction",
    InvokeWebhook = "aws:invokeWebhook",
    Loop = "aws:loop",
    Pause = "aws:pause",
    RunCommand = "aws:runCommand",
    RunInstances = "aws:runInstances",
    Sleep = "aws:sleep",
    UpdateVariable = "aws:updateVariable",
    WaitForAwsResourceProperty = "aws:waitForAwsResourceProperty",
}

impl ActionKind {
    /// The action of a name, e.g. `aws:sleep`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }
}
