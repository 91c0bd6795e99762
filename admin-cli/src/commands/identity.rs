//! `trunkctl identity resolve`: evidence in, customers out.
