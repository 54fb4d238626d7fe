//! Tests of the state without HTTP.
