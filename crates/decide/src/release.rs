//! placeholder: release lifecycle
