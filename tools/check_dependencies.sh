#!/usr/bin/env bash
# Licences, sources, bans and known vulnerabilities of every crate in Cargo.lock, by deny.toml. Needs cargo-deny.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo deny check bans licenses sources
# An unreachable advisory database must not fail a change that has nothing to do with it.
if cargo deny fetch db; then
    cargo deny check --disable-fetch advisories
else
    echo "advisories: skipped"
fi
