//! `trunkctl decode`: a recording in, canonical events out.
