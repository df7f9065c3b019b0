//! The SSM Automation API of the local AWS.
